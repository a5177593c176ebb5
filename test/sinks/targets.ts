/** The sinks that the conformance suite runs against, each with a database of its own a test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Kysely, sql } from "kysely";
import { parseColumnType } from "../../src/sinks/column-type.ts";
import type { MergeInput, MergeResult, Row, Sink, Table, Value } from "../../src/sinks/contract.ts";
import { openSink } from "../../src/sinks/index.ts";
import { type FreshDatabase, freshDatabase } from "../support/postgres.ts";

export interface Warehouse {
  address: string;
  drop(): Promise<void>;
}

export interface Target {
  name: "sqlite" | "postgres";
  fresh(): Promise<Warehouse>;
  /** After the last test. */
  end(): Promise<void>;
}

/** Creating a database takes 0.2 s, emptying one takes none: the tests of a file share one, each with a new schema. */
let shared: Promise<FreshDatabase> | undefined;

export const targets: Target[] = [
  {
    name: "sqlite",
    async fresh() {
      const folder = mkdtempSync(join(tmpdir(), "etl-sqlite-"));
      const drop = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });
      return { address: `sqlite:${join(folder, "warehouse.db")}`, drop };
    },
    end: async () => {},
  },
  {
    name: "postgres",
    async fresh() {
      shared ??= freshDatabase();
      const { url, query } = await shared;
      const drop = async (): Promise<void> => {
        await query("DROP SCHEMA public CASCADE");
        await query("CREATE SCHEMA public");
      };
      return { address: url, drop };
    },
    end: async () => (await shared)?.drop(),
  },
];

/** Opens a sink that is closed when the test's scope ends. */
export async function opened(address: string, readOnly = false): Promise<Sink & AsyncDisposable> {
  const sink = await openSink(address, { readOnly });
  return Object.assign(sink, { [Symbol.asyncDispose]: () => sink.close() });
}

export const NOW = "2025-06-01T12:00:00.000000Z";
export const LATER = "2025-06-02T12:00:00.000000Z";

/** A table from a short form: `{ id: "integer", name: "text" }`, keyed by its first column unless told otherwise. */
export function tableOf(columns: Record<string, string>, options: Partial<Table> = {}): Table {
  const typed = Object.entries(columns).map(([name, type]) => ({ name, type }));
  return { name: "thing", columns: typed, keys: [typed[0]?.name ?? ""], ...options };
}

/** Rows on one line: the formatter spreads a list of lists over as many lines as it has values. */
export function list(...rows: Row[]): Row[] {
  return rows;
}

export interface InputOptions extends Partial<Omit<MergeInput, "table" | "rows">> {
  /** `newerLimit` of each row. */
  newerLimits?: readonly (Value | undefined)[];
}

/** What `merge` and `compare` take. */
export function inputOf(sink: Sink, table: Table, given: readonly Row[], options: InputOptions = {}): MergeInput {
  const { newerLimits, ...rest } = options;
  const rows = sink.buffer(table);
  for (const [index, row] of given.entries()) rows.set(index, row, newerLimits?.[index]);
  return { table, rows, runId: 1, now: NOW, replaceNewer: false, ...rest };
}

/** Brings the database to the table and upserts the rows in one transaction, as a run does. */
export async function write(sink: Sink, input: MergeInput): Promise<MergeResult> {
  await sink.apply(await sink.plan(input.table));
  return sink.transaction(() => sink.merge(input));
}

/** A result in short: `[created, updated, unchanged, stale, rejected]`. */
export function counts(result: MergeResult): number[] {
  return [result.created, result.updated, result.unchanged, result.stale, result.rejects.length];
}

/** The stored values of a table's own columns in canonical form, ordered by its key: the same from every sink. */
export async function readBack(sink: Sink, table: Table): Promise<Row[]> {
  const database: Kysely<Record<string, Record<string, unknown>>> = sink.database;
  const names = table.columns.map((column) => column.name);
  // The name as one identifier: Kysely would read a dot in it as a schema.
  const rows = await sql<
    Record<string, unknown>
  >`SELECT ${sql.join(names.map((name) => sql.id(name)))} FROM ${sql.id(table.name)}`.execute(database);
  return rows.rows
    .map((row) => table.columns.map(({ name, type }) => canonical(row[name], type)))
    .sort((a, b) => compareKeys(keyOf(table, a), keyOf(table, b)));
}

function keyOf(table: Table, row: Row): Value[] {
  return table.keys.map((key) => row[table.columns.findIndex((column) => column.name === key)] ?? null);
}

function compareKeys(left: Value[], right: Value[]): number {
  for (let at = 0; at < left.length; at++) {
    const [a, b] = [left[at] ?? null, right[at] ?? null];
    if (a === b || a === null || b === null) continue;
    return a < b ? -1 : 1;
  }
  return 0;
}

function canonical(value: unknown, type: string): Value {
  if (value === null || value === undefined) return null;
  const { kind } = parseColumnType(type);
  if (kind === "boolean") return value === true || value === 1;
  if (kind === "json") return JSON.stringify(sorted(JSON.parse(String(value))));
  return value as Value;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}

/** The bookkeeping of each row by its key, in the order of the keys. */
export async function bookkeeping(sink: Sink, table: Table): Promise<unknown[][]> {
  const key = table.keys[0] ?? "";
  const database: Kysely<Record<string, Record<string, unknown>>> = sink.database;
  const found = await sql<
    Record<string, unknown>
  >`SELECT ${sql.id(key)} AS k, sync_created_at, sync_updated_at, sync_run_id
    FROM ${sql.id(table.name)} ORDER BY 1`.execute(database);
  return found.rows.map((row) => [row["k"], row["sync_created_at"], row["sync_updated_at"], row["sync_run_id"]]);
}

/** Runs SQL as it stands; several statements are split at the semicolons that end a line. */
export async function run(sink: Sink, text: string): Promise<void> {
  for (const statement of text.split(/;(?:\n|$)/)) {
    if (statement.trim() !== "") await sql.raw(statement).execute(sink.database);
  }
}
