/** SQLite. It keeps times as text or as numbers, however whoever wrote them liked it. */
import { sqlRules } from "../../../../template/index.ts";
import { dayText, formatted, sortingText } from "../bounds.ts";
import type { Dialect } from "../contract.ts";
import { sqliteFile, SqliteSession } from "./session.ts";

const bindable = (value: unknown): unknown => {
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  return value !== null && typeof value === "object" ? JSON.stringify(value) : (value ?? null);
};

export const sqliteDialect: Dialect = {
  label: "SQLite",
  rules: sqlRules["sqlite"]!,
  nullsFirst: true,
  supportsKeyset: true,
  countsCheaply: true,
  whole: (expression) => `CAST(${expression} AS INTEGER)`,
  placeholder: () => "?",
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  address: (connection, folder) => `sqlite:${sqliteFile(connection, folder)}`,
  // Times that are kept as text: empty ones, and the zero dates of a MySQL that they came from. With a hyphen, or a
  // column of numeric affinity (DATETIME has it) would make a number of it.
  zeroTime: ({ kind }) => (kind === "text" ? "< '0001-'" : undefined),
  bound(value, place) {
    const written = formatted(value, place);
    if (written !== undefined) return { bind: written };
    const instant = value.instant as string;
    return { bind: place.delta?.type === "date" ? dayText(instant, place) : sortingText(instant, place) };
  },
  key(value, { kind }) {
    // Beyond 2^53 a whole number travels as text; as such it would be greater than every number.
    if (kind === "integer" && typeof value === "string" && /^-?\d+$/.test(value)) return { bind: BigInt(value) };
    return { bind: bindable(value) };
  },
  value: (value) => ({ bind: bindable(value) }),
  open: (options) => SqliteSession.open(options),
};
