/** Filters made into one function that says whether a record, in one state, is found. */
import type { IdOrder } from "../object-id.ts";
import type { ObjectStore } from "../store.ts";
import type { RecordState, StoredRecord } from "../stored-record.ts";
import { iso } from "../data/property.ts";
import type { Property } from "../data/property.ts";
import { comparableFor, readFilterValue } from "./comparable.ts";
import type { Comparable } from "./comparable.ts";
import type { Filter, SearchRequest } from "./request.ts";

export type Matcher = (record: StoredRecord, state: RecordState) => boolean;

/** Throws ApiError (400) where a filter's value does not fit its property. */
export function matcherFor(request: SearchRequest, store: ObjectStore, idOrder: IdOrder): Matcher {
  const groups = request.filterGroups.map((filters) => filters.map((filter) => filterMatcher(filter, store, idOrder)));
  const byFilters: Matcher = (record, state) =>
    groups.length === 0 || groups.some((group) => group.every((matches) => matches(record, state)));
  const { words } = request;
  if (words.length === 0) return byFilters;
  return (record, state) => {
    if (!byFilters(record, state)) return false;
    const text = store.type.searchedProperties
      .map((name) => store.value(record, state, name) ?? "")
      .join("\n")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

function filterMatcher(filter: Filter, store: ObjectStore, idOrder: IdOrder): Matcher {
  const property = store.type.properties.get(filter.propertyName) as Property;
  // Two tests of nearly every delta, over all records: they must not print and parse a date for each.
  if (filter.propertyName === store.type.modifiedProperty)
    return onInstant(filter, property, (_, state) => state.modifiedMs);
  if (filter.propertyName === store.type.createdProperty)
    return onInstant(filter, property, (record) => record.createdMs);
  const matches = textMatcher(filter, property, idOrder);
  return (record, state) => matches(store.value(record, state, filter.propertyName) ?? "");
}

function onInstant(
  filter: Filter,
  property: Property,
  instantOf: (record: StoredRecord, state: RecordState) => number,
): Matcher {
  const comparable = comparableFor(property, "number") as Comparable<number>;
  const matches = comparison(filter, property, comparable);
  if (matches) return (record, state) => matches(instantOf(record, state));
  const byText = textMatcher(filter, property, "number");
  return (record, state) => byText(iso(instantOf(record, state)));
}

/** Over the text of the property; the empty text is an unset property, whether cleared or never set. */
function textMatcher(filter: Filter, property: Property, idOrder: IdOrder): (text: string) => boolean {
  switch (filter.operator) {
    case "HAS_PROPERTY":
      return (text) => text !== "";
    case "NOT_HAS_PROPERTY":
      return (text) => text === "";
    case "CONTAINS_TOKEN": {
      const contains = tokenMatcher(filter.value);
      return (text) => text !== "" && contains(text);
    }
    case "NOT_CONTAINS_TOKEN": {
      const contains = tokenMatcher(filter.value);
      return (text) => text !== "" && !contains(text);
    }
    case "IN":
    case "NOT_IN": {
      // "For text properties the values must be in lower case": others are never found.
      const stored = (text: string) => (property.type === "string" ? text.toLowerCase() : text);
      const wanted = new Set(filter.values);
      const within = filter.operator === "IN";
      return (text) => text !== "" && wanted.has(stored(text)) === within;
    }
    default: {
      const comparable = comparableFor(property, idOrder) as Comparable<string | number>;
      const matches = comparison(filter, property, comparable);
      return (text) => {
        if (text === "" || !matches) return false;
        const value = comparable.read(text);
        return value === undefined ? filter.operator === "NEQ" : matches(value);
      };
    }
  }
}

/** The operators that compare; undefined for the others. */
function comparison<T>(
  filter: Filter,
  property: Property,
  comparable: Comparable<T>,
): ((value: T) => boolean) | undefined {
  const { compare } = comparable;
  const bound = () => readFilterValue(comparable, filter.value, property);
  switch (filter.operator) {
    case "EQ": {
      const wanted = bound();
      return (value) => compare(value, wanted) === 0;
    }
    case "NEQ": {
      const wanted = bound();
      return (value) => compare(value, wanted) !== 0;
    }
    case "LT": {
      const high = bound();
      return (value) => compare(value, high) < 0;
    }
    case "LTE": {
      const high = bound();
      return (value) => compare(value, high) <= 0;
    }
    case "GT": {
      const low = bound();
      return (value) => compare(value, low) > 0;
    }
    case "GTE": {
      const low = bound();
      return (value) => compare(value, low) >= 0;
    }
    case "BETWEEN": {
      const low = bound();
      const high = readFilterValue(comparable, filter.highValue, property);
      return (value) => compare(value, low) >= 0 && compare(value, high) <= 0;
    }
    default:
      return undefined;
  }
}

/** Whole words, whatever their case; `*` stands for any characters of the whole text or of one word. */
function tokenMatcher(value: string): (text: string) => boolean {
  const escaped = value.toLowerCase().replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`);
  const pattern = new RegExp(`^${escaped.replaceAll("*", ".*")}$`, "s");
  return (text) => {
    const lower = text.toLowerCase();
    return pattern.test(lower) || lower.split(/[^\p{L}\p{N}]+/u).some((word) => word !== "" && pattern.test(word));
  };
}
