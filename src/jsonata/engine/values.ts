/** JSONata's values: sequences beside lists, undefined beside null, what is true, what is equal. */
import { evaluation } from "./evaluation.ts";
import { handOver } from "./hand-over.ts";

/** A list with the marks that the language puts on it. */
export interface Sequence extends Array<unknown> {
  /** Made by a path or a function: one element stands for itself, none for undefined. */
  sequence?: boolean;
  /** `[]` was asked: one element stays a list. */
  keepSingleton?: boolean;
  /** Its elements are tuples: a value at "@" and the variables bound with it. */
  tupleStream?: boolean;
  /** Written as `[…]` in a path: a step does not flatten it. */
  cons?: boolean;
  /** The input was a list: this holds it as one value. */
  outerWrapper?: boolean;
}

/** A function as a value. Its parts are no properties of its own: a path into it finds nothing. */
export abstract class Callable {
  abstract readonly arity: number;
}

export function sequenceOf(value: unknown): Sequence {
  const made: Sequence = [value];
  made.sequence = true;
  return made;
}

export function emptySequence(): Sequence {
  const made: Sequence = [];
  made.sequence = true;
  return made;
}

/** Appends within the limit on sequences. */
export function push(sequence: unknown[], value: unknown): void {
  if (sequence.length >= evaluation.limits.maxSequence) handOver();
  sequence.push(value);
}

export function isSequence(value: unknown): value is Sequence {
  return Array.isArray(value) && (value as Sequence).sequence === true;
}

export function isFunction(value: unknown): boolean {
  return typeof value === "function" || value instanceof Callable;
}

/** What a sequence stands for once it is whole. */
export function settle(value: unknown): unknown {
  return Array.isArray(value) && (value as Sequence).sequence === true ? settleSequence(value) : value;
}

function settleSequence(value: Sequence): unknown {
  if (value.tupleStream || value.length > 1) return value;
  if (value.length === 0) return undefined;
  return value.keepSingleton ? value : value[0];
}

/** The same where `[]` was asked. */
export function settleList(value: unknown): unknown {
  if (isSequence(value) && !value.tupleStream) value.keepSingleton = true;
  return settle(value);
}

/** A number to reckon with: NaN is none, and what is infinite is refused. */
export function isNumber(value: unknown): value is number {
  if (typeof value !== "number" || Number.isNaN(value)) return false;
  return value - value === 0 || handOver();
}

export function isListOfNumbers(value: unknown): value is number[] {
  // All are looked at, for one may be refused.
  return Array.isArray(value) && value.filter((item) => !isNumber(item)).length === 0;
}

export function truth(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return value.length > 0;
  if (typeof value === "number") return isNumber(value) && value !== 0;
  if (typeof value !== "object" || value === null || value instanceof Callable) return false;
  if (!Array.isArray(value)) return hasKeys(value);
  if (value.length === 1) return truth(value[0]);
  // All are looked at, for one may be refused.
  return value.filter(truth).length > 0;
}

function hasKeys(value: object): boolean {
  return Object.keys(value).length > 0;
}

export function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (left instanceof Callable || right instanceof Callable) return false;
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, index) => equal(item, right[index]));
  const names = Object.getOwnPropertyNames(left);
  if (names.length !== Object.getOwnPropertyNames(right).length) return false;
  return names.every(
    (name) => Object.hasOwn(right, name) && equal(left[name as keyof object], right[name as keyof object]),
  );
}

/** What stands under a name: in an object, or in each element of a list. */
export function lookup(input: unknown, name: string): unknown {
  if (typeof input !== "object" || input === null || input instanceof Callable) return undefined;
  if (!Array.isArray(input)) return Object.hasOwn(input, name) ? (input as Record<string, unknown>)[name] : undefined;
  const found = emptySequence();
  for (const item of input as unknown[]) {
    const value = lookup(item, name);
    if (Array.isArray(value)) for (const each of value) push(found, each);
    else if (value !== undefined) push(found, value);
  }
  return found;
}

/** Both as one list; undefined adds nothing. */
export function append(left: unknown, right: unknown): unknown {
  if (left === undefined) return right;
  if (right === undefined) return left;
  const first = Array.isArray(left) ? left : sequenceOf(left);
  const second = Array.isArray(right) ? right : [right];
  if (first.length + second.length > evaluation.limits.maxSequence) handOver();
  return first.concat(second);
}

/** An element of a `[…]`: its lists are opened. */
export function add(list: unknown[], value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) {
    push(list, value);
    return;
  }
  if (list.length + value.length > evaluation.limits.maxSequence) handOver();
  for (let index = 0; index < value.length; index++) list.push(value[index]);
}

/** An element of a `[…]` that is a `[…]` itself. */
export function addWhole(list: unknown[], value: unknown): void {
  if (value !== undefined) list.push(value);
}

export function markConstructed(list: unknown[]): unknown[] {
  return Object.defineProperty(list, "cons", { enumerable: false, configurable: false, value: true });
}

/** The context as a value: the input itself where it was wrapped. */
export function here(input: unknown): unknown {
  return settle(Array.isArray(input) && (input as Sequence).outerWrapper ? input[0] : input);
}
