/** A CSV file behind a URL. */
import { SpecError } from "../../errors.ts";
import { schemaValidator } from "../../spec/schema.ts";
import type { Connection, CsvSource } from "../../spec/types.ts";
import type { Page, Position, ReadRequest, Source, SourceContext } from "../contract.ts";
import { openHttpClient } from "../http/client.ts";
import type { HttpClient } from "../http/contract.ts";
import { decodeText } from "../csv-text/decode-text.ts";
import { type Dialect, dialectOf } from "../csv-text/dialect.ts";
import { fetchFile, type Validators } from "./fetch-file.ts";
import { columnsOf, type CsvFile, describeColumns, filePages, PAGE_RECORDS } from "./file-pages.ts";
import { unpack } from "./read-bytes.ts";

/** The one slice. */
const SLICE = "";

export class RemoteFile implements Source {
  readonly #context: SourceContext;
  readonly #spec: CsvSource;
  readonly #url: (window: Record<string, unknown>) => string;
  readonly #dialect: Dialect;
  #client: HttpClient | undefined;
  #validators: Validators | undefined;
  #unchanged = false;

  /** @param url the file's address, for the window of a run */
  constructor(context: SourceContext, spec: CsvSource, url: (window: Record<string, unknown>) => string) {
    this.#context = context;
    this.#spec = spec;
    this.#url = url;
    this.#dialect = dialectOf(spec);
  }

  async *read(request: ReadRequest): AsyncGenerator<Page> {
    if (request.resume[SLICE]?.done) return;
    const { since, until } = request.window;
    const url = this.#url({ since, until });
    const fetched = await fetchFile(this.#open(url), url, request.unchangedSince);
    if (fetched.unchanged) {
      this.#unchanged = true;
      this.#validators = fetched.validators;
      yield { slice: SLICE, records: [], last: true, bytes: 0 };
      return;
    }
    const options = { spec: this.#spec, dialect: this.#dialect, pageRecords: request.pageSize ?? PAGE_RECORDS };
    yield* this.#context.metrics.clock.working("parse", filePages(this.#file(url, fetched.bytes), options));
    // Not before the end: a file that was read in part must be fetched again.
    this.#validators = fetched.validators;
  }

  unchanged(): { validators?: Position; unchanged: boolean } {
    return { ...(this.#validators && { validators: { ...this.#validators } }), unchanged: this.#unchanged };
  }

  async check(): Promise<string> {
    const url = this.#url({});
    const fetched = await fetchFile(this.#open(url), url, undefined);
    if (fetched.unchanged) throw new Error("a request without validators cannot be answered 304");
    return `${describeColumns(await columnsOf(this.#file(url, fetched.bytes), this.#spec, this.#dialect))} (${url})`;
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  #open(url: string): HttpClient {
    const { connection = publicConnection(url), log, metrics, signal, credentials, secret } = this.#context;
    if (connection.type !== "api")
      throw new SpecError(
        `connection ${connection.connection} is of type ${connection.type}; a file behind a URL needs one of type api`,
      );
    this.#client ??= openHttpClient({ connection, log, metrics, signal, credentials, secret });
    return this.#client;
  }

  #file(url: string, bytes: AsyncGenerator<Buffer>): CsvFile {
    const unpacked = this.#context.metrics.clock.waiting("fetch", unpack(bytes, url), "parse");
    return { name: url, slice: SLICE, text: decodeText(unpacked, this.#spec.encoding, url) };
  }
}

/** What a connection says where a spec names none: no credentials, and the schema's own retries and time-outs. */
function publicConnection(url: string): Connection {
  const connection = { connection: "csv", type: "api", base_url: new URL(url).origin };
  const fillIn = schemaValidator("connection");
  if (!fillIn(connection))
    throw new Error(`the schema refuses a connection of defaults: ${JSON.stringify(fillIn.errors)}`);
  return connection as unknown as Connection;
}
