import { RecordError } from "../errors.ts";
import { clockText, dateText, daySeconds, firstSecond, lastSecond, microsText } from "./calendar.ts";
import { compileTimestampParser } from "./instant.ts";
import { canonicalInstant, isDay, readClock, type ReadTime } from "./iso-time.ts";
import type { Convert } from "./numbers.ts";
import { showValue } from "./show-value.ts";
import { compileTimeReader } from "./time-reader.ts";
import { type Zone, zoneOf } from "./zone.ts";

interface TimeOptions {
  format?: string | readonly string[];
  /** The zone in which zone-less values are read and instants are cut; UTC if absent. */
  timeZone?: string;
}

/** timestamp: an instant, as canonical text. */
export function compileTimestamp(_type: unknown, { format, timeZone }: TimeOptions): Convert {
  const parse = compileTimestampParser({ formats: format, timeZone });
  if (format !== undefined && format.length > 0) return (value) => parse(value)?.instant ?? null;
  const zonelessIsUtc = (timeZone ?? "UTC") === "UTC";
  return (value) =>
    (typeof value === "string" ? canonicalInstant(value, zonelessIsUtc) : undefined) ?? parse(value)?.instant ?? null;
}

/** Seconds of the wall clock in the zone: a time that names no zone is that already. */
function localSeconds(time: ReadTime, zone: Zone, value: unknown): number {
  const local = time.zoneless ? time.seconds : time.seconds + zone.offsetAt(time.seconds);
  if (local >= firstSecond && local <= lastSecond) return local;
  throw new RecordError(`${showValue(value)} lies outside the years 0001 to 9999`);
}

/** date: `YYYY-MM-DD`; an instant is cut in the zone. */
export function compileDate(_type: unknown, { format, timeZone }: TimeOptions): Convert {
  const zone = zoneOf(timeZone ?? "UTC");
  const read = compileTimeReader({ format, wanted: "day", noun: "a date" });
  const takesIso = format === undefined || format.length === 0;
  return (value) => {
    if (takesIso && typeof value === "string" && isDay(value)) return value;
    const time = read(value);
    return time === null ? null : dateText(Math.floor(localSeconds(time, zone, value) / daySeconds));
  };
}

/** time: `HH:MM:SS`, with six decimals where there is a fraction; an instant is cut in the zone. */
export function compileTime(_type: unknown, { format, timeZone }: TimeOptions): Convert {
  const zone = zoneOf(timeZone ?? "UTC");
  const read = compileTimeReader({
    format,
    wanted: "clock",
    noun: "a time of day",
    natural: readTimeOfDay,
  });
  return (value) => {
    const time = read(value);
    if (time === null) return null;
    const local = localSeconds(time, zone, value);
    const clock = clockText(local - Math.floor(local / daySeconds) * daySeconds);
    return time.micros === 0 ? clock : `${clock}.${microsText(time.micros)}`;
  };
}

function readTimeOfDay(text: string): ReadTime | undefined {
  const padded = text.charCodeAt(1) === 58 ? `0${text}` : text;
  const clock = readClock(padded, 0);
  if (clock === undefined || clock.end !== padded.length || clock.seconds >= daySeconds) return undefined;
  return { seconds: clock.seconds, micros: clock.micros, zoneless: true };
}
