import { SpecError } from "../../errors.ts";
import type { Value } from "../../sinks/contract.ts";
import { compileTimestampParser } from "../../values/instant.ts";
import { readDecimal } from "../../values/decimal-text.ts";
import { readIsoTime } from "../../values/iso-time.ts";
import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";
import { compileBounds } from "./numbers.ts";

export const rangeOptions = ["min", "max"];

/**
 * range: a number, or a date or time (ISO 8601), from `min` to `max`, both included. A bound that is a date alone
 * means the whole day: `max: 2025-12-31` takes the evening of that day (UTC) too.
 */
export const range: CompileValidator = (options) => {
  const given = readOptions("range", rangeOptions, options);
  const min = given.bound("min");
  const max = given.bound("max");
  if (min === undefined && max === undefined) throw new SpecError("validator range needs min, max or both");
  const isTime = [min, max].some((bound) => typeof bound === "string" && readDecimal(bound) === undefined);
  return isTime ? compileTimeRange(min, max) : compileNumberRange(min, max);
};

type Bound = string | number | undefined;

function compileNumberRange(min: Bound, max: Bound): (value: Value) => Value {
  const inBounds = compileBounds("range", min, max);
  return (value) => {
    inBounds((typeof value === "boolean" ? undefined : readDecimal(trimmed(value))) ?? fail("not a number"));
    return value;
  };
}

function compileTimeRange(min: Bound, max: Bound): (value: Value) => Value {
  const parse = compileTimestampParser();
  const read = (bound: Bound): string | undefined => {
    if (bound === undefined) return undefined;
    const text = String(bound);
    if (readIsoTime(text) === undefined) throw new SpecError(`validator range: "${text}" is not a date or time`);
    // Cut to a date, a bound is compared with the dates of instants alone.
    return text.length === 10 ? text : parse(text)?.instant;
  };
  const least = read(min);
  const greatest = read(max);
  return (value) => {
    const text = trimmed(value);
    if (readIsoTime(text) === undefined) return fail("not a date or time");
    const instant = parse(text)?.instant ?? "";
    if (least !== undefined && instant.slice(0, least.length) < least) fail(`before ${min}`);
    if (greatest !== undefined && instant.slice(0, greatest.length) > greatest) fail(`after ${max}`);
    return value;
  };
}
