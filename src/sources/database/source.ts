/** The database source: reads its slices, comes back when the connection is lost, and tells what it would ask. */
import type { DatabaseConnection, DatabaseSource as Spec } from "../../spec/types.ts";
import type { Forecast, Page, Position, ReadRequest, Source, SourceContext, SourceKeys } from "../contract.ts";
import { describeSource } from "./check.ts";
import { openKeys } from "./keys.ts";
import type { Dialect, Session } from "./dialects/contract.ts";
import { forecastRead } from "./forecast.ts";
import { planRead, type ReadPlan } from "./plan.ts";
import { planRanges, type RangeSlice, rangeKey, resumedRanges } from "./ranges.ts";
import { readSlice, type SliceRead } from "./read-slice.ts";
import { Sessions } from "./sessions.ts";
import { sideBySide } from "./side-by-side.ts";

/** The slice of a read that is not divided. */
const WHOLE = "";

export interface DatabaseSourceInput {
  spec: Spec;
  connection: DatabaseConnection;
  dialect: Dialect;
  context: SourceContext;
}

export class DatabaseSource implements Source {
  readonly #input: DatabaseSourceInput;
  readonly #sessions: Sessions;

  constructor(input: DatabaseSourceInput) {
    const { spec, connection, dialect, context } = input;
    const { log, signal, folder } = context;
    this.#input = input;
    this.#sessions = new Sessions(dialect, { connection, folder, binary: spec.binary, log, signal }, context);
  }

  async *read(request: ReadRequest): AsyncGenerator<Page> {
    const { resume, window } = request;
    const { context, connection, spec } = this.#input;
    const isFirst = Object.keys(resume).length === 0;
    const { plan, ranges } = await this.#sessions.withRetries(async (session) => {
      const now = await session.now();
      if (now && isFirst) window.observeClock(now);
      const planned = await this.#plan(session, request);
      return { plan: planned, ranges: isFirst ? await this.#ranges(session, planned, request) : resumedRanges(resume) };
    });
    const slices: RangeSlice[] = ranges.length > 0 ? ranges : [{ name: WHOLE, range: {} }];
    // Known to the checkpoint before anything is read: a resumed run divides as this one did.
    if (isFirst && ranges.length > 0)
      for (const { name } of ranges) yield { slice: name, records: [], last: false, bytes: 0 };
    const reads = slices
      .filter(({ name }) => !resume[name]?.done)
      .map(({ name, range }) => {
        const position = resume[name]?.position;
        return (): AsyncGenerator<Page> =>
          this.#readSlice(plan, {
            name,
            ...(ranges.length > 0 ? { range } : {}),
            ...(position === undefined ? {} : { position }),
            restarted: resume[name] !== undefined && position === undefined && ranges.length === 0,
            pageSize: pageSize(plan, request.pageSize),
          });
      });
    const { parallel = 1 } = spec;
    const readers = Math.min(typeof parallel === "number" ? parallel : parallel.readers, connection.pool);
    for await (const page of sideBySide(reads, readers, () => this.#sessions.close())) {
      context.signal.throwIfAborted();
      context.metrics.bytesIn += page.bytes;
      yield page;
    }
    await this.#sessions.dropIdle();
  }

  /** A slice to its end, over as many connections as it takes. */
  async *#readSlice(plan: ReadPlan, slice: SliceRead): AsyncGenerator<Page> {
    const { context } = this.#input;
    let current = slice;
    let failures = 0;
    for (;;) {
      let session: Session | undefined;
      try {
        session = await this.#sessions.take();
        const pages = readSlice(counting(session, context), plan, current);
        for await (const page of context.metrics.clock.working("parse", pages)) {
          if (failures > 0) this.#sessions.recovered();
          if (page.position !== undefined) failures = 0;
          current = afterPage(current, page);
          yield page;
        }
        this.#sessions.giveBack(session);
        return;
      } catch (error) {
        await this.#sessions.drop(session);
        await this.#sessions.afterFailure(error, ++failures);
      }
    }
  }

  #plan(session: Session, { window, incremental }: ReadRequest): Promise<ReadPlan> {
    const { spec, dialect, context } = this.#input;
    return planRead(session, {
      spec,
      context,
      dialect,
      window,
      incremental,
      columnsOf: (table) => this.#sessions.withRetries((other) => other.columnsOf(table)),
    });
  }

  async #ranges(session: Session, plan: ReadPlan, { incremental }: ReadRequest): Promise<RangeSlice[]> {
    if (incremental || !rangeKey(plan)) return [];
    return planRanges(counting(session, this.#input.context), plan, this.#input.context.log);
  }

  async keys(columns: readonly string[]): Promise<SourceKeys | undefined> {
    const { context } = this.#input;
    return openKeys({ ...this.#input, columns, sessions: this.#sessions, counting: (one) => counting(one, context) });
  }

  async check(): Promise<string> {
    const session = await this.#sessions.open();
    const bound = { text: "1970-01-01T00:00:00.000000Z", instant: "1970-01-01T00:00:00.000000Z" };
    const window = { since: bound, until: bound, observeClock: () => false };
    const plan = await this.#plan(session, { window, incremental: false, resume: {} });
    return describeSource(session, plan, this.#input);
  }

  async forecast(request: ReadRequest): Promise<Forecast> {
    const session = await this.#sessions.open();
    const now = await session.now();
    if (now) request.window.observeClock(now);
    const plan = await this.#plan(session, request);
    return forecastRead(session, plan, { ...this.#input, pageSize: pageSize(plan, request.pageSize) });
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }
}

/** `--batch-size` within what the spec allows. */
function pageSize({ keyset }: ReadPlan, asked: number | undefined): number {
  const size = keyset?.size ?? 0;
  return asked === undefined ? size : Math.max(1, Math.min(asked, keyset?.max_size ?? size));
}

/** Where a slice stands after a page: one without a position begins anew. */
function afterPage(slice: SliceRead, { position }: Page): SliceRead {
  const { position: _, ...rest } = slice;
  return position === undefined
    ? { ...rest, restarted: true }
    : { ...rest, restarted: false, position: position as Position };
}

/** The session, its statements counted as calls, and their rows waited for. */
function counting(session: Session, { metrics }: SourceContext): Session {
  return {
    now: () => session.now(),
    begin: () => session.begin(),
    describe: (statement) => session.describe(statement),
    columnsOf: (table) => session.columnsOf(table),
    version: () => session.version(),
    close: () => session.close(),
    rows(statement) {
      metrics.apiCalls++;
      return metrics.clock.waiting("fetch", session.rows(statement), "parse");
    },
  };
}
