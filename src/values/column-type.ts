/** The types of section 5 of the design, as a mapping writes them. */
export type TypeName =
  | "text"
  | "integer"
  | "bigint"
  | "decimal"
  | "double"
  | "boolean"
  | "date"
  | "time"
  | "timestamp"
  | "interval"
  | "json"
  | "uuid";

export interface ParsedType {
  readonly name: TypeName;
  /** Of a decimal: how many digits in all, and how many of them after the point. 0 for other types. */
  readonly precision: number;
  readonly scale: number;
}

const plain: ReadonlySet<string> = new Set([
  "text",
  "integer",
  "bigint",
  "double",
  "boolean",
  "date",
  "time",
  "timestamp",
  "interval",
  "json",
  "uuid",
]);
/** PostgreSQL's own limit for a declared precision. */
const maxPrecision = 1000;

/** Takes a type as written: `text`, `decimal(12,2)`, `decimal(12)`. Undefined when there is no such type. */
export function readColumnType(type: string): ParsedType | undefined {
  if (plain.has(type)) return { name: type as TypeName, precision: 0, scale: 0 };
  const match = /^decimal\(\s*(\d{1,4})\s*(?:,\s*(\d{1,4})\s*)?\)$/.exec(type);
  if (match === null) return undefined;
  const precision = Number(match[1]);
  const scale = Number(match[2] ?? "0");
  if (precision < 1 || precision > maxPrecision || scale > precision) return undefined;
  return { name: "decimal", precision, scale };
}

/** True for a type that a mapping may name. */
export function isColumnType(type: string): boolean {
  return readColumnType(type) !== undefined;
}
