/** What belongs to the account and not to one object type: owners, the names of properties, the quota used. */
import type { ApiAnswer } from "../api-error.ts";
import { invalid, notFound } from "../api-error.ts";
import { firstNames, lastNames } from "../data/words.ts";
import type { ObjectStore } from "../store.ts";
import { flag, pageSize } from "./api-request.ts";
import type { Account, ApiRequest } from "./api-request.ts";

const teams = [
  { id: "301", name: "Inside sales", primary: true },
  { id: "302", name: "Field", primary: true },
];

/** Ten owners; the last one is archived. */
const owners = Array.from({ length: 10 }, (_, index) => {
  const userId = 60_000_000 + index * 37;
  return {
    id: String(700_000_000 + index * 11),
    email: `owner${index + 1}@example.com`,
    type: "PERSON",
    firstName: firstNames[index % firstNames.length],
    lastName: lastNames[index % lastNames.length],
    userId: index === 9 ? null : userId,
    userIdIncludingInactive: userId,
    createdAt: `2024-0${(index % 9) + 1}-01T08:00:00.000Z`,
    updatedAt: `2025-0${(index % 9) + 1}-15T09:30:00.000Z`,
    archived: index === 9,
    ...(index % 3 === 0 ? {} : { teams: [teams[index % 2]] }),
  };
});

/** `GET /crm/v3/owners`. */
export function listOwners(request: ApiRequest): ApiAnswer {
  const { query } = request;
  const limit = pageSize(query, 100, 100);
  const archived = flag(query, "archived");
  const email = query.get("email");
  const all = owners.filter(
    (owner) => owner.archived === archived && (email === null || owner.email === email.toLowerCase()),
  );
  const after = query.get("after");
  const start = after === null ? 0 : all.findIndex((owner) => owner.id === after) + 1;
  if (after !== null && start === 0)
    throw invalid(`Invalid value for query param after: "${after}"`, { after: [after] });
  const results = all.slice(start, start + limit);
  const last = start + limit < all.length ? results.at(-1)?.id : undefined;
  return {
    status: 200,
    body: {
      results,
      ...(last ? { paging: { next: { after: last, link: `?after=${last}` } } } : {}),
    },
  };
}

/** `GET /crm/v3/owners/{id}`. */
export function readOwner(request: ApiRequest, id: string): ApiAnswer {
  const owner = owners.find((one) => one.id === id && one.archived === flag(request.query, "archived"));
  if (!owner) throw notFound();
  return { status: 200, body: owner };
}

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
