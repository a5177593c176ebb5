/** Amazon Athena: a query is started, waited for, and its result read page by page over HTTP. */
import {
  AthenaClient,
  type ColumnInfo,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  GetTableMetadataCommand,
  type Row,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import { messageOf } from "../../../../errors.ts";
import type { DatabaseConnection } from "../../../../spec/types.ts";
import { parseDuration } from "../../../../values/duration.ts";
import type { Statement } from "../../sql/sql.ts";
import { pause } from "../../wait.ts";
import { type ResultColumn, type RowBatch, type Session, type SessionOptions, UNKNOWN } from "../contract.ts";
import { databaseError, type ErrorKind } from "../error-text.ts";
import { athenaColumn } from "./columns.ts";
import { athenaErrorKind, failedQueryKind } from "./errors.ts";

/** The most that one page of a result may hold. */
const PAGE_ROWS = 1_000;
/** Between two looks at a query, at first and at the most: most take seconds, some take many minutes. */
const FIRST_POLL_MS = 250;
const LONGEST_POLL_MS = 5_000;
/** Of one call to the API; throttling is waited out by the client. */
const API_ATTEMPTS = 8;
const API_TIMEOUT_MS = 30_000;

/** `athena://region/workgroup/database`, for messages. */
export function athenaAddress({ region, workgroup, database }: DatabaseConnection): string {
  return `athena://${region ?? "default-region"}/${workgroup ?? "primary"}/${database ?? ""}`;
}

export class AthenaSession implements Session {
  readonly #client: AthenaClient;
  readonly #options: SessionOptions;
  readonly #address: string;
  #running: string | undefined;

  constructor(options: SessionOptions) {
    const { region, endpoint, connect_timeout, ...connection } = options.connection;
    const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = connection;
    this.#options = options;
    this.#address = athenaAddress(options.connection);
    this.#client = new AthenaClient({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(accessKeyId === undefined || secretAccessKey === undefined
        ? {}
        : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }),
      maxAttempts: API_ATTEMPTS,
      requestHandler: { connectionTimeout: parseDuration(connect_timeout), requestTimeout: API_TIMEOUT_MS },
    });
  }

  async now(): Promise<Date | undefined> {
    // It would be a query of its own.
    return undefined;
  }

  async begin(): Promise<void> {
    // A query reads the files as they are when it starts, and there is one query.
  }

  async describe(): Promise<ResultColumn[] | undefined> {
    // Only running a query tells, and that is billed.
    return undefined;
  }

  async *rows(statement: Statement): AsyncGenerator<RowBatch> {
    const id = await this.#start(statement);
    try {
      await this.#finished(id, statement);
      this.#running = undefined;
      let columns: ResultColumn[] | undefined;
      let token: string | undefined;
      do {
        const page = await this.#call(
          () =>
            this.#client.send(
              new GetQueryResultsCommand({ QueryExecutionId: id, MaxResults: PAGE_ROWS, NextToken: token }),
              { abortSignal: this.#options.signal },
            ),
          statement.text,
        );
        const info = page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? [];
        const rows = page.ResultSet?.Rows ?? [];
        const isFirst = columns === undefined;
        columns ??= this.#columns(info);
        // The first row of the first page holds the columns' names.
        if (isFirst && isHeader(rows[0], columns)) rows.shift();
        const read = columns;
        yield { columns: read, rows: rows.map((row) => valuesOf(row, read)) };
        token = page.NextToken;
      } while (token !== undefined && token !== "");
    } finally {
      await this.#stop();
    }
  }

  #columns(info: readonly ColumnInfo[]): ResultColumn[] {
    return info.map(({ Name, Type }) => athenaColumn(Name ?? "", Type ?? "varchar", this.#options.binary));
  }

  async #start({ text, values }: Statement): Promise<string> {
    const { database, catalog, workgroup, output } = this.#options.connection;
    const started = await this.#call(
      () =>
        this.#client.send(
          new StartQueryExecutionCommand({
            QueryString: text,
            ...(values.length > 0 ? { ExecutionParameters: values.map(String) } : {}),
            QueryExecutionContext: { Database: database, ...(catalog === undefined ? {} : { Catalog: catalog }) },
            WorkGroup: workgroup ?? "primary",
            ...(output === undefined ? {} : { ResultConfiguration: { OutputLocation: output } }),
          }),
          { abortSignal: this.#options.signal },
        ),
      text,
    );
    this.#running = started.QueryExecutionId;
    return started.QueryExecutionId ?? "";
  }

  /** Waits until the query has succeeded. */
  async #finished(id: string, { text }: Statement): Promise<void> {
    const { signal, connection } = this.#options;
    const until = Date.now() + parseDuration(connection.statement_timeout);
    for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 1.5, LONGEST_POLL_MS)) {
      const { QueryExecution } = await this.#call(
        () => this.#client.send(new GetQueryExecutionCommand({ QueryExecutionId: id }), { abortSignal: signal }),
        text,
      );
      const { State, StateChangeReason: reason = "no reason given", AthenaError: error } = QueryExecution?.Status ?? {};
      switch (State) {
        case "SUCCEEDED":
          return;
        case "FAILED":
          this.#running = undefined;
          throw this.#error(new Error(reason), failedQueryKind({ reason, retryable: error?.Retryable }), text);
        case "CANCELLED":
          this.#running = undefined;
          throw this.#error(new Error(`query ${id} was cancelled: ${reason}`), "failed", text);
      }
      if (Date.now() + wait > until)
        throw this.#error(
          new Error(`query ${id} is still ${String(State)} after ${connection.statement_timeout}`),
          "timeout",
          text,
        );
      await pause(wait, signal);
    }
  }

  /** A query that nobody waits for any more goes on scanning, and is billed. */
  async #stop(): Promise<void> {
    const id = this.#running;
    this.#running = undefined;
    if (id === undefined) return;
    try {
      await this.#client.send(new StopQueryExecutionCommand({ QueryExecutionId: id }));
    } catch (error) {
      this.#options.log.warn(`query ${id} could not be stopped: ${messageOf(error)}`);
    }
  }

  async columnsOf(table: readonly string[]): Promise<string[] | undefined | typeof UNKNOWN> {
    const { database, catalog = "AwsDataCatalog", workgroup = "primary" } = this.#options.connection;
    try {
      const { TableMetadata: found } = await this.#client.send(
        new GetTableMetadataCommand({
          CatalogName: catalog,
          DatabaseName: table.at(-2) ?? database,
          TableName: table.at(-1),
          WorkGroup: workgroup,
        }),
        { abortSignal: this.#options.signal },
      );
      return [...(found?.Columns ?? []), ...(found?.PartitionKeys ?? [])].map(({ Name }) => Name ?? "");
    } catch (error) {
      this.#options.signal.throwIfAborted();
      if (/EntityNotFound/.test(`${(error as Error).name} ${messageOf(error)}`)) return undefined;
      // The query may be allowed where looking into the catalog is not.
      this.#options.log.debug(`the columns of ${table.join(".")} cannot be looked up: ${messageOf(error)}`);
      return UNKNOWN;
    }
  }

  async version(): Promise<string> {
    // Reads no table, so nothing is billed; but credentials, workgroup and the place of the results must be good.
    let rows = 0;
    for await (const batch of this.rows({ text: "SELECT 1 AS one", values: [] })) rows += batch.rows.length;
    return `Amazon Athena${rows === 1 ? "" : ", whose answer to SELECT 1 is odd,"}`;
  }

  async #call<T>(send: () => Promise<T>, statement: string): Promise<T> {
    try {
      return await send();
    } catch (error) {
      this.#options.signal.throwIfAborted();
      throw this.#error(error, athenaErrorKind(error), statement);
    }
  }

  #error(error: unknown, kind: ErrorKind, statement: string): Error {
    return databaseError(error, kind, {
      connection: this.#options.connection.connection,
      address: this.#address,
      ...(kind === "refused" || kind === "lost" ? {} : { statement }),
    });
  }

  async close(): Promise<void> {
    await this.#stop();
    this.#client.destroy();
  }
}

function isHeader(row: Row | undefined, columns: readonly ResultColumn[]): boolean {
  const cells = row?.Data ?? [];
  return cells.length > 0 && columns.every(({ name }, at) => cells[at]?.VarCharValue === name);
}

/** A cell without a value is NULL. */
function valuesOf({ Data = [] }: Row, columns: readonly ResultColumn[]): unknown[] {
  return columns.map((column, at) => {
    const value = Data[at]?.VarCharValue;
    if (value === undefined || value === null) return null;
    return column.read ? column.read(value) : value;
  });
}
