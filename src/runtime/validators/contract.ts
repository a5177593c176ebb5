import { RecordError, SpecError } from "../../errors.ts";
import type { Value } from "../../sinks/contract.ts";

/**
 * Gives the cleaned value, or throws RecordError with the validator's built-in words. Never handed null. Only text
 * is ever cleaned: a number of a typed column comes back as it was, because its column could not hold anything else.
 */
export type Validate = (value: Value) => Value;

/**
 * A validator: takes the options as the spec wrote them (nothing, true, a list, a text or a map) and gives the
 * check. Throws SpecError for options that cannot be.
 */
export type CompileValidator = (options?: unknown) => Validate;

/** The value as text, without blanks around it: what most validators look at. */
export function trimmed(value: Value): string {
  return String(value).trim();
}

/** Ends the check of one value. */
export function fail(words: string): never {
  throw new RecordError(words);
}

/** Options of a validator, read by name and kind. */
export interface Options {
  text(name: string): string | undefined;
  number(name: string): number | undefined;
  /** A list of texts, numbers and booleans. */
  list(name: string): (string | number | boolean)[] | undefined;
  flag(name: string): boolean;
  /** A number or a text: a bound. */
  bound(name: string): string | number | undefined;
}

/** Reads a map of options, refusing names that are not in `allowed`; nothing and true are the empty map. */
export function readOptions(validator: string, allowed: readonly string[], options: unknown): Options {
  const given = options === undefined || options === null || options === true ? {} : options;
  if (typeof given !== "object" || Array.isArray(given)) {
    throw new SpecError(
      `validator ${validator}: its options are a map${allowed.length > 0 ? ` of ${allowed.join(", ")}` : ""}`,
    );
  }
  const map = new Map(Object.entries(given));
  const unknown = [...map.keys()].find((name) => !allowed.includes(name));
  if (unknown !== undefined) {
    throw new SpecError(`validator ${validator} has no option "${unknown}"; it has ${allowed.join(", ") || "none"}`);
  }
  const read = <T>(name: string, what: string, is: (value: unknown) => value is T): T | undefined => {
    const value = map.get(name);
    if (value === undefined || is(value)) return value as T | undefined;
    throw new SpecError(`validator ${validator}: ${name} must be ${what}`);
  };
  return {
    text: (name) => read(name, "text", isText),
    number: (name) => read(name, "a number", isNumber),
    list: (name) => read(name, "a list", isScalars),
    flag: (name) => read(name, "true or false", isBoolean) ?? false,
    bound: (name) => read(name, "a number or a text", isBound),
  };
}

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isBound = (value: unknown): value is string | number => isText(value) || isNumber(value);
const isScalars = (value: unknown): value is (string | number | boolean)[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => isBound(item) || isBoolean(item));
