/** A SQLite file, opened for reading. */
import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { FatalError, messageOf, SpecError } from "../../../../errors.ts";
import type { DatabaseConnection } from "../../../../spec/types.ts";
import type { ResultColumn, RowBatch, Session, SessionOptions, TableShape } from "../contract.ts";
import { databaseError, type ErrorKind } from "../error-text.ts";
import { rowReader, SameColumns } from "../row-reader.ts";
import { sqliteColumn, type SqliteField } from "./columns.ts";
import { sqliteShape, sqliteTables } from "./shape.ts";
import type { Statement } from "../../sql/sql.ts";

/** How many rows are read before others get their turn: SQLite reads in this thread. */
const BATCH_ROWS = 500;
const BUSY_TIMEOUT_MS = 5_000;

/** The file of a connection. @throws SpecError where it names none */
export function sqliteFile({ url, database, connection }: DatabaseConnection, folder: string): string {
  const name = url === undefined ? database : url.replace(/^sqlite:(?:\/\/)?/, "");
  if (!name) throw new SpecError(`connection ${connection} needs a file: database: orders.db`);
  return isAbsolute(name) ? name : resolve(folder, name);
}

export class SqliteSession implements Session {
  readonly #database: DatabaseSync;
  readonly #options: SessionOptions;
  readonly #address: string;
  readonly #columns: SameColumns<SqliteField>;

  private constructor(options: SessionOptions, file: string) {
    this.#options = options;
    this.#address = `sqlite:${file}`;
    this.#columns = new SameColumns(
      ({ name, type }) => `${type} ${name}`,
      (field) => sqliteColumn(field, options.binary),
    );
    this.#database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  }

  static async open(options: SessionOptions): Promise<SqliteSession> {
    const file = sqliteFile(options.connection, options.folder);
    const name = options.connection.connection;
    if (!existsSync(file)) throw new FatalError(`${name}: there is no file ${file}; is database right?`);
    try {
      const session = new SqliteSession(options, file);
      session.#guard("PRAGMA schema_version", () =>
        session.#database.prepare("SELECT count(*) FROM sqlite_schema").get(),
      );
      return session;
    } catch (error) {
      if (error instanceof FatalError) throw error;
      throw new FatalError(`${name} (sqlite:${file}) cannot be opened: ${messageOf(error)}`, { cause: error });
    }
  }

  async now(): Promise<Date | undefined> {
    // It has no clock but ours.
    return undefined;
  }

  async begin(): Promise<void> {
    const mode = this.#guard("PRAGMA journal_mode", () => this.#database.prepare("PRAGMA journal_mode").get());
    // Without WAL whoever reads keeps everybody from writing, for as long as the read lasts.
    if (mode?.["journal_mode"] === "wal") this.#guard("BEGIN", () => this.#database.exec("BEGIN"));
  }

  async describe({ text }: Statement): Promise<ResultColumn[] | undefined> {
    return this.#guard(text, () => this.#columns.of(this.#database.prepare(text).columns()));
  }

  async *rows({ text, values }: Statement): AsyncGenerator<RowBatch> {
    const statement = this.#guard(text, () => {
      const prepared = this.#database.prepare(text);
      prepared.setReadBigInts(true);
      prepared.setReturnArrays(true);
      return prepared;
    });
    const columns = this.#columns.of(statement.columns());
    const read = rowReader(columns);
    const iterator = this.#guard(text, () => statement.iterate(...(values as SQLInputValue[])));
    try {
      for (;;) {
        this.#options.signal.throwIfAborted();
        const rows: unknown[][] = [];
        while (rows.length < BATCH_ROWS) {
          const next = this.#guard(text, () => iterator.next());
          if (next.done) break;
          const row = next.value as unknown as unknown[];
          read(row);
          rows.push(row);
        }
        yield { columns, rows };
        if (rows.length < BATCH_ROWS) return;
        await nextTurn();
      }
    } finally {
      iterator.return?.();
    }
  }

  async columnsOf(table: readonly string[]): Promise<string[] | undefined> {
    const rows = this.#guard("PRAGMA table_info", () =>
      this.#database.prepare("SELECT name FROM pragma_table_xinfo(?)").all(table.at(-1) as string),
    );
    return rows.length === 0 ? undefined : rows.map((row) => String(row["name"]));
  }

  async tables(): Promise<string[]> {
    return sqliteTables((sql, values) => this.#all(sql, values));
  }

  async shapeOf(table: readonly string[]): Promise<TableShape | undefined> {
    return sqliteShape(table, (sql, values) => this.#all(sql, values));
  }

  /** Rows of a statement of our own. */
  #all(sql: string, values: string[]): Record<string, unknown>[] {
    return this.#guard(sql, () => this.#database.prepare(sql).all(...values));
  }

  async version(): Promise<string> {
    return `SQLite ${String(this.#database.prepare("SELECT sqlite_version() AS version").get()?.["version"])}`;
  }

  #guard<T>(statement: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof SpecError) throw error;
      throw databaseError(error, kindOfError(error), {
        connection: this.#options.connection.connection,
        address: this.#address,
        statement,
      });
    }
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }
}

/** Result codes: https://sqlite.org/rescode.html */
function kindOfError(error: unknown): ErrorKind {
  const { errcode } = error as { errcode?: number };
  switch ((errcode ?? 0) & 0xff) {
    case 1:
      return "statement";
    case 5:
    case 6:
      return "busy";
    default:
      return "failed";
  }
}
