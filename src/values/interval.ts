import { RecordError, SpecError } from "../errors.ts";
import { type Decimal, plainNumber, readDecimal } from "./decimal-text.ts";
import type { Convert } from "./numbers.ts";
import { showValue } from "./show-value.ts";

/**
 * An interval as PostgreSQL keeps it: months, days and time apart, because a month has no fixed number of days and
 * a day no fixed number of hours.
 */
interface Interval {
  months: number;
  days: number;
  micros: bigint;
}

const whole = String.raw`([+-]?\d{1,10})`;
const parted = String.raw`([+-]?\d{1,13}(?:[.,]\d*)?)`;
const isoForm = new RegExp(
  String.raw`^([+-]?)P(?=[\dT+-])(?:${whole}Y)?(?:${whole}M)?(?:${whole}W)?(?:${whole}D)?` +
    String.raw`(?:T(?=[\d+-])(?:${parted}H)?(?:${parted}M)?(?:${parted}S)?)?$`,
  "i",
);
const clockForm = /^([+-]?)(\d{1,13}):([0-5]?\d):([0-5]?\d(?:[.,]\d*)?)$/;

const second = 1_000_000n;
const minute = 60n * second;
const hour = 60n * minute;
const numberUnits: ReadonlyMap<string, bigint> = new Map([
  ["milliseconds", 1000n],
  ["seconds", second],
  ["minutes", minute],
]);

/**
 * interval: ISO 8601 durations (`P1Y2M3DT4H5M6.5S`, `P2W`) and `[-]HHH:MM:SS`, as MySQL writes a TIME; numbers only
 * with format `seconds`, `minutes` or `milliseconds`. The result is the ISO 8601 text that PostgreSQL itself
 * prints, one for each interval. Below a microsecond, digits are cut.
 */
export function compileInterval(_type: unknown, { format }: { format?: string | readonly string[] }): Convert {
  const formats = typeof format === "string" ? [format] : (format ?? []);
  const units = formats.filter((name) => name !== "iso").map((name) => [name, numberUnits.get(name)] as const);
  const [unknown] = units.find(([, micros]) => micros === undefined) ?? [];
  if (unknown !== undefined) {
    throw new SpecError(`format "${unknown}" is not one for intervals: seconds, minutes, milliseconds or iso`);
  }
  if (units.length > 1) throw new SpecError("an interval has one unit: seconds, minutes or milliseconds");
  const unit = units[0]?.[1];
  return (value) => {
    const interval = typeof value === "string" ? (readIso(value) ?? readClock(value)) : undefined;
    const read = interval ?? readNumber(value, unit);
    if (read !== undefined) return intervalText(read, value);
    const isNumber = typeof value === "number" || (typeof value === "string" && readDecimal(value) !== undefined);
    const hint = isNumber && unit === undefined ? ": a number needs a format (seconds, minutes or milliseconds)" : "";
    throw new RecordError(`${showValue(value)} is not an interval${hint}`);
  };
}

function readIso(text: string): Interval | undefined {
  const match = isoForm.exec(text);
  if (match === null) return undefined;
  const number = (group: number): number => Number(match[group] ?? "0");
  const sign = match[1] === "-" ? -1 : 1;
  const time = microsOf(match[6], hour) + microsOf(match[7], minute) + microsOf(match[8], second);
  return {
    months: sign * (number(2) * 12 + number(3)),
    days: sign * (number(4) * 7 + number(5)),
    micros: BigInt(sign) * time,
  };
}

function readClock(text: string): Interval | undefined {
  const match = clockForm.exec(text);
  if (match === null) return undefined;
  const micros = microsOf(match[2], hour) + microsOf(match[3], minute) + microsOf(match[4], second);
  return { months: 0, days: 0, micros: match[1] === "-" ? -micros : micros };
}

function readNumber(value: unknown, unit: bigint | undefined): Interval | undefined {
  if (unit === undefined) return undefined;
  if (typeof value !== "number" && typeof value !== "string" && typeof value !== "bigint") return undefined;
  const decimal = readDecimal(typeof value === "number" ? plainNumber(value) : String(value));
  if (decimal === undefined || decimal.digits.length + decimal.exponent > 20) return undefined;
  return { months: 0, days: 0, micros: microsOfDecimal(decimal, unit) };
}

function microsOf(text: string | undefined, unit: bigint): bigint {
  const decimal = text === undefined ? undefined : readDecimal(text.replace(",", "."));
  return decimal === undefined ? 0n : microsOfDecimal(decimal, unit);
}

function microsOfDecimal({ negative, digits, exponent }: Decimal, unit: bigint): bigint {
  // Nothing is left of it, and the power below would not end.
  if (digits.length + exponent < -12) return 0n;
  const power = 10n ** BigInt(Math.abs(exponent));
  const micros = exponent >= 0 ? BigInt(digits) * power * unit : (BigInt(digits) * unit) / power;
  return negative ? -micros : micros;
}

const maxInt4 = 2 ** 31 - 1;
const maxMicros = 2n ** 63n - 1n;

function intervalText({ months, days, micros }: Interval, value: unknown): string {
  const size = micros < 0n ? -micros : micros;
  if (Math.abs(months) > maxInt4 || Math.abs(days) > maxInt4 || size > maxMicros) {
    throw new RecordError(`${showValue(value)} is longer than an interval can be`);
  }
  const years = Math.trunc(months / 12);
  const date = part(years, "Y") + part(months - years * 12, "M") + part(days, "D");
  const sign = micros < 0n ? "-" : "";
  const seconds = secondsText(size % minute);
  const time =
    part(size / hour, "H", sign) + part((size / minute) % 60n, "M", sign) + (seconds && `${sign}${seconds}S`);
  return date === "" && time === "" ? "PT0S" : `P${date}${time && `T${time}`}`;
}

function part(count: number | bigint, letter: string, sign = ""): string {
  return Number(count) === 0 ? "" : `${sign}${count}${letter}`;
}

function secondsText(micros: bigint): string {
  if (micros === 0n) return "";
  const fraction = micros % second;
  return fraction === 0n
    ? `${micros / second}`
    : `${micros / second}.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
}
