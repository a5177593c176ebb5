/** The SQLite sink: `sqlite:FILE` or `sqlite::memory:`, on Node's own SQLite. */
import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { Kysely } from "kysely";
import { FatalError, SpecError } from "../errors.ts";
import type {
  Lock,
  MergeInput,
  MergeResult,
  ReplaceInput,
  RowBuffer,
  Sink,
  SinkKind,
  Table,
  TablePlan,
  WarehouseDatabase,
} from "./contract.ts";
import { repeatTransaction } from "./repeat-transaction.ts";
import { refusePlan } from "./refuse-plan.ts";
import { SqliteConnection } from "./sqlite/connection.ts";
import { sqliteDialect } from "./sqlite/dialect.ts";
import { classify, isBusy } from "./sqlite/errors.ts";
import { lockFile, takeLock } from "./sqlite/lock.ts";
import { compareRows, mergeRows } from "./sqlite/merge.ts";
import { planTable } from "./sqlite/plan.ts";
import { SqliteRows } from "./sqlite/row-buffer.ts";
import { keyText } from "./sqlite/sql.ts";
import { compareSets, replaceSets } from "./sqlite/replace.ts";

const MEMORY = ":memory:";

export const sqlite: SinkKind = {
  accepts: (address) => address.startsWith("sqlite:"),
  async open(address, { readOnly }) {
    const file = address.slice("sqlite:".length);
    if (file === "" || /^\/\/[^/]/.test(file)) {
      throw new SpecError(`${address} names no file: write sqlite:FILE, for instance sqlite:warehouse.db`);
    }
    // What is not there reads as an empty database, and is not created to be read.
    const absent = readOnly && file !== MEMORY && !existsSync(file);
    const connection = await SqliteConnection.open({
      file: absent ? MEMORY : file,
      address,
      readOnly,
    });
    return new SqliteSink(connection, {
      file: file === MEMORY ? undefined : resolve(file),
      readOnly,
    });
  },
};

class SqliteSink implements Sink {
  readonly dialect = "sqlite";
  readonly address: string;
  readonly database: WarehouseDatabase;
  readonly types = { id: "integer primary key autoincrement", json: "text", timestamp: "text" };
  readonly lost = new AbortController().signal;
  readonly #connection: SqliteConnection;
  readonly #file: string | undefined;
  readonly #readOnly: boolean;
  /** Locks by file; a database in memory has only these. */
  readonly #locks = new Map<string, Lock>();
  #open = false;

  constructor(connection: SqliteConnection, options: { file: string | undefined; readOnly: boolean }) {
    this.address = connection.address;
    this.database = new Kysely({ dialect: sqliteDialect(connection) });
    this.#connection = connection;
    this.#file = options.file;
    this.#readOnly = options.readOnly;
  }

  get statements(): number {
    return this.#connection.statements;
  }

  async plan(table: Table): Promise<TablePlan> {
    return this.#classified(() => planTable(this.#connection, table));
  }

  async apply(plan: TablePlan): Promise<void> {
    refusePlan(plan);
    const run = async (): Promise<void> => {
      // Another process may have been faster: what is left to do is asked again, under the lock.
      for (const statement of planTable(this.#connection, plan.table).statements) this.#connection.exec(statement);
    };
    if (plan.statements.length === 0) return;
    await (this.#open ? run() : this.transaction(run));
  }

  async lock(name: string): Promise<Lock | undefined> {
    // Of a link and the file itself, both have to come to one lock.
    const base = this.#file === undefined ? MEMORY : existsSync(this.#file) ? realpathSync(this.#file) : this.#file;
    const path = lockFile(base, name);
    if (this.#locks.has(path)) return undefined;
    const taken = this.#file === undefined ? { release: async () => {} } : takeLock(path, { readOnly: this.#readOnly });
    if (!taken) return undefined;
    const lock: Lock = {
      release: async () => {
        if (this.#locks.get(path) === lock) this.#locks.delete(path);
        await taken.release();
      },
    };
    this.#locks.set(path, lock);
    return lock;
  }

  async transaction<T>(body: () => Promise<T>): Promise<T> {
    if (this.#open) throw new FatalError("a transaction is already open on this sink: transactions do not nest");
    this.#open = true;
    try {
      return await repeatTransaction(() => this.#attempt(body), {
        repeatable: isBusy,
        giveUpAfterMs: 60_000,
        firstWaitMs: 2,
        maxWaitMs: 50,
      });
    } catch (error) {
      throw classify(error, { address: this.address, statement: this.#connection.lastSql });
    } finally {
      this.#open = false;
    }
  }

  async #attempt<T>(body: () => Promise<T>): Promise<T> {
    this.#connection.exec("BEGIN IMMEDIATE");
    try {
      const result = await body();
      this.#connection.exec("COMMIT");
      return result;
    } catch (error) {
      const statement = this.#connection.lastSql;
      // A full disk has rolled back already.
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
      throw isBusy(error) ? error : classify(error, { address: this.address, statement });
    }
  }

  buffer(table: Table): RowBuffer {
    return new SqliteRows(table);
  }

  async merge(input: MergeInput): Promise<MergeResult> {
    if (!this.#open) throw new FatalError("merge was called outside a transaction: a bug of the runner");
    return mergeRows(this.#connection, input);
  }

  async compare(input: MergeInput): Promise<MergeResult> {
    const compare = (): MergeResult => compareRows(this.#connection, input);
    return this.#classified(() => this.#connection.scratch(compare));
  }

  keyText(table: Table): string {
    return keyText(table);
  }

  async replaceSets(input: ReplaceInput): Promise<number> {
    if (!this.#open) throw new FatalError("replaceSets was called outside a transaction: a bug of the runner");
    return replaceSets(this.#connection, input);
  }

  async compareSets(input: ReplaceInput): Promise<number> {
    const compare = (): number => compareSets(this.#connection, input);
    return this.#classified(() => this.#connection.scratch(compare));
  }

  #classified<T>(action: () => T): Promise<T> {
    return this.#connection.whenFree(action).catch((error: unknown) => {
      throw classify(error, { address: this.address, statement: this.#connection.lastSql });
    });
  }

  async close(): Promise<void> {
    for (const lock of this.#locks.values()) await lock.release();
    await this.database.destroy();
    this.#connection.close();
  }
}
