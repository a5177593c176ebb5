/** What is settled before a row reaches a database, so that every database settles it alike. */
import { FatalError } from "../errors.ts";
import { parseColumnType } from "./column-type.ts";
import type { Row, Table, Value, WriteReject } from "./contract.ts";

/** The database's own code for each of the reasons for which a row is refused here. */
export interface ScreenCodes {
  missingKey: string;
  badText: string;
  outOfRange: string;
}

/** Why a row is refused. */
export type RowProblem = Omit<WriteReject, "index">;

/** Looks at rows of one table. */
export interface Screen {
  /** Of each column. */
  readonly isJson: readonly boolean[];
  /**
   * A key column without a value.
   * @throws FatalError when the row does not have one value a column: that is a bug of the caller.
   */
  key(row: Row): RowProblem | undefined;
  /** A NUL character, a lone surrogate, a number that is none or does not fit 64 bits. @param at the column's place */
  value(value: Value, at: number): RowProblem | undefined;
}

const INT64_LIMIT = 2n ** 63n;
/** `\u0000` inside JSON text, not preceded by a backslash of its own. */
const JSON_NUL = /(?<!\\)(?:\\\\)*\\u0000/;

/** Throws SpecError for a type that does not exist. */
export function screenOf({ name, columns, keys }: Table, codes: ScreenCodes): Screen {
  const isJson = columns.map((column) => parseColumnType(column.type).kind === "json");
  const keysAt = keys.map((key) => columns.findIndex((column) => column.name === key));
  return {
    isJson,
    key(row) {
      if (row.length !== columns.length)
        throw new FatalError(
          `a row for "${name}" has ${row.length} values for ${columns.length} columns: a bug of the runner`,
        );
      for (const at of keysAt) {
        if (row[at] !== null && row[at] !== undefined) continue;
        const field = columns[at]?.name;
        return { field, code: codes.missingKey, message: `the key column "${field}" is missing` };
      }
      return undefined;
    },
    value(value, at) {
      const problem = problemOf(value, isJson[at] === true);
      if (!problem) return undefined;
      const field = columns[at]?.name;
      return { field, code: codes[problem.code], message: `"${field}" ${problem.message}` };
    },
  };
}

function problemOf(value: Value, json: boolean): { code: keyof ScreenCodes; message: string } | undefined {
  if (typeof value === "string") {
    if (value.includes("\0") || (json && JSON_NUL.test(value))) {
      return {
        code: "badText",
        message: "holds a NUL character (U+0000), which a database text cannot",
      };
    }
    // UTF-8 has no lone surrogates: the encoder would put a replacement character in its place without a word.
    if (!value.isWellFormed()) return { code: "badText", message: "holds half of a surrogate pair: it is not Unicode" };
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) return { code: "outOfRange", message: `is not a finite number: ${value}` };
  } else if (typeof value === "bigint" && (value >= INT64_LIMIT || value < -INT64_LIMIT)) {
    return { code: "outOfRange", message: `does not fit 64 bits: ${value}` };
  }
  return undefined;
}
