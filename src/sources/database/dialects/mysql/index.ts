/** MySQL and MariaDB. */
import { sqlRules } from "../../../../template/index.ts";
import type { Position } from "../../../contract.ts";
import { serverAddress } from "../../server-options.ts";
import type { BoundValue } from "../../sql/sql.ts";
import { dayText, formatted, sortingText, wallText } from "../bounds.ts";
import type { Dialect } from "../contract.ts";
import { MYSQL_PORT, MysqlSession } from "./session.ts";

/** Against a text MySQL compares numbers as doubles, which lose what is beyond 2^53: it is told the type. */
const integer = (value: unknown): BoundValue => {
  const text = String(value);
  const type = text.startsWith("-") || BigInt(text) < 2n ** 63n ? "SIGNED" : "UNSIGNED";
  return { bind: text, cast: (placeholder) => `CAST(${placeholder} AS ${type})` };
};

export const mysqlDialect: Dialect = {
  label: "MySQL",
  rules: sqlRules["mysql"]!,
  nullsFirst: true,
  supportsKeyset: true,
  countsCheaply: true,
  whole: (expression) => `CAST(${expression} AS SIGNED)`,
  placeholder: () => "?",
  quote: (name) => `\`${name.replaceAll("`", "``")}\``,
  address: (connection) => serverAddress(connection, MYSQL_PORT),
  zeroTime({ kind }) {
    if (kind === "wall" || kind === "instant") return "= '0000-00-00 00:00:00'";
    return kind === "date" ? "= '0000-00-00'" : undefined;
  },
  bound(value, place) {
    const written = formatted(value, place);
    if (written !== undefined) return typeof written === "string" ? { bind: written } : integer(written);
    const instant = value.instant as string;
    if (place.column?.kind === "date" || (!place.column && place.delta?.type === "date"))
      return { bind: dayText(instant, place) };
    if (place.column?.kind === "text") return { bind: sortingText(instant, place) };
    // A TIMESTAMP is an instant, and the session's zone is UTC.
    if (place.column?.kind === "instant") return { bind: wallText(instant, { ...place, delta: undefined }) };
    return { bind: wallText(instant, place) };
  },
  key(value, { kind, type }) {
    if (kind === "integer") return integer(value);
    // What the record has is the shortest number for four bytes; what it is compared with is all eight.
    if (type === "float") return { bind: Math.fround(Number(value)) };
    if (kind === "decimal")
      return { bind: String(value), cast: (placeholder) => `CAST(${placeholder} AS DECIMAL(65,30))` };
    if (kind === "instant") return { bind: String(value).replace(/Z$/, "") };
    return { bind: value };
  },
  value: (value) => ({ bind: typeof value === "bigint" ? String(value) : (value as Position) }),
  open: (options) => MysqlSession.open(options),
};
