/** PostgreSQL. */
import { sqlRules } from "../../../../template/index.ts";
import { serverAddress } from "../../server-options.ts";
import { dayText, formatted, sortingText, wallOf } from "../bounds.ts";
import type { Dialect } from "../contract.ts";
import { POSTGRES_PORT, PostgresSession } from "./session.ts";

/** Values go as text, and the server reads each as what it is compared with. */
const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === "object" ? JSON.stringify(value) : String(value);

export const postgresDialect: Dialect = {
  label: "PostgreSQL",
  rules: sqlRules["postgres"]!,
  nullsFirst: false,
  supportsKeyset: true,
  countsCheaply: true,
  whole: (expression) => `CAST(${expression} AS BIGINT)`,
  placeholder: (number) => `$${number}`,
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  address: (connection) => serverAddress(connection, POSTGRES_PORT),
  bound(value, place) {
    const written = formatted(value, place);
    if (written !== undefined) return { bind: String(written) };
    const instant = value.instant as string;
    if (place.column?.kind === "date" || (!place.column && place.delta?.type === "date"))
      return { bind: dayText(instant, place) };
    if (place.column?.kind === "text") return { bind: sortingText(instant, place) };
    // As timestamptz it is the instant; as timestamp the offset is passed over, and what is left is the wall clock.
    const isInstant = place.column?.kind === "instant";
    const { date, time, offset } = wallOf(instant, isInstant ? { ...place, delta: undefined } : place);
    return { bind: `${date} ${time}${offset}` };
  },
  key: (value) => ({ bind: textOf(value) }),
  value: (value) => ({ bind: textOf(value) }),
  open: (options) => PostgresSession.open(options),
};
