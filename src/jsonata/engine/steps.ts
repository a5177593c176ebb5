/** The steps of a path, and the filters on them. */
import { tick } from "./evaluation.ts";
import {
  append,
  Callable,
  emptySequence,
  isListOfNumbers,
  isNumber,
  isSequence,
  lookup,
  push,
  sequenceOf,
  settle,
  truth,
  type Sequence,
} from "./values.ts";
import { handOver } from "./hand-over.ts";

/** An expression over a context; `tuple` has the variables that a tuple binds. */
export type Over = (context: unknown, tuple: Tuple) => unknown;

/** A context at "@" with the variables bound along the path. */
export type Tuple = Record<string, unknown>;

export const NO_TUPLE: Tuple = Object.freeze(Object.create(null) as Tuple);

/** What a path starts from: the elements of a list, or the one value. */
export function start(input: unknown): unknown[] {
  return Array.isArray(input) ? input : sequenceOf(input);
}

/** False where a path ends early: nothing was found. */
export function more(found: unknown): boolean {
  return found !== undefined && (found as unknown[]).length !== 0;
}

/** Evaluates a step for each element and makes one sequence of what it gives. */
export function step(input: unknown[], evaluate: Over, last: boolean): unknown[] {
  const found = emptySequence();
  let results = 0;
  let only: unknown;
  for (let index = 0; index < input.length; index++) {
    tick();
    const result = evaluate(input[index], NO_TUPLE);
    if (result === undefined) continue;
    results++;
    only = result;
    flattenInto(found, result);
  }
  return last && results === 1 && isPlainList(only) ? only : found;
}

/** A list is opened, unless it was written as one. */
function flattenInto(found: unknown[], result: unknown): void {
  if (Array.isArray(result) && !(result as Sequence).cons) result.forEach((item) => push(found, item));
  else push(found, result);
}

/** A list that is no sequence: alone at the end of a path, it is the value itself. */
function isPlainList(value: unknown): value is unknown[] {
  return Array.isArray(value) && !isSequence(value);
}

/** The rest of a path of names, from the name at `first`, over a list that stands there. */
export function namesOver(input: unknown[], names: readonly string[], first: number): unknown {
  if (input.length === 0) return undefined;
  let found = input;
  for (let index = first; index < names.length && found.length > 0; index++) {
    found = namedStep(found, names[index]!, index === names.length - 1);
  }
  return settle(found);
}

function namedStep(input: unknown[], name: string, last: boolean): unknown[] {
  const found = emptySequence();
  let results = 0;
  let only: unknown;
  for (let index = 0; index < input.length; index++) {
    tick();
    const value = settle(lookup(input[index], name));
    if (value === undefined) continue;
    results++;
    only = value;
    flattenInto(found, value);
  }
  return last && results === 1 && isPlainList(only) ? only : found;
}

/** The same for a list that an earlier step gave: one that was written as a list is a value of its own. */
export function namesAfter(list: unknown[], names: readonly string[], first: number): unknown {
  const value = settle(list);
  if (!Array.isArray(value)) return namesOver([value], names, first);
  return namesOver((value as Sequence).cons ? [value] : value, names, first);
}

/** A sequence where a path of names ends: its elements are the path's own. */
export function namesEnd(value: Sequence): unknown {
  return settle(step([value], settle, true));
}

/** `[]` on a path. */
export function keepList(found: unknown): unknown {
  if (typeof found !== "object" || found === null) return handOver();
  const list: unknown =
    Array.isArray(found) && (found as Sequence).cons && !isSequence(found) ? sequenceOf(found) : found;
  // A list of the input is not ours to mark, and stays a list without it.
  if (isSequence(list)) list.keepSingleton = true;
  return list;
}

/** `[3]`: from the end where it is negative. */
export function elementAt(input: unknown, wanted: number): unknown {
  const list: Sequence = Array.isArray(input) ? input : sequenceOf(input);
  const results = emptySequence();
  if (list.tupleStream) results.tupleStream = true;
  const item = list[wanted < 0 ? list.length + wanted : wanted];
  if (item === undefined) return results;
  if (Array.isArray(item)) return item;
  push(results, item);
  return results;
}

/** `[…]`: the elements for which it is true, or whose place it names. */
export function filter(input: unknown, predicate: Over): Sequence {
  const list: Sequence = Array.isArray(input) ? input : sequenceOf(input);
  const results = emptySequence();
  const tuples = list.tupleStream === true;
  if (tuples) results.tupleStream = true;
  for (let index = 0; index < list.length; index++) {
    tick();
    const item = list[index];
    const answer = tuples ? predicate((item as Tuple)["@"], item as Tuple) : predicate(item, NO_TUPLE);
    if (typeof answer === "boolean") {
      if (answer) push(results, item);
    } else if (isNumber(answer)) {
      if (isPlace(answer, index, list.length)) push(results, item);
    } else if (isListOfNumbers(answer)) {
      for (const place of answer) if (isPlace(place, index, list.length)) push(results, item);
    } else if (truth(answer)) push(results, item);
  }
  return results;
}

function isPlace(place: number, index: number, length: number): boolean {
  const floor = Math.floor(place);
  return (floor < 0 ? length + floor : floor) === index;
}

/** `*` */
export function wildcard(context: unknown): unknown {
  const input =
    Array.isArray(context) && (context as Sequence).outerWrapper && context.length > 0 ? context[0] : context;
  let results: unknown = emptySequence();
  // The marks of a sequence count as its keys there.
  if (isSequence(input)) return handOver();
  if (typeof input !== "object" || input === null || input instanceof Callable) return results;
  for (const value of Object.values(input)) {
    if (Array.isArray(value)) results = append(results, value.flat(Number.POSITIVE_INFINITY));
    else push(results as unknown[], value);
  }
  return results;
}

/** `**` */
export function descendants(input: unknown): unknown {
  if (input === undefined) return undefined;
  const results = emptySequence();
  descend(input, results);
  return results.length === 1 ? results[0] : results;
}

function descend(value: unknown, results: unknown[]): void {
  if (Array.isArray(value)) {
    value.forEach((member) => descend(member, results));
    return;
  }
  tick();
  push(results, value);
  if (typeof value !== "object" || value === null || value instanceof Callable) return;
  for (const child of Object.values(value)) descend(child, results);
}
