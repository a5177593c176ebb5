/** W1 and W2: HubSpot's contacts as rows of 20 columns, five of them by an expression. */
import type { Column } from "./contract.ts";

/** A contact as the API gives it. */
export interface Contact {
  id: string;
  properties: Record<string, string | null | undefined>;
}

interface Field {
  kind: Column["kind"];
  jsonata: string;
  /** The same in JavaScript, by hand: what the floor does, and what must be there in the end. */
  byHand: (contact: Contact) => string | undefined;
}

/** HubSpot's cleared properties are empty texts. */
const given = (value: string | null | undefined): string | undefined =>
  value === "" || value === null ? undefined : value;

function property(name: string, kind: Column["kind"] = "text"): Field {
  return { kind, jsonata: `properties.${name}`, byHand: ({ properties }) => given(properties[name]) };
}

export const apiMapping: Record<string, Field> = {
  id: { kind: "integer", jsonata: "id", byHand: ({ id }) => id },
  full_name: {
    kind: "text",
    jsonata: "$trim(properties.firstname & ' ' & properties.lastname)",
    byHand: ({ properties }) =>
      `${given(properties["firstname"]) ?? ""} ${given(properties["lastname"]) ?? ""}`.trim() || undefined,
  },
  email_key: {
    kind: "text",
    jsonata: "$lowercase(properties.email)",
    byHand: ({ properties }) => given(properties["email"])?.toLowerCase().trim() || undefined,
  },
  stage: {
    kind: "text",
    jsonata: "properties.lifecyclestage = 'customer' ? 'won' : 'open'",
    byHand: ({ properties }) => (properties["lifecyclestage"] === "customer" ? "won" : "open"),
  },
  has_company: {
    kind: "boolean",
    jsonata: "$exists(properties.company)",
    byHand: ({ properties }) => String(given(properties["company"]) !== undefined),
  },
  source_path: {
    kind: "text",
    jsonata: "$join([properties.hs_analytics_source, properties.hs_latest_source], '/')",
    byHand: ({ properties }) =>
      [given(properties["hs_analytics_source"]), given(properties["hs_latest_source"])]
        .filter((each) => each !== undefined)
        .join("/") || undefined,
  },
  createdate: property("createdate", "timestamp"),
  lastmodifieddate: property("lastmodifieddate", "timestamp"),
  firstname: property("firstname"),
  address: property("address"),
  city: property("city"),
  state: property("state"),
  country: property("country"),
  division: property("division"),
  contact_type: property("contact_type"),
  campaign_name: property("campaign_name"),
  hs_lead_status: property("hs_lead_status"),
  zip: property("zip"),
  division_id: property("division_id", "integer"),
  hs_analytics_num_page_views: property("hs_analytics_num_page_views", "integer"),
};

export const contactColumns: readonly Column[] = Object.entries(apiMapping).map(([name, { kind }]) => ({ name, kind }));

/** The properties that must be asked for. */
export const contactProperties: readonly string[] = [
  ...new Set(
    Object.values(apiMapping).flatMap(({ jsonata }) =>
      [...jsonata.matchAll(/properties\.(\w+)/g)].map(([, name]) => name!),
    ),
  ),
];

/** DDL of a table of these columns. */
export function contactsTable(name: string): string {
  const types = { text: "text", integer: "bigint", boolean: "boolean", timestamp: "timestamptz" } as Record<
    string,
    string
  >;
  const parts = contactColumns.map(({ name: column, kind }) => `${column} ${types[kind]}`);
  return `CREATE TABLE ${name} (${parts.join(", ")}, PRIMARY KEY (id))`;
}

/** A line of COPY's text format. */
export function contactLine(contact: Contact): string {
  let line = "";
  for (const name in apiMapping) {
    const value = apiMapping[name]!.byHand(contact);
    if (line) line += "\t";
    line += value === undefined ? "\\N" : escaped(value);
  }
  return `${line}\n`;
}

function escaped(value: string): string {
  return /[\\\n\r\t]/.test(value)
    ? value.replace(/[\\\n\r\t]/g, (found) => ({ "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" })[found]!)
    : value;
}
