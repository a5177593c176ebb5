/** Columns of Athena's results: every value is text. Types: https://docs.aws.amazon.com/athena/latest/ug/data-types.html */
import { readBytes } from "../binary.ts";
import type { ColumnKind, ResultColumn } from "../contract.ts";
import { readDecimal, readFloat, readInteger } from "../numbers.ts";

const integer = { kind: "integer", read: readInteger } as const;
const text = { kind: "text" } as const;

const types: Readonly<Record<string, { kind: ColumnKind; read?: (value: unknown) => unknown }>> = {
  boolean: { kind: "boolean", read: (value) => (value === "true" ? true : value === "false" ? false : value) },
  tinyint: integer,
  smallint: integer,
  integer,
  bigint: integer,
  real: { kind: "float", read: readFloat },
  float: { kind: "float", read: readFloat },
  double: { kind: "float", read: readFloat },
  decimal: { kind: "decimal", read: readDecimal },
  varchar: text,
  char: text,
  string: text,
  date: { kind: "date" },
  timestamp: { kind: "wall" },
};

/** `2026-11-01 01:30:00.123 UTC` to `2026-11-01 01:30:00.123Z`; other zones as they are printed. */
function readZoned(value: unknown): unknown {
  return String(value).replace(/ UTC$/, "Z");
}

/** Columns of a result, with the way of their values into records. An absent value is null before it comes here. */
export function athenaColumn(name: string, type: string, binary: "fail" | "base64" | "hex"): ResultColumn {
  // An empty text is what a CSV makes of many things, NULL among them: `null_values` of the source decides.
  const orEmpty =
    (read: (value: unknown) => unknown) =>
    (value: unknown): unknown =>
      value === "" ? "" : read(value);
  if (type === "varbinary")
    return {
      name,
      kind: "binary",
      type,
      read: (value) => readBytes(Buffer.from(String(value).replace(/\s/g, ""), "hex"), binary, name),
    };
  if (/^timestamp.* with time zone$/.test(type)) return { name, kind: "instant", type, read: orEmpty(readZoned) };
  const known = types[type.replace(/\(.*$/, "")];
  // Arrays, maps and rows as Athena prints them, json as its text: parse_json opens it.
  return { name, type, kind: known?.kind ?? "other", ...(known?.read ? { read: orEmpty(known.read) } : {}) };
}
