/** The api source: HTTP APIs, read page by page. */
import { SpecError } from "../../errors.ts";
import type { ApiSource, Connection, SlicesParent } from "../../spec/types.ts";
import type {
  Forecast,
  KeyAnswer,
  KeyQuestion,
  Page,
  Position,
  ReadRequest,
  Source,
  SourceContext,
  SourceKind,
  Window,
} from "../contract.ts";
import { type HttpClient, openHttpClient } from "../http/index.ts";
import { checkCall } from "./check-call.ts";
import { Conditional, isOneAnswer } from "./conditional.ts";
import type { BuiltRequest } from "./build-request.ts";
import { type EffectiveJob, type EffectiveSource, effectiveSource } from "./effective-source.ts";
import { forecast, type SlicesAhead } from "./forecast.ts";
import { compileCreate, compileJob, OpenJobs, readJob } from "./job/index.ts";
import { compileLookUp } from "./look-up.ts";
import { PageReader } from "./page-reader.ts";
import { whyNotAhead } from "./pages-ahead.ts";
import type { RequestSurroundings } from "./request-scope.ts";
import { type Slice, slicesOf } from "./slices/index.ts";
import { openParents } from "./slices/parent.ts";
import { sampleParents } from "./slices/parent-sample.ts";
import { readParents } from "./slices/read-parents.ts";
import { readSlices, type SlicesOptions } from "./slices/read-slices.ts";

class Api implements Source {
  private readonly spec: ApiSource;
  private readonly connection: Connection;
  private readonly context: SourceContext;
  private readonly client: HttpClient;
  private readonly halted = new AbortController();
  private saidUnchanged = false;
  /** Of a read that came to its end: what the next one is asked with. */
  private validators: Position | undefined;
  /** Exports that were made or taken over. */
  private readonly jobs: OpenJobs;
  private askAbout: ReturnType<typeof compileLookUp> | undefined;

  constructor(spec: ApiSource, connection: Connection, context: SourceContext) {
    this.spec = spec;
    this.connection = connection;
    this.context = context;
    const { log, metrics, credentials, secret } = context;
    const signal = AbortSignal.any([context.signal, this.halted.signal]);
    this.jobs = new OpenJobs(log);
    this.client = openHttpClient({ connection, log, metrics, signal, credentials, secret });
  }

  /** After a read of several slices that failed or was left early there is only `close`. */
  async *read(request: ReadRequest): AsyncGenerator<Page> {
    const { incremental, window, pageSize, pagesAtOnce, resume } = request;
    const { context, client } = this;
    const source = effectiveSource(this.spec, incremental);
    if (source.slices?.by === "parent")
      return yield* this.readParents(source, { window, pageSize, pagesAtOnce, resume });
    const plan = (): Slice[] => this.slices(source, window);
    if (plan().every(({ key }) => resume[key]?.done)) return;
    const connection = await this.located();
    const conditional = isOneAnswer(source) ? new Conditional(source, request.unchangedSince) : undefined;
    const reader = new PageReader({ source, context, connection, client, window, pageSize, conditional });
    const firstRun = Object.keys(resume).length === 0;
    const pages = readSlices({
      reader,
      ...(source.job ? { readWith: this.exporter(source.job, { reader, connection, request }) } : {}),
      plan,
      resume,
      ...(firstRun ? { observeClock: (date) => window.observeClock(date) } : {}),
      concurrency: connection.concurrency,
      places: { free: this.pagesAtOnce(reader, pagesAtOnce) - 1 },
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
    this.validators = conditional?.validators;
  }

  /** How many pages of a slice may be under way or wait for their turn, as far as it makes a difference. */
  private pagesAtOnce(reader: PageReader, asked: ReadRequest["pagesAtOnce"] = 1): number {
    if (asked === 1) return 1;
    const { log } = this.context;
    const { connection, concurrency } = this.connection;
    const obstacle = whyNotAhead(reader);
    if (obstacle !== undefined) {
      log.debug(`pages are read one after the other: ${obstacle}`);
      return 1;
    }
    if (asked !== "concurrency" && asked > concurrency)
      log.info(
        `${concurrency} pages are asked for at once, not ${asked}: the concurrency of connection "${connection}"`,
      );
    return asked === "concurrency" ? concurrency : Math.min(asked, concurrency);
  }

  private async *readParents(
    source: EffectiveSource,
    { window, pageSize, pagesAtOnce, resume }: Omit<ReadRequest, "incremental">,
  ): AsyncGenerator<Page> {
    const { context, client } = this;
    const slices = source.slices as SlicesParent;
    const parents = await openParents(slices, context);
    const connection = await this.located();
    const reader = new PageReader({ source, context, connection, client, window, pageSize });
    const pages = readParents({
      reader,
      slices,
      parents,
      resume,
      ...(Object.keys(resume).length === 0 ? { observeClock: (date) => window.observeClock(date) } : {}),
      concurrency: connection.concurrency,
      places: { free: this.pagesAtOnce(reader, pagesAtOnce) - 1 },
      halt: (reason) => this.halted.abort(reason),
      log: context.log,
    });
    for await (const page of pages) {
      context.signal.throwIfAborted();
      yield page;
    }
  }

  /** Reads slices by exports. */
  private exporter(
    spec: EffectiveJob,
    { reader, connection, request }: { reader: PageReader; connection: Connection; request: ReadRequest },
  ): NonNullable<SlicesOptions["readWith"]> {
    const { context, client, jobs } = this;
    const { window, keep } = request;
    const job = compileJob(spec, { client, connection, context });
    const signal = AbortSignal.any([context.signal, this.halted.signal]);
    return (slice, how) => {
      const surroundings = { context, connection, window, slice };
      const options = { ...how, job, jobs, surroundings, slice: slice.key, keep, log: context.log, signal };
      return readJob(reader.forSlice(slice), options);
    };
  }

  async lookUp({ lookup, keys }: KeyQuestion): Promise<KeyAnswer> {
    const { spec, context, client } = this;
    this.askAbout ??= compileLookUp(lookup, { spec, context, client, connection: await this.located() });
    return this.askAbout(keys);
  }

  unchanged(): { validators?: Position; unchanged: boolean } {
    const { validators, saidUnchanged } = this;
    return { ...(validators === undefined ? {} : { validators }), unchanged: saidUnchanged };
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
    const slices =
      source.slices?.by === "parent" ? await this.firstParents(source.slices) : this.slices(source, window);
    if (slices === undefined) return { asked: 0, budgets: [] };
    return forecast({
      connection,
      client,
      ...(source.job ? { create: this.createRequest(source.job, { connection, window }) } : {}),
      pageSize,
      slices: Array.isArray(slices) ? { count: slices.length, known: slices } : slices,
      reader: (size) => new PageReader({ source, context, connection, client, window, pageSize: size }),
    });
  }

  /** What makes the export of a slice, as it would go out. */
  private createRequest(
    { create, responses }: EffectiveJob,
    { connection, window }: Pick<RequestSurroundings, "connection" | "window">,
  ): (slice: Slice) => BuiltRequest {
    const { context, client } = this;
    const { request } = compileCreate(create, { client, connection, responses });
    return (slice) => request({ context, connection, window, slice });
  }

  /** The first batch stands for all; undefined where their table cannot be looked at. */
  private async firstParents(slices: SlicesParent): Promise<SlicesAhead | undefined> {
    const { slice, batches, problem } = await sampleParents(slices, this.context);
    if (problem !== undefined) this.context.log.warn(`what a run would ask cannot be told: ${problem}`);
    return problem === undefined ? { count: batches, known: slice ? [slice] : [] } : undefined;
  }

  private slices({ slices }: EffectiveSource, { since, until }: Pick<Window, "since" | "until">): Slice[] {
    const { params } = this.context;
    if (slices?.by === "parent") throw new Error("parents are no list of slices");
    return [...slicesOf(slices, { values: { since, until, params, vars: this.connection.vars ?? {} } })];
  }

  async close({ final = false }: { final?: boolean } = {}): Promise<void> {
    await this.jobs.close({ final });
    await this.client.close();
  }
}

export const apiSource: SourceKind = {
  async open(context) {
    const { spec, connection } = context;
    if (spec.type !== "api") throw new SpecError(`the api source was given a source of type ${spec.type}`);
    if (connection?.type !== "api") throw new SpecError("an api source needs a connection of type api");
    return new Api(spec, connection, context);
  },
};
