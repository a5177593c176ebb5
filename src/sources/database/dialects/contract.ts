/** What the database source asks of a dialect. A dialect knows its driver and its SQL, and nothing of slices or runs. */
import type { Logger } from "pino";
import type { DatabaseConnection, DatabaseDelta } from "../../../spec/types.ts";
import type { SqlRules } from "../../../template/index.ts";
import type { Bound } from "../../contract.ts";
import type { BoundValue, Statement } from "../sql/sql.ts";

/** What a column holds, as far as values are bound against it or become others on their way. */
export type ColumnKind =
  | "integer"
  | "decimal"
  | "float"
  | "boolean"
  | "text"
  /** A date and time without a zone: what a clock on a wall shows. */
  | "wall"
  /** A date and time that is an instant. */
  | "instant"
  | "date"
  | "json"
  | "binary"
  | "other";

/** The database does not say. */
export const UNKNOWN: unique symbol = Symbol("unknown");

export interface ResultColumn {
  name: string;
  kind: ColumnKind;
  /** As the database calls it, for messages: `bigint unsigned`. */
  type: string;
  /** The table's column cannot be NULL. */
  notNull?: boolean;
  /** Rows are ordered by something else than what values compare by, so it can be no key. */
  sortsOtherwise?: boolean;
  /** A value of the driver's as records have it: exact, in JSON's types. Absent: it stays as it comes. */
  read?(value: unknown): unknown;
}

export interface SessionOptions {
  connection: DatabaseConnection;
  /** Where a relative file starts. */
  folder: string;
  /** What becomes of bytes. */
  binary: "fail" | "base64" | "hex";
  log: Logger;
  signal: AbortSignal;
}

/** A column of a table as its catalog has it, for a spec that is written from it. */
export interface ColumnShape {
  name: string;
  /** As the database calls it: `bigint unsigned`. */
  type: string;
  /** The type of a mapping that holds every value of it; undefined: no mapping takes such values (bytes). */
  as: string | undefined;
  notNull: boolean;
  /** The values themselves say more than the type does: a sample of them is looked at. */
  unsure?: boolean;
  /** A date and time without a zone. */
  wall?: boolean;
  /** Rows are ordered by something else than its values, so it is no key of pages. */
  sortsOtherwise?: boolean;
  /** What whoever reads the spec should know. */
  note?: string;
}

export interface TableShape {
  columns: ColumnShape[];
  /** Columns that tell each row from every other and are never NULL; the primary key first. */
  keys: string[][];
  /** Columns that an index begins with. */
  indexed: string[];
}

/**
 * One connection to the database. Methods throw TransientError when it is lost or could not be made (another session
 * may do better), SpecError where the spec's SQL is wrong, FatalError for the rest. After any of them it is closed.
 */
export interface Session {
  /** The database's clock; undefined where asking is not cheap. */
  now(): Promise<Date | undefined>;
  /** Begins a read-only view that stays the same until the session is closed, where there is such a thing. */
  begin(): Promise<void>;
  /** The columns of a query's result; undefined where only running it tells. */
  describe(statement: Statement): Promise<ResultColumn[] | undefined>;
  /** Runs a query. Rows come in lists of at most some hundred, and are made only as fast as they are taken. */
  rows(statement: Statement): AsyncIterable<RowBatch>;
  /** Names of a table's columns; undefined where there is no such table, UNKNOWN where that cannot be told. */
  columnsOf(table: readonly string[]): Promise<string[] | undefined | typeof UNKNOWN>;
  /** Tables and views that a spec may name; absent where the catalog is not read. */
  tables?(): Promise<string[]>;
  /** A table by its catalog; undefined where there is no such table. Absent where the catalog is not read. */
  shapeOf?(table: readonly string[]): Promise<TableShape | undefined>;
  /** Product and version, for people: `MariaDB 10.11.19`. */
  version(): Promise<string>;
  close(): Promise<void>;
}

export interface RowBatch {
  /** The same list for all batches of a query; best for all queries of one shape, as code is compiled for it. */
  columns: readonly ResultColumn[];
  rows: unknown[][];
}

/** Which end of the window a bound is: each is written so that no row within is lost. */
export interface BoundPlace {
  end: "since" | "until";
  delta: Pick<DatabaseDelta, "type" | "format" | "time_zone"> | undefined;
  /** The column that it is compared with, where it is known. */
  column?: ResultColumn;
}

export interface Dialect {
  /** What people call it. */
  readonly label: string;
  readonly rules: SqlRules;
  /** Ascending order begins with NULLs. */
  readonly nullsFirst: boolean;
  /** Statements may be asked for a page at a time: every query costs little more than its rows. */
  readonly supportsKeyset: boolean;
  /** `count(*)` may be asked for a plan. */
  readonly countsCheaply: boolean;
  /** A whole number as a signed one of 64 bits; absent where checksums of keys cost as much as reading them. */
  whole?(expression: string): string;
  placeholder(number: number): string;
  quote(name: string): string;
  /** The connection's address without credentials. */
  address(connection: DatabaseConnection, folder: string): string;
  /**
   * What a time that is not there looks like beside NULL, as what stands after the column in a condition:
   * `= '0000-00-00'`. Undefined where there is no such thing.
   */
  zeroTime?(column: ResultColumn): string | undefined;
  /** A bound of the window. */
  bound(value: Bound, place: BoundPlace): BoundValue;
  /** A key of the row that the next page starts after, as `ResultColumn.read` gave it. */
  key(value: unknown, column: ResultColumn): BoundValue;
  /** A value of a template. */
  value(value: unknown): BoundValue;
  /** Connects. */
  open(options: SessionOptions): Promise<Session>;
}
