/** The operators between two values that are there already. */
import { evaluation } from "./evaluation.ts";
import { handOver } from "./hand-over.ts";
import { equal, isNumber, type Sequence } from "./values.ts";
import { referenceFunctions } from "../reference-functions.ts";

/** undefined when a side is missing; whatever else is no number is refused. */
function missing(left: unknown, right: unknown): undefined {
  if (left !== undefined && !isNumber(left)) handOver();
  if (right !== undefined && !isNumber(right)) handOver();
  return undefined;
}

/** Both are finite numbers. */
function finite(left: unknown, right: unknown): boolean {
  return typeof left === "number" && typeof right === "number" && left - left === 0 && right - right === 0;
}

export function plus(left: unknown, right: unknown): number | undefined {
  return finite(left, right) ? (left as number) + (right as number) : missing(left, right);
}

export function minus(left: unknown, right: unknown): number | undefined {
  return finite(left, right) ? (left as number) - (right as number) : missing(left, right);
}

export function times(left: unknown, right: unknown): number | undefined {
  return finite(left, right) ? (left as number) * (right as number) : missing(left, right);
}

export function over(left: unknown, right: unknown): number | undefined {
  return finite(left, right) ? (left as number) / (right as number) : missing(left, right);
}

export function modulo(left: unknown, right: unknown): number | undefined {
  return finite(left, right) ? (left as number) % (right as number) : missing(left, right);
}

export function negative(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  return isNumber(value) ? -value : handOver();
}

export function equals(left: unknown, right: unknown): boolean {
  return left !== undefined && right !== undefined && equal(left, right);
}

export function differs(left: unknown, right: unknown): boolean {
  return left !== undefined && right !== undefined && !equal(left, right);
}

/** True where the two can be put in order; false where one is missing; refuses all else. */
function comparable(left: unknown, right: unknown): boolean {
  const leftType = typeof left;
  const rightType = typeof right;
  if (leftType !== "string" && leftType !== "number" && leftType !== "undefined") handOver();
  if (rightType !== "string" && rightType !== "number" && rightType !== "undefined") handOver();
  if (left === undefined || right === undefined) return false;
  return leftType === rightType || handOver();
}

export function below(left: unknown, right: unknown): boolean | undefined {
  return comparable(left, right) ? (left as number) < (right as number) : undefined;
}

export function atMost(left: unknown, right: unknown): boolean | undefined {
  return comparable(left, right) ? (left as number) <= (right as number) : undefined;
}

export function above(left: unknown, right: unknown): boolean | undefined {
  return comparable(left, right) ? (left as number) > (right as number) : undefined;
}

export function atLeast(left: unknown, right: unknown): boolean | undefined {
  return comparable(left, right) ? (left as number) >= (right as number) : undefined;
}

export function isIn(left: unknown, right: unknown): boolean {
  if (left === undefined || right === undefined) return false;
  if (!Array.isArray(right)) return left === right;
  // NaN is in no list.
  for (let index = 0; index < right.length; index++) if (right[index] === left) return true;
  return false;
}

/** A side of `&`. */
export function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  if (typeof value === "boolean" || Number.isInteger(value)) return String(value);
  return textOf(value) as string;
}

/** `$string`. */
export function textOf(value: unknown): unknown {
  return referenceFunctions()["string"]!.implementation(value);
}

export function range(left: unknown, right: unknown): Sequence | undefined {
  if (left !== undefined && !Number.isInteger(left)) handOver();
  if (right !== undefined && !Number.isInteger(right)) handOver();
  if (left === undefined || right === undefined || (left as number) > (right as number)) return undefined;
  const first = left as number;
  const size = (right as number) - first + 1;
  if (size > evaluation.limits.maxSequence || size > 10_000_000) handOver();
  const made: Sequence = new Array<unknown>(size);
  for (let index = 0; index < size; index++) made[index] = first + index;
  made.sequence = true;
  return made;
}
