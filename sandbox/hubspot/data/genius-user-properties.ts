/** The properties of the account's custom object "genius user": a person of the older CRM. */
import { bool, id, named, pick, text } from "./property.ts";
import type { PropertyKind } from "./property.ts";
import { systemProperties } from "./system-properties.ts";
import { divisions, firstNames, lastNames } from "./words.ts";

const own: Record<string, PropertyKind> = {
  arrivy_user_id: text(0.6, (draw) => draw.digits(16)),
  division: pick(0.9, divisions),
  division_id: id(0.9, 2),
  email: text(0.95, (_, record) => `user${record.index + 1}@example.com`),
  job_title: text(0.8, (draw) => draw.pick(["Sales representative", "Canvasser", "Division manager"])),
  name: text(1, (draw, record) => `${draw.pick(firstNames)} ${draw.pick(lastNames)} ${record.index + 1}`),
  title_id: id(0.8, 2),
  user_account_type: pick(0.9, ["standard", "admin"]),
  user_id: text(1, (_, record) => String(1_000 + record.index)),
  user_status_inactive: bool(0.9),
};

/** Every property of a genius user, in the order in which `GET /crm/v3/properties/{type}` lists them. */
export const geniusUserProperties = named({ ...systemProperties, ...own });
