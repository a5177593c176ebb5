/** The delta of a pipeline: values that order changes, compared as what they are. */
import { RecordError, SpecError } from "../errors.ts";
import type { Bound } from "../sources/contract.ts";
import type { Delta } from "../spec/types.ts";
import { canonicalInstant } from "../values/iso-time.ts";
import { compileTimestampParser, parseDuration, shiftInstant, zoneFallBackHours } from "../values/instant.ts";

const canonical = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const epochStart: Bound = { text: "1970-01-01T00:00:00Z", instant: "1970-01-01T00:00:00.000000Z" };

export interface CompiledDelta {
  /** Whether values are instants (timestamp, date), integers, or the source's own cursors. */
  kind: "instant" | "integer" | "cursor";
  /** A value as a bound; undefined for a missing one. Throws RecordError for one that cannot be read. */
  read(value: unknown): Bound | undefined;
  /** Below 0 when `a` is earlier. Cursors do not compare: 0. */
  compare(a: Bound, b: Bound): number;
  /** Where a run starts that has this watermark: the overlap taken off, and the hour that the zone repeated. */
  since(watermark: Bound, until: Bound): Bound;
  /** Where a run without a watermark starts: `delta.start`, else 1970. */
  start: Bound;
}

/** Compiles a delta. Throws SpecError for a format, zone, overlap or start that cannot be read. */
export function compileDelta(delta: Delta): CompiledDelta {
  const { type, order, time_zone: timeZone, overlap } = delta;
  if (order === "cursor") return cursorDelta(delta);
  if (type === "integer") return integerDelta(delta);
  const parse = compileTimestampParser({ formats: delta.format, timeZone });
  const overlapMs = overlap === undefined ? 0 : parseDuration(String(overlap));
  // Formats are tried in turn, and what is cut from a text is what ISO 8601 says of it.
  const [first = "iso"] = [delta.format ?? []].flat();
  const takesIso = first === "iso";
  const zonelessIsUtc = (timeZone ?? "UTC") === "UTC";
  const read = (value: unknown): Bound | undefined => {
    if (value === null || value === undefined || value === "") return undefined;
    const text = String(value);
    const cut = takesIso && typeof value === "string" ? canonicalInstant(value, zonelessIsUtc) : undefined;
    if (cut !== undefined) return { text, instant: cut };
    // A watermark that was a run's start is stored in the canonical form, whatever the format is.
    if (canonical.test(text)) return { text, instant: text };
    const parsed = parse(value);
    return parsed ? { text, instant: parsed.instant } : undefined;
  };
  return {
    kind: "instant",
    read,
    compare: (a, b) => (a.instant! < b.instant! ? -1 : a.instant! > b.instant! ? 1 : 0),
    since(watermark, until) {
      const back =
        overlapMs +
        (timeZone ? zoneFallBackHours(timeZone, shiftInstant(watermark.instant!, -overlapMs), until.instant!) : 0);
      if (back === 0) return watermark;
      const instant = shiftInstant(watermark.instant!, -back);
      return { text: instant, instant };
    },
    start: startOf(delta, (value) => {
      const parsed = compileTimestampParser({ timeZone })(value);
      return parsed ? { text: String(value), instant: parsed.instant } : undefined;
    }),
  };
}

function integerDelta(delta: Delta): CompiledDelta {
  const overlap = BigInt(delta.overlap ?? 0);
  const read = (value: unknown): Bound | undefined => {
    if (value === null || value === undefined || value === "") return undefined;
    const text = String(value).trim();
    if (!/^[+-]?\d+$/.test(text)) throw new RecordError(`${JSON.stringify(value)} is not an integer`);
    return { text };
  };
  return {
    kind: "integer",
    read,
    compare: (a, b) => compareIntegers(a.text, b.text),
    since: (watermark) => ({ text: String(BigInt(watermark.text) - overlap) }),
    start: startOf(delta, read, { text: "0" }),
  };
}

/** Texts of up to 15 characters are numbers that a double holds. */
function compareIntegers(a: string, b: string): number {
  if (a.length <= 15 && b.length <= 15) return Math.sign(Number(a) - Number(b));
  const difference = BigInt(a) - BigInt(b);
  return Number(difference > 0n) - Number(difference < 0n);
}

function cursorDelta(delta: Delta): CompiledDelta {
  const read = (value: unknown): Bound | undefined =>
    value === null || value === undefined || value === "" ? undefined : { text: String(value) };
  return { kind: "cursor", read, compare: () => 0, since: (watermark) => watermark, start: startOf(delta, read) };
}

function startOf(delta: Delta, read: (value: unknown) => Bound | undefined, fallback = epochStart): Bound {
  if (delta.start === undefined) return fallback;
  try {
    const start = read(String(delta.start));
    if (start) return start;
  } catch (error) {
    throw new SpecError(`source.delta.start: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  throw new SpecError(`source.delta.start is empty`);
}

/** The window's start where a pipeline has no delta. */
export const noDeltaStart = epochStart;
