/** The library functions that call functions. */
import { arityOf, callerOf, callGiven, type Focus } from "./callables.ts";
import { tick } from "./evaluation.ts";
import { handOver } from "./hand-over.ts";
import { sortBy, sortPlain } from "./order.ts";
import { emptySequence, push, truth } from "./values.ts";

/** Gives a function as many of value, place and whole as it takes. */
function caller(given: unknown, whole: unknown, focus: Focus): (value: unknown, place: unknown) => unknown {
  const arity = arityOf(given);
  const call = callerOf(given, focus);
  return (value, place) => {
    tick();
    const values = arity >= 3 ? [value, place, whole] : arity === 2 ? [value, place] : [value];
    return call(values);
  };
}

export function map(this: Focus, list: unknown, given: unknown): unknown {
  if (list === undefined) return undefined;
  const items = list as unknown[];
  const results = emptySequence();
  if (items.length === 0) return results;
  const call = caller(given, list, this);
  for (let index = 0; index < items.length; index++) {
    const result = call(items[index], index);
    if (result !== undefined) push(results, result);
  }
  return results;
}

export function filterBy(this: Focus, list: unknown, given: unknown): unknown {
  if (list === undefined) return undefined;
  const items = list as unknown[];
  const results = emptySequence();
  if (items.length === 0) return results;
  const call = caller(given, list, this);
  for (let index = 0; index < items.length; index++) {
    if (truth(call(items[index], index))) push(results, items[index]);
  }
  return results;
}

export function single(this: Focus, list: unknown, given: unknown): unknown {
  if (list === undefined) return undefined;
  const items = list as unknown[];
  const call = given === undefined ? undefined : caller(given, list, this);
  const found = items.filter((item, index) => call === undefined || truth(call(item, index)));
  return found.length === 1 ? found[0] : handOver();
}

export function reduce(this: Focus, list: unknown, given: unknown, initial: unknown): unknown {
  if (list === undefined) return undefined;
  const arity = arityOf(given);
  if (arity < 2) return handOver();
  const items = list as unknown[];
  const begins = initial === undefined && items.length > 0;
  let result = begins ? items[0] : initial;
  for (let index = begins ? 1 : 0; index < items.length; index++) {
    tick();
    const values = [result, items[index]];
    if (arity >= 3) values.push(index);
    if (arity >= 4) values.push(list);
    result = callGiven(given, values, this);
  }
  return result;
}

export function each(this: Focus, value: unknown, given: unknown): unknown {
  const results = emptySequence();
  const entries = entriesOf(value);
  if (entries.length === 0) return results;
  const call = caller(given, value, this);
  for (const [name, item] of entries) {
    const result = call(item, name);
    if (result !== undefined) push(results, result);
  }
  return results;
}

export function sift(this: Focus, value: unknown, given: unknown): unknown {
  const entries = entriesOf(value);
  if (entries.length === 0) return undefined;
  const call = caller(given, value, this);
  const kept = Object.create(null) as Record<string, unknown>;
  let any = false;
  for (const [name, item] of entries) {
    if (!truth(call(item, name))) continue;
    kept[name] = item;
    any = true;
  }
  return any ? kept : undefined;
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

export function sort(this: Focus, list: unknown, given: unknown): unknown {
  if (list === undefined) return undefined;
  const items = list as unknown[];
  if (items.length <= 1) return items;
  if (given === undefined) return sortPlain(items);
  if (typeof given !== "function") return handOver();
  return sortBy(items, given as (left: unknown, right: unknown) => unknown);
}
