/** The properties of deals. `hs_object_id`, `createdate` and `hs_lastmodifieddate` belong to the store. */
import { named, id, instant, iso, money, number, pick, text, unset, whole } from "./property.ts";
import type { PropertyKind } from "./property.ts";
import { divisions, lastNames, services, streets } from "./words.ts";

const dayMs = 86_400_000;
const table: Record<string, PropertyKind> = {
  hs_object_id: unset("number"),
  createdate: unset("datetime"),
  hs_lastmodifieddate: unset("datetime"),
  hs_merged_object_ids: unset("enumeration"),

  amount: money(0.8, 90_000),
  closedate: {
    type: "datetime",
    share: 0.7,
    make: (draw, record) => iso(record.createdMs + draw.int(1, 90) * dayMs),
  },
  dealname: text(
    1,
    (draw, record) => `${draw.pick(lastNames)}, ${draw.int(1, 9999)} ${draw.pick(streets)} (${record.index})`,
  ),
  dealstage: pick(1, ["appointmentscheduled", "qualifiedtobuy", "contractsent", "closedwon", "closedlost", "4711002"]),
  dealtype: pick(0.4, ["newbusiness", "existingbusiness"]),
  deal_currency_code: pick(0.6, ["USD"]),
  description: text(0.15, (draw) => `${draw.pick(services)} and ${draw.pick(services)}`),
  division: pick(0.5, divisions),
  hs_forecast_probability: number(0.2, (draw) => `0.${draw.int(1, 9)}`),
  hs_is_closed: {
    type: "bool",
    share: 1,
    make: (_, record) => String((record.value("dealstage") ?? "").startsWith("closed")),
  },
  hs_created_by_user_id: id(0.3, 8),
  hubspot_owner_id: id(0.6, 9),
  notes_last_updated: instant(0.3),
  num_associated_contacts: whole(0.9, 0, 3),
  num_notes: whole(0.3, 0, 15),
  pipeline: pick(1, ["default", "75e28846-ad0d-4be2-a027-5e1da6590b98"]),
  priority: pick(0.2, ["low", "medium", "high"]),
};

/** Every property of a deal, in the order in which `GET /crm/v3/properties/deals` lists them. */
export const dealProperties = named(table);
