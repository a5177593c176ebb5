/** The type of a column from values that were read: the narrowest that holds every one of them. */
import { compileCoercion } from "../values/coerce.ts";
import { readIsoTime } from "../values/iso-time.ts";

export interface GuessedType {
  type: string;
  /** How numbers that are times count. */
  format?: string;
  /** Times that carry no zone. */
  wall?: boolean;
  /** What whoever reads the spec should know. */
  note?: string;
}

/** Numbers that a decimal keeps beside those that were seen. */
const decimalRoom = 6;
const longestDecimal = 38;
/** Twenty times as much still fits an integer. */
const roomyInteger = 100_000_000n;

const wholeNumber = /^-?(?:0|[1-9]\d*)$/;
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** A column's type. NULLs and empty texts say nothing; without other values it is text. */
export function typeOfValues(values: readonly unknown[], name = ""): GuessedType {
  const seen = values.filter((value) => value !== null && value !== undefined && value !== "");
  if (seen.length === 0) return { type: "text", note: "no value in the sample" };
  if (seen.some((value) => typeof value === "object")) return { type: "json" };
  if (seen.every((value) => typeof value === "boolean")) return { type: "boolean" };
  if (seen.some((value) => typeof value === "boolean")) return { type: "text" };
  const texts = seen.map((value) => String(value).trim());
  if (texts.every((text) => wholeNumber.test(text))) return wholeType(texts, { name, areTexts: areTexts(seen) });
  if (texts.every((text) => number.test(text))) return decimalType(texts);
  if (seen.every((value) => typeof value === "number" || number.test(String(value)))) return { type: "double" };
  if (texts.every((text) => /^(true|false)$/i.test(text))) return { type: "boolean" };
  if (texts.every((text) => /^\d{4}-\d{2}-\d{2}$/.test(text)) && fits(texts, "date")) return { type: "date" };
  if (texts.every((text) => /^\d{4}-\d{2}-\d{2}([T ]|$)/.test(text)) && fits(texts, "timestamp")) {
    const wall = texts.some((text) => readIsoTime(text)?.zoneless ?? true);
    return { type: "timestamp", ...(wall ? { wall } : {}) };
  }
  if (texts.every((text) => /^\d{2}:\d{2}:\d{2}(\.\d+)?$/.test(text)) && fits(texts, "time")) return { type: "time" };
  if (texts.every((text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))) return { type: "uuid" };
  return { type: "text" };
}

/** Whether a type takes every value without a warning. */
export function fits(values: readonly unknown[], type: string): boolean {
  const coerce = compileCoercion(type);
  let warned = false;
  try {
    for (const value of values) coerce(value, () => (warned = true));
    return !warned;
  } catch {
    return false;
  }
}

function areTexts(seen: readonly unknown[]): boolean {
  return seen.every((value) => typeof value === "string");
}

/** Digits that only look like a number: nobody adds them up, and some begin with a zero. */
const labelName = /(^|_)(zip|postal|phone|fax|mobile|sku|code|number|no|ssn|tin|ein|account)(_|\d|$)|zip_?code/i;
const timeName = /(_at|_on|_time|_date|timestamp|^date|^time|created|updated|modified)$/i;

function wholeType(
  texts: readonly string[],
  { name, areTexts: quoted }: { name: string; areTexts: boolean },
): GuessedType {
  if (quoted && labelName.test(name)) return { type: "text" };
  const numbers = texts.map(BigInt);
  if (timeName.test(name)) {
    if (numbers.every((value) => value >= 100_000_000n && value < 10_000_000_000n))
      return { type: "timestamp", format: "epoch", note: "taken for seconds since 1970" };
    if (numbers.every((value) => value >= 100_000_000_000n && value < 10_000_000_000_000n))
      return { type: "timestamp", format: "epochMs", note: "taken for milliseconds since 1970" };
  }
  // An id that is small today is not in ten years, and a sample knows little of what is to come.
  const isId = /(^|_)id$/i.test(name);
  if (!isId && numbers.every((value) => value >= -roomyInteger && value <= roomyInteger)) return { type: "integer" };
  if (numbers.every((value) => value >= -(2n ** 63n) && value < 2n ** 63n)) return { type: "bigint" };
  return decimalType(texts);
}

function decimalType(texts: readonly string[]): GuessedType {
  const whole = Math.max(...texts.map((text) => text.replace(/^-|\..*$/g, "").length));
  const scale = Math.max(2, ...texts.map((text) => text.split(".")[1]?.length ?? 0));
  const precision = whole + scale + decimalRoom;
  if (precision > longestDecimal || scale > 12) return { type: "double" };
  return { type: `decimal(${precision},${scale})`, note: "as many digits as the sample has, and six more" };
}
