/** A search over the live records: nothing is kept between two pages, as little as HubSpot keeps. */
import type { IdOrder } from "../object-id.ts";
import type { Property } from "../data/property.ts";
import { stateAt } from "../stored-record.ts";
import type { ObjectStore } from "../store.ts";
import type { RecordState, StoredRecord } from "../stored-record.ts";
import { comparableFor } from "./comparable.ts";
import type { Comparable } from "./comparable.ts";
import { matcherFor } from "./matcher.ts";
import type { SearchRequest } from "./request.ts";

export interface Found {
  record: StoredRecord;
  state: RecordState;
}

export interface SearchResult {
  total: number;
  page: readonly Found[];
}

/**
 * @param atMs the index's state: as of this instant; undefined for now.
 */
export function runSearch(
  store: ObjectStore,
  request: SearchRequest,
  options: { idOrder: IdOrder; atMs: number | undefined },
): SearchResult {
  const matches = matcherFor(request, store, options.idOrder);
  const { sort, offset, limit } = request;
  // Without a sort, results come in the order of their creation, which is that of ids as numbers.
  const byId = sort?.propertyName === "hs_object_id";
  const records = store.ordered(byId ? options.idOrder : "number");
  const found: Found[] = [];
  for (const record of records) {
    const state = options.atMs === undefined ? record.state : stateAt(record, options.atMs);
    if (state && !state.removed && state.archivedMs === undefined && matches(record, state))
      found.push({ record, state });
  }
  const sorted = sort && !byId ? sortBy(found, sort.propertyName, store) : found;
  if (sort?.descending) sorted.reverse();
  return { total: found.length, page: sorted.slice(offset, offset + limit) };
}

/** By the property's value, ascending, those without one first; equals stay in the order of their ids. */
function sortBy(found: Found[], propertyName: string, store: ObjectStore): Found[] {
  const { modifiedProperty } = store.type;
  if (propertyName === modifiedProperty)
    return found.toSorted((left, right) => left.state.modifiedMs - right.state.modifiedMs);
  const comparable = comparableFor(store.type.properties.get(propertyName) as Property, "number") as Comparable<
    string | number
  >;
  const valueOf = ({ record, state }: Found) => {
    const text = store.value(record, state, propertyName);
    return text === undefined || text === "" ? undefined : comparable.read(text);
  };
  return found
    .map((one) => ({ one, value: valueOf(one) }))
    .sort((left, right) => {
      if (left.value === undefined || right.value === undefined)
        return Number(left.value !== undefined) - Number(right.value !== undefined);
      return comparable.compare(left.value, right.value);
    })
    .map(({ one }) => one);
}
