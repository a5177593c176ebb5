/** What an error of PostgreSQL means for the run, by its SQLSTATE. */
import { FatalError, messageOf, RecordError, SpecError, TransientError } from "../../errors.ts";

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: data exception, constraint, program limit. */
const DATA_CLASSES = ["22", "23", "54"];

/** The fields of an ErrorResponse that we read; `pg` has no exported guard for its DatabaseError. */
export interface PostgresError extends Error {
  code: string;
  detail?: string;
  where?: string;
  column?: string;
}

export function isPostgresError(error: unknown): error is PostgresError {
  return (
    error instanceof Error && "code" in error && typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code)
  );
}

/** One row is to blame: a value out of range, a violated constraint, a row too wide. */
export function isDataError(error: unknown): error is PostgresError {
  return isPostgresError(error) && DATA_CLASSES.includes(error.code.slice(0, 2));
}

/** "ON CONFLICT cannot affect a row a second time": two keys that differ for us are equal for the database. */
export function isSameRowTwice(error: unknown): error is PostgresError {
  return isPostgresError(error) && error.code === "21000";
}

/** A deadlock, a serialization failure or a lock that was not to be had: the transaction is made again. */
export function isRepeatable(error: unknown): boolean {
  return isPostgresError(error) && (error.code.startsWith("40") || error.code === "55P03");
}

/** A data error in words that a person can act on. */
export function describe(error: PostgresError): string {
  if (error.code === "54000") {
    const sizes = /(\d+)\D+(\d+)\s*$/.exec(error.message);
    if (sizes) {
      return (
        `the row is too wide for PostgreSQL: size ${sizes[1]}, maximum ${sizes[2]}; every filled column takes its share ` +
        "of one page: map fewer columns, gather some in a json column, or split the table"
      );
    }
  }
  const detail = error.detail === undefined || error.detail.startsWith("Failing row") ? "" : `: ${error.detail}`;
  return `PostgreSQL refused the row: ${error.message}${detail}`;
}

/** The column that the database names, if it names one. */
export function fieldOf(error: PostgresError): string | undefined {
  // A unique violation names its columns in the detail alone: `Key (email)=(x) already exists.`
  return error.column ?? /\(([^(),]+)\)=\(/.exec(error.detail ?? "")?.[1];
}

/** The error as one of the four classes; what is one already, or did not come from the database, stays as it is. */
export function classify(error: unknown, where: { address: string; statement?: string }): unknown {
  if (error instanceof SpecError || error instanceof FatalError) return error;
  if (error instanceof RecordError || error instanceof TransientError) return error;
  const { address, statement } = where;
  if (isPostgresError(error)) {
    if (error.code.startsWith("42")) {
      const text = statement === undefined ? "" : `\n${statement.slice(0, 2000)}`;
      return new SpecError(`${address} refused a statement: ${error.message} (${error.code})${text}`, { cause: error });
    }
    const again = isRepeatable(error) ? ", again and again" : "";
    return new FatalError(`${address}: ${error.message} (${error.code})${again}`, { cause: error });
  }
  return isConnectionError(error) ? new FatalError(`${address}: ${messageOf(error)}`, { cause: error }) : error;
}

/** `pg` reports a broken connection with a system error (ECONNRESET) or with one of its own that has only words. */
function isConnectionError(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isConnectionError);
  if (!(error instanceof Error)) return false;
  if ("syscall" in error || ("code" in error && /^E[A-Z]+$/.test(String(error.code)))) return true;
  return /^Connection terminated|not queryable|^Client was closed|timeout expired/.test(error.message);
}
