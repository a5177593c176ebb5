/** Columns of PostgreSQL's results. Numbers of types: pg_type.dat of PostgreSQL's sources. */
import { parseJson } from "../../../../values/json-text.ts";
import { readBytes } from "../binary.ts";
import type { ColumnKind, ResultColumn } from "../contract.ts";
import { readDecimal, readFloat, readInteger } from "../numbers.ts";

const readJson = (value: unknown): unknown => parseJson(String(value));

const types: Readonly<Record<number, { kind: ColumnKind; type: string; read?: (value: unknown) => unknown }>> = {
  16: { kind: "boolean", type: "boolean", read: (value) => value === "t" },
  20: { kind: "integer", type: "bigint", read: readInteger },
  21: { kind: "integer", type: "smallint", read: readInteger },
  23: { kind: "integer", type: "integer", read: readInteger },
  25: { kind: "text", type: "text" },
  26: { kind: "integer", type: "oid", read: readInteger },
  114: { kind: "json", type: "json", read: readJson },
  700: { kind: "float", type: "real", read: readFloat },
  701: { kind: "float", type: "double precision", read: readFloat },
  1042: { kind: "text", type: "character" },
  1043: { kind: "text", type: "character varying" },
  1082: { kind: "date", type: "date" },
  1114: { kind: "wall", type: "timestamp without time zone" },
  1184: { kind: "instant", type: "timestamp with time zone" },
  1700: { kind: "decimal", type: "numeric", read: readDecimal },
  3802: { kind: "json", type: "jsonb", read: readJson },
};

const BYTEA = 17;

/** Columns of a result, whose values are the server's own texts, with their way into records. */
export function postgresColumn(
  { name, dataTypeID }: { name: string; dataTypeID: number },
  binary: "fail" | "base64" | "hex",
): ResultColumn {
  if (dataTypeID === BYTEA)
    return {
      name,
      kind: "binary",
      type: "bytea",
      read: (value) => readBytes(Buffer.from(String(value).slice(2), "hex"), binary, name),
    };
  const known = types[dataTypeID];
  // Intervals, times, uuids, enums, arrays: as the server prints them.
  return known ? { name, ...known } : { name, kind: "other", type: `type ${dataTypeID}` };
}
