/** The properties of the account's custom object "division". */
import { named, phone, pick, text } from "./property.ts";
import type { PropertyKind } from "./property.ts";
import { systemProperties } from "./system-properties.ts";
import { divisions, firstNames, lastNames, places, streets } from "./words.ts";

const own: Record<string, PropertyKind> = {
  division_name: text(1, (draw, record) => `${draw.pick(divisions)} ${record.index + 1}`),
  division_label: text(1, (_, record) => `${record.value("division_name")} division`),
  division_code: text(0.95, (_, record) => `D${String(record.index + 1).padStart(3, "0")}`),
  status: pick(0.95, ["active", "inactive"]),
  region: pick(0.9, ["Northeast", "Midwest", "South", "West"]),
  manager_name: text(0.9, (draw) => `${draw.pick(firstNames)} ${draw.pick(lastNames)}`),
  manager_email: text(0.9, (_, record) => `manager${record.index + 1}@example.com`),
  phone: phone(0.9),
  address1: text(0.9, (draw) => `${draw.int(1, 9999)} ${draw.pick(streets)}`),
  address2: text(0.2, (draw) => `Suite ${draw.int(1, 40)}`),
  city: text(0.9, (_, record) => (places[record.index % places.length] ?? places[0])[0]),
  state: text(0.9, (_, record) => (places[record.index % places.length] ?? places[0])[1]),
  zip: text(0.9, (_, record) => (places[record.index % places.length] ?? places[0])[2]),
};

/** Every property of a division, in the order in which `GET /crm/v3/properties/{type}` lists them. */
export const divisionProperties = named({ ...systemProperties, ...own });
