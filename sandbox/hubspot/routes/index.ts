/** Which path is whose. */
import type { ApiAnswer } from "../api-error.ts";
import { ApiError, invalid, notFound } from "../api-error.ts";
import { objectTypeOf } from "../object-type.ts";
import type { ObjectStore } from "../store.ts";
import { listOwners, readOwner, readProperties, readUsage } from "./account.ts";
import type { Account, ApiRequest } from "./api-request.ts";
import { listObjects } from "./list.ts";
import { batchRead, readObject } from "./read.ts";
import { searchObjects } from "./search.ts";

export interface Route {
  /** For the statistics: `list contacts`. */
  name: string;
  method: "GET" | "POST";
  /** Which rate limit it is charged to. */
  budget: "general" | "search";
  answer: (request: ApiRequest, account: Account) => ApiAnswer;
}

/** The three spellings of one prefix: `/crm/v3/objects`, `/crm/objects/v3` and the dated `/crm/objects/2026-03`. */
const objectsPrefix = /^\/crm\/(?:v3\/objects|objects\/v3|objects\/\d{4}-\d{2})\/([^/]+)(?:\/(.*))?$/;
const propertiesPrefix = /^\/crm\/(?:v3\/properties|properties\/v3|properties\/\d{4}-\d{2})\/([^/]+)(?:\/([^/]+))?$/;
const ownersPrefix = /^\/crm\/(?:v3\/owners|owners\/v3|owners\/\d{4}-\d{2})(?:\/([^/]+))?$/;

/** The route of a path without a slash at its end, or undefined. */
export function routeOf(path: string): Route | undefined {
  const objects = objectsPrefix.exec(path);
  if (objects) return objectRoute(decodeURIComponent(objects[1] ?? ""), objects[2]);
  const properties = propertiesPrefix.exec(path);
  if (properties) {
    const [, segment = "", name] = properties;
    return {
      name: "properties",
      method: "GET",
      budget: "general",
      answer: (_, account) => readProperties(storeOf(segment, account), name),
    };
  }
  const owners = ownersPrefix.exec(path);
  if (owners) {
    const id = owners[1];
    return {
      name: "owners",
      method: "GET",
      budget: "general",
      answer: (request) => (id === undefined ? listOwners(request) : readOwner(request, id)),
    };
  }
  if (path === "/account-info/v3/api-usage/daily/private-apps")
    return {
      name: "usage",
      method: "GET",
      budget: "general",
      answer: (_, account) => readUsage(account),
    };
  return undefined;
}

function objectRoute(segment: string, rest: string | undefined): Route | undefined {
  const label = objectTypeOf(segment)?.name ?? segment;
  const store = (account: Account) => storeOf(segment, account);
  if (rest === undefined)
    return {
      name: `list ${label}`,
      method: "GET",
      budget: "general",
      answer: (request, account) => listObjects(request, store(account)),
    };
  if (rest === "search")
    return {
      name: `search ${label}`,
      method: "POST",
      budget: "search",
      answer: (request, account) => searchObjects(request, store(account), account),
    };
  if (rest === "batch/read")
    return {
      name: `batch-read ${label}`,
      method: "POST",
      budget: "general",
      answer: (request, account) => batchRead(request, store(account), account),
    };
  if (rest.includes("/")) return undefined;
  return {
    name: `read ${label}`,
    method: "GET",
    budget: "general",
    answer: (request, account) => readObject(request, store(account), rest),
  };
}

function storeOf(segment: string, account: Account): ObjectStore {
  const type = objectTypeOf(segment);
  if (!type) throw invalid(`Unable to infer object type from: ${segment}`);
  return account.stores[type.name];
}

/** Answers a request on its route. Throws ApiError: 404 without a route, 405 for another method. */
export function answerRequest(request: ApiRequest, route: Route | undefined, account: Account): ApiAnswer {
  if (!route) throw notFound();
  if (route.method !== request.method)
    throw new ApiError(405, "METHOD_NOT_ALLOWED", `${request.method} is not supported here; use ${route.method}.`);
  return route.answer(request, account);
}
