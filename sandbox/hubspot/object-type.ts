/** The two object types that the sandbox serves: their names, properties, defaults and where their ids lie. */
import { contactProperties } from "./data/contact-properties.ts";
import { dealProperties } from "./data/deal-properties.ts";
import type { Property } from "./data/property.ts";
import { uglyContacts, uglyDeals, uglyEvery } from "./data/ugly.ts";
import type { Ugliness } from "./data/ugly.ts";

export type ObjectTypeName = "contacts" | "deals";

export interface ObjectType {
  name: ObjectTypeName;
  /** `0-1`, `0-3`: stands for the name in every path. */
  typeId: string;
  /** As HubSpot's messages call it. */
  label: string;
  properties: ReadonlyMap<string, Property>;
  /** Sent when the caller names none. */
  defaultProperties: readonly string[];
  /** Sent whatever the caller names. */
  alwaysProperties: readonly string[];
  /** Which one holds the last change: `lastmodifieddate` for contacts, `hs_lastmodifieddate` for all others. */
  modifiedProperty: string;
  /** Which ones `query` looks into. */
  searchedProperties: readonly string[];
  /** Ids run across this number, so that some are a digit longer: the order as numbers is not that as text. */
  idsAround: number;
  /** What is not as generated, for one record of the base data. */
  ugliness(index: number): Ugliness | undefined;
}

interface Naming {
  name: ObjectTypeName;
  typeId: string;
  label: string;
  defaultProperties: readonly string[];
  modifiedProperty: string;
  searchedProperties: readonly string[];
  idsAround: number;
}

function define(naming: Naming, properties: readonly Property[], ugly: typeof uglyContacts): ObjectType {
  const byPlace = new Map(ugly.map((one) => [one.place, one.values]));
  return {
    ...naming,
    properties: new Map(properties.map((property) => [property.name, property])),
    alwaysProperties: ["createdate", "hs_object_id", naming.modifiedProperty],
    ugliness: (index) => byPlace.get(index % uglyEvery),
  };
}

const contacts = define(
  {
    name: "contacts",
    typeId: "0-1",
    label: "CONTACT",
    defaultProperties: ["createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"],
    modifiedProperty: "lastmodifieddate",
    searchedProperties: ["firstname", "lastname", "email", "phone", "company"],
    idsAround: 100_000_000_000,
  },
  contactProperties,
  uglyContacts,
);

const deals = define(
  {
    name: "deals",
    typeId: "0-3",
    label: "DEAL",
    defaultProperties: [
      "amount",
      "closedate",
      "createdate",
      "dealname",
      "dealstage",
      "hs_lastmodifieddate",
      "hs_object_id",
      "pipeline",
    ],
    modifiedProperty: "hs_lastmodifieddate",
    searchedProperties: ["dealname", "pipeline", "dealstage", "description", "dealtype"],
    idsAround: 10_000_000_000,
  },
  dealProperties,
  uglyDeals,
);

export const objectTypes: Readonly<Record<ObjectTypeName, ObjectType>> = { contacts, deals };

/** The type that a path segment means (`contacts`, `contact`, `0-1`), or undefined where the sandbox has none. */
export function objectTypeOf(segment: string): ObjectType | undefined {
  const name = segment.toLowerCase();
  return Object.values(objectTypes).find(
    (type) => type.name === name || type.name === `${name}s` || type.typeId === name,
  );
}
