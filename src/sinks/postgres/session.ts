/** The one connection of a PostgreSQL sink: it holds the locks and does all writes, and its loss is the run's end. */
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { FatalError, messageOf } from "../../errors.ts";
import { classify } from "./errors.ts";
import { valueTypes } from "./value-types.ts";

const CONNECT_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 10_000;

/**
 * Whatever the role, the database or the server has as defaults, values are read and printed in one way, and waiting
 * for a slow source costs neither the connection nor the locks it holds.
 */
const SETTINGS: Record<string, string> = {
  timezone: "UTC",
  datestyle: "ISO, YMD",
  intervalstyle: "iso_8601",
  extra_float_digits: "1",
  client_encoding: "UTF8",
  client_min_messages: "warning",
  standard_conforming_strings: "on",
  idle_session_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  // A client whose machine is gone must not hold its locks for the two hours of the kernel's default.
  tcp_keepalives_idle: "60",
  tcp_keepalives_interval: "10",
  tcp_keepalives_count: "6",
  // A wait for somebody else's lock ends in 55P03, and the transaction is made again.
  lock_timeout: "30s",
};

export class Session {
  /** Without credentials, for messages. */
  readonly address: string;
  readonly #client: pg.Client;
  readonly #lost = new AbortController();
  #statements = 0;
  #lastSql: string | undefined;
  #closing = false;

  private constructor(address: string) {
    this.address = withoutCredentials(address);
    this.#client = new pg.Client({
      connectionString: address,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      application_name: "etl",
      types: valueTypes,
    });
  }

  /** Connects. Throws FatalError when the server cannot be reached or refuses the credentials. */
  static async open(address: string, options: { readOnly: boolean }): Promise<Session> {
    let session: Session | undefined;
    try {
      session = new Session(address);
      await session.#connect(options);
      return session;
    } catch (error) {
      await session?.close();
      const at = withoutCredentials(address);
      throw new FatalError(`${at}: cannot connect: ${messageOf(error)}`, { cause: error });
    }
  }

  async #connect({ readOnly }: { readOnly: boolean }): Promise<void> {
    const onLoss = (error?: Error): void => {
      if (this.#closing || this.#lost.signal.aborted) return;
      const reason = error ? `: ${error.message}` : "";
      this.#lost.abort(new FatalError(`${this.address}: the connection was lost${reason}`, { cause: error }));
    };
    this.#client.on("error", onLoss);
    this.#client.on("end", () => onLoss());
    await this.#client.connect();
    const settings = { ...SETTINGS, default_transaction_read_only: readOnly ? "on" : "off" };
    // By way of pg_settings: an older server does not know them all.
    await this.query(
      `SELECT set_config(s.name, v.value, false) FROM unnest($1::text[], $2::text[]) AS v(name, value)
       JOIN pg_settings AS s ON lower(s.name) = v.name`,
      [Object.keys(settings), Object.values(settings)],
    );
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get statements(): number {
    return this.#statements;
  }

  /** The statement that was sent last: of an error, the one to blame. */
  get lastSql(): string | undefined {
    return this.#lastSql;
  }

  /** Throws what `pg` throws: the caller classifies. */
  async send<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>> {
    this.#begin(text);
    return this.#client.query<R>(text, values);
  }

  async query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]> {
    return (await this.send<R>(text, values)).rows;
  }

  /**
   * Sends COPY … FROM STDIN and its data, a chunk at a time, waiting whenever the socket is full. Gives how many rows
   * were stored: those that a trigger left out are none.
   */
  copy(text: string, chunks: Iterator<Buffer>): Promise<number> {
    this.#begin(text);
    const stream = this.#client.query(copyFrom(text));
    return new Promise((resolve, reject) => {
      let failed = false;
      // The server refuses a row while we still send: nothing more may be written then, the stream has let go.
      stream.once("error", (error) => {
        failed = true;
        reject(error);
      });
      stream.once("finish", () => resolve(stream.rowCount));
      const next = (): void => {
        if (failed) return;
        const { done, value } = chunks.next();
        if (done) stream.end();
        else stream.write(value, next);
      };
      next();
    });
  }

  #begin(text: string): void {
    this.#lost.signal.throwIfAborted();
    this.#statements++;
    this.#lastSql = text;
  }

  /** The error as one of the four classes; once the connection is lost, that is what every error comes to. */
  classify(error: unknown, statement = this.#lastSql): unknown {
    const classified = classify(error, { address: this.address, statement });
    const came = classified !== error && classified instanceof FatalError;
    return came && this.lost.aborted ? this.lost.reason : classified;
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#client.end().catch(() => {});
  }
}

/** Host, port and database of an address; its user, password and options stay out of messages. */
export function withoutCredentials(address: string): string {
  if (!URL.canParse(address)) return "postgres";
  const url = new URL(address);
  return `postgres://${url.host}${url.pathname}`;
}
