/** A connection to PostgreSQL. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { parseDuration } from "../../../../values/duration.ts";
import { serverAddress, serverOptions } from "../../server-options.ts";
import type { Statement } from "../../sql/sql.ts";
import type { ResultColumn, RowBatch, Session, SessionOptions, TableShape } from "../contract.ts";
import { databaseError } from "../error-text.ts";
import { rowReader, SameColumns } from "../row-reader.ts";
import { postgresColumn } from "./columns.ts";
import { postgresErrorKind } from "./errors.ts";
import { queryTexts, type TextRows } from "./query-texts.ts";
import { postgresShape, postgresTables } from "./shape.ts";

export const POSTGRES_PORT = 5432;
/** Rows of one FETCH; those of the next are on their way while they are handled. */
const FETCH_ROWS = 250;
/** How long a goodbye may take. */
const GOODBYE_MS = 1_000;
const KEEP_ALIVE_MS = 10_000;

/** Whatever the role, the database or the server has as defaults, values are read and printed in one way. */
const SETTINGS: Record<string, string> = {
  timezone: "UTC",
  datestyle: "ISO, YMD",
  intervalstyle: "iso_8601",
  bytea_output: "hex",
  extra_float_digits: "1",
  client_encoding: "UTF8",
  client_min_messages: "warning",
  standard_conforming_strings: "on",
  default_transaction_read_only: "on",
  // Between two pages the sink writes, and that may take its time.
  idle_session_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  tcp_keepalives_idle: "60",
};

export class PostgresSession implements Session {
  readonly #client: pg.Client;
  readonly #options: SessionOptions;
  readonly #address: string;
  readonly #columns: SameColumns<pg.FieldDef>;
  #cursors = 0;
  #inTransaction = false;
  #isBusy = false;
  #isClosed = false;

  private constructor(options: SessionOptions) {
    const { connection } = options;
    const { host, port, database, user, password, tls } = serverOptions(connection, POSTGRES_PORT);
    this.#options = options;
    this.#address = serverAddress(connection, POSTGRES_PORT);
    this.#columns = new SameColumns(
      ({ name, dataTypeID }) => `${dataTypeID} ${name}`,
      (field) => postgresColumn(field, options.binary),
    );
    this.#client = new pg.Client({
      host,
      port,
      ...(database === undefined ? {} : { database }),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ssl: tls ?? false,
      connectionTimeoutMillis: parseDuration(connection.connect_timeout),
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      application_name: "etl",
    });
    // Whatever is under way fails with it.
    this.#client.on("error", () => {});
  }

  /** Connects. */
  static async open(options: SessionOptions): Promise<PostgresSession> {
    const session = new PostgresSession(options);
    try {
      options.signal.throwIfAborted();
      await session.#guard(undefined, () => session.#client.connect());
      const timeoutMs = Math.max(1, Math.round(parseDuration(options.connection.statement_timeout)));
      const settings = { ...SETTINGS, statement_timeout: String(timeoutMs) };
      // By way of pg_settings: an older server does not know them all.
      await session.#query(
        `SELECT set_config(s.name, v.value, false) FROM unnest($1::text[], $2::text[]) AS v(name, value)
         JOIN pg_settings AS s ON lower(s.name) = v.name`,
        [Object.keys(settings), Object.values(settings)],
      );
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async now(): Promise<Date | undefined> {
    const { rows } = await this.#query('SELECT to_char(clock_timestamp(), \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')');
    return new Date(String(rows[0]![0]));
  }

  async begin(): Promise<void> {
    await this.#query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    this.#inTransaction = true;
  }

  async describe({ text, values }: Statement): Promise<ResultColumn[] | undefined> {
    const { fields } = await this.#query(text, values);
    return this.#columns.of(fields);
  }

  /**
   * By a cursor of SQL, not of the protocol: each FETCH is a statement with a statement_timeout of its own, and the
   * time in which nobody fetches is nobody's.
   */
  async *rows({ text, values }: Statement): AsyncGenerator<RowBatch> {
    if (!this.#inTransaction) await this.begin();
    const cursor = `etl_${++this.#cursors}`;
    await this.#query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${text}`, values, text);
    const fetch = (): Promise<TextRows> => {
      const answer = this.#query(`FETCH FORWARD ${FETCH_ROWS} FROM ${cursor}`, [], text);
      // Nobody may come for it.
      answer.catch(() => {});
      return answer;
    };
    let columns: ResultColumn[] | undefined;
    let next = fetch();
    for (;;) {
      const { fields, rows } = await next;
      const ends = rows.length < FETCH_ROWS;
      // The server looks for more while these are handled.
      if (!ends) next = fetch();
      columns ??= this.#columns.of(fields);
      const read = rowReader(columns);
      for (const row of rows) read(row);
      if (ends) await this.#query(`CLOSE ${cursor}`);
      yield { columns, rows };
      if (ends) return;
    }
  }

  async columnsOf(table: readonly string[]): Promise<string[] | undefined> {
    const name = table.map((part) => `"${part.replaceAll('"', '""')}"`).join(".");
    const { rows } = await this.#query(
      "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
      [name],
    );
    return rows.length === 0 ? undefined : rows.map(([column]) => String(column));
  }

  tables(): Promise<string[]> {
    return postgresTables(async (sql, values) => (await this.#query(sql, values)).rows);
  }

  shapeOf(table: readonly string[]): Promise<TableShape | undefined> {
    return postgresShape(table, async (sql, values) => (await this.#query(sql, values)).rows);
  }

  async version(): Promise<string> {
    const { rows } = await this.#query("SHOW server_version");
    return `PostgreSQL ${/^[\d.]+/.exec(String(rows[0]![0]))?.[0] ?? ""}`;
  }

  async #query(text: string, values: unknown[] = [], shown = text): Promise<TextRows> {
    return this.#guard(shown, () => queryTexts(this.#client, text, values));
  }

  async #guard<T>(statement: string | undefined, ask: () => Promise<T>): Promise<T> {
    const { signal, connection } = this.#options;
    // Ending the connection makes whatever waits for it fail.
    const stop = (): void => void this.close();
    signal.addEventListener("abort", stop, { once: true });
    try {
      signal.throwIfAborted();
      this.#isBusy = true;
      const answer = await ask();
      this.#isBusy = false;
      return answer;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const kind = postgresErrorKind(error);
      const { hint } = error as { hint?: string };
      throw databaseError(error, kind, {
        connection: connection.connection,
        address: this.#address,
        ...(kind === "lost" || statement === undefined ? {} : { statement }),
        ...(hint ? { hint } : {}),
      });
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async close(): Promise<void> {
    const isIdle = !this.#isBusy && !this.#isClosed;
    this.#isClosed = true;
    // Said goodbye to, the server does not log it as broken off. With a statement in hand `end` would wait for that.
    if (isIdle) await Promise.race([this.#client.end().catch(() => {}), sleep(GOODBYE_MS, undefined, { ref: false })]);
    const { stream } = (this.#client as unknown as { connection: { stream: { destroy(): void } } }).connection;
    stream.destroy();
  }
}
