import { RecordError, SpecError } from "../errors.ts";
import type { Value } from "../sinks/contract.ts";
import type { Warn } from "./clean-text.ts";
import type { ParsedType } from "./column-type.ts";
import { type Decimal, placePoint, readDecimal, roundHalfEven, wholeDigits } from "./decimal-text.ts";
import { readMoney } from "./money.ts";
import { showValue } from "./show-value.ts";

/** Makes a column's value of a trimmed, present value, or throws RecordError. */
export type Convert = (value: unknown, warn: Warn) => Value;

interface NumberOptions {
  /** Only `money`. */
  format?: string | readonly string[];
}

type ReadNumber = (value: unknown) => Decimal;

/** Reads text, a finite double or a bigint as a decimal number. Text is what a source writes, or money where asked. */
function compileReader(noun: string, { format }: NumberOptions): ReadNumber {
  const formats = typeof format === "string" ? [format] : (format ?? []);
  const other = formats.find((name) => name !== "money");
  if (other !== undefined) throw new SpecError(`format "${other}" is not one for numbers: there is only money`);
  const money = formats.length > 0;
  return (value) => {
    let decimal: Decimal | undefined;
    if (typeof value === "string") decimal = readDecimal(value) ?? (money ? readMoney(value) : undefined);
    else if (typeof value === "number" || typeof value === "bigint") decimal = readDecimal(String(value));
    if (decimal !== undefined) return decimal;
    const hint = !money && typeof value === "string" && readMoney(value) ? ": give it format: money" : "";
    throw new RecordError(`${showValue(value)} is not ${noun}${hint}`);
  };
}

/** Digits of a decimal that has no fraction, or undefined. `maxDigits` keeps 1e999999999 from being written out. */
function wholeText(decimal: Decimal, maxDigits: number): string | undefined {
  if (decimal.exponent < 0 || wholeDigits(decimal) > maxDigits) return undefined;
  return (decimal.negative ? "-" : "") + roundHalfEven(decimal, 0).digits;
}

/** The number of a text of up to 15 digits, which a double holds whatever they are. NaN for any other text. */
function shortWhole(text: string): number {
  const from = text.charCodeAt(0) === 45 ? 1 : 0;
  const length = text.length - from;
  if (length < 1 || length > 15) return Number.NaN;
  let number = 0;
  for (let at = from; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return from === 0 || number === 0 ? number : -number;
}

/** True for digits with a point or without, and a minus: Number() reads such a text as the nearest double. */
function isPlainNumber(text: string): boolean {
  let points = 0;
  const from = text.charCodeAt(0) === 45 ? 1 : 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46) points++;
    else if (code < 48 || code > 57) return false;
  }
  return points <= 1 && text.length - from > points;
}

const int4 = { least: -2_147_483_648, greatest: 2_147_483_647 };

/** integer: PostgreSQL's four bytes. `5000.00` is one, 5000.5 is not. */
export function compileInteger(_type: ParsedType, options: NumberOptions): Convert {
  const read = compileReader("an integer", options);
  return (value) => {
    if (typeof value === "number" && (value | 0) === value) return value | 0;
    const short = typeof value === "string" ? shortWhole(value) : Number.NaN;
    if ((short | 0) === short) return short;
    const decimal = read(value);
    if (decimal.exponent < 0) throw new RecordError(`${showValue(value)} is not a whole number`);
    const number = Number(wholeText(decimal, 10) ?? "NaN");
    if (number >= int4.least && number <= int4.greatest) return number;
    throw new RecordError(
      `${showValue(value)} does not fit integer (${int4.least} to ${int4.greatest}); bigint holds more`,
    );
  };
}

const int8 = { least: -(2n ** 63n), greatest: 2n ** 63n - 1n };

/** bigint: eight bytes, exact. A number where a double holds it safely, a bigint beyond. */
export function compileBigint(_type: ParsedType, options: NumberOptions): Convert {
  const read = compileReader("an integer", options);
  return (value) => {
    if (typeof value === "number" && Number.isSafeInteger(value)) return value + 0;
    const short = typeof value === "string" ? shortWhole(value) : Number.NaN;
    if (!Number.isNaN(short)) return short;
    // Up to 18 digits fit eight bytes whatever they are.
    if (typeof value === "string" && value.length <= 18 && isPlainNumber(value) && !value.includes(".")) {
      const exact = BigInt(value);
      const number = Number(exact);
      return Number.isSafeInteger(number) ? number : exact;
    }
    const decimal = read(value);
    if (decimal.exponent < 0) throw new RecordError(`${showValue(value)} is not a whole number`);
    if (typeof value === "number") {
      // A double of this size has been computed, and its last digits are not to be trusted.
      throw new RecordError(`${value} is a computed number beyond 2^53, which is not exact; keep it as text`);
    }
    const text = wholeText(decimal, 19);
    const number = Number(text ?? "NaN");
    if (Number.isSafeInteger(number)) return number;
    const exact = text === undefined ? undefined : BigInt(text);
    if (exact !== undefined && exact >= int8.least && exact <= int8.greatest) return exact;
    throw new RecordError(`${showValue(value)} does not fit bigint (8 bytes)`);
  };
}

/** decimal(p,s): exact digits, rounded half to even at `s` with a counted warning. */
export function compileDecimal({ precision, scale }: ParsedType, options: NumberOptions): Convert {
  const read = compileReader("a decimal number", options);
  const tooWide = (value: unknown): RecordError =>
    new RecordError(`${showValue(value)} does not fit decimal(${precision},${scale})`);
  // Below a quarter of what a double holds exactly, of all texts with `scale` decimals at most one is the number.
  // toFixed writes 100 decimals at the most.
  const limit = scale > 100 ? 0 : Math.min(10 ** (precision - scale), 2 ** 51 / 10 ** scale);
  /** The text of a number that needs no rounding: of nearly all. */
  const textOf = (number: number): string | undefined => {
    if (!(number < limit && number > -limit)) return undefined;
    const text = number.toFixed(scale);
    return Number(text) === number ? text : undefined;
  };
  return (value, warn) => {
    const isShort = typeof value === "string" && value.length <= 15 && isPlainNumber(value);
    const number = typeof value === "number" ? value : isShort ? Number(value) : Number.NaN;
    const text = textOf(number);
    if (text !== undefined) return text;
    const decimal = read(value);
    if (wholeDigits(decimal) > precision - scale) throw tooWide(value);
    const { digits, rounded } = roundHalfEven(decimal, scale);
    // 9.995 rounds up to 10.00, which may be a digit more than there is room for.
    if (digits.length > precision && digits !== "0") throw tooWide(value);
    if (rounded) warn("rounded", `${showValue(value)} was rounded to ${scale} decimals`);
    return (decimal.negative && digits !== "0" ? "-" : "") + placePoint(digits, scale);
  };
}

/** double: any finite number. What is too great, or too near to zero to be told from it, does not fit. */
export function compileDouble(_type: ParsedType, options: NumberOptions): Convert {
  const read = compileReader("a number", options);
  return (value) => {
    if (typeof value === "number" && Number.isFinite(value)) return value + 0;
    const plain = typeof value === "string" && isPlainNumber(value) ? Number(value) : 0;
    // Zero may be what was too near to it.
    if (plain !== 0 && Number.isFinite(plain)) return plain;
    const { negative, digits, exponent } = read(value);
    const number = Number(`${digits}e${exponent}`);
    if (!Number.isFinite(number) || (number === 0 && digits !== "0")) {
      throw new RecordError(`${showValue(value)} does not fit double`);
    }
    return negative ? -number : number;
  };
}
