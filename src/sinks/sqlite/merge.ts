/** Upserts a batch into SQLite: staged in a temporary table, classified and written by set SQL. */
import type { SQLInputValue } from "node:sqlite";
import { messageOf } from "../../errors.ts";
import { bufferOf, givenRows, screened } from "../buffered.ts";
import type { MergeInput, MergeResult, Value, WriteReject } from "../contract.ts";
import { foldCase, readTable } from "./catalog.ts";
import type { SqliteConnection } from "./connection.ts";
import { codeOf, fieldOf, isDataError } from "./errors.ts";
import { SqliteRows } from "./row-buffer.ts";
import { type MergeSql, mergeSql } from "./sql.ts";

interface Counts {
  created: number;
  updated: number;
}

interface Found {
  /** Staged rows whose key is stored. */
  matched: number;
  stale: number;
  updated: number;
}

/** Staged rows, by the indexes that they came with. */
interface Range {
  first: number;
  last: number;
  rows: number;
}

interface Batch {
  connection: SqliteConnection;
  input: MergeInput;
  rows: SqliteRows;
  sql: MergeSql;
  rejects: WriteReject[];
}

/** Writes the rows; inside a transaction. Throws SQLite's own error for what is not one row's fault. */
export function mergeRows(connection: SqliteConnection, input: MergeInput): MergeResult {
  const rows = bufferOf(SqliteRows, input);
  const { kept, rejects } = screened(input, rows.problems);
  const sql = mergeSql({ ...input, isStored: () => true });
  const batch: Batch = { connection, input, rows, sql, rejects };
  const range = fillStage(batch, kept);
  if (!range) return resultOf(batch, { created: 0, updated: 0, stale: [] });
  const found = classify(batch, range);
  const stale = listStale(batch, { range, found });
  if (stale.length > 0) connection.prepare(sql.dropStale).run(range.first, range.last);
  const counts = { created: range.rows - found.matched, updated: found.updated };
  const written = counts.created + counts.updated === 0 || upsert(batch, range) === undefined;
  return resultOf(batch, {
    ...(written ? counts : writeHalves(batch, stagedIndexes(batch))),
    stale,
  });
}

/** Counts what `mergeRows` would do; writes to the temporary schema alone. */
export function compareRows(connection: SqliteConnection, input: MergeInput): MergeResult {
  const rows = bufferOf(SqliteRows, input);
  const { kept, rejects } = screened(input, rows.problems);
  const stored = readTable(connection, input.table.name);
  const isStored = (column: { name: string }): boolean => stored?.columns.has(foldCase(column.name)) === true;
  const sql = mergeSql({ ...input, isStored });
  const batch: Batch = { connection, input, rows, sql, rejects };
  const range = fillStage(batch, kept);
  const keysStored = input.table.keys.every((name) => isStored({ name }));
  const found = range && keysStored ? classify(batch, range) : { matched: 0, stale: 0, updated: 0 };
  const stale = range ? listStale(batch, { range, found }) : [];
  return resultOf(batch, { updated: found.updated, stale, created: (range?.rows ?? 0) - found.matched });
}

function resultOf(batch: Batch, counts: Counts & { stale: readonly number[] }): MergeResult {
  const { created, updated, stale: staleIndexes } = counts;
  const rejects = batch.rejects.sort((a, b) => a.index - b.index);
  const stale = staleIndexes.length;
  const unchanged = givenRows(batch.input) - created - updated - stale - rejects.length;
  if (unchanged < 0) throw new Error("the counts of a merge do not add up: a bug of the sink");
  return { created, updated, unchanged, stale, staleIndexes, rejects };
}

/** Mostly there are none, and nothing is asked. */
function listStale({ connection, sql }: Batch, { range, found }: { range: Range; found: Found }): readonly number[] {
  if (found.stale === 0) return [];
  return connection.all<{ n: number }>(sql.listStale, range.first, range.last).map(({ n }) => n);
}

/** Stages rows under their index, and says which are in; undefined when none is. */
function fillStage({ connection, rows, sql, rejects }: Batch, indexes: readonly number[]): Range | undefined {
  connection.exec(sql.createStage);
  connection.exec(sql.emptyStage);
  const statement = connection.prepare(sql.fillStage);
  let range: Range | undefined;
  // One array for all rows: a new one for each would be the merge's largest garbage.
  const values: SQLInputValue[] = [];
  for (const index of indexes) {
    const row = rows.get(index);
    values[0] = index;
    values[1] = bindable(rows.limits.get(index) ?? null);
    for (let at = 0; at < row.length; at++) values[at + 2] = bindable(row[at] ?? null);
    try {
      statement.run(...values);
      if (range) {
        range.last = index;
        range.rows++;
      } else range = { first: index, last: index, rows: 1 };
    } catch (error) {
      if (!isDataError(error)) throw error;
      rejects.push(rejectOf(error, index));
    }
  }
  return range;
}

function stagedIndexes({ connection, sql }: Batch): number[] {
  return connection.all<{ n: number }>(sql.listStage).map((row) => row.n);
}

function classify({ connection, sql }: Batch, { first, last }: Range): Found {
  const [found] = connection.all<Found>(sql.classify, first, last);
  return found ?? { matched: 0, stale: 0, updated: 0 };
}

/** One statement for all rows of a range; gives the error when the database refuses one of them. */
function upsert({ connection, input, sql }: Batch, { first, last }: Range): unknown {
  try {
    // A statement that fails undoes itself, so no savepoint is needed.
    connection.prepare(sql.upsert).run(input.now, input.now, BigInt(input.runId), first, last);
    return undefined;
  } catch (error) {
    if (!isDataError(error)) throw error;
    return error;
  }
}

/** Where the database refuses a row: halves of halves, down to that row, in the order given. */
function writeHalves(batch: Batch, indexes: readonly number[]): Counts {
  const [first, last] = [indexes[0], indexes.at(-1)];
  if (first === undefined || last === undefined) return { created: 0, updated: 0 };
  const range = { first, last, rows: indexes.length };
  const { matched, updated } = classify(batch, range);
  const error = upsert(batch, range);
  if (error === undefined) return { created: indexes.length - matched, updated };
  if (indexes.length === 1) {
    batch.rejects.push(rejectOf(error, first));
    return { created: 0, updated: 0 };
  }
  const middle = indexes.length >> 1;
  const left = writeHalves(batch, indexes.slice(0, middle));
  const right = writeHalves(batch, indexes.slice(middle));
  return { created: left.created + right.created, updated: left.updated + right.updated };
}

function rejectOf(error: unknown, index: number): WriteReject {
  const field = fieldOf(error);
  return {
    index,
    ...(field === undefined ? {} : { field }),
    code: codeOf(error),
    message: `SQLite refused the row: ${messageOf(error)}`,
  };
}

function bindable(value: Value): SQLInputValue {
  return typeof value === "boolean" ? Number(value) : value;
}
