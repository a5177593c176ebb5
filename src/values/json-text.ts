/** JSON without loss: numbers keep every digit on their way from a source's text to a column. */
import { RecordError } from "../errors.ts";
import { cleanText, type Warn } from "./clean-text.ts";
import { compareDecimals, readDecimal } from "./decimal-text.ts";
import { findJsonProblem } from "./json-problem.ts";

/**
 * Where `parseJson` put a text in the place of a number: holder -> key -> that text. `canonicalJson` reads it, so
 * that an object which travels untouched is written with numbers again.
 */
const exactNumbers = new WeakMap<object, Map<string, string>>();

/**
 * Whether a number stands somewhere that a double may not hold: a long one, or one with an exponent. It may find one
 * inside a string too; then the slow path finds nothing to do. 15 digits always survive a double (IEEE 754), and so
 * do whole numbers of 16 that do not begin with 9 (2^53 is 9007199254740992): ids of 16 digits stay on the fast path.
 */
const suspect = /(?:^|[:,[\s])-?(?:9[\d.]{15}|\d[\d.]{16}|\d[\d.]*[eE])/;

/** Deeper JSON is refused: PostgreSQL and our own recursion both have a stack. */
const maxDepth = 1000;

/**
 * Reads JSON text like JSON.parse, but a number that no double holds exactly as written becomes its source text:
 * a 19-digit id, 0.1234567890123456789, 1e400, 1e-400; and every whole number beyond 2^53 − 1 that is written
 * out, so that ids have one type whatever their last digits are. 5000.00, 1.10 and 1e2 are numbers.
 * Throws RecordError with line, column and an excerpt of at most 60 characters when the text is not JSON.
 */
export function parseJson(text: string): unknown {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return suspect.test(body) ? JSON.parse(body, keepExact) : JSON.parse(body);
  } catch (error) {
    // V8's reviver recurses, so a very deep text ends here too.
    if (error instanceof RangeError) throw new RecordError("JSON is nested too deep", { cause: error });
    throw problemOf(body, error);
  }
}

function problemOf(text: string, cause: unknown): RecordError {
  const { line, column, excerpt } = findJsonProblem(text);
  if (text.trim() === "") return new RecordError("empty text is not JSON", { cause });
  const what = excerpt === "" ? "the text ends too soon" : `near ${excerpt}`;
  return new RecordError(`not JSON at ${line}:${column}: ${what}`, { cause });
}

function keepExact(this: unknown, key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || isHeld(value, source)) return value;
  const holder = this as object;
  const known = exactNumbers.get(holder);
  if (known) known.set(key, source);
  else exactNumbers.set(holder, new Map([[key, source]]));
  return source;
}

/** True when the double prints as the decimal number that was written. */
function isHeld(value: number, source: string): boolean {
  if (source.length < 16 && !/[eE]/.test(source)) return true;
  if (Number.isSafeInteger(value) && /^-?\d+$/.test(source)) return true;
  // A double does hold some of the greater whole numbers, but arithmetic on it would be silently wrong.
  if (!Number.isFinite(value) || (Math.abs(value) > Number.MAX_SAFE_INTEGER && !/[eE]/.test(source))) return false;
  const written = readDecimal(source);
  const held = readDecimal(String(value));
  return written !== undefined && held !== undefined && compareDecimals(written, held) === 0;
}

/**
 * Writes JSON text with sorted keys (by code unit, at every depth), so that equal values are equal text. Numbers
 * that `parseJson` kept as text are numbers again while their holder is the object or list that it made (taken out
 * of it, such a text is a text like any other); bigints are
 * numbers, dates ISO 8601, undefined members are dropped. NUL characters are removed and lone surrogates replaced
 * (told to `warn`). Throws RecordError for what JSON cannot say: functions, NaN, invalid dates, cycles.
 */
export function canonicalJson(value: unknown, warn?: Warn): string {
  return write(value, warn, 0);
}

function write(value: unknown, warn: Warn | undefined, depth: number): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(cleanText(value, warn));
    case "number":
      if (!Number.isFinite(value)) throw new RecordError(`${value} cannot be written as JSON`);
      return JSON.stringify(value);
    case "bigint":
    case "boolean":
      return String(value);
    case "undefined":
      return "null";
    case "object":
      return value === null ? "null" : writeObject(value, warn, depth);
    default:
      throw new RecordError("a function cannot be written as JSON");
  }
}

function writeObject(value: object, warn: Warn | undefined, depth: number): string {
  if (depth >= maxDepth) throw new RecordError(`JSON is nested deeper than ${maxDepth} levels`);
  // JSONata's sequences are arrays with more properties on them: only the elements count.
  if (Array.isArray(value)) return writeList(value, warn, depth);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new RecordError("an invalid date cannot be written as JSON");
    return JSON.stringify(value.toISOString());
  }
  if (isFunction(value)) throw new RecordError("a function cannot be written as JSON");
  if (ArrayBuffer.isView(value)) throw new RecordError("bytes cannot be written as JSON");
  return writeMembers(value as Record<string, unknown>, warn, depth);
}

function writeList(list: readonly unknown[], warn: Warn | undefined, depth: number): string {
  const exact = exactNumbers.get(list);
  let text = "";
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    if (index > 0) text += ",";
    text += exactText(exact, String(index), item) ?? write(item, warn, depth + 1);
  }
  return `[${text}]`;
}

/** The digits of a number that `parseJson` kept as text here. */
function exactText(exact: Map<string, string> | undefined, key: string, value: unknown): string | undefined {
  const digits = exact?.get(key);
  return digits === value ? digits : undefined;
}

function writeMembers(value: Record<string, unknown>, warn: Warn | undefined, depth: number): string {
  const exact = exactNumbers.get(value);
  let text = "";
  for (const [name, key] of sortedNames(value, warn)) {
    const member = value[key];
    if (member === undefined) continue;
    if (text !== "") text += ",";
    text += `${JSON.stringify(name)}:`;
    text += exactText(exact, key, member) ?? write(member, warn, depth + 1);
  }
  return `{${text}}`;
}

/** Names to write, with the keys that they stand for: another text only where a key cannot be stored as it is. */
function sortedNames(value: object, warn: Warn | undefined): Iterable<readonly [name: string, key: string]> {
  const keys = Object.keys(value);
  if (keys.every(isClean)) return keys.sort().map((key) => [key, key]);
  // Two keys may become one; the later member wins, as it does in JSON.
  const names = new Map(keys.map((key) => [cleanText(key, warn), key]));
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1));
}

function isClean(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** JSONata's lambdas and built-in functions are plain objects with a mark. */
function isFunction(value: object): boolean {
  return "_jsonata_lambda" in value || "_jsonata_function" in value;
}
