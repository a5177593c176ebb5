/** What belongs to the account and not to one object type: the names of properties, the quota used. */
import type { ApiAnswer } from "../api-error.ts";
import { notFound } from "../api-error.ts";
import type { ObjectStore } from "../store.ts";
import type { Account } from "./api-request.ts";

/** `GET /crm/v3/properties/{type}`, and with a name one of them. */
export function readProperties(store: ObjectStore, name: string | undefined): ApiAnswer {
  const all = [...store.type.properties.values()].map((property) => ({
    name: property.name,
    label: property.name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase()),
    type: property.type,
    fieldType: {
      string: "text",
      number: "number",
      datetime: "date",
      date: "date",
      bool: "booleancheckbox",
      enumeration: "select",
    }[property.type],
    groupName: `${store.type.name.slice(0, -1)}information`,
    description: "",
    options: [],
    calculated: false,
    externalOptions: false,
    hasUniqueValue: property.name === "hs_object_id",
    hidden: false,
    formField: true,
    archived: false,
  }));
  if (name === undefined) return { status: 200, body: { results: all } };
  const one = all.find((property) => property.name === name);
  if (!one) throw notFound(`Property "${name}" does not exist for object type ${store.type.typeId}.`);
  return { status: 200, body: one };
}

/** `GET /account-info/v3/api-usage/daily/private-apps`. */
export function readUsage(account: Account): ApiAnswer {
  const now = new Date();
  const resetsAt = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
  const usage = account.limiter?.usage();
  const result = {
    name: "private-apps-api-calls-daily",
    usageLimit: usage?.limit ?? 0,
    currentUsage: usage?.used ?? 0,
    collectedAt: now.toISOString(),
    fetchStatus: "SUCCESS",
    resetsAt: resetsAt.toISOString(),
  };
  return { status: 200, body: { results: [result] } };
}
