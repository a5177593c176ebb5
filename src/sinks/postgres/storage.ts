/** How PostgreSQL keeps the types of a mapping, and which types of an existing column keep them as well. */
import { type Kind, parseColumnType } from "../column-type.ts";
import type { ColumnType } from "../contract.ts";

const STORED_AS: Record<Kind, string> = {
  text: "text",
  integer: "integer",
  bigint: "bigint",
  decimal: "numeric",
  double: "double precision",
  boolean: "boolean",
  date: "date",
  time: "time without time zone",
  timestamp: "timestamp with time zone",
  interval: "interval",
  json: "jsonb",
  uuid: "uuid",
};

/** The type of a column that we create, spelled as `format_type` spells it. */
export function storedAs(type: ColumnType): string {
  const { kind, precision, scale } = parseColumnType(type);
  return kind !== "decimal" ? STORED_AS[kind] : `${STORED_AS[kind]}(${precision},${scale})`;
}

/** True when a column of that type (`format_type`) gives back every value of ours as it was written, if it fits. */
export function keeps(stored: string, type: ColumnType): boolean {
  if (stored === storedAs(type)) return true;
  const { kind, precision, scale } = parseColumnType(type);
  if (kind === "text") return /^(character varying|character)(\(\d+\))?$/.test(stored);
  if (kind === "integer") return stored === "bigint";
  if (kind !== "decimal") return false;
  if (stored === "numeric") return true;
  const wider = /^numeric\((\d+),(\d+)\)$/.exec(stored);
  if (!wider) return false;
  return Number(wider[2]) >= scale && Number(wider[1]) - Number(wider[2]) >= precision - scale;
}

const NUMBERS = /^(smallint|integer|bigint|real|double precision|numeric)/;

/** What ALTER COLUMN … TYPE needs beside the type; nothing where PostgreSQL casts by itself. */
export function usingClause(column: string, stored: string, wanted: string): string {
  if (wanted === "text" || (NUMBERS.test(stored) && NUMBERS.test(wanted))) return "";
  // Without it the zone of whoever runs the statement would decide.
  if (stored.startsWith("timestamp") && stored.endsWith("without time zone") && wanted.endsWith("with time zone")) {
    return ` USING ${column} AT TIME ZONE 'UTC'`;
  }
  if (stored === "date" && wanted === "timestamp with time zone")
    return ` USING ${column}::timestamp AT TIME ZONE 'UTC'`;
  return ` USING ${column}::${wanted}`;
}
