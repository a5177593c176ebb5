/** The api source: HTTP APIs, read page by page. */
import { SpecError } from "../../errors.ts";
import type { ApiSource, Connection } from "../../spec/types.ts";
import type { Forecast, Page, ReadRequest, Source, SourceContext, SourceKind, Window } from "../contract.ts";
import { type HttpClient, openHttpClient } from "../http/index.ts";
import { checkCall } from "./check-call.ts";
import { type EffectiveSource, effectiveSource } from "./effective-source.ts";
import { forecast } from "./forecast.ts";
import { PageReader } from "./page-reader.ts";
import { type Slice, slicesOf } from "./slices/index.ts";
import { readSlices } from "./slices/read-slices.ts";

class Api implements Source {
  private readonly spec: ApiSource;
  private readonly connection: Connection;
  private readonly context: SourceContext;
  private readonly client: HttpClient;
  private readonly halted = new AbortController();
  private saidUnchanged = false;

  constructor(spec: ApiSource, connection: Connection, context: SourceContext) {
    this.spec = spec;
    this.connection = connection;
    this.context = context;
    const { log, metrics, credentials, secret } = context;
    const signal = AbortSignal.any([context.signal, this.halted.signal]);
    this.client = openHttpClient({ connection, log, metrics, signal, credentials, secret });
  }

  /** After a read of several slices that failed or was left early there is only `close`. */
  async *read({ incremental, window, pageSize, resume }: ReadRequest): AsyncGenerator<Page> {
    const { context, client } = this;
    const source = effectiveSource(this.spec, incremental);
    const plan = (): Slice[] => this.slices(source, window);
    if (plan().every(({ key }) => resume[key]?.done)) return;
    const connection = await this.located();
    const firstRun = Object.keys(resume).length === 0;
    const pages = readSlices({
      reader: new PageReader({ source, context, connection, client, window, pageSize }),
      plan,
      resume,
      ...(firstRun ? { observeClock: (date) => window.observeClock(date) } : {}),
      concurrency: connection.concurrency,
      halt: (reason) => this.halted.abort(reason),
      log: context.log,
      onUnchanged: () => {
        this.saidUnchanged = true;
      },
    });
    for await (const page of pages) {
      context.signal.throwIfAborted();
      yield page;
    }
  }

  unchanged(): { unchanged: boolean } {
    return { unchanged: this.saidUnchanged };
  }

  async check(): Promise<string> {
    const { spec, context, client } = this;
    return checkCall({ spec, context, connection: await this.located(), client });
  }

  /** The connection with the address that its requests go to: only the reply to its token request may tell. */
  private async located(): Promise<Connection> {
    return { ...this.connection, base_url: await this.client.baseUrl() };
  }

  async forecast({ incremental, window, pageSize }: ReadRequest): Promise<Forecast> {
    const { context, client } = this;
    const connection = await this.located();
    const source = effectiveSource(this.spec, incremental);
    return forecast({
      connection,
      client,
      pageSize,
      slices: this.slices(source, window),
      reader: (size) => new PageReader({ source, context, connection, client, window, pageSize: size }),
    });
  }

  private slices(source: EffectiveSource, { since, until }: Pick<Window, "since" | "until">): Slice[] {
    const { params } = this.context;
    return [...slicesOf(source.slices, { values: { since, until, params, vars: this.connection.vars ?? {} } })];
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

export const apiSource: SourceKind = {
  async open(context) {
    const { spec, connection } = context;
    if (spec.type !== "api") throw new SpecError(`the api source was given a source of type ${spec.type}`);
    if (!connection) throw new SpecError("an api source needs a connection");
    return new Api(spec, connection, context);
  },
};
