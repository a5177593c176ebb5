/** A connection to MySQL or MariaDB. Statements are prepared by the server, so values never become SQL text. */
import mysql from "mysql2";
import { setTimeout as sleep } from "node:timers/promises";
import { FatalError, TransientError } from "../../../../errors.ts";
import { parseDuration } from "../../../../values/duration.ts";
import { serverAddress, serverOptions } from "../../server-options.ts";
import type { Statement } from "../../sql/sql.ts";
import type { ResultColumn, RowBatch, Session, SessionOptions, TableShape } from "../contract.ts";
import { databaseError, type ErrorKind } from "../error-text.ts";
import { RowQueue } from "../row-queue.ts";
import { rowReader, SameColumns } from "../row-reader.ts";
import { fieldShape, mysqlColumn, type MysqlField } from "./columns.ts";
import { mysqlErrorKind } from "./errors.ts";
import { mysqlShape, mysqlTables } from "./shape.ts";
import { tlsSettings } from "./tls.ts";

export const MYSQL_PORT = 3306;
/** Rows that wait between the socket and us. */
const WAITING_ROWS = 200;
/** How long a goodbye may take. */
const GOODBYE_MS = 1_000;
/** How long the server waits for us to take rows: a slow sink must not cost the connection. */
const NET_TIMEOUT_SECONDS = 3600;

export class MysqlSession implements Session {
  readonly #connection: mysql.Connection;
  readonly #options: SessionOptions;
  readonly #address: string;
  readonly #columns: SameColumns<MysqlField>;
  #failed: unknown;
  #onFailure: (error: unknown) => void = () => {};
  #server = "";
  /** Statements under way. */
  #busy = 0;

  private constructor(options: SessionOptions, connection: mysql.Connection) {
    this.#options = options;
    this.#connection = connection;
    this.#address = serverAddress(options.connection, MYSQL_PORT);
    this.#columns = new SameColumns(fieldShape, (field) => mysqlColumn(field, options.binary));
    // A lost connection is told here alone while rows are on their way.
    connection.on("error", (error) => {
      this.#failed ??= error;
      this.#onFailure(error);
    });
  }

  /** Connects. */
  static async open(options: SessionOptions): Promise<MysqlSession> {
    const { connection } = options;
    const server = serverOptions(connection, MYSQL_PORT);
    const { database, user, password } = server;
    const session = new MysqlSession(
      options,
      mysql.createConnection({
        ...tlsSettings(server),
        ...(database === undefined ? {} : { database }),
        ...(user === undefined ? {} : { user }),
        ...(password === undefined ? {} : { password }),
        connectTimeout: parseDuration(connection.connect_timeout),
        charset: "utf8mb4",
        timezone: "Z",
        dateStrings: true,
        supportBigNumbers: true,
        // Whole numbers come as numbers where a double holds them, else as text.
        bigNumberStrings: false,
        jsonStrings: true,
        rowsAsArray: true,
        flags: ["-LOCAL_FILES"],
      }),
    );
    const stop = (): void => session.#connection.destroy();
    options.signal.addEventListener("abort", stop, { once: true });
    try {
      options.signal.throwIfAborted();
      await session.#set();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    } finally {
      options.signal.removeEventListener("abort", stop);
    }
  }

  /** Whatever the server has as defaults, values are read and compared in one way. */
  async #set(): Promise<void> {
    const [[version]] = (await this.#ask("SELECT VERSION()")) as [[string]];
    this.#server = version;
    const timeoutMs = parseDuration(this.#options.connection.statement_timeout);
    const limit = /mariadb/i.test(version)
      ? `max_statement_time = ${timeoutMs / 1000}`
      : `max_execution_time = ${Math.max(1, Math.round(timeoutMs))}`;
    await this.#ask(
      `SET SESSION time_zone = '+00:00', sql_mode = '', sql_auto_is_null = 0, net_write_timeout = ${NET_TIMEOUT_SECONDS}, net_read_timeout = ${NET_TIMEOUT_SECONDS}, wait_timeout = 28800, ${limit}`,
    );
  }

  async now(): Promise<Date | undefined> {
    const [[text]] = (await this.#ask("SELECT UTC_TIMESTAMP(3)")) as [[string]];
    return new Date(`${text.replace(" ", "T")}Z`);
  }

  async begin(): Promise<void> {
    await this.#ask("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    await this.#ask("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  }

  async describe({ text }: Statement): Promise<ResultColumn[] | undefined> {
    const columns = await this.#guard(
      text,
      new Promise<MysqlField[]>((resolve, reject) => {
        this.#onFailure = reject;
        this.#connection.prepare(text, (error, statement) => {
          if (error) reject(error);
          else resolve((statement as unknown as { columns: MysqlField[] }).columns);
        });
      }),
    );
    return columns.length === 0 ? undefined : this.#columns.of(columns);
  }

  async *rows({ text, values }: Statement): AsyncGenerator<RowBatch> {
    const command = this.#connection.execute({ sql: text, values, rowsAsArray: true } as mysql.QueryOptions);
    const queue = new RowQueue(WAITING_ROWS, this.#connection);
    let columns: ResultColumn[] = [];
    command.on("fields", (fields: MysqlField[]) => (columns = this.#columns.of(fields)));
    command.on("result", (row: unknown) => queue.push(row as unknown[]));
    command.on("error", (error: unknown) => queue.end(error));
    command.on("end", () => queue.end());
    this.#onFailure = (error) => queue.end(error);
    const stop = (): void => queue.end(this.#options.signal.reason);
    this.#options.signal.addEventListener("abort", stop, { once: true });
    let whole = false;
    this.#busy++;
    try {
      if (this.#failed) throw this.#failed;
      for (let rows = await queue.take(); rows; rows = await queue.take()) {
        const read = rowReader(columns);
        for (const row of rows) read(row);
        yield { columns, rows };
      }
      if (this.#failed) throw this.#failed;
      whole = true;
    } catch (error) {
      throw this.#classify(error, text);
    } finally {
      this.#options.signal.removeEventListener("abort", stop);
      this.#onFailure = () => {};
      // The rest of the rows is on its way already, and there is no other way to be rid of it.
      if (whole) this.#busy--;
      else this.#connection.destroy();
    }
  }

  async columnsOf(table: readonly string[]): Promise<string[] | undefined> {
    const schema = table.at(-2);
    const rows = await this.#run(
      `SELECT column_name FROM information_schema.columns WHERE table_schema = ${schema === undefined ? "DATABASE()" : "?"} AND table_name = ? ORDER BY ordinal_position`,
      schema === undefined ? [table.at(-1)] : [schema, table.at(-1)],
    );
    return rows.length === 0 ? undefined : rows.map(([name]) => String(name));
  }

  tables(): Promise<string[]> {
    return mysqlTables((sql, values) => this.#run(sql, values));
  }

  shapeOf(table: readonly string[]): Promise<TableShape | undefined> {
    return mysqlShape(table, {
      run: (sql, values) => this.#run(sql, values),
      describe: (text) => this.describe({ text, values: [] }),
    });
  }

  async version(): Promise<string> {
    const isMaria = /mariadb/i.test(this.#server);
    return `${isMaria ? "MariaDB" : "MySQL"} ${/^[\d.]+/.exec(this.#server)?.[0] ?? this.#server}`;
  }

  async #run(sql: string, values: unknown[]): Promise<unknown[][]> {
    return this.#guard(
      sql,
      new Promise((resolve, reject) => {
        this.#onFailure = reject;
        this.#connection.execute({ sql, values, rowsAsArray: true } as mysql.QueryOptions, (error, rows) =>
          error ? reject(error) : resolve(rows as unknown as unknown[][]),
        );
      }),
    );
  }

  /** A statement of our own without values. */
  async #ask(sql: string): Promise<unknown[]> {
    return this.#guard(
      sql,
      new Promise((resolve, reject) => {
        this.#onFailure = reject;
        this.#connection.query({ sql, rowsAsArray: true } as mysql.QueryOptions, (error, rows) =>
          error ? reject(error) : resolve(rows as unknown as unknown[]),
        );
      }),
    );
  }

  async #guard<T>(statement: string, answer: Promise<T>): Promise<T> {
    const { signal } = this.#options;
    const stop = (): void => this.#onFailure(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    this.#busy++;
    try {
      if (this.#failed) throw this.#failed;
      const result = await answer;
      this.#busy--;
      return result;
    } catch (error) {
      this.#connection.destroy();
      throw this.#classify(error, statement);
    } finally {
      signal.removeEventListener("abort", stop);
      this.#onFailure = () => {};
    }
  }

  #classify(error: unknown, statement: string): unknown {
    const { signal, connection } = this.#options;
    if (signal.aborted) return signal.reason;
    if (error instanceof TransientError || error instanceof FatalError) return error;
    // A value that could not be read is an error of ours, with a class of its own.
    if (
      error instanceof Error &&
      (error as { errno?: unknown }).errno === undefined &&
      error.name.endsWith("Error") &&
      error.name !== "Error"
    )
      return error;
    const kind: ErrorKind = mysqlErrorKind(error);
    return databaseError(error, kind, {
      connection: connection.connection,
      address: this.#address,
      ...(kind === "lost" || kind === "refused" || /^(SET|SELECT VERSION)/.test(statement) ? {} : { statement }),
    });
  }

  async close(): Promise<void> {
    const isIdle = this.#failed === undefined && this.#busy === 0;
    this.#failed ??= new Error("the session is closed");
    // Said goodbye to, the server does not count it as broken off.
    if (isIdle)
      await Promise.race([
        new Promise<void>((resolve) => this.#connection.end(() => resolve())),
        sleep(GOODBYE_MS, undefined, { ref: false }),
      ]);
    this.#connection.destroy();
  }
}
