/** Columns of SQLite's results: what a value is, each value tells. */
import { readBytes } from "../binary.ts";
import type { ColumnKind, ResultColumn } from "../contract.ts";
import { readFloat, readInteger } from "../numbers.ts";

export interface SqliteField {
  name: string;
  type: string | null;
}

/** A column of a result, with the way of its values into records. */
export function sqliteColumn({ name, type }: SqliteField, binary: "fail" | "base64" | "hex"): ResultColumn {
  return {
    name,
    kind: kindOf(type ?? ""),
    type: type ?? "any",
    read: (value) => {
      if (typeof value === "bigint") return readInteger(value);
      if (typeof value === "number") return readFloat(value);
      return value instanceof Uint8Array ? readBytes(value, binary, name) : value;
    },
  };
}

/** By the declared type, as SQLite itself takes it: https://sqlite.org/datatype3.html, section 3.1. Cells may differ. */
function kindOf(declared: string): ColumnKind {
  const type = declared.toUpperCase();
  if (type.includes("INT")) return "integer";
  if (/CHAR|CLOB|TEXT|DATE|TIME/.test(type)) return "text";
  if (/REAL|FLOA|DOUB/.test(type)) return "float";
  if (/DEC|NUM/.test(type)) return "decimal";
  return "other";
}
