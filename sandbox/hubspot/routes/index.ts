/** Which path is whose. */
import type { ApiAnswer } from "../api-error.ts";
import { ApiError, invalid, notFound } from "../api-error.ts";
import type { AssociationView } from "../associations/book.ts";
import { objectTypeOf } from "../object-type.ts";
import type { ObjectType, ObjectTypes } from "../object-type.ts";
import { readProperties, readUsage } from "./account.ts";
import type { Account, ApiRequest } from "./api-request.ts";
import { batchReadAssociations, listLabels, readAssociations } from "./associations.ts";
import { listObjects } from "./list.ts";
import { answerMerge } from "./merge.ts";
import { listOwners, readOwner } from "./owners.ts";
import { batchRead, readObject } from "./read.ts";
import { readSchemas } from "./schemas.ts";
import { searchObjects } from "./search.ts";

export interface Route {
  /** For the statistics: `list contacts`. */
  name: string;
  method: "GET" | "POST";
  /** Which rate limit it is charged to. */
  budget: "general" | "search";
  /** What the token must be allowed to do: all of these. */
  scopes: readonly string[];
  answer: (request: ApiRequest, account: Account) => ApiAnswer;
}

type Maker = (parts: ReadonlyArray<string | undefined>, types: ObjectTypes) => Route | undefined;

const dated = String.raw`\d{4}-\d{2}`;
const part = "([^/]+)";

/** Each path with its spellings: the usual one, the turned-round one, the dated ones. */
const paths: ReadonlyArray<readonly [pattern: RegExp, make: Maker]> = [
  [
    new RegExp(`^/crm/(?:v4/objects|objects/v4|objects/${dated})/${part}/${part}/associations/${part}$`),
    ([from = "", id = "", to = ""], types) =>
      associationRoute({ name: "read-associations", method: "GET" }, [from, to], types, (request, account, view) =>
        readAssociations(request, id, { view, account }),
      ),
  ],
  [
    new RegExp(`^/crm/(?:v4/associations|associations/v4|associations/${dated})/${part}/${part}/batch/read$`),
    ([from = "", to = ""], types) =>
      associationRoute({ name: "associations", method: "POST" }, [from, to], types, (request, account, view) =>
        batchReadAssociations(request, view, account),
      ),
  ],
  [
    new RegExp(`^/crm/(?:v4/associations|associations/v4|associations/${dated})/${part}/${part}/labels$`),
    ([from = "", to = ""], types) =>
      associationRoute({ name: "association-labels", method: "GET" }, [from, to], types, (_, __, view) =>
        listLabels(view),
      ),
  ],
  [
    new RegExp(`^/crm/(?:v3/objects|objects/v3|objects/${dated})/${part}(?:/(.*))?$`),
    ([segment = "", rest], types) => objectRoute(segment, rest, types),
  ],
  [
    new RegExp(`^/crm/(?:v3/properties|properties/v3|properties/${dated})/${part}(?:/${part})?$`),
    ([segment = "", name], types) => ({
      ...get("properties", [objectTypeOf(segment, types)?.readScope.replace("objects", "schemas") ?? ""]),
      answer: (_, account) => readProperties(account.stores[typeOf(segment, types).name], name),
    }),
  ],
  [
    new RegExp(`^/crm/(?:v3/owners|owners/v3|owners/${dated})(?:/${part})?$`),
    ([id]) => ({
      ...get("owners", ["crm.objects.owners.read"]),
      answer: (request, account) => (id === undefined ? listOwners(request, account) : readOwner(request, id, account)),
    }),
  ],
  [
    new RegExp(`^/(?:crm/v3/schemas|crm-object-schemas/(?:v3|${dated})/schemas)(?:/${part})?$`),
    ([segment]) => ({
      ...get("schemas", ["crm.schemas.custom.read"]),
      answer: (_, account) => readSchemas(segment, account),
    }),
  ],
  [
    /^\/account-info\/v3\/api-usage\/daily\/private-apps$/,
    () => ({ ...get("usage", []), answer: (_, account) => readUsage(account) }),
  ],
];

/** The route of a path without a slash at its end, or undefined. */
export function routeOf(path: string, types: ObjectTypes): Route | undefined {
  for (const [pattern, make] of paths) {
    const found = pattern.exec(path);
    if (found) return make(found.slice(1).map(decoded), types);
  }
  return undefined;
}

function get(name: string, scopes: readonly string[]): Omit<Route, "answer"> {
  return { name, method: "GET", budget: "general", scopes: scopes.filter(Boolean) };
}

function objectRoute(segment: string, rest: string | undefined, types: ObjectTypes): Route | undefined {
  const type = objectTypeOf(segment, types);
  const label = type?.name ?? segment;
  const store = (account: Account) => account.stores[typeOf(segment, types).name];
  const base = { budget: "general", scopes: type ? [type.readScope] : [] } as const;
  if (rest === undefined)
    return {
      ...base,
      name: `list ${label}`,
      method: "GET",
      answer: (request, account) => listObjects(request, store(account)),
    };
  if (rest === "search")
    return {
      ...base,
      name: `search ${label}`,
      method: "POST",
      budget: "search",
      answer: (request, account) => searchObjects(request, store(account), account),
    };
  if (rest === "batch/read")
    return {
      ...base,
      name: `batch-read ${label}`,
      method: "POST",
      answer: (request, account) => batchRead(request, store(account), account),
    };
  if (rest === "merge")
    return {
      ...base,
      name: `merge ${label}`,
      method: "POST",
      scopes: base.scopes.map((scope) => scope.replace(/read$/, "write")),
      answer: (request, account) => answerMerge(request, store(account), account),
    };
  if (rest.includes("/")) return undefined;
  return {
    ...base,
    name: `read ${label}`,
    method: "GET",
    answer: (request, account) => readObject(request, store(account), rest),
  };
}

function associationRoute(
  route: Pick<Route, "name" | "method">,
  [from, to]: readonly [string, string],
  types: ObjectTypes,
  answer: (request: ApiRequest, account: Account, view: AssociationView) => ApiAnswer,
): Route {
  const ends = [from, to].map((segment) => objectTypeOf(segment, types));
  return {
    ...route,
    name: `${route.name} ${ends[0]?.name ?? from}/${ends[1]?.name ?? to}`,
    budget: "general",
    scopes: [...new Set(ends.flatMap((type) => type?.readScope ?? []))],
    answer: (request, account) => {
      const [fromType, toType] = [typeOf(from, types), typeOf(to, types)];
      const view = account.associations.between(fromType.name, toType.name);
      if (!view) throw notFound(`No association type exists between ${fromType.label} and ${toType.label}.`);
      return answer(request, account, view);
    },
  };
}

function typeOf(segment: string, types: ObjectTypes): ObjectType {
  const type = objectTypeOf(segment, types);
  if (!type) throw invalid(`Unable to infer object type from: ${segment}`);
  return type;
}

/** A segment that is no proper encoding stays as it is: it names nothing then. */
function decoded(segment: string | undefined): string | undefined {
  try {
    return segment === undefined ? undefined : decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Answers a request on its route. Throws ApiError: 404 without a route, 405 for another method. */
export function answerRequest(request: ApiRequest, route: Route | undefined, account: Account): ApiAnswer {
  if (!route) throw notFound();
  if (route.method !== request.method)
    throw new ApiError(405, "METHOD_NOT_ALLOWED", `${request.method} is not supported here; use ${route.method}.`);
  return route.answer(request, account);
}
