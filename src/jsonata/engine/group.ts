/** Objects made by grouping: `{ key: value }`, by itself or after a path. */
import { HAND_OVER_COPY, handOver } from "./hand-over.ts";
import { tick } from "./evaluation.ts";
import { NO_TUPLE, type Over, type Tuple } from "./steps.ts";
import { append, isSequence, type Sequence } from "./values.ts";

export interface Pair {
  key: Over;
  value: Over;
}

interface Group {
  data: unknown;
  pair: number;
}

export type Made = Record<string, unknown>;

export function emptyObject(): Made {
  return Object.create(null) as Made;
}

export function group(input: unknown, pairs: readonly Pair[]): Made {
  const tuples = Array.isArray(input) && (input as Sequence).tupleStream === true;
  const groups = collect(itemsOf(input, tuples), pairs, tuples);
  const made = emptyObject();
  for (const [key, { data, pair }] of Object.entries(groups)) {
    const { value } = pairs[pair]!;
    const result = tuples ? overTuples(value, data) : value(data, NO_TUPLE);
    if (result !== undefined) made[key] = result;
  }
  return made;
}

function itemsOf(input: unknown, tuples: boolean): unknown[] {
  if (!Array.isArray(input)) return [input];
  if (input.length > 0 || tuples) return input;
  // An object of constants is made even where nothing is. The reference puts an undefined into the empty list, which
  // may be the input's own and may be read again.
  if (!isSequence(input)) throw HAND_OVER_COPY;
  return [undefined];
}

function collect(items: unknown[], pairs: readonly Pair[], tuples: boolean): Record<string, Group> {
  const groups = Object.create(null) as Record<string, Group>;
  for (const item of items) {
    for (let pair = 0; pair < pairs.length; pair++) {
      tick();
      const { key: keyOf } = pairs[pair]!;
      const key = tuples ? keyOf((item as Tuple)["@"], item as Tuple) : keyOf(item, NO_TUPLE);
      if (key === undefined) continue;
      if (typeof key !== "string" || key === "_jsonata_lambda" || key === "_jsonata_function") return handOver();
      const known = groups[key];
      if (!known) groups[key] = { data: item, pair };
      else if (known.pair !== pair) handOver();
      else known.data = append(known.data, item);
    }
  }
  return groups;
}

/** The values that the tuples of a group bind, together. */
function overTuples(value: Over, data: unknown): unknown {
  const reduced = Object.create(null) as Tuple;
  const [first, ...others] = (Array.isArray(data) ? data : [data]) as Tuple[];
  Object.assign(reduced, first);
  for (const other of others) for (const name of Object.keys(other)) reduced[name] = append(reduced[name], other[name]);
  const context = reduced["@"];
  delete reduced["@"];
  return value(context, reduced);
}
