/** Upserts a batch into PostgreSQL: staged by COPY in a temporary table, written by one INSERT … ON CONFLICT. */
import { FatalError } from "../../errors.ts";
import { bufferOf, givenRows, screened } from "../buffered.ts";
import type { MergeInput, MergeResult, WriteReject } from "../contract.ts";
import type { StoredTable } from "./catalog.ts";
import { stagedLines, storedLines } from "./copy-text.ts";
import { describe, fieldOf, isDataError, isSameRowTwice, type PostgresError } from "./errors.ts";
import type { FirstLoads } from "./first-load.ts";
import { PostgresRows } from "./row-buffer.ts";
import type { Session } from "./session.ts";
import { type MergeSql, mergeSql } from "./sql.ts";

/** A deferred constraint would speak up at COMMIT, where no row can be blamed any more. */
const IMMEDIATE = "SET CONSTRAINTS ALL IMMEDIATE";
const SAVE = "SAVEPOINT etl_rows";

/** So often the one line that COPY names is dropped and the rest sent again; then the batch is halved instead. */
const MAX_DROPPED_LINES = 20;

interface Counts {
  created: number;
  updated: number;
}

interface Batch {
  session: Session;
  input: MergeInput;
  rows: PostgresRows;
  sql: MergeSql;
  /** The one of the two upserts that suits the batch. */
  upsert: string;
  rejects: WriteReject[];
  dropped: number;
}

export interface MergeContext {
  session: Session;
  stored: StoredTable | undefined;
  /** Staging tables that this transaction has filled already: they have to be emptied first. */
  filled: Set<string>;
  /** Tables of which the last batch was mostly rows that were not there. */
  mostlyNew: Set<string>;
  firstLoads: FirstLoads;
}

/** Writes the rows; inside a transaction. Throws what `pg` throws for what is not one row's fault. */
export async function mergeRows(context: MergeContext, input: MergeInput): Promise<MergeResult> {
  const { mostlyNew, firstLoads } = context;
  const { name } = input.table;
  const { batch, kept } = batchOf(context, input);
  const copied = await copyNew(context, { batch, kept });
  if (copied !== undefined) return resultOf(batch, { created: copied, updated: 0, stale: [] });
  const staged = await stageRows(context, { batch, kept });
  const written = await writeRows(batch, staged);
  const stale = written.created + written.updated === staged.length ? [] : await listStale(batch, staged);
  // What the last batch was like is the best guess at the next one.
  firstLoads.staged(name, { isNew: written.created === kept.length && kept.length > 0 });
  if (written.created > staged.length / 2) mostlyNew.add(name);
  else mostlyNew.delete(name);
  return resultOf(batch, { ...written, stale });
}

/** Counts what `mergeRows` would do; inside a transaction that is rolled back. */
export async function compareRows(context: MergeContext, input: MergeInput): Promise<MergeResult> {
  const { batch, kept } = batchOf(context, input);
  const staged = await stageRows(context, { batch, kept });
  const comparable = input.table.keys.every((key) => context.stored?.columns.has(key));
  if (staged.length === 0 || !comparable) {
    return resultOf(batch, { created: staged.length, updated: 0, stale: [] });
  }
  const [found] = await context.session.query<{ matched: number; stale: number; updated: number }>(batch.sql.classify);
  const { matched, stale, updated } = found ?? { matched: 0, stale: 0, updated: 0 };
  const staleIndexes = stale > 0 ? await listStale(batch, staged) : [];
  return resultOf(batch, { created: staged.length - matched, updated, stale: staleIndexes });
}

const madeSql = new WeakMap<object, { stored: StoredTable | undefined; replaceNewer: boolean; sql: MergeSql }>();

/** One and the same SQL for all batches of a table, as long as it is stored as it was. */
function sqlOf({ table, replaceNewer }: MergeInput, stored: StoredTable | undefined): MergeSql {
  const made = madeSql.get(table);
  if (made && made.stored === stored && made.replaceNewer === replaceNewer) return made.sql;
  const sql = mergeSql({ table, replaceNewer, stored: stored?.columns ?? new Map() });
  madeSql.set(table, { stored, replaceNewer, sql });
  return sql;
}

function usesLimits({ replaceNewer, table }: MergeInput, rows: PostgresRows): boolean {
  return !replaceNewer && table.newerBy !== undefined && rows.limits.size > 0;
}

function resultOf(batch: Batch, counts: Counts & { stale: readonly number[] }): MergeResult {
  const { created, updated, stale: staleIndexes } = counts;
  const stale = staleIndexes.length;
  const rejects = batch.rejects.sort((a, b) => a.index - b.index);
  const unchanged = givenRows(batch.input) - created - updated - stale - rejects.length;
  if (unchanged < 0) throw new FatalError("the counts of a merge do not add up: a bug of the sink");
  return { created, updated, unchanged, stale, staleIndexes, rejects };
}

interface Chosen {
  batch: Batch;
  /** Indexes of the rows that may be written. */
  kept: readonly number[];
}

function batchOf(context: MergeContext, input: MergeInput): Chosen {
  const { session, stored } = context;
  const rows = bufferOf(PostgresRows, input);
  const { kept, rejects } = screened(input, rows.problems);
  const sql = sqlOf(input, stored);
  const looksFirst = usesLimits(input, rows) || !context.mostlyNew.has(input.table.name);
  const upsert = looksFirst ? sql.upsertChanged : sql.upsert;
  return { batch: { session, input, rows, sql, upsert, rejects, dropped: 0 }, kept };
}

/**
 * Rows of which none is stored need no staging. Gives how many were written; undefined where one is stored after all,
 * or refused: then nothing was written, and the batch is staged to tell which.
 */
async function copyNew({ stored, firstLoads }: MergeContext, { batch, kept }: Chosen): Promise<number | undefined> {
  const { session, sql, input, rows } = batch;
  const { name } = input.table;
  if (kept.length === 0 || !stored || stored.hasPolicies || !firstLoads.isLikely(name)) return undefined;
  const lines = storedLines({ rows, indexes: kept }, [input.now, input.now, input.runId]);
  await session.send(`${IMMEDIATE}; ${SAVE}`);
  try {
    // What is saved is forgotten at the end of the transaction: a statement of its own would be one too many.
    return await session.copy(sql.copyNew, lines);
  } catch (error) {
    await undo(session, error);
    firstLoads.failed(name);
    return undefined;
  }
}

async function stageRows({ session, filled }: MergeContext, { batch, kept }: Chosen): Promise<readonly number[]> {
  const { sql } = batch;
  if (kept.length === 0) return kept;
  await session.send(`${IMMEDIATE}; ${sql.createStage}`);
  if (filled.has(sql.stage)) await session.send(sql.emptyStage);
  filled.add(sql.stage);
  return fillStage(batch, kept);
}

/** Stages rows under their index, and gives the indexes that are in. */
async function fillStage(batch: Batch, indexes: readonly number[]): Promise<number[]> {
  const { session, sql, input, rows } = batch;
  let rest = [...indexes];
  while (rest.length > 0) {
    const lines = stagedLines({ rows, indexes: rest }, usesLimits(input, rows));
    const error = await guarded(session, () => session.copy(sql.copy, lines));
    if (!("error" in error)) return rest;
    const named = lineNamed(error.error);
    const bad = rest.length === 1 ? rest[0] : named === undefined ? undefined : rest[named.line - 1];
    if (bad === undefined || (rest.length > 1 && batch.dropped >= MAX_DROPPED_LINES)) return fillHalves(batch, rest);
    batch.dropped++;
    batch.rejects.push(rejectOf(batch, error.error, { index: bad, column: named?.column }));
    rest = rest.filter((index) => index !== bad);
  }
  return rest;
}

async function fillHalves(batch: Batch, indexes: readonly number[]): Promise<number[]> {
  const middle = indexes.length >> 1;
  const left = await fillStage(batch, indexes.slice(0, middle));
  return [...left, ...(await fillStage(batch, indexes.slice(middle)))];
}

/** One statement for all rows; where the database refuses one of them, halves of halves down to that row, in order. */
async function writeRows(batch: Batch, indexes: readonly number[]): Promise<Counts> {
  const { session, upsert, input } = batch;
  const [first, last] = [indexes[0], indexes.at(-1)];
  if (first === undefined) return { created: 0, updated: 0 };
  const values = [input.now, input.runId, first, last];
  const outcome = await guarded(session, () => session.query<Counts & Record<string, number>>(upsert, values));
  if (!("error" in outcome)) return outcome.value[0] ?? { created: 0, updated: 0 };
  if (indexes.length === 1) {
    batch.rejects.push(rejectOf(batch, outcome.error, { index: first }));
    return { created: 0, updated: 0 };
  }
  const middle = indexes.length >> 1;
  const left = await writeRows(batch, indexes.slice(0, middle));
  const right = await writeRows(batch, indexes.slice(middle));
  return { created: left.created + right.created, updated: left.updated + right.updated };
}

/** Of the rows that were not written, the stale ones; the others are unchanged or refused. */
async function listStale(
  { session, sql, input, rejects }: Batch,
  indexes: readonly number[],
): Promise<readonly number[]> {
  if (input.table.newerBy === undefined || input.replaceNewer || indexes.length === 0) return [];
  const found = await session.query<{ n: number }>(sql.listStale, [indexes[0], indexes.at(-1)]);
  const refused = new Set(rejects.map(({ index }) => index));
  return found.map(({ n }) => n).filter((n) => !refused.has(n));
}

/** Runs an action behind a savepoint; a data error is undone and handed back, any other one thrown. */
async function guarded<T>(
  session: Session,
  action: () => Promise<T>,
): Promise<{ value: T } | { error: PostgresError }> {
  await session.send(SAVE);
  try {
    const value = await action();
    await session.send("RELEASE SAVEPOINT etl_rows");
    return { value };
  } catch (error) {
    return { error: await undo(session, error) };
  }
}

/** Undoes what was done since the last savepoint where a data error came of it; throws any other error. */
async function undo(session: Session, error: unknown): Promise<PostgresError> {
  if (!isDataError(error) && !isSameRowTwice(error)) throw error;
  await session.send("ROLLBACK TO SAVEPOINT etl_rows; RELEASE SAVEPOINT etl_rows");
  return error;
}

/**
 * The line that COPY names, from 1. Only where it also shows the column or the line itself: an error that comes when
 * buffered rows are stored (a row too wide) names the line that was read last, which is another one.
 * The words around the numbers are in the server's language.
 */
function lineNamed(error: PostgresError): { line: number; column?: string } | undefined {
  const match = /^COPY \S+, \p{L}+ (\d+)(?:, \p{L}+ (\w+))?: /u.exec(error.where ?? "");
  if (!match) return undefined;
  return { line: Number(match[1]), ...(match[2] === undefined ? {} : { column: match[2] }) };
}

function rejectOf(batch: Batch, error: PostgresError, at: { index: number; column?: string }): WriteReject {
  const { table } = batch.input;
  const staged = /^c(\d+)$/.exec(at.column ?? "")?.[1];
  const field = staged === undefined ? fieldOf(error) : table.columns[Number(staged)]?.name;
  return {
    index: at.index,
    ...(field === undefined ? {} : { field }),
    code: error.code,
    message: describe(error),
  };
}
