import { SpecError } from "../errors.ts";
import { daySeconds } from "./calendar.ts";
import { luxon } from "./luxon.ts";

/** A time zone: what a clock on a wall there shows. All in whole seconds. */
export interface Zone {
  readonly name: string;
  /** Seconds east of UTC at an instant. */
  offsetAt(seconds: number): number;
  /** The instant of a local time (seconds since 1970 as if the wall clock were UTC). */
  instantOf(local: number): LocalInstant;
}

export interface LocalInstant {
  seconds: number;
  /**
   * Where the zone puts its clock back and shows this local time twice: the limits [from, to) of all instants
   * whose local times are shown twice that night. `seconds` is then the earlier of the two.
   */
  repeated?: { from: number; to: number };
}

const utc: Zone = { name: "UTC", offsetAt: () => 0, instantOf: (local) => ({ seconds: local }) };
const zones = new Map<string, Zone>([["UTC", utc]]);

/**
 * A zone by its IANA name (`America/Los_Angeles`) or a fixed offset (`UTC+3`). Throws SpecError for an unknown one;
 * `local` is unknown too, because a run must not depend on the machine that it runs on.
 */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const { FixedOffsetZone, IANAZone } = luxon();
  const fixed = FixedOffsetZone.parseSpecifier(name);
  if (!fixed && !IANAZone.isValidZone(name)) {
    throw new SpecError(`"${name}" is not a time zone; write a name of the tz database such as America/Los_Angeles`);
  }
  const source = fixed ?? IANAZone.create(name);
  const zone = buildZone(name, (seconds) => Math.round(source.offset(seconds * 1000) * 60));
  zones.set(name, zone);
  return zone;
}

/** Days whose offset is remembered: 40 years' worth, so that memory stays flat. */
const maxRememberedDays = 16_384;

function buildZone(name: string, lookUp: (seconds: number) => number): Zone {
  // Asking Intl costs microseconds, and a day has one offset unless its two ends differ. NaN: ask.
  const days = new Map<number, number>();
  const offsetOfDay = (day: number): number => {
    const known = days.get(day);
    if (known !== undefined) return known;
    const start = lookUp(day * daySeconds);
    const offset = start === lookUp((day + 1) * daySeconds) ? start : Number.NaN;
    if (days.size >= maxRememberedDays) days.clear();
    days.set(day, offset);
    return offset;
  };
  const offsetAt = (seconds: number): number => {
    const offset = offsetOfDay(Math.floor(seconds / daySeconds));
    return Number.isNaN(offset) ? lookUp(seconds) : offset;
  };
  return { name, offsetAt, instantOf: (local) => resolveLocal(local, offsetAt) };
}

/**
 * A day before and a day after, taken as UTC, lie on either side of the instant in any zone. Where the offset
 * differs, the clock was moved in between.
 */
function resolveLocal(local: number, offsetAt: (seconds: number) => number): LocalInstant {
  const before = offsetAt(local - daySeconds);
  const after = offsetAt(local + daySeconds);
  if (before === after) return { seconds: local - before };
  const early = local - before;
  const late = local - after;
  const isEarly = offsetAt(early) === before;
  const isLate = offsetAt(late) === after;
  if (isEarly && isLate) {
    const moved = changeBetween(early, late, offsetAt);
    return {
      seconds: early,
      repeated: { from: moved - (before - after), to: moved + (before - after) },
    };
  }
  // Neither: the clock was put forward over this time. The offset from before the change moves it forward by as
  // much, as Luxon and java.time do: 02:30 becomes 03:30.
  return { seconds: isLate ? late : early };
}

/** The first second of the new offset; the offset at `from` is the old one. */
function changeBetween(from: number, to: number, offsetAt: (seconds: number) => number): number {
  const old = offsetAt(from);
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === old) low = middle;
    else high = middle;
  }
  return high;
}

const weekSeconds = 7 * daySeconds;

/**
 * By how many seconds a zone has put its clock back between two instants (the greatest step, if there were
 * several); 0 if it did not. Looked at week by week: no zone has gone back and forth within one.
 */
export function putBackBetween(zone: Zone, from: number, to: number): number {
  let greatest = 0;
  let offset = zone.offsetAt(from);
  for (let at = from; at < to;) {
    at = Math.min(at + weekSeconds, to);
    const next = zone.offsetAt(at);
    greatest = Math.max(greatest, offset - next);
    offset = next;
  }
  return greatest;
}
