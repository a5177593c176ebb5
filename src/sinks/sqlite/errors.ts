/** What an error of SQLite means for the run. */
import { FatalError, messageOf, RecordError, SpecError, TransientError } from "../../errors.ts";

/** Result codes by name, as https://www.sqlite.org/rescode.html lists them; only those that we tell apart or show. */
const NAMES: Record<number, string> = {
  1: "SQLITE_ERROR",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  7: "SQLITE_NOMEM",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  18: "SQLITE_TOOBIG",
  19: "SQLITE_CONSTRAINT",
  20: "SQLITE_MISMATCH",
  25: "SQLITE_RANGE",
  26: "SQLITE_NOTADB",
  275: "SQLITE_CONSTRAINT_CHECK",
  787: "SQLITE_CONSTRAINT_FOREIGNKEY",
  1299: "SQLITE_CONSTRAINT_NOTNULL",
  1555: "SQLITE_CONSTRAINT_PRIMARYKEY",
  1811: "SQLITE_CONSTRAINT_TRIGGER",
  2067: "SQLITE_CONSTRAINT_UNIQUE",
  2579: "SQLITE_CONSTRAINT_ROWID",
  3091: "SQLITE_CONSTRAINT_DATATYPE",
};

const DATA = new Set([18, 19, 20, 25]);
const BUSY = new Set([5, 6]);

interface SqliteError extends Error {
  /** The extended result code; its low byte is the primary one. */
  errcode: number;
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

const primary = (error: SqliteError): number => error.errcode & 0xff;

/** One row is to blame: a constraint, a value of the wrong type or too big. */
export function isDataError(error: unknown): boolean {
  return isSqliteError(error) && DATA.has(primary(error));
}

/** Somebody else is writing: worth another try. */
export function isBusy(error: unknown): boolean {
  return isSqliteError(error) && BUSY.has(primary(error));
}

/** SQLite's name of the result code. */
export function codeOf(error: unknown): string {
  if (!isSqliteError(error)) return "SQLITE_ERROR";
  return NAMES[error.errcode] ?? NAMES[primary(error)] ?? `SQLITE_${error.errcode}`;
}

/** The column that a constraint's message names: `NOT NULL constraint failed: t.amount`. */
export function fieldOf(error: unknown): string | undefined {
  const match = /constraint failed: [^,]*\.([^.,]+)$/.exec(messageOf(error));
  return match?.[1];
}

/** The error as one of the four classes; what is one already, or did not come from SQLite, stays as it is. */
export function classify(error: unknown, where: { address: string; statement?: string }): unknown {
  if (error instanceof SpecError || error instanceof FatalError) return error;
  if (error instanceof RecordError || error instanceof TransientError || !isSqliteError(error)) return error;
  const { address, statement } = where;
  if (primary(error) === 1) {
    const text = statement === undefined ? "" : `\n${statement.slice(0, 2000)}`;
    return new SpecError(`${address} refused a statement: ${error.message}${text}`, {
      cause: error,
    });
  }
  const hint = HINTS[primary(error)];
  return new FatalError(`${address}: ${error.message} (${codeOf(error)})${hint ? `. ${hint}` : ""}`, { cause: error });
}

const HINTS: Record<number, string> = {
  5: "Another program has been writing to it for too long; run again when it has ended.",
  6: "Another program has been writing to it for too long; run again when it has ended.",
  8: "The file or its folder cannot be written to.",
  11: "The file is damaged: restore it from a backup.",
  13: "The disk is full.",
  14: "Does its folder exist, and may this user write there?",
  26: "The file is not an SQLite database.",
};
