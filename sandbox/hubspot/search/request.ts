/**
 * The body of a search, checked as HubSpot checks it: what is wrong is a 400, never an empty result.
 * Source: https://developers.hubspot.com/docs/api-reference/search/guide and its "limitations".
 */
import { invalid } from "../api-error.ts";
import type { ObjectType } from "../object-type.ts";

export const operators = [
  "EQ",
  "NEQ",
  "LT",
  "LTE",
  "GT",
  "GTE",
  "BETWEEN",
  "IN",
  "NOT_IN",
  "HAS_PROPERTY",
  "NOT_HAS_PROPERTY",
  "CONTAINS_TOKEN",
  "NOT_CONTAINS_TOKEN",
] as const;

export type Operator = (typeof operators)[number];

export interface Filter {
  propertyName: string;
  operator: Operator;
  value: string;
  highValue: string;
  values: readonly string[];
}

export interface SearchRequest {
  /** OR between groups, AND within one. */
  filterGroups: ReadonlyArray<readonly Filter[]>;
  sort: { propertyName: string; descending: boolean } | undefined;
  /** Words that all must occur, in lower case. */
  words: readonly string[];
  properties: readonly string[];
  limit: number;
  /** How many results to leave out: an offset into what the search finds now. */
  offset: number;
}

const maxLimit = 200;
/** No search reaches beyond its first so many results. */
const maxResults = 10_000;
const maxQueryLength = 3_000;
/** As in the current guide; an older changelog entry says 10 filters a group and 25 in all. */
const maxGroups = 5;
const maxFiltersPerGroup = 6;
const maxFilters = 18;

/** Reads a search body. Throws ApiError (400) for the first thing that is wrong. */
export function parseSearch(body: unknown, type: ObjectType): SearchRequest {
  const request = asObject(body, "the request body");
  const groups = asArray(request["filterGroups"], "filterGroups");
  const filterGroups = groups.map((group) =>
    asArray(asObject(group, "a filter group")["filters"], "filters").map((filter) => parseFilter(filter, type)),
  );
  if (filterGroups.length > maxGroups)
    throw invalid(`The maximum number of filterGroups is ${maxGroups}, but ${filterGroups.length} were sent.`);
  if (filterGroups.some((filters) => filters.length === 0)) throw invalid("A filter group needs at least one filter.");
  if (filterGroups.some((filters) => filters.length > maxFiltersPerGroup))
    throw invalid(`The maximum number of filters in one filter group is ${maxFiltersPerGroup}.`);
  const all = filterGroups.reduce((sum, filters) => sum + filters.length, 0);
  if (all > maxFilters)
    throw invalid(`The maximum number of filters in one search is ${maxFilters}, but ${all} were sent.`);

  const limit = wholeNumber(request["limit"] ?? 10, "limit");
  if (limit < 1 || limit > maxLimit)
    throw invalid(`limit must be between 1 and ${maxLimit}, but was ${limit}.`, {
      limit: [String(limit)],
    });
  const offset =
    request["after"] === undefined || request["after"] === null ? 0 : wholeNumber(request["after"], "after");
  if (offset + limit > maxResults) {
    throw invalid(
      `The requested page ends beyond the ${maxResults} results that a search can reach (after ${offset}, limit ${limit}).`,
      { after: [String(offset)] },
    );
  }
  const query = request["query"] ?? "";
  if (typeof query !== "string" || query.length > maxQueryLength)
    throw invalid(`query must be a text of at most ${maxQueryLength} characters.`);
  return {
    filterGroups,
    sort: parseSort(request["sorts"], type),
    words: query.toLowerCase().split(/\s+/).filter(Boolean),
    properties: asArray(request["properties"], "properties").map(String),
    limit,
    offset,
  };
}

function parseFilter(value: unknown, type: ObjectType): Filter {
  const filter = asObject(value, "a filter");
  const propertyName = String(filter["propertyName"] ?? "");
  if (!type.properties.has(propertyName))
    throw invalid(`There was a problem with the request: property "${propertyName}" does not exist.`, {
      propertyName: [propertyName],
    });
  const operator = operators.find((name) => name === filter["operator"]);
  if (!operator)
    throw invalid(`Invalid input JSON: operator "${String(filter["operator"])}" is none of ${operators.join(", ")}.`);
  const parsed: Filter = {
    propertyName,
    operator,
    value: scalar(filter["value"]),
    highValue: scalar(filter["highValue"]),
    values: [],
  };
  if (operator === "HAS_PROPERTY" || operator === "NOT_HAS_PROPERTY") return parsed;
  const empty = (what: string) =>
    invalid(
      `There was a problem with the request: filter on "${propertyName}" with operator ${operator} has an empty ${what}.`,
      { propertyName: [propertyName] },
    );
  if (operator === "IN" || operator === "NOT_IN") {
    parsed.values = asArray(filter["values"], "values").map(scalar);
    if (parsed.values.length === 0 || parsed.values.includes("")) throw empty("values");
    return parsed;
  }
  if (parsed.value === "") throw empty("value");
  if (operator === "BETWEEN" && parsed.highValue === "") throw empty("highValue");
  return parsed;
}

function parseSort(value: unknown, type: ObjectType): SearchRequest["sort"] {
  const sorts = asArray(value, "sorts");
  if (sorts.length > 1) throw invalid(`Only one sort is allowed, but ${sorts.length} were sent.`);
  if (sorts.length === 0) return undefined;
  const sort = asObject(sorts[0], "a sort");
  const propertyName = String(sort["propertyName"] ?? "");
  if (!type.properties.has(propertyName))
    throw invalid(`There was a problem with the request: property "${propertyName}" does not exist.`, {
      propertyName: [propertyName],
    });
  const direction = sort["direction"] ?? "ASCENDING";
  if (direction !== "ASCENDING" && direction !== "DESCENDING")
    throw invalid(`Invalid input JSON: direction "${String(direction)}" is neither ASCENDING nor DESCENDING.`);
  return { propertyName, descending: direction === "DESCENDING" };
}

/** Numbers and booleans are read as their text; null and what is missing as the empty text. */
function scalar(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "object") throw invalid("Invalid input JSON: a filter's value is a text.");
  return String(value);
}

function wholeNumber(value: unknown, name: string): number {
  const text = String(value);
  if (!/^\d{1,9}$/.test(text)) throw invalid(`${name} must be a whole number, but was "${text}".`, { [name]: [text] });
  return Number(text);
}

/** An object of a request body; throws ApiError (400) for anything else. */
export function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`Invalid input JSON: ${what} must be an object.`);
}

/** A list of a request body, empty where there is none; throws ApiError (400) for anything else. */
export function asArray(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw invalid(`Invalid input JSON: ${what} must be a list.`);
}
