/** Bounds of the window in the forms in which databases keep times. */
import { formatInstant, instantToEpochMs, shiftInstant, zoneFallBackHours } from "../../../values/instant.ts";
import { wallClock, type WallClock } from "../../../values/wall-clock.ts";
import type { Bound } from "../../contract.ts";
import type { BoundPlace } from "./contract.ts";

const hourMs = 3_600_000;

/**
 * What the wall clock of the delta's zone showed at a bound. Where the zone has just put its clock back, it showed
 * later times before: `until` goes forward by as much, so that none of them is left out. (`since` has gone back
 * already: the runtime sees to that.)
 */
export function wallOf(instant: string, { end, delta }: BoundPlace): WallClock {
  const zone = delta?.time_zone ?? "UTC";
  const back =
    end === "until" && zone !== "UTC" ? zoneFallBackHours(zone, shiftInstant(instant, -2 * hourMs), instant) : 0;
  // Read as UTC, what the clock shows can be moved without asking the zone again.
  const { date, time, offset } = wallClock(instant, zone);
  if (back === 0) return { date, time, offset };
  return { ...wallClock(shiftInstant(`${date}T${time}Z`, back)), offset };
}

/** `YYYY-MM-DD HH:MM:SS.ffffff` on the wall. */
export function wallText(instant: string, place: BoundPlace): string {
  const { date, time } = wallOf(instant, place);
  return `${date} ${time}`;
}

/** The day of `since`, and the day after that of `until`: a day holds all of its instants. */
export function dayText(instant: string, place: BoundPlace): string {
  const { date } = wallOf(instant, place);
  return place.end === "since" ? date : wallClock(shiftInstant(`${date}T00:00:00.000000Z`, 24 * hourMs)).date;
}

/**
 * Times that are kept as text sort as text. Between day and time stands a blank or a T, a blank sorts first, and a
 * text sorts before those that it begins: so `since` is the shortest with a blank, `until` has a T.
 */
export function sortingText(instant: string, place: BoundPlace): string {
  const { date, time } = wallOf(instant, place);
  return place.end === "since" ? `${date} ${time.replace(/(?:\.000000|(?<=\.\d*[1-9])0+)$/, "")}` : `${date}T${time}`;
}

/**
 * A bound that is no instant; or an instant where the delta's format says how it is kept: as seconds, milliseconds or
 * microseconds since 1970, or as text. Undefined where it is kept as a time.
 */
export function formatted({ instant, text }: Bound, { delta, end }: BoundPlace): number | bigint | string | undefined {
  if (instant === undefined) return /^\s*[+-]?\d+\s*$/.test(text) ? BigInt(text) : text;
  const [format] = [delta?.format ?? []].flat();
  if (format === undefined || format === "iso") return undefined;
  const micros = BigInt(instantToEpochMs(instant)) * 1000n + BigInt(instant.slice(23, 26));
  const whole = (unit: bigint): bigint => {
    const floor = micros / unit - (micros % unit < 0n ? 1n : 0n);
    return end === "since" || micros % unit === 0n ? floor : floor + 1n;
  };
  switch (format) {
    case "epoch":
      return whole(1_000_000n);
    case "epochMs":
      return whole(1000n);
    case "epochUs":
      return micros;
    default:
      return formatInstant(instant, format, delta?.time_zone ?? "UTC");
  }
}
