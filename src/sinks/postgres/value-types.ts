/** How values come back from PostgreSQL: in the canonical forms of `Value`, where `pg` would make Dates and objects. */
import pg from "pg";

const OID = {
  bool: 16,
  int8: 20,
  int2: 21,
  int4: 23,
  float4: 700,
  float8: 701,
  oid: 26,
  timestamptz: 1184,
};

type Parse = (text: string) => unknown;

const PARSERS = new Map<number, Parse>([
  [OID.bool, (text) => text === "t"],
  [OID.int2, Number],
  [OID.int4, Number],
  [OID.oid, Number],
  [OID.float4, Number],
  [OID.float8, Number],
  [OID.int8, parseBigint],
  [OID.timestamptz, parseTimestamp],
]);

/** Numbers where a number holds them exactly, else bigints. */
function parseBigint(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** `2025-01-01 00:00:00.5+00`, as a session in UTC prints it, to `2025-01-01T00:00:00.500000Z`. */
function parseTimestamp(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/.exec(text);
  return match ? `${match[1]}T${match[2]}.${(match[3] ?? "").padEnd(6, "0")}Z` : text;
}

/** Text for whatever is not listed: decimals, dates, times, intervals, uuids and json as the database prints them. */
export const valueTypes = {
  getTypeParser: (oid: number, format?: string) =>
    format === "binary" ? pg.types.getTypeParser(oid, "binary") : (PARSERS.get(oid) ?? ((text: string) => text)),
} as pg.CustomTypesConfig;
