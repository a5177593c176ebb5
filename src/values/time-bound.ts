/** Bounds and steps of time as a spec writes them: `2024-01-31`, `now`, `-25 months`, `+90 days`; a step is `30d`. */
import { RecordError, SpecError } from "../errors.ts";
import { closest } from "../suggest.ts";
import { dateText, daysOf, isDate } from "./calendar.ts";
import { parseDuration } from "./duration.ts";
import { compileTimestampParser, shiftInstant } from "./instant.ts";

/** A length of time: calendar months, or milliseconds. */
export type TimeSpan = { months: number } | { milliseconds: number };

export interface TimeBound {
  /** It lies at a distance from now. */
  relative: boolean;
  /** The canonical instant, where now is another. */
  at(now: string): string;
}

const monthsOf: ReadonlyMap<string, number> = new Map([
  ...["mo", "month", "months"].map((unit) => [unit, 1] as const),
  ...["y", "year", "years"].map((unit) => [unit, 12] as const),
]);
const units = ["ms", "seconds", "minutes", "hours", "days", "weeks", "months", "years"];
const parseTimestamp = compileTimestampParser();

/**
 * Reads a step: a duration (`30d`, `12 hours`), or months and years of the calendar (`1 month`, `1y`).
 * Throws SpecError for anything else, and for nothing at all (`0d`).
 */
export function parseTimeSpan(text: string): TimeSpan {
  const { count, unit } = /^(?<count>\d+(?:\.\d+)?)\s*(?<unit>[a-zA-Z]+)$/.exec(text.trim())?.groups ?? {};
  if (count === undefined || unit === undefined)
    throw new SpecError(`"${text}" is not a length of time such as 12h, 7d, 30 days or 1 month`);
  if (Number(count) === 0) throw new SpecError(`"${text}" leads nowhere: it must be more than nothing`);
  const months = monthsOf.get(unit.toLowerCase());
  if (months === undefined) return { milliseconds: millisecondsOf(text, unit) };
  if (count.includes(".")) throw new SpecError(`"${text}" is no whole number of months`);
  return { months: Number(count) * months };
}

function millisecondsOf(text: string, unit: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (/too long/.test((error as Error).message)) throw error;
    const near = closest(unit, [...units, ...units.map((plural) => plural.replace(/(?<=..)s$/, ""))]);
    throw new SpecError(
      `"${unit}" is not a unit of time.${near === undefined ? ` Known: ${units.join(", ")}.` : ` Did you mean "${near}"?`}`,
      { cause: error },
    );
  }
}

/**
 * Reads a bound: a date (its midnight in UTC), an instant in ISO 8601, `now`, or an offset from now with its sign.
 * Throws SpecError for anything else.
 */
export function readTimeBound(text: string): TimeBound {
  const given = text.trim();
  if (given.toLowerCase() === "now") return { relative: true, at: (now) => now };
  const { sign, span } = /^(?<sign>[+-])\s*(?<span>\d.*)$/.exec(given)?.groups ?? {};
  if (sign !== undefined && span !== undefined) {
    const length = parseOffset(span);
    return { relative: true, at: (now) => shiftBy(now, length, sign === "-" ? -1 : 1) };
  }
  const instant = /^\d{4}-/.test(given) ? readInstant(given) : undefined;
  if (instant !== undefined) return { relative: false, at: () => instant };
  const unsigned = /^\d+(\.\d+)?\s*[a-zA-Z]+$/.test(given) ? `: an offset begins with its sign, -${given}` : "";
  throw new SpecError(
    `"${text}" is not a date (2024-01-31), now, or an offset from now (-25 months, +90 days)${unsigned}`,
  );
}

/** No offset at all is an offset. */
function parseOffset(text: string): TimeSpan {
  return /^0+(?:\.0+)?\s*[a-zA-Z]+$/.test(text) ? { milliseconds: 0 } : parseTimeSpan(text);
}

function readInstant(text: string): string | undefined {
  try {
    return parseTimestamp(text)?.instant;
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}

/**
 * The canonical instant `times` spans away (negative: earlier). The day of a month that is too short for it is its
 * last; it stops at years 1 and 9999.
 */
export function shiftBy(instant: string, span: TimeSpan, times: number): string {
  return "months" in span
    ? shiftMonths(instant, span.months * times)
    : shiftInstant(instant, span.milliseconds * times);
}

/** More windows than a read may have: a year of hours is 8,760, and beyond that the step is most likely a slip. */
export const maxWindows = 10_000;

/** Windows [from, to) between two canonical instants, without a gap; the last one is cut. None where it is backwards. */
export function* windowsBetween(start: string, end: string, step: TimeSpan): Generator<{ from: string; to: string }> {
  let from = start;
  for (let count = 1; from < end; count++) {
    // From the start each time: month after month a 31st would become the 28th and stay it.
    const next = shiftBy(start, step, count);
    const to = next < end ? next : end;
    yield { from, to };
    from = to;
  }
}

function shiftMonths(instant: string, months: number): string {
  const total = Number(instant.slice(0, 4)) * 12 + Number(instant.slice(5, 7)) - 1 + months;
  const year = Math.floor(total / 12);
  const month = (total % 12) + 1;
  if (year < 1) return "0001-01-01T00:00:00.000000Z";
  if (year > 9999) return "9999-12-31T23:59:59.999999Z";
  let day = Number(instant.slice(8, 10));
  while (!isDate(year, month, day)) day--;
  return `${dateText(daysOf(year, month, day))}${instant.slice(10)}`;
}
