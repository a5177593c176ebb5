/** Errors of a database as people can use them: which connection, what it said, which statement. */
import { FatalError, messageOf, SpecError, TransientError } from "../../../errors.ts";

/** What to do about an error. */
export type ErrorKind = "lost" | "refused" | "denied" | "statement" | "timeout" | "busy" | "failed";

export interface ErrorPlace {
  /** Of the connection file. */
  connection: string;
  /** Without credentials. */
  address: string;
  statement?: string;
  /** Words of the database's own that help. */
  hint?: string;
}

const longestStatement = 600;

/** A driver's error as one of our classes, its own in `cause`. */
export function databaseError(error: unknown, kind: ErrorKind, place: ErrorPlace): Error {
  const { connection, address, statement, hint } = place;
  const at = `${connection} (${address})`;
  const said = `${messageOf(error).replace(/\s+/g, " ").trim().replace(/\.$/, "")}${hint ? ` (${hint})` : ""}`;
  const sent = statement === undefined ? "" : ` The statement: ${shortened(statement)}`;
  const cause = { cause: error };
  switch (kind) {
    case "lost":
      return new TransientError(`${at}: the connection could not be made or was lost: ${said}`, cause);
    case "busy":
      return new TransientError(`${at}: ${said}.${sent}`, cause);
    case "refused":
      return new FatalError(
        `${at} refused the user or the password: ${said}. Check user and password of the connection ${connection}`,
        cause,
      );
    case "denied":
      return new FatalError(`${at} does not allow it: ${said}. Grant the user SELECT on what is read.${sent}`, cause);
    case "statement":
      return new SpecError(`${at}: ${said}.${sent}`, cause);
    case "timeout":
      return new FatalError(
        `${at}: the statement took longer than statement_timeout: ${said}. Give it an index, less to read, or the connection a longer statement_timeout.${sent}`,
        cause,
      );
    case "failed":
      return new FatalError(`${at}: ${said}.${sent}`, cause);
  }
}

function shortened(statement: string): string {
  const line = statement.replace(/\s+/g, " ").trim();
  return line.length > longestStatement ? `${line.slice(0, longestStatement)}…` : line;
}

/** Codes of Node's sockets and resolver. */
export const networkCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

export function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
