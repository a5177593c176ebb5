import { RecordError } from "../errors.ts";
import { readEpoch, readSerial } from "./epoch-time.ts";
import { readIsoTime, type ReadTime } from "./iso-time.ts";
import { showValue } from "./show-value.ts";
import { compilePattern, type Wanted } from "./time-pattern.ts";

type Scalar = string | number | bigint;
type Reader = (value: Scalar) => ReadTime | undefined;

const readIso: Reader = (value) => (typeof value === "string" ? readIsoTime(value) : undefined);

const namedReaders: ReadonlyMap<string, Reader> = new Map([
  ["iso", readIso],
  ["epoch", (value) => readEpoch(value, 0)],
  ["epochMs", (value) => readEpoch(value, 3)],
  ["epochUs", (value) => readEpoch(value, 6)],
  ["serial", readSerial],
]);

export interface TimeReaderOptions {
  /** `iso`, `epoch`, `epochMs`, `epochUs`, `serial` or a pattern of Luxon's tokens; of a list the first that fits. */
  format?: string | readonly string[];
  wanted: Wanted;
  /** What the value is called in a message: "a timestamp". */
  noun: string;
  /** How text is read where there is no `format`; ISO 8601 unless the type has its own form. */
  natural?: (text: string) => ReadTime | undefined;
}

/** MySQL's zero date, with or without its zero time. */
const zeroDate = /^0000-00-00(?:[T ]00:00(?::00(?:\.0*)?)?Z?)?$/;

/**
 * Compiles the reading of dates and times: null for MySQL's zero dates, a JavaScript Date as it is, and what the
 * formats make of text and numbers. The reader throws RecordError where none fits; the compiler throws SpecError
 * for a format that cannot be one.
 */
export function compileTimeReader(options: TimeReaderOptions): (value: unknown) => ReadTime | null {
  const formats = typeof options.format === "string" ? [options.format] : (options.format ?? []);
  const natural = options.natural;
  const fallback: Reader = natural ? (value) => (typeof value === "string" ? natural(value) : undefined) : readIso;
  const readers =
    formats.length === 0
      ? [fallback]
      : formats.map((format) => namedReaders.get(format) ?? patternReader(format, options));
  const [only] = readers;
  const readAny: Reader =
    only !== undefined && readers.length === 1
      ? only
      : (value) => {
          for (const read of readers) {
            const time = read(value);
            if (time !== undefined) return time;
          }
          return undefined;
        };
  return (value) => {
    if (value instanceof Date) return timeOfDate(value, options.noun);
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") {
      throw new RecordError(`${showValue(value)} is not ${options.noun}`);
    }
    const time = readAny(value);
    if (time !== undefined) return time;
    if (typeof value === "string" && zeroDate.test(value)) return null;
    throw new RecordError(explain(value, formats, options.noun));
  };
}

function patternReader(format: string, { wanted }: TimeReaderOptions): Reader {
  const read = compilePattern(format, wanted);
  return (value) => (typeof value === "string" ? read(value) : undefined);
}

function timeOfDate(date: Date, noun: string): ReadTime {
  const ms = date.getTime();
  const time = Number.isNaN(ms) ? undefined : readEpoch(ms, 3);
  if (time === undefined) throw new RecordError(`${showValue(date)} is not ${noun}`);
  return time;
}

function explain(value: Scalar, formats: readonly string[], noun: string): string {
  const shown = showValue(value);
  if (formats.length > 0) return `${shown} is not ${noun} of the form ${formats.join(" or ")}`;
  if (typeof value !== "string" || /^-?\d+(?:\.\d+)?$/.test(value)) {
    return `${shown} is not ${noun}: a number needs a format (epoch, epochMs, epochUs or serial)`;
  }
  if (/^\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})\b/.test(value)) {
    return `${shown} is ambiguous: give its format, such as MM/dd/yyyy or dd/MM/yyyy`;
  }
  return `${shown} is not ${noun}`;
}
