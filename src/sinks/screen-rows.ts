/** What is settled before a row reaches a database, so that every database settles it alike. */
import { FatalError } from "../errors.ts";
import { parseColumnType } from "./column-type.ts";
import type { MergeInput, Row, Table, Value, WriteReject } from "./contract.ts";

/** The database's own code for each of the reasons for which a row is refused here. */
export interface ScreenCodes {
  missingKey: string;
  badText: string;
  outOfRange: string;
}

export interface Screened {
  /** Indexes into `MergeInput.rows`, ascending: rows that may be written, distinct by key. */
  kept: number[];
  /** How many rows a later one with the same key took the place of; they are counted as unchanged. */
  superseded: number;
  rejects: WriteReject[];
}

const INT64_LIMIT = 2n ** 63n;
/** `\u0000` inside JSON text, not preceded by a backslash of its own. */
const JSON_NUL = /(?<!\\)(?:\\\\)*\\u0000/;

/**
 * Refuses rows with a missing key, a NUL character, a lone surrogate, a number that is none or does not fit 64 bits,
 * and keeps the last of rows that share a key.
 * @throws FatalError when a row does not have one value a column: that is a bug of the caller.
 */
export function screenRows(input: MergeInput, codes: ScreenCodes): Screened {
  const { table, rows } = input;
  const json = table.columns.map((column) => parseColumnType(column.type).kind === "json");
  const keys = table.keys.map((name) => table.columns.findIndex((column) => column.name === name));
  const screened: Screened = { kept: [], superseded: 0, rejects: [] };
  const last = new Map<unknown, number>();
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] ?? [];
    const problem = screenRow({ row, table, json, keys, codes });
    if (problem) {
      screened.rejects.push({ index, ...problem });
      continue;
    }
    screened.kept.push(index);
    last.set(keyOf(row, keys), index);
  }
  if (last.size < screened.kept.length) {
    screened.superseded = screened.kept.length - last.size;
    screened.kept = [...last.values()].sort((a, b) => a - b);
  }
  return screened;
}

/** Equal for equal keys: a number and its bigint are one key, and no text holds the NUL that joins. */
function keyOf(row: Row, keys: readonly number[]): unknown {
  const first = row[keys[0] ?? 0];
  if (keys.length === 1)
    return typeof first === "bigint" ? String(first) : typeof first === "number" ? String(first) : first;
  return keys.map((at) => String(row[at])).join("\0");
}

interface RowToScreen {
  row: Row;
  table: Table;
  json: readonly boolean[];
  keys: readonly number[];
  codes: ScreenCodes;
}

function screenRow({ row, table, json, keys, codes }: RowToScreen): Omit<WriteReject, "index"> | undefined {
  if (row.length !== table.columns.length) {
    throw new FatalError(
      `a row for "${table.name}" has ${row.length} values for ${table.columns.length} columns: a bug of the runner`,
    );
  }
  for (const key of keys) {
    if (row[key] !== null && row[key] !== undefined) continue;
    const field = table.columns[key]?.name;
    return { field, code: codes.missingKey, message: `the key column "${field}" is missing` };
  }
  for (let at = 0; at < row.length; at++) {
    const problem = screenValue(row[at] as Value, json[at] === true);
    if (!problem) continue;
    const field = table.columns[at]?.name;
    return { field, code: codes[problem.code], message: `"${field}" ${problem.message}` };
  }
  return undefined;
}

function screenValue(value: Value, json: boolean): { code: keyof ScreenCodes; message: string } | undefined {
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
