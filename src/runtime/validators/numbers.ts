import { SpecError } from "../../errors.ts";
import type { Value } from "../../sinks/contract.ts";
import {
  compareDecimals,
  type Decimal,
  placePoint,
  readDecimal,
  roundHalfEven,
  wholeDigits,
} from "../../values/decimal-text.ts";
import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";

/** Longer numbers are not written out: 1e999999999 is nine characters. */
const maxDigits = 1000;

/** A text as plain digits: ` +5e3` is 5000. What is plain already stays, because a decimal column's places count. */
function cleaned(value: Value, decimal: Decimal): Value {
  if (typeof value !== "string") return value;
  const text = value.trim();
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)) return text;
  const scale = Math.max(0, -decimal.exponent);
  return (decimal.negative ? "-" : "") + placePoint(roundHalfEven(decimal, scale).digits, scale);
}

function readNumber(value: Value, words: string): Decimal {
  const decimal = typeof value === "boolean" ? undefined : readDecimal(trimmed(value));
  if (decimal === undefined || wholeDigits(decimal) > maxDigits || decimal.exponent < -maxDigits) return fail(words);
  return decimal;
}

export const integerOptions = ["min", "max"];

/** integer: a whole number, `5000.00` too. Options `min` and `max`. */
export const integer: CompileValidator = (options) => {
  const given = readOptions("integer", integerOptions, options);
  const inBounds = compileBounds("integer", given.bound("min"), given.bound("max"));
  return (value) => {
    const decimal = readNumber(value, "not a whole number");
    if (decimal.exponent < 0) fail("not a whole number");
    inBounds(decimal);
    return cleaned(value, decimal);
  };
};

export const decimalOptions = ["precision", "scale", "min", "max"];

/** decimal: a number of at most `precision` digits, `scale` of them after the point, from `min` to `max`. */
export const decimal: CompileValidator = (options) => {
  const given = readOptions("decimal", decimalOptions, options);
  const precision = given.number("precision");
  const scale = given.number("scale");
  for (const size of [precision, scale]) {
    if (size !== undefined && !(Number.isInteger(size) && size >= 0)) {
      throw new SpecError("validator decimal: precision and scale are whole numbers");
    }
  }
  const inBounds = compileBounds("decimal", given.bound("min"), given.bound("max"));
  return (value) => {
    const number = readNumber(value, "not a decimal number");
    const places = Math.max(0, -number.exponent);
    if (scale !== undefined && places > scale) fail(`more than ${scale} decimals`);
    if (precision !== undefined && Math.max(0, wholeDigits(number)) + Math.max(places, scale ?? 0) > precision) {
      fail(`more than ${precision} digits`);
    }
    inBounds(number);
    return cleaned(value, number);
  };
};

/** Compiles a check of bounds, which are part of what is allowed. Throws SpecError when a bound is no number. */
export function compileBounds(
  validator: string,
  min: string | number | undefined,
  max: string | number | undefined,
): (value: Decimal) => void {
  const read = (bound: string | number | undefined): Decimal | undefined => {
    const number = bound === undefined ? undefined : readDecimal(String(bound));
    if (bound === undefined || number !== undefined) return number;
    throw new SpecError(`validator ${validator}: "${bound}" is not a number`);
  };
  const least = read(min);
  const greatest = read(max);
  if (least && greatest && compareDecimals(least, greatest) > 0) {
    throw new SpecError(`validator ${validator}: min ${min} is greater than max ${max}`);
  }
  return (value) => {
    if (least && compareDecimals(value, least) < 0) fail(`less than ${min}`);
    if (greatest && compareDecimals(value, greatest) > 0) fail(`greater than ${max}`);
  };
}
