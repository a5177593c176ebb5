/**
 * Values that are in their column's form already, told without making anything: most values of most records. The
 * coercion would give each of these back as it is, without a warning.
 */
import { readColumnType, type ParsedType, type TypeName } from "./column-type.ts";
import type { CoercionOptions } from "./coerce.ts";
import { canonicalInstant, isDay } from "./iso-time.ts";

type Test = (value: unknown) => boolean;

/** Text that needs neither cleaning nor trimming; other text may need neither and is not told here. */
export function isPlainText(value: unknown): boolean {
  if (typeof value !== "string" || value.length === 0) return false;
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  // Blanks beyond ASCII are looked for where the ends are no printable ASCII.
  return first > 32 && first < 127 && last > 32 && last < 127 && !value.includes("\0") && value.isWellFormed();
}

function isInteger(value: unknown): boolean {
  return typeof value === "number" && Object.is(value | 0, value);
}

function isSafeInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function isDouble(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0);
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function isDayText(value: unknown): boolean {
  return typeof value === "string" && isDay(value);
}

function isInstantText(value: unknown): boolean {
  return typeof value === "string" && value.length === 27 && canonicalInstant(value, false) === value;
}

/** Digits with exactly `scale` of them after the point, no zeros before them that say nothing, and room for them. */
function compileDecimalTest({ precision, scale }: ParsedType): Test {
  const tail = scale === 0 ? 0 : scale + 1;
  return (value) => {
    if (typeof value !== "string") return false;
    const from = value.charCodeAt(0) === 45 ? 1 : 0;
    const point = value.length - tail;
    const whole = point - from;
    const startsWithZero = value.charCodeAt(from) === 48;
    if (whole < 1 || (startsWithZero ? whole > 1 : whole > precision - scale)) return false;
    let isZero = true;
    for (let at = from; at < value.length; at++) {
      const code = value.charCodeAt(at);
      if (at === point) {
        if (code !== 46) return false;
      } else if (code < 48 || code > 57) return false;
      else if (code !== 48) isZero = false;
    }
    return from === 0 || !isZero;
  };
}

const tests: Partial<Record<TypeName, (type: ParsedType, options: CoercionOptions) => Test | undefined>> = {
  text: () => isPlainText,
  integer: () => isInteger,
  bigint: () => isSafeInteger,
  decimal: compileDecimalTest,
  double: () => isDouble,
  boolean: () => isBoolean,
  // A day is one on the wall, whatever the zone.
  date: (_, { format }) => (format === undefined || format.length === 0 ? isDayText : undefined),
  timestamp: (_, { format }) => (format === undefined || format.length === 0 ? isInstantText : undefined),
};

/**
 * A test for values that `compileCoercion(type, options)` gives back as they are. What it does not know it denies.
 * Undefined where nothing can be told.
 */
export function compileInForm(type: string, options: CoercionOptions): Test | undefined {
  const parsed = readColumnType(type);
  const test = parsed && tests[parsed.name]?.(parsed, options);
  const nulls = new Set(options.nullValues ?? []);
  // No form takes the empty text.
  nulls.delete("");
  if (!test || nulls.size === 0) return test;
  return (value) => test(value) && !(typeof value === "string" && nulls.has(value));
}
