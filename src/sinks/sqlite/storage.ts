/** How SQLite keeps the types of a mapping, and which declared types of an existing table keep them as well. */
import type { Kind } from "../column-type.ts";
import { parseColumnType } from "../column-type.ts";
import type { ColumnType } from "../contract.ts";

export type Affinity = "TEXT" | "INTEGER" | "REAL" | "NUMERIC" | "BLOB";

/** Decimals and timestamps are TEXT because REAL would lose digits. */
const STORED_AS: Record<Kind, "TEXT" | "INTEGER" | "REAL"> = {
  text: "TEXT",
  integer: "INTEGER",
  bigint: "INTEGER",
  decimal: "TEXT",
  double: "REAL",
  boolean: "INTEGER",
  date: "TEXT",
  time: "TEXT",
  timestamp: "TEXT",
  interval: "TEXT",
  json: "TEXT",
  uuid: "TEXT",
};

/** The declared type of a column that we create. */
export function storedAs(type: ColumnType): "TEXT" | "INTEGER" | "REAL" {
  return STORED_AS[parseColumnType(type).kind];
}

/** The affinity of a declared type, by the rules of https://www.sqlite.org/datatype3.html section 3.1. */
export function affinityOf(declared: string): Affinity {
  const type = declared.toUpperCase();
  if (type.includes("INT")) return "INTEGER";
  if (/CHAR|CLOB|TEXT/.test(type)) return "TEXT";
  if (type === "" || type === "ANY" || type.includes("BLOB")) return "BLOB";
  if (/REAL|FLOA|DOUB/.test(type)) return "REAL";
  return "NUMERIC";
}

/**
 * True when a column declared so gives back every value of the type as it was written. NUMERIC (DATE, DATETIME,
 * BOOLEAN, UUID, …) turns what looks like a number into one, so it may hold only what never does.
 */
export function keeps(declared: string, type: ColumnType): boolean {
  const affinity = affinityOf(declared);
  const wanted = storedAs(type);
  if (affinity === wanted || (affinity === "BLOB" && wanted === "TEXT")) return true;
  if (affinity !== "NUMERIC") return false;
  return wanted !== "TEXT" || ["date", "time", "timestamp", "uuid"].includes(parseColumnType(type).kind);
}
