/** The one connection of a SQLite sink: statements are counted, waits do not block the process. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { repeatTransaction } from "../repeat-transaction.ts";
import { classify, isBusy } from "./errors.ts";

/**
 * How long SQLite itself waits for another writer. It sleeps in this thread, so the writer it waits for may be this
 * very process: keep it short, the real waiting is done by `whenFree`.
 */
const BUSY_TIMEOUT_MS = 20;
const GIVE_UP_AFTER_MS = 60_000;

export interface OpenOptions {
  /** A path, or `:memory:`. */
  file: string;
  /** For messages. */
  address: string;
  readOnly: boolean;
}

export class SqliteConnection {
  readonly address: string;
  readonly #database: DatabaseSync;
  readonly #readOnly: boolean;
  #statements = 0;
  #lastSql: string | undefined;

  private constructor(options: OpenOptions) {
    this.address = options.address;
    this.#readOnly = options.readOnly;
    // A connection opened as read-only leaves -wal and -shm files behind, so query_only keeps it from writing instead.
    this.#database = new DatabaseSync(options.file, { timeout: BUSY_TIMEOUT_MS });
  }

  /** Opens the file, creating it if need be. Throws FatalError when that fails or it is not a database. */
  static async open(options: OpenOptions): Promise<SqliteConnection> {
    try {
      const connection = new SqliteConnection(options);
      await connection.#configure();
      return connection;
    } catch (error) {
      throw classify(error, options);
    }
  }

  async #configure(): Promise<void> {
    try {
      // 16 MB of pages: the default of 2 MB turns a merge into a large table into disk reads.
      this.#database.exec("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000");
      if (this.#readOnly) {
        this.#database.exec("PRAGMA query_only = ON");
        this.#database.prepare("SELECT count(*) FROM sqlite_schema").get();
        return;
      }
      // WAL: readers go on while we write. NORMAL: a power cut may cost the last commits, never consistency,
      // and rows and checkpoint are in one commit.
      await this.whenFree(() => this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"));
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get statements(): number {
    return this.#statements;
  }

  /** The statement that was sent last: of an error, the one to blame. */
  get lastSql(): string | undefined {
    return this.#lastSql;
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  prepare(sql: string): StatementSync {
    this.#statements++;
    this.#lastSql = sql;
    return this.#database.prepare(sql);
  }

  exec(sql: string): void {
    this.#statements++;
    this.#lastSql = sql;
    this.#database.exec(sql);
  }

  /** Rows of a query; integers beyond 2^53 do not fit: use it where the numbers are counts. */
  all<R>(sql: string, ...values: SQLInputValue[]): R[] {
    return this.prepare(sql).all(...values) as R[];
  }

  /** Runs a synchronous action that writes nothing but temporary tables; what it made of them is undone. */
  scratch<T>(action: () => T): T {
    // query_only forbids temporary tables as well.
    if (this.#readOnly) this.#database.exec("PRAGMA query_only = OFF");
    const own = !this.inTransaction;
    try {
      if (own) this.exec("BEGIN");
      return action();
    } finally {
      if (own && this.inTransaction) this.exec("ROLLBACK");
      if (this.#readOnly) this.#database.exec("PRAGMA query_only = ON");
    }
  }

  /** Runs an action once nobody else is writing, waiting without blocking; throws SQLITE_BUSY after a minute. */
  async whenFree<T>(action: () => T): Promise<T> {
    // Inside a transaction the lock is ours, and one statement cannot be made again without the others.
    if (this.inTransaction) return action();
    return repeatTransaction(async () => action(), {
      repeatable: isBusy,
      giveUpAfterMs: GIVE_UP_AFTER_MS,
      firstWaitMs: 2,
      maxWaitMs: 50,
    });
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
