import { SpecError } from "../errors.ts";
import type { Value } from "../sinks/contract.ts";
import { toBoolean } from "./boolean.ts";
import type { Warn } from "./clean-text.ts";
import { type ParsedType, readColumnType, type TypeName } from "./column-type.ts";
import { compileDate, compileTime, compileTimestamp } from "./dates.ts";
import { compileInterval } from "./interval.ts";
import { compileBigint, compileDecimal, compileDouble, compileInteger, type Convert } from "./numbers.ts";
import { compileText, toJson, toUuid } from "./text.ts";

export { isColumnType } from "./column-type.ts";

export interface CoercionOptions {
  /** How values are written: for dates and times, `money` for numbers, a unit for intervals. */
  format?: string | readonly string[];
  /** Zone of zone-less times, and the one in which instants are cut to dates; UTC if absent. */
  timeZone?: string;
  /** Blanks around a text are taken off; text alone, other types never see them. Default true. */
  trim?: boolean;
  /** A text stays as it came: empty is not NULL, blanks stay unless `trim` says otherwise. */
  keepEmpty?: boolean;
  /** Texts that mean NULL, compared before trimming. Default `[""]`. */
  nullValues?: readonly string[];
}

/** Makes a column's value of what the mapping gave, or throws RecordError: `"soon" is not a timestamp`. */
export type Coercion = (value: unknown, warn: Warn) => Value;

const families: Readonly<Record<TypeName, (type: ParsedType, options: CoercionOptions) => Convert>> = {
  // A text stays as it came with `keepEmpty`: blanks too, unless the spec says `trim: true`.
  text: formless(({ trim, keepEmpty }) => compileText(trim ?? keepEmpty !== true)),
  integer: compileInteger,
  bigint: compileBigint,
  decimal: compileDecimal,
  double: compileDouble,
  boolean: formless(() => toBoolean),
  date: compileDate,
  time: compileTime,
  timestamp: compileTimestamp,
  interval: compileInterval,
  json: formless(() => toJson),
  uuid: formless(() => toUuid),
};

/** A type that is written in one way only. */
function formless(compile: (options: CoercionOptions) => Convert) {
  return (type: ParsedType, options: CoercionOptions): Convert => {
    if (options.format === undefined || options.format.length === 0) return compile(options);
    throw new SpecError(`type ${type.name} takes no format`);
  };
}

/**
 * Compiles the way of a value into a column: NULL values of the source, then trimming, then the type. Null and
 * undefined are null, and so is a text that is empty after trimming, unless `keepEmpty`. Throws SpecError for an
 * unknown type, zone or format.
 */
export function compileCoercion(type: string, options: CoercionOptions = {}): Coercion {
  const parsed = readColumnType(type);
  if (parsed === undefined) throw new SpecError(`"${type}" is not a type such as text, bigint or decimal(12,2)`);
  const convert = families[parsed.name](parsed, options);
  const keepsEmpty = options.keepEmpty === true && (parsed.name === "text" || parsed.name === "json");
  const nulls = new Set(options.nullValues ?? [""]);
  if (keepsEmpty) nulls.delete("");
  // Text trims itself, after cleaning; JSON stays as it is.
  const trims = parsed.name !== "text" && parsed.name !== "json";
  const emptyIsNull = !keepsEmpty;
  return (value, warn) => {
    if (value === null || value === undefined) return null;
    if (typeof value !== "string") return convert(value, warn);
    if (nulls.has(value)) return null;
    const text = trims ? value.trim() : value;
    if (text === "" && emptyIsNull) return null;
    const result = convert(text, warn);
    return result === "" && emptyIsNull ? null : result;
  };
}
