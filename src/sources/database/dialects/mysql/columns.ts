/** Columns of MySQL's and MariaDB's results. Codes: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
import { parseJson } from "../../../../values/json-text.ts";
import { readBytes } from "../binary.ts";
import type { ColumnKind, ResultColumn } from "../contract.ts";
import { readDecimal, readFloat4, readInteger } from "../numbers.ts";

/** What the driver tells of a column. */
export interface MysqlField {
  name: string;
  columnType?: number;
  type?: number;
  flags: number | string[];
  characterSet?: number;
  columnLength?: number;
  extendedTypeName?: string;
  extendedFormat?: string;
}

const NOT_NULL = 1;
const UNSIGNED = 32;
const ENUM = 256;
const SET = 2048;
/** The character set of bytes. */
const BINARY = 63;

const types: Readonly<Record<number, { kind: ColumnKind; type: string; read?: (value: unknown) => unknown }>> = {
  0: { kind: "decimal", type: "decimal", read: readDecimal },
  1: { kind: "integer", type: "tinyint" },
  2: { kind: "integer", type: "smallint" },
  3: { kind: "integer", type: "int" },
  4: { kind: "float", type: "float", read: readFloat4 },
  5: { kind: "float", type: "double" },
  6: { kind: "other", type: "null" },
  7: { kind: "instant", type: "timestamp", read: asInstant },
  8: { kind: "integer", type: "bigint" },
  9: { kind: "integer", type: "mediumint" },
  10: { kind: "date", type: "date" },
  11: { kind: "other", type: "time" },
  12: { kind: "wall", type: "datetime" },
  13: { kind: "integer", type: "year" },
  14: { kind: "date", type: "date" },
  16: { kind: "integer", type: "bit", read: readBits },
  245: { kind: "json", type: "json", read: readJson },
  246: { kind: "decimal", type: "decimal", read: readDecimal },
  255: { kind: "other", type: "geometry" },
};

/** A TIMESTAMP: the session's zone is UTC. A zero date stays what it is. */
function asInstant(value: unknown): unknown {
  const text = String(value);
  return text.startsWith("0000-00-00") ? text : `${text}Z`;
}

function readBits(value: unknown): unknown {
  if (!Buffer.isBuffer(value)) return readInteger(value);
  return readInteger(value.length === 0 ? 0n : BigInt(`0x${value.toString("hex")}`));
}

function readJson(value: unknown): unknown {
  return typeof value === "string" ? parseJson(value) : value;
}

/** What the column is made of: fields that share it are the same column. */
export function fieldShape(field: MysqlField): string {
  const { name, columnType, type, flags, characterSet, extendedTypeName, extendedFormat } = field;
  return [columnType ?? type, flags, characterSet, extendedTypeName, extendedFormat, name].join(" ");
}

/** Columns of a result, with the way of their values into records. */
export function mysqlColumn(field: MysqlField, binary: "fail" | "base64" | "hex"): ResultColumn {
  const flags = typeof field.flags === "number" ? field.flags : 0;
  const name = field.name;
  const notNull = (flags & NOT_NULL) !== 0;
  if (field.extendedFormat === "json") return { name, kind: "json", type: "json", notNull, read: readJson };
  const known = types[field.columnType ?? field.type ?? -1];
  if (known) {
    const unsigned = known.kind === "integer" && (flags & UNSIGNED) !== 0;
    return { name, notNull, ...known, type: unsigned ? `${known.type} unsigned` : known.type };
  }
  if (field.characterSet === BINARY && (flags & (ENUM | SET)) === 0 && !field.extendedTypeName)
    return {
      name,
      notNull,
      kind: "binary",
      type: "binary",
      read: (value) => (Buffer.isBuffer(value) ? readBytes(value, binary, name) : value),
    };
  // An enum's or a set's bytes, and those of a type that the driver does not know.
  const bytes = (value: unknown): unknown => (Buffer.isBuffer(value) ? value.toString("utf8") : value);
  const read = field.characterSet === BINARY ? { read: bytes } : {};
  // Sorted by the number of their value, compared by its text.
  if ((flags & (ENUM | SET)) !== 0)
    return { name, notNull, kind: "other", type: flags & ENUM ? "enum" : "set", sortsOtherwise: true, ...read };
  return { name, notNull, kind: "text", type: field.extendedTypeName ?? "text", ...read };
}
