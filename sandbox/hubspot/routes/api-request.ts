/** What a handler gets and gives; and the account that it answers for. */
import type { ApiAnswer } from "../api-error.ts";
import { invalid } from "../api-error.ts";
import type { AssociationBook } from "../associations/book.ts";
import type { ObjectType, ObjectTypeName, ObjectTypes } from "../object-type.ts";
import type { OwnerBook } from "../owner-book.ts";
import type { IdOrder } from "../object-id.ts";
import type { RateLimiter } from "../rate-limit.ts";
import type { ObjectStore } from "../store.ts";

export interface ApiRequest {
  method: string;
  /** Scheme, host and port as the caller reached them: for `paging.next.link`. */
  origin: string;
  path: string;
  query: URLSearchParams;
  /** Parsed JSON; undefined where there was no body. */
  body: unknown;
}

/** What the handlers serve. */
export interface Account {
  types: ObjectTypes;
  stores: Readonly<Record<ObjectTypeName, ObjectStore>>;
  associations: AssociationBook;
  owners: OwnerBook;
  limiter: RateLimiter | undefined;
  idOrder: IdOrder;
  indexLagMs: number;
  /** How many associations of one record a page has at most. */
  associationsPageSize: number;
  mergesInto: "primary" | "new record";
  now: () => Date;
}

export type Handler = (request: ApiRequest, account: Account) => ApiAnswer;

/** The number of records a page may have: the `limit` of the query. Throws ApiError (400) beyond `max`. */
export function pageSize(query: URLSearchParams, standard: number, max: number): number {
  const text = query.get("limit") ?? String(standard);
  if (!/^\d{1,9}$/.test(text)) throw invalid(`Invalid integer in query param limit: "${text}"`, { limit: [text] });
  const limit = Number(text);
  if (limit < 1 || limit > max)
    throw invalid(`limit must be between 1 and ${max}, but was ${limit}.`, { limit: [text] });
  return limit;
}

/** A `true` or `false` of the query; false where it is missing. Throws ApiError (400) for anything else. */
export function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? "false";
  if (text !== "true" && text !== "false")
    throw invalid(`Invalid boolean in query param ${name}: "${text}"`, { [name]: [text] });
  return text === "true";
}

/** The `properties` of the query: lists with commas, and the parameter may be repeated. */
export function namedProperties(query: URLSearchParams): string[] {
  return query
    .getAll("properties")
    .flatMap((list) => list.split(","))
    .map((name) => name.trim())
    .filter(Boolean);
}

/** HubSpot offers these; the sandbox does not, and says so sooner than it leaves them out unseen. */
export function refuseUnserved(query: URLSearchParams, type: ObjectType): void {
  for (const name of ["associations", "propertiesWithHistory"]) {
    if (query.has(name))
      throw invalid(`This sandbox does not serve ${name} of ${type.name}.`, {
        [name]: query.getAll(name),
      });
  }
}
