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

const int4 = { least: -2_147_483_648, greatest: 2_147_483_647 };

/** integer: PostgreSQL's four bytes. `5000.00` is one, 5000.5 is not. */
export function compileInteger(_type: ParsedType, options: NumberOptions): Convert {
  const read = compileReader("an integer", options);
  return (value) => {
    if (typeof value === "number" && (value | 0) === value) return value | 0;
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
  return (value, warn) => {
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
    const { negative, digits, exponent } = read(value);
    const number = Number(`${digits}e${exponent}`);
    if (!Number.isFinite(number) || (number === 0 && digits !== "0")) {
      throw new RecordError(`${showValue(value)} does not fit double`);
    }
    return negative ? -number : number;
  };
}
