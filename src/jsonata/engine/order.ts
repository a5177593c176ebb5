/** Sorting: stable, with the same comparisons in the same order as the reference, whatever the comparator answers. */
import { tick } from "./evaluation.ts";
import { handOver } from "./hand-over.ts";
import { NO_TUPLE, type Over, type Tuple } from "./steps.ts";
import { isListOfNumbers, type Sequence } from "./values.ts";

/** True when the two are to be swapped. */
export type Swaps = (left: unknown, right: unknown) => unknown;

/** A term of an order-by. */
export interface Term {
  evaluate: Over;
  descending: boolean;
}

export function sortBy(list: unknown[], swaps: Swaps): unknown[] {
  if (list.length <= 1) return list;
  const middle = Math.floor(list.length / 2);
  return mergeBy(sortBy(list.slice(0, middle), swaps), sortBy(list.slice(middle), swaps), swaps);
}

function mergeBy(left: unknown[], right: unknown[], swaps: Swaps): unknown[] {
  const merged: unknown[] = [];
  let fromLeft = 0;
  let fromRight = 0;
  while (fromLeft < left.length && fromRight < right.length) {
    tick();
    merged.push(swaps(left[fromLeft], right[fromRight]) ? right[fromRight++] : left[fromLeft++]);
  }
  while (fromLeft < left.length) merged.push(left[fromLeft++]);
  while (fromRight < right.length) merged.push(right[fromRight++]);
  return merged;
}

/** `$sort` without a comparator: numbers or texts. */
export function sortPlain(list: unknown[]): unknown[] {
  if (list.length > 1 && !isListOfNumbers(list) && list.some((item) => typeof item !== "string")) handOver();
  return sortBy(list, (left, right) => (left as number) > (right as number));
}

/** `^(…)`: by the terms, one after the other; what has none comes last. */
export function orderBy(input: unknown[], terms: readonly Term[]): unknown[] {
  const tuples = (input as Sequence).tupleStream === true;
  const value = (term: Term, item: unknown): unknown =>
    tuples ? term.evaluate((item as Tuple)["@"], item as Tuple) : term.evaluate(item, NO_TUPLE);
  return sortBy(input, (left, right) => {
    for (const term of terms) {
      const compared = compare(value(term, left), value(term, right), term.descending);
      if (compared !== 0) return compared === 1;
    }
    return false;
  });
}

function compare(left: unknown, right: unknown, descending: boolean): -1 | 0 | 1 {
  if (left === undefined) return right === undefined ? 0 : 1;
  if (right === undefined) return -1;
  const type = typeof left;
  if ((type !== "string" && type !== "number") || type !== typeof right) handOver();
  if (left === right) return 0;
  return (left as number) < (right as number) === descending ? 1 : -1;
}
