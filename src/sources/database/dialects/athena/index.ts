/** Amazon Athena: SQL of Trino's over files. Every query is billed by what it reads, so there is one. */
import { sqlRules } from "../../../../template/index.ts";
import { dayText, formatted, wallText } from "../bounds.ts";
import type { Dialect } from "../contract.ts";
import { literal, textLiteral } from "./literals.ts";
import { athenaAddress, AthenaSession } from "./session.ts";

export const athenaDialect: Dialect = {
  label: "Amazon Athena",
  rules: sqlRules["athena"]!,
  nullsFirst: false,
  supportsKeyset: false,
  countsCheaply: false,
  placeholder: () => "?",
  quote: (name) => `"${name.replaceAll('"', '""')}"`,
  address: (connection) => athenaAddress(connection),
  bound(value, place) {
    const written = formatted(value, place);
    if (written !== undefined) return { bind: literal(written) };
    const instant = value.instant as string;
    if (place.delta?.type === "date") return { bind: `DATE ${textLiteral(dayText(instant, place))}` };
    return { bind: `TIMESTAMP ${textLiteral(wallText(instant, place))}` };
  },
  key: (value) => ({ bind: literal(value) }),
  value: (value) => ({ bind: literal(value) }),
  open: async (options) => new AthenaSession(options),
};
