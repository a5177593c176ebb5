import { daySeconds, daysOf, isDate } from "./calendar.ts";

/** A point in time as it was read, before any zone was applied. */
export interface ReadTime {
  /** Whole seconds since 1970-01-01, of UTC; where `zoneless`, of a clock on the wall, as if that were UTC. */
  seconds: number;
  /** Microseconds within the second, 0 to 999,999. */
  micros: number;
  zoneless: boolean;
}

/**
 * Reads ISO 8601: a date, or a date and a time with `T` or a blank between, seconds optional, a fraction of any
 * length (cut after six digits: rounding up would move a watermark past rows), and `Z`, `±HH`, `±HHMM`, `±HH:MM`.
 * A date is its midnight. 24:00 and second 60 run over into the next minute, as PostgreSQL takes them. Undefined
 * for everything else. By hand, because it runs for every timestamp of every record.
 */
export function readIsoTime(text: string): ReadTime | undefined {
  if (text.length < 10 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (!isDate(year, month, day)) return undefined;
  const midnight = daysOf(year, month, day) * daySeconds;
  if (text.length === 10) return { seconds: midnight, micros: 0, zoneless: true };
  const separator = text.charCodeAt(10);
  if (separator !== 84 && separator !== 32 && separator !== 116) return undefined;
  const clock = readClock(text, 11);
  if (clock === undefined) return undefined;
  const offset = readOffset(text, clock.end);
  if (offset === undefined) return undefined;
  return {
    seconds: midnight + clock.seconds - (offset ?? 0),
    micros: clock.micros,
    zoneless: offset === null,
  };
}

/** True for `YYYY-MM-DD` of a day that the calendar has. */
export function isDay(text: string): boolean {
  return text.length === 10 && isDayAt(text);
}

function isDayAt(text: string): boolean {
  return (
    text.charCodeAt(4) === 45 &&
    text.charCodeAt(7) === 45 &&
    isDate(twoDigits(text, 0) * 100 + twoDigits(text, 2), twoDigits(text, 5), twoDigits(text, 8))
  );
}

/** What is missing of a canonical instant after so many decimals. */
const decimalsToCome: readonly string[] = Array.from({ length: 7 }, (_, decimals) => `${"0".repeat(6 - decimals)}Z`);

/**
 * The canonical instant of a text in UTC that is all but it: with a blank for the `T`, fewer decimals, `+00`. It is
 * cut from the text, not computed, and is the text itself where that is canonical. Undefined for every other text.
 * @param zonelessIsUtc a text that names no zone is read in UTC.
 */
export function canonicalInstant(text: string, zonelessIsUtc: boolean): string | undefined {
  const separator = text.charCodeAt(10);
  if ((separator !== 84 && separator !== 32) || text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58)
    return undefined;
  // Hour 24 and second 60 run over.
  if (!(twoDigits(text, 11) <= 23 && twoDigits(text, 14) <= 59 && twoDigits(text, 17) <= 59)) return undefined;
  let end = 19;
  if (text.charCodeAt(19) === 46) {
    do end++;
    while (isDigit(text.charCodeAt(end)));
    if (end === 20 || end > 26) return undefined;
  }
  if (!(endsInUtc(text, end) || (zonelessIsUtc && end === text.length)) || !isDayAt(text)) return undefined;
  if (separator === 84 && end === 26 && text.length === 27 && text.charCodeAt(26) === 90) return text;
  const rest = end === 19 ? ".000000Z" : decimalsToCome[end - 20]!;
  return separator === 84 ? text.slice(0, end) + rest : `${text.slice(0, 10)}T${text.slice(11, end)}${rest}`;
}

/** `Z`, `+00` or `+00:00` at `at`, and nothing after it. */
function endsInUtc(text: string, at: number): boolean {
  const rest = text.length - at;
  if (rest === 1) return text.charCodeAt(at) === 90;
  return (rest === 3 || rest === 6) && text.startsWith(rest === 3 ? "+00" : "+00:00", at);
}

interface Clock {
  /** Seconds after midnight, up to 86,400. */
  seconds: number;
  micros: number;
  /** Offset of the first character after it. */
  end: number;
}

/** Reads `HH:MM[:SS[.f…]]` from `at` on. */
export function readClock(text: string, at: number): Clock | undefined {
  const hour = twoDigits(text, at);
  const minute = twoDigits(text, at + 3);
  if (!(hour <= 24 && minute <= 59) || text.charCodeAt(at + 2) !== 58) return undefined;
  let second = 0;
  let micros = 0;
  let end = at + 5;
  if (text.charCodeAt(end) === 58) {
    second = twoDigits(text, end + 1);
    if (!(second <= 60)) return undefined;
    end += 3;
    const point = text.charCodeAt(end);
    if (point === 46 || point === 44) {
      const from = ++end;
      for (let unit = 100_000; isDigit(text.charCodeAt(end)); end++, unit /= 10) {
        if (unit >= 1) micros += (text.charCodeAt(end) - 48) * unit;
      }
      if (end === from) return undefined;
    }
  }
  if (hour === 24 && (minute > 0 || second > 0 || micros > 0)) return undefined;
  return { seconds: hour * 3600 + minute * 60 + second, micros, end };
}

/** Seconds east of UTC; null where the text ends without saying; undefined where what follows is no offset. */
function readOffset(text: string, from: number): number | null | undefined {
  if (from === text.length) return null;
  const at = text.charCodeAt(from) === 32 ? from + 1 : from;
  const sign = text.charCodeAt(at);
  if (sign === 90 || sign === 122) return at + 1 === text.length ? 0 : undefined;
  if (sign !== 43 && sign !== 45) return text.slice(at) === "UTC" || text.slice(at) === "GMT" ? 0 : undefined;
  const rest = text.length - at;
  const colon = text.charCodeAt(at + 3) === 58;
  if (!(rest === 3 || (rest === 5 && !colon) || (rest === 6 && colon))) return undefined;
  const hours = twoDigits(text, at + 1);
  const minutes = rest === 3 ? 0 : twoDigits(text, rest === 5 ? at + 3 : at + 4);
  // UTC offsets of the tz database lie within ±16 hours; 18 is the bound of java.time.
  if (!(hours <= 18 && minutes <= 59)) return undefined;
  const seconds = hours * 3600 + minutes * 60;
  return sign === 45 ? -seconds : seconds;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** The number that two digits make, NaN where they are no digits: every comparison with it is false. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
