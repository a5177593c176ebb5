/**
 * What the runtime asks of a sink: the database that rows go into. A sink knows its SQL and nothing of
 * pipelines; the runtime keeps its own tables (history, rejects) through `database`.
 */
import type { Kysely } from "kysely";

/**
 * The types of section 5 of the design, as a mapping writes them.
 * `decimal` carries precision and scale: `decimal(12,2)`.
 */
export type ColumnType = string;

/**
 * A value of a row, in the one form that every sink takes:
 * text, json (canonical text, keys sorted), uuid (lower case), decimal (plain digits, exactly `scale` decimals),
 * date `YYYY-MM-DD`, time `HH:MM:SS[.ffffff]`, timestamp `YYYY-MM-DDTHH:MM:SS.ffffffZ` (always 6 decimals, UTC),
 * interval (ISO 8601 duration): string · integer, double: number · bigint: number when safe, else bigint ·
 * boolean: boolean · absent: null. Text holds no NUL character and no lone surrogate: the mapping saw to that.
 */
export type Value = string | number | bigint | boolean | null;

/** One value for each of `Table.columns`, in their order. */
export type Row = Value[];

export interface Column {
  name: string;
  type: ColumnType;
}

/** A target table as a mapping describes it. Bookkeeping columns (sync_created_at, …) are the sink's own. */
export interface Table {
  name: string;
  columns: readonly Column[];
  /** Names of the upsert key's columns; never empty; their values are never null. */
  keys: readonly string[];
  /** Name of the column that says which of two rows is the newer one. */
  newerBy?: string;
  /**
   * Rows that are deleted stay, the time of it in a column `deleted_at` that the sink adds; a row that is merged again
   * lives again, and is updated even if its content is the same.
   */
  keepsDeleted?: boolean;
}

/** What `plan` found: the statements that would bring the database to the table, and what forbids them. */
export interface TablePlan {
  table: Table;
  /** True when the table is not there yet. */
  creates: boolean;
  /** DDL that `apply` runs: CREATE TABLE, ADD COLUMN, the unique index of a table we create. */
  statements: string[];
  /**
   * Reasons to stop, each with the exact SQL that a person would have to run:
   * a column of another type, a missing unique index on a table that was there before. The SQL is empty where none
   * would help, because a name in the spec is one that the database cannot take.
   */
  problems: { message: string; sql: string }[];
}

/**
 * Rows for one table in the form in which their sink writes them, made while they come in: what they were made of need
 * not live until they are written. It is read as often as a transaction is repeated.
 */
export interface RowBuffer {
  /** How many there are. */
  readonly length: number;
  /**
   * Puts a row at an index: after the last one, or in the place of one that is there. A row that no database can take is
   * put in all the same, and `merge` rejects it. Throws FatalError for one that does not have a value a column.
   * @param newerLimit for the hour that a zone repeats in autumn: the greatest stored `newerBy` value that is still not
   *   newer than this row. Absent: the row's own `newerBy` value.
   */
  set(index: number, row: Row, newerLimit?: Value): void;
  /** A row as it was put in. */
  get(index: number): Row;
}

export interface MergeInput {
  table: Table;
  /** Of `buffer` of the same sink and for the same table; distinct by key. */
  rows: RowBuffer;
  /** Which of them, ascending; absent: all. */
  indexes?: readonly number[];
  /** Written to sync_run_id of rows that change. */
  runId: number;
  /** Canonical timestamp for sync_created_at / sync_updated_at of rows that change. */
  now: string;
  /** `--force`: a stored row that is newer is replaced too. */
  replaceNewer: boolean;
}

/** Rows of one set, as they are to be: what else is stored in the set is deleted. */
export interface RowSet {
  /** The values of `ReplaceInput.within`, in its order; none is null. */
  within: readonly Value[];
  /**
   * Of each row that stays the values of its other key columns, in the order of the keys, one row after another. Where the set
   * says the whole key, any value: its row stays.
   */
  kept: readonly Value[];
}

export interface ReplaceInput {
  table: Table;
  /** Columns that say which set a row is in: some of the table's keys. */
  within: readonly string[];
  /** Distinct. */
  sets: readonly RowSet[];
}

/** A row that the database refused (too wide, a value out of range, a violated constraint). */
export interface WriteReject {
  /** Index into `MergeInput.rows`. */
  index: number;
  /** Column, where the database named one. */
  field?: string;
  /** The database's code: an SQLSTATE, or SQLite's name of the result code. */
  code: string;
  message: string;
}

/** `created + updated + unchanged + stale + rejects.length` is the number of rows given. */
export interface MergeResult {
  created: number;
  updated: number;
  unchanged: number;
  stale: number;
  /** The rows that were stale: indexes into `MergeInput.rows`, ascending, as many as `stale` says. */
  staleIndexes: readonly number[];
  rejects: WriteReject[];
}

/** Tables of many owners, known only when the specs are: their types are written where they are used. */
// oxlint-disable-next-line typescript/no-explicit-any
export type WarehouseDatabase = Kysely<any>;

export interface Lock {
  release(): Promise<void>;
}

export interface Sink {
  readonly dialect: "postgres" | "sqlite";
  /** The address without credentials, for messages: `sqlite:warehouse.db`, `postgres://host/db`. */
  readonly address: string;
  /**
   * The sink's own connection, for the runtime's tables. Statements run inside `transaction` belong to it.
   * Values come back as `Value` has them: timestamps and json as text, whole numbers as numbers where these are safe,
   * else as bigints. Booleans of SQLite are 0 and 1. Errors are the driver's own.
   */
  readonly database: WarehouseDatabase;
  /** Column types and clauses in which the runtime's own tables differ between dialects. */
  readonly types: { id: string; json: string; timestamp: string };
  /** Aborted when the connection that holds the locks is gone; the run must end. */
  readonly lost: AbortSignal;

  /**
   * Compares the table with the database. Reads only. A table without columns asks whether it is there (`creates`).
   * Throws SpecError for a table that contradicts itself.
   */
  plan(table: Table): Promise<TablePlan>;
  /** Runs a plan's statements. Throws FatalError with the SQL when the plan has problems. */
  apply(plan: TablePlan): Promise<void>;
  /**
   * Takes a lock that dies with this process (kill -9 included), or says undefined when somebody else holds it.
   * @param name any text; one name is one lock in this database.
   */
  lock(name: string): Promise<Lock | undefined>;
  /**
   * Runs `body` in one transaction, and all of it again when the database asks for that (SQLSTATE class 40,
   * SQLITE_BUSY): `body` must be repeatable. Throws FatalError when the database is gone or full.
   */
  transaction<T>(body: () => Promise<T>): Promise<T>;
  /** An empty buffer for rows of a table. Throws SpecError for a type that does not exist. */
  buffer(table: Table): RowBuffer;
  /** Upserts rows; call it inside `transaction`. One bad row costs one row: it comes back as a reject. */
  merge(input: MergeInput): Promise<MergeResult>;
  /**
   * What `merge` would count, from reads alone: nothing is written. The table may not exist yet, and rows that only a
   * constraint would refuse are counted as if they were written. Call it outside `transaction`.
   */
  compare(input: MergeInput): Promise<MergeResult>;
  /**
   * The key of a stored row as one text, an SQL expression over the table under the alias `t`: numbers as digits,
   * timestamps canonical; of several columns each with a backslash before backslash and comma, joined by commas.
   */
  keyText(table: Table): string;
  /**
   * Deletes what is stored in the sets and not kept, whatever their number and size; gives how many rows that were.
   * Call it inside `transaction`.
   */
  replaceSets(input: ReplaceInput): Promise<number>;
  /** How many rows `replaceSets` would delete; nothing is written. Call it outside `transaction`. */
  compareSets(input: ReplaceInput): Promise<number>;
  /** How many statements this sink has sent so far. */
  readonly statements: number;
  close(): Promise<void>;
}

/** Opens a sink by its address. `readOnly`: nothing is created, not even the file. */
export interface SinkKind {
  /** True for an address of this kind (`sqlite:…`, `postgres://…`). */
  accepts(address: string): boolean;
  open(address: string, options: { readOnly: boolean }): Promise<Sink>;
}
