import { firstSecond, lastSecond } from "./calendar.ts";
import { plainNumber, readDecimal } from "./decimal-text.ts";
import type { ReadTime } from "./iso-time.ts";

/** A number, or text that is one. */
type Numeric = string | number | bigint;

/**
 * Reads a count of seconds (`unit` 0), milliseconds (3) or microseconds (6) since 1970-01-01T00:00:00Z; a fraction
 * counts down to the microsecond and is cut there, towards the past. Undefined for what is no number, and for
 * years outside 1 to 9999.
 */
export function readEpoch(value: Numeric, unit: 0 | 3 | 6): ReadTime | undefined {
  const count = typeof value === "number" ? value : shortCount(String(value));
  if (Number.isSafeInteger(count)) {
    const perSecond = 10 ** unit;
    const seconds = Math.floor(count / perSecond);
    return inRange({
      seconds,
      micros: (count - seconds * perSecond) * 10 ** (6 - unit),
      zoneless: false,
    });
  }
  const decimal = readDecimal(typeof value === "number" ? plainNumber(value) : String(value));
  if (decimal === undefined || decimal.digits.length + decimal.exponent > 20) return undefined;
  const shift = decimal.exponent + 6 - unit;
  // Below a microsecond everything is zero, or the microsecond before it.
  let micros = shift < -decimal.digits.length ? 0n : scaled(decimal.digits, shift);
  const exact = shift >= 0 || decimal.digits === "0";
  if (decimal.negative) micros = -micros - (exact ? 0n : 1n);
  const seconds = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n);
  return inRange({
    seconds: Number(seconds),
    micros: Number(micros - seconds * 1_000_000n),
    zoneless: false,
  });
}

/** Whole numbers that a double holds, which is nearly all there are. */
function shortCount(text: string): number {
  return text.length <= 15 && /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}

function scaled(digits: string, shift: number): bigint {
  return shift >= 0 ? BigInt(digits) * 10n ** BigInt(shift) : BigInt(digits.slice(0, shift) || "0");
}

/** Seconds between 1899-12-30, the day 0 of spreadsheets, and 1970-01-01. */
const serialEpoch = 25_569 * 86_400;

/**
 * Reads a spreadsheet's serial date: days since 1899-12-30 of no zone, the fraction being the time of day. Rounded
 * to the millisecond, because that is what a cell holds: the fraction of 10:10:10 is a hair below it as a double.
 */
export function readSerial(value: Numeric): ReadTime | undefined {
  const text = String(value);
  if (readDecimal(text) === undefined) return undefined;
  const ms = Math.round(Number(text) * 86_400_000);
  const seconds = Math.floor(ms / 1000);
  return inRange({
    seconds: seconds - serialEpoch,
    micros: (ms - seconds * 1000) * 1000,
    zoneless: true,
  });
}

function inRange(time: ReadTime): ReadTime | undefined {
  return time.seconds >= firstSecond && time.seconds <= lastSecond ? time : undefined;
}
