/** What a clock on a wall shows at an instant: the form in which databases keep dates and times without a zone. */
import { clockText, dateText, daySeconds, microsText } from "./calendar.ts";
import { readIsoTime } from "./iso-time.ts";
import { zoneOf } from "./zone.ts";

export interface WallClock {
  /** `YYYY-MM-DD` */
  date: string;
  /** `HH:MM:SS.ffffff` */
  time: string;
  /** Of the zone at that instant, as `+HH:MM`. */
  offset: string;
}

/** The wall clock of `zone` at a canonical instant. Throws SpecError for an unknown zone. */
export function wallClock(instant: string, zone = "UTC"): WallClock {
  const read = readIsoTime(instant);
  if (!read) throw new Error(`${instant} is not a canonical instant`);
  const offset = zoneOf(zone).offsetAt(read.seconds);
  const local = read.seconds + offset;
  const days = Math.floor(local / daySeconds);
  return {
    date: dateText(days),
    time: `${clockText(local - days * daySeconds)}.${microsText(read.micros)}`,
    offset: offsetText(offset),
  };
}

function offsetText(seconds: number): string {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  return `${seconds < 0 ? "-" : "+"}${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
