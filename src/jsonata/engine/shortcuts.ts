/**
 * Library functions called with the kinds of values that they are meant for, without the check of a signature.
 * Whatever else they are given is MISS, and goes the whole way.
 */
import { referenceFunctions } from "../reference-functions.ts";
import { focusOf, type Focus } from "./callables.ts";
import { each, filterBy, map, reduce, sift, sort } from "./higher-order.ts";
import { contains, replace, split } from "./matching.ts";
import { text } from "./operators.ts";
import { append, Callable, isFunction, lookup, truth } from "./values.ts";

export const MISS: unique symbol = Symbol("not a case for a shortcut");

// A shortcut calls only functions that carry their depth with them: the focus has nothing to say.
const focus = focusOf(undefined, 0);

/** A function of one text, undefined for undefined. */
function ofText(of: (text: string) => unknown): Shortcut {
  return (value) => (typeof value === "string" ? of(value) : value === undefined ? undefined : MISS);
}

function ofNumber(of: (value: number) => unknown): Shortcut {
  return (value) => (typeof value === "number" ? of(value) : value === undefined ? undefined : MISS);
}

/** The reference's own, for a text and more texts. */
function ofTexts(name: string): Shortcut {
  const { implementation } = referenceFunctions()[name]!;
  return (value, other) =>
    (typeof value === "string" || value === undefined) && typeof other === "string"
      ? implementation.call(focus, value, other)
      : MISS;
}

function ofNumbers(of: (values: number[]) => unknown): Shortcut {
  return (value) => {
    if (value === undefined) return undefined;
    if (typeof value === "number") return of([value]);
    if (!Array.isArray(value)) return MISS;
    for (let index = 0; index < value.length; index++) if (typeof value[index] !== "number") return MISS;
    return of(value as number[]);
  };
}

function total(values: number[]): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  return sum;
}

function overList(of: (this: Focus, list: unknown, given: unknown) => unknown): Shortcut {
  return (list, given) =>
    (Array.isArray(list) || list === undefined) && typeof given === "function" ? of.call(focus, list, given) : MISS;
}

function overObject(of: (this: Focus, value: unknown, given: unknown) => unknown): Shortcut {
  return (value, given) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Callable) &&
    typeof given === "function"
      ? of.call(focus, value, given)
      : MISS;
}

const isText = (value: unknown): boolean => typeof value === "string" || value === undefined;

const isPattern = (value: unknown): boolean => typeof value === "string" || typeof value === "function";

function join(list: unknown, separator?: unknown): unknown {
  if (!isText(separator)) return MISS;
  if (isText(list)) return list;
  if (!Array.isArray(list)) return MISS;
  for (let index = 0; index < list.length; index++) if (typeof list[index] !== "string") return MISS;
  return list.join((separator as string | undefined) ?? "");
}

function count(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return value === undefined ? 0 : 1;
}

/** Characters, not units of UTF-16. */
function length(value: string): number {
  let characters = 0;
  for (let index = 0; index < value.length; index++) {
    const unit = value.codePointAt(index)!;
    if (unit > 0xffff) index++;
    characters++;
  }
  return characters;
}

/** Plain decimal notation: what the reference takes, and JavaScript reads alike. */
const decimal = /^-?[0-9]+(?:\.[0-9]+)?$/;

function numberOf(value: unknown): unknown {
  if (typeof value === "number" || value === undefined) return value;
  if (typeof value === "string" && value.length < 300 && decimal.test(value)) return Number(value);
  if (typeof value === "string" || typeof value === "boolean")
    return referenceFunctions()["number"]!.implementation(value);
  return MISS;
}

export type Shortcut = (...values: unknown[]) => unknown;

let made: Readonly<Record<string, Shortcut>> | undefined;

/** By name and number of arguments: `lowercase/1`. */
export function shortcuts(): Readonly<Record<string, Shortcut>> {
  return (made ??= makeShortcuts());
}

function makeShortcuts(): Record<string, Shortcut> {
  const reference = (name: string) => referenceFunctions()[name]!.implementation;
  const trim = reference("trim");
  const substring = reference("substring");
  const round = reference("round");
  const toMillis = reference("toMillis");
  const fromMillis = reference("fromMillis");
  return {
    "lowercase/1": ofText((value) => value.toLowerCase()),
    "uppercase/1": ofText((value) => value.toUpperCase()),
    "length/1": ofText(length),
    "trim/1": ofText((value) => trim(value)),
    "toMillis/1": ofText((value) => toMillis.call(focus, value)),
    "fromMillis/1": ofNumber((value) => fromMillis(value)),
    "substringBefore/2": ofTexts("substringBefore"),
    "substringAfter/2": ofTexts("substringAfter"),
    "toMillis/2": ofTexts("toMillis"),
    "substring/2": (value, from) => (isText(value) && typeof from === "number" ? substring(value, from) : MISS),
    "substring/3": (value, from, most) =>
      isText(value) && typeof from === "number" && typeof most === "number" ? substring(value, from, most) : MISS,
    "floor/1": ofNumber(Math.floor),
    "ceil/1": ofNumber(Math.ceil),
    "abs/1": ofNumber(Math.abs),
    "round/1": ofNumber((value) => round(value)),
    "round/2": (value, places) =>
      typeof value === "number" && typeof places === "number" ? round(value, places) : MISS,
    "sum/1": ofNumbers(total),
    "average/1": ofNumbers((values) => (values.length === 0 ? undefined : total(values) / values.length)),
    "max/1": ofNumbers((values) => (values.length === 0 ? undefined : Math.max(...values))),
    "min/1": ofNumbers((values) => (values.length === 0 ? undefined : Math.min(...values))),
    "count/1": count,
    "join/1": join,
    "join/2": join,
    "string/1": (value) => (value === undefined ? undefined : isFunction(value) ? "" : text(value)),
    "number/1": numberOf,
    "exists/1": (value) => value !== undefined,
    "boolean/1": (value) => (value === undefined ? undefined : truth(value)),
    "not/1": (value) => (value === undefined ? undefined : !truth(value)),
    "append/2": append,
    "lookup/2": (value, name) => (typeof name === "string" ? lookup(value, name) : MISS),
    "contains/2": (value, token) => (isText(value) && isPattern(token) ? contains.call(focus, value, token) : MISS),
    "split/2": (value, separator) =>
      isText(value) && isPattern(separator) ? split.call(focus, value, separator, undefined) : MISS,
    "replace/3": (value, pattern, replacement) =>
      isText(value) && isPattern(pattern) && isPattern(replacement)
        ? replace.call(focus, value, pattern, replacement, undefined)
        : MISS,
    "map/2": overList(map),
    "filter/2": overList(filterBy),
    "sort/2": overList(sort),
    "reduce/2": overList(function (list, given) {
      return reduce.call(this, list, given, undefined);
    }),
    "reduce/3": (list, given, initial) =>
      Array.isArray(list) && typeof given === "function" && !isFunction(initial)
        ? reduce.call(focus, list, given, initial)
        : MISS,
    "each/2": overObject(each),
    "sift/2": overObject(sift),
  };
}
