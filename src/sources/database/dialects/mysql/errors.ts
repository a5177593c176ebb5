/** MySQL's and MariaDB's errors by what to do next. Numbers: https://mariadb.com/kb/en/mariadb-error-codes/ */
import { codeOf, type ErrorKind, networkCodes } from "../error-text.ts";

const kinds: Readonly<Record<number, ErrorKind>> = {
  // The server goes down, is full, has ended us, or the packets broke off.
  1040: "lost",
  1053: "lost",
  1077: "lost",
  1079: "lost",
  1152: "lost",
  1158: "lost",
  1159: "lost",
  1160: "lost",
  1161: "lost",
  1184: "lost",
  1203: "lost",
  1226: "lost",
  1927: "lost",
  2006: "lost",
  2013: "lost",
  3168: "lost",
  4031: "lost",
  // Locks: the same again may do.
  1205: "busy",
  1213: "busy",
  1412: "busy",
  1045: "refused",
  1251: "refused",
  1524: "refused",
  1698: "refused",
  1862: "refused",
  1044: "denied",
  1142: "denied",
  1143: "denied",
  1227: "denied",
  1370: "denied",
  1969: "timeout",
  3024: "timeout",
};

/** Classes of SQLSTATE that are the statement's fault: syntax and names. */
const ofStatement = /^(?:42|21|07)/;

export function mysqlErrorKind(error: unknown): ErrorKind {
  const { errno, sqlState, fatal } = (error ?? {}) as { errno?: number; sqlState?: string; fatal?: boolean };
  const code = codeOf(error);
  if (networkCodes.has(code) || /^PROTOCOL_(CONNECTION_LOST|SEQUENCE_TIMEOUT)/.test(code)) return "lost";
  const known = errno === undefined ? undefined : kinds[errno];
  if (known) return known;
  if (errno === 1049) return "statement";
  if (sqlState && ofStatement.test(sqlState)) return "statement";
  // The driver says fatal of what ended the connection, and the server has given no number of its own.
  return fatal && sqlState === undefined && !code.startsWith("HANDSHAKE") ? "lost" : "failed";
}
