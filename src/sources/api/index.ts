/** The api source: HTTP APIs, read page by page. */
import { SpecError } from "../../errors.ts";
import type { ApiSource, Connection } from "../../spec/types.ts";
import type { Page, ReadRequest, Source, SourceContext, SourceKind } from "../contract.ts";
import { type HttpClient, openHttpClient } from "../http/index.ts";
import { checkCall } from "./check-call.ts";
import { effectiveSource } from "./effective-source.ts";
import { PageReader } from "./page-reader.ts";
import { readPosition } from "./position.ts";
import { readSlice } from "./read-slice.ts";

/** The only slice there is, as long as the grammar has no `slices`. */
const wholeSlice = "";

class Api implements Source {
  private readonly spec: ApiSource;
  private readonly connection: Connection;
  private readonly context: SourceContext;
  private readonly client: HttpClient;
  private saidUnchanged = false;

  constructor(spec: ApiSource, connection: Connection, context: SourceContext) {
    this.spec = spec;
    this.connection = connection;
    this.context = context;
    const { log, metrics, signal } = context;
    this.client = openHttpClient({ connection, log, metrics, signal });
  }

  async *read({ incremental, window, pageSize, resume }: ReadRequest): AsyncGenerator<Page> {
    const { context, connection, client } = this;
    const before = resume[wholeSlice];
    if (before?.done) return;
    const reader = new PageReader({
      source: effectiveSource(this.spec, incremental),
      context,
      connection,
      client,
      window,
      pageSize,
    });
    const point = reader.paginator.stable ? readPosition(before?.position) : undefined;
    const firstRun = Object.keys(resume).length === 0;
    const pages = readSlice(reader, {
      slice: wholeSlice,
      resume: point,
      restarted: before !== undefined && point === undefined,
      ...(firstRun ? { observeClock: once((date) => window.observeClock(date)) } : {}),
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

  check(): Promise<string> {
    const { spec, context, connection, client } = this;
    return checkCall({ spec, context, connection, client });
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

/** Only the first answer of a run tells the clock, also when the slice is read again. */
function once(observe: (date: Date) => boolean): (date: Date) => boolean {
  let observed = false;
  return (date) => {
    if (observed) return false;
    observed = true;
    return observe(date);
  };
}

export const apiSource: SourceKind = {
  async open(context) {
    const { spec, connection } = context;
    if (spec.type !== "api") throw new SpecError(`the api source was given a source of type ${spec.type}`);
    if (!connection) throw new SpecError("an api source needs a connection");
    return new Api(spec, connection, context);
  },
};
