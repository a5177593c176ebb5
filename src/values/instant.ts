/**
 * Instants. The canonical form is text, `YYYY-MM-DDTHH:MM:SS.ffffffZ`: always UTC, always six decimals, years 0001
 * to 9999, so that text order is time order and no microsecond is lost on the way.
 */
import { RecordError } from "../errors.ts";
import { daysOf, daySeconds, firstSecond, instantText, lastSecond } from "./calendar.ts";
import { readEpoch } from "./epoch-time.ts";
import type { ReadTime } from "./iso-time.ts";
import { luxon } from "./luxon.ts";
import { showValue } from "./show-value.ts";
import { compileTimeReader } from "./time-reader.ts";
import { putBackBetween, type Zone, zoneOf } from "./zone.ts";

export { parseDuration } from "./duration.ts";

export interface ParsedInstant {
  /** The canonical instant. */
  instant: string;
  /** The value named no zone: it was read in `timeZone`. */
  zoneless: boolean;
  /**
   * Where the zone puts its clock back and shows the value's local time twice: the limits [from, to) of all
   * instants whose local times are shown twice that night. `instant` is then the earlier reading.
   */
  ambiguous?: { from: string; to: string };
}

export interface TimestampOptions {
  /** A format or a list of them, tried in order: `iso`, `epoch`, `epochMs`, `epochUs`, `serial`, a Luxon pattern. */
  formats?: string | readonly string[];
  /** The zone of values that name none; UTC if absent. */
  timeZone?: string;
}

/**
 * Compiles a reader of timestamps. It gives null for null, undefined, blank text and MySQL's zero date, and throws
 * RecordError for what is no timestamp. Without formats it takes ISO 8601 (a date is its midnight) and Dates.
 * Throws SpecError for an unknown format or zone.
 */
export function compileTimestampParser(options: TimestampOptions = {}): (value: unknown) => ParsedInstant | null {
  const zone = zoneOf(options.timeZone ?? "UTC");
  const read = compileTimeReader({ format: options.formats, wanted: "day", noun: "a timestamp" });
  return (value) => {
    const given = typeof value === "string" ? value.trim() : value;
    if (given === null || given === undefined || given === "") return null;
    const time = read(given);
    return time && inZone(time, zone, given);
  };
}

function inZone(time: ReadTime, zone: Zone, value: unknown): ParsedInstant {
  if (!time.zoneless || zone.name === "UTC") {
    return { instant: toInstant(time.seconds, time.micros, value), zoneless: time.zoneless };
  }
  const { seconds, repeated } = zone.instantOf(time.seconds);
  const instant = toInstant(seconds, time.micros, value);
  if (repeated === undefined) return { instant, zoneless: true };
  const ambiguous = { from: instantText(repeated.from, 0), to: instantText(repeated.to, 0) };
  return { instant, zoneless: true, ambiguous };
}

function toInstant(seconds: number, micros: number, value: unknown): string {
  if (seconds >= firstSecond && seconds <= lastSecond) return instantText(seconds, micros);
  throw new RecordError(`${showValue(value)} lies outside the years 0001 to 9999`);
}

/** The canonical instant of a Date. Throws RecordError for an invalid one or a year outside 1 to 9999. */
export function instantFromDate(date: Date): string {
  const time = Number.isNaN(date.getTime()) ? undefined : readEpoch(date.getTime(), 3);
  if (time === undefined) throw new RecordError(`${showValue(date)} is not a timestamp`);
  return instantText(time.seconds, time.micros);
}

/** Whole seconds since 1970 and the microseconds within the second, of a canonical instant. */
function splitInstant(instant: string): { seconds: number; micros: number } {
  const number = (from: number, to: number): number => Number(instant.slice(from, to));
  const days = daysOf(number(0, 4), number(5, 7), number(8, 10));
  const seconds = days * daySeconds + number(11, 13) * 3600 + number(14, 16) * 60 + number(17, 19);
  return { seconds, micros: number(20, 26) };
}

/** Milliseconds since 1970 of a canonical instant; microseconds are cut off, towards the past. */
export function instantToEpochMs(instant: string): number {
  const { seconds, micros } = splitInstant(instant);
  return seconds * 1000 + Math.floor(micros / 1000);
}

/** The canonical instant `milliseconds` (a whole number, negative for earlier) away; it stops at years 1 and 9999. */
export function shiftInstant(instant: string, milliseconds: number): string {
  const { seconds, micros } = splitInstant(instant);
  const wholeSeconds = Math.floor(milliseconds / 1000);
  const total = micros + Math.round((milliseconds - wholeSeconds * 1000) * 1000);
  const shifted = seconds + wholeSeconds + Math.floor(total / 1_000_000);
  if (shifted < firstSecond) return instantText(firstSecond, 0);
  return shifted > lastSecond ? instantText(lastSecond, 999_999) : instantText(shifted, total % 1_000_000);
}

/**
 * A canonical instant as a system wants it: Luxon's format tokens (`yyyy-MM-dd HH:mm:ss`), in English, on a wall
 * clock of `zone`. Milliseconds are the finest that Luxon prints. Throws SpecError for an unknown zone.
 */
export function formatInstant(instant: string, pattern: string, zone = "UTC"): string {
  const name = zoneOf(zone).name;
  return luxon().DateTime.fromMillis(instantToEpochMs(instant), { zone: name, locale: "en-US" }).toFormat(pattern);
}

/** The short form for URLs and logs: `2025-01-01T00:00:00Z`, with only as many decimals as there are. */
export function isoOf(instant: string): string {
  return instant.replace(/\.?0*Z$/, "Z");
}

/**
 * Milliseconds that a zone-less bound must go back because `zone` put its clock back between two canonical
 * instants: what was written just after that carries local times from before. 0 where it did not.
 */
export function zoneFallBackHours(zone: string, sinceInstant: string, untilInstant: string): number {
  const { seconds: since } = splitInstant(sinceInstant);
  const { seconds: until } = splitInstant(untilInstant);
  return since < until ? putBackBetween(zoneOf(zone), since, until) * 1000 : 0;
}
