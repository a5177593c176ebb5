/** One run of a pipeline, from the first request to its history row. */
import { FatalError, messageOf } from "../errors.ts";
import type { Bound, Page, Position, Source, SourceMetrics } from "../sources/contract.ts";
import type { Sink, Table } from "../sinks/contract.ts";
import { instantFromDate } from "../values/instant.ts";
import { Batch, type BatchKeys } from "./batch.ts";
import { CommitFailure, Committer } from "./commit.ts";
import type { CompiledDelta } from "./delta.ts";
import { timeOf, type RunInput } from "./engine.ts";
import { judge, type Judgement } from "./judge.ts";
import type { Mapping } from "./mapping/index.ts";
import { performanceMetrics } from "./metrics.ts";
import { openPipelineSource } from "./open-source.ts";
import type { ResolvedParams } from "./params.ts";
import { PageProcessor } from "./process-page.ts";
import { readAhead } from "./read-ahead.ts";
import { rejectLimit, type RejectLimit } from "./reject-limit.ts";
import { hasProgress, noCounts, type Checkpoint } from "./state/checkpoint.ts";
import type { History, PipelineScope } from "./state/history.ts";
import { nextWatermark, watermarkObstacles, type Strategy } from "./strategy.ts";
import { peakRssMb, type RunOutcome } from "./summary.ts";
import { Teller } from "./warnings.ts";
import { compileRecordUrl } from "./record-url.ts";
import { boundText, incompleteText, tellEnd, tellStart } from "./tell.ts";
import { RunWindow } from "./window.ts";

/** What waits between source and sink, at the most. */
const readAheadBytes = 2_000_000;
/** A batch is written when its pages hold this much… */
const batchBytes = 4_000_000;
/** …or so many records: a row of JavaScript values is larger than its text. */
const batchRecords = 2_000;

export interface AttemptInput extends RunInput {
  sink: Sink;
  /** Absent on a dry run. */
  history?: History;
  scope: PipelineScope;
  params: ResolvedParams;
  mapping: Mapping;
  delta?: CompiledDelta;
  strategy: Strategy;
  /** The watermark in force. */
  stored?: Bound;
  startedAt: Date;
  /** Fingerprint of what was asked: a resumed run must have the same. */
  asked: string;
  resumed?: { fromRun: number; checkpoint: Checkpoint };
  /** Fingerprint of whatever decides what a record becomes. */
  madeBy: string;
  /** ETag and the like of a file that the last run read to the end, and made the same rows of. */
  unchangedSince?: Position;
}

export class Attempt {
  readonly #input: AttemptInput;
  readonly #window: RunWindow;
  readonly #table: Table;
  readonly #at: BatchKeys;
  readonly #teller: Teller;
  readonly #checkpoint: Checkpoint;
  readonly #processor: PageProcessor;
  readonly #committer: Committer;
  readonly #limit: RejectLimit | undefined;
  readonly #metrics: SourceMetrics = { apiCalls: 0, retries: 0, recovered: 0, rateLimitWaitSeconds: 0, bytesIn: 0 };
  readonly #stop = new AbortController();
  readonly #incomplete: string[] = [];
  #runId = 0;
  #unchanged: { validators?: Position; unchanged: boolean } = { unchanged: false };
  #interruptedBy: string | undefined;
  #tableExists = true;
  #cut = false;

  constructor(input: AttemptInput) {
    this.#input = input;
    const { pipeline, strategy, resumed, mapping, flags, engine, delta } = input;
    const { spec } = pipeline;
    this.#window = new RunWindow(strategy.since, input.startedAt, {
      endDate: flags.endDate,
      resumed: resumed?.checkpoint,
      now: () => timeOf(engine),
    });
    const { keys, newer_by: newerBy } = spec.upsert;
    this.#table = { name: spec.sink.table, columns: mapping.columns, keys, newerBy };
    const position = (name: string): number => mapping.columns.findIndex((column) => column.name === name);
    this.#at = { keys: keys.map(position), newerBy: newerBy === undefined ? undefined : position(newerBy) };
    this.#teller = new Teller(engine.log, flags.debug);
    this.#limit = rejectLimit(spec.limits?.max_rejects);
    this.#checkpoint = {
      strategy: strategy.name,
      since: strategy.since,
      until: this.#window.until,
      start: this.#window.start,
      asked: input.asked,
      specHash: pipeline.hash,
      counters: resumed ? { ...resumed.checkpoint.counters } : noCounts(),
      greatest: resumed?.checkpoint.greatest,
      slices: { ...resumed?.checkpoint.slices },
    };
    const isLocal = spec.source.type === "csv" || spec.source.delta?.local === true;
    const filtersSince = isLocal && strategy.incremental && delta?.kind !== "cursor";
    this.#processor = new PageProcessor({
      spec,
      system: pipeline.system,
      entity: pipeline.entity,
      mapping,
      at: this.#at,
      delta,
      localWindow: {
        since: filtersSince ? strategy.since : undefined,
        until: flags.endDate === undefined ? undefined : { text: flags.endDate, instant: flags.endDate },
      },
      teller: this.#teller,
      recordUrl: compileRecordUrl(pipeline, input.params.values),
      greatest: resumed?.checkpoint.greatest,
    });
    this.#committer = new Committer({
      sink: input.sink,
      table: this.#table,
      scope: input.scope,
      history: input.history,
      checkpoint: this.#checkpoint,
      replaceNewer: strategy.replaceNewer,
      limit: this.#limit,
      now: () => timeOf(engine),
      onRefused: ({ key, field, rule, message }, batch) => {
        const row = batch.rows.find((candidate) => candidate.key === key)?.row ?? [];
        this.#teller.reject({ stage: "write", field, rule, message }, () => this.#processor.label(row, key));
      },
    });
  }

  /** Runs to the end; every outcome, failures too, is a summary and a closed history row. */
  async run(): Promise<RunOutcome> {
    const { engine, history, sink } = this.#input;
    tellStart(this.#input);
    if (history) await this.#open(history);
    const stop = AbortSignal.any([engine.signal, sink.lost]);
    const abort = (): void => this.#stop.abort(stop.reason);
    if (stop.aborted) abort();
    stop.addEventListener("abort", abort, { once: true });
    let failure: unknown;
    try {
      await this.#prepareTable();
      await this.#read();
    } catch (error) {
      failure = error instanceof CommitFailure ? error.cause : error;
    } finally {
      stop.removeEventListener("abort", abort);
      this.#stop.abort();
    }
    return this.#close(failure);
  }

  async #open(history: History): Promise<void> {
    const { strategy, scope, pipeline } = this.#input;
    const { source } = pipeline.spec;
    const endpoint = source.type === "api" ? (source.request.path ?? source.request.url) : (source.path ?? source.url);
    this.#runId = await history.start({
      ...scope,
      strategy: strategy.name,
      endpoint: endpoint ?? null,
      startTime: instantFromDate(this.#input.startedAt),
      configuration: this.#configuration(),
      checkpoint: this.#checkpoint,
    });
    await this.#committer.begin(this.#runId);
  }

  /** What a run was asked, for its history row. A param may have been given a secret. */
  #configuration(): Record<string, unknown> {
    const { flags, engine, pipeline, params, resumed } = this.#input;
    const masked = (value: unknown): unknown => (typeof value === "string" ? engine.mask(value) : value);
    return {
      flags: { ...flags, params: undefined },
      params: Object.fromEntries(Object.entries(params.values).map(([name, value]) => [name, masked(value)])),
      environment: engine.environmentName,
      validation: engine.validation,
      spec_hash: pipeline.hash,
      ...(resumed ? { resumed_from: resumed.fromRun } : {}),
    };
  }

  async #prepareTable(): Promise<void> {
    const { sink, flags, engine } = this.#input;
    const plan = await sink.plan(this.#table);
    this.#tableExists = !plan.creates;
    if (!flags.dryRun) return sink.apply(plan);
    for (const { message, sql } of plan.problems) engine.log.warn(`Dry run: ${message}; it would take: ${sql}`);
    if (plan.problems.length) throw new FatalError(plan.problems.map(({ message }) => message).join("; "));
    for (const statement of plan.statements) engine.log.info(`Dry run: would run ${statement}`);
  }

  async #read(): Promise<void> {
    const { pipeline, engine, flags, params, strategy, resumed, unchangedSince } = this.#input;
    const source = await openPipelineSource(
      { pipeline, engine, params: params.values, metrics: this.#metrics },
      this.#stop.signal,
    );
    try {
      const pages = source.read({
        incremental: strategy.incremental,
        window: this.#window,
        pageSize: flags.batchSize,
        resume: resumed ? { ...this.#checkpoint.slices } : {},
        // Whoever asks for everything or for a date of their own wants the rows read, changed or not.
        unchangedSince:
          this.#tableExists && strategy.name !== "full" && strategy.name !== "manual" ? unchangedSince : undefined,
      });
      await this.#consume(pages);
      this.#unchanged = source.unchanged?.() ?? this.#unchanged;
    } finally {
      // A page may still be on its way when a run is cut short.
      this.#stop.abort();
      await source.close();
    }
  }

  async #consume(pages: ReturnType<Source["read"]>): Promise<void> {
    const { engine, sink } = this.#input;
    let batch = new Batch(this.#at);
    try {
      for await (const page of readAhead(pages, readAheadBytes)) {
        await this.#take(page, batch);
        if (this.#cut || engine.signal.aborted || sink.lost.aborted) break;
        if (batch.bytes < batchBytes && batch.fetched < batchRecords) continue;
        await this.#commit(batch);
        batch = new Batch(this.#at);
      }
    } catch (error) {
      // A user who stops the run makes the request in hand fail: that is no failure of the run.
      if (error instanceof CommitFailure || sink.lost.aborted || !engine.signal.aborted) {
        // What came before the failure is kept: the next run goes on after it.
        if (!sink.lost.aborted && !(error instanceof CommitFailure)) await this.#commit(batch);
        throw error;
      }
    }
    if (sink.lost.aborted)
      throw new FatalError(`the connection to ${sink.address} is gone`, { cause: sink.lost.reason });
    if (engine.signal.aborted && !this.#cut) this.#interruptedBy = String(engine.signal.reason ?? "a signal");
    await this.#commit(batch);
  }

  /** A page's records into the batch, its position into the checkpoint. */
  async #take(page: Page, batch: Batch): Promise<void> {
    const { flags, engine, pipeline } = this.#input;
    const before = this.#committer.counters.fetched + batch.fetched;
    if (flags.maxRecords > 0) this.#cut = cutPage(page, flags.maxRecords - before);
    await this.#processor.process(page, batch);
    batch.bytes += page.bytes;
    if (!this.#cut) {
      this.#checkpoint.slices[page.slice] = page.last
        ? { done: true }
        : { position: this.#kept(page.position), done: false };
    }
    const { completeness } = page;
    if (completeness && completeness.total > completeness.distinct) {
      this.#incomplete.push(incompleteText(page.slice, completeness));
    }
    const fetched = this.#committer.counters.fetched + batch.fetched;
    engine.onProgress?.({ pipeline: pipeline.spec.pipeline, fetched, expected: page.expected });
  }

  /** A position as the history may hold it: one with a secret in it (a next URL) is not kept, the slice starts again. */
  #kept(position: Page["position"]): Page["position"] {
    const text = JSON.stringify(position) ?? "";
    return this.#input.engine.mask(text) === text ? position : undefined;
  }

  async #commit(batch: Batch): Promise<void> {
    this.#checkpoint.greatest = this.#processor.greatest;
    this.#checkpoint.until = this.#window.until;
    this.#checkpoint.start = this.#window.start;
    await this.#committer.commit(batch);
    const { pipeline, engine } = this.#input;
    engine.log.debug(
      `${pipeline.spec.pipeline}: ${batch.fetched} records written, ${this.#committer.counters.fetched} fetched so far`,
    );
  }

  async #close(failure: unknown): Promise<RunOutcome> {
    const { engine, history, flags, pipeline, delta, stored, params, startedAt, strategy } = this.#input;
    const { counters } = this.#committer;
    let judged = judge({
      pipeline: pipeline.spec.pipeline,
      failure,
      interruptedBy: this.#interruptedBy,
      cut: this.#cut,
      incomplete: this.#incomplete,
      counters,
      limit: this.#limit,
      hasProgress: hasProgress(this.#committer.committed),
    });
    if (judged.error !== null) judged.error = engine.mask(judged.error);
    const duration = (timeOf(engine).getTime() - startedAt.getTime()) / 1000;
    this.#teller.close();
    if (history) {
      const start = { text: this.#window.start, instant: this.#window.start };
      const obstacles = watermarkObstacles({ flags, stored, narrowing: params.narrowing, complete: judged.complete });
      const greatest = this.#processor.greatest;
      const watermark =
        delta && judged.status !== "failed" ? nextWatermark({ delta, start, greatest, stored, obstacles }) : undefined;
      const unwritten = await this.#closeHistory(history, judged, {
        duration,
        watermark: watermark?.text ?? null,
        whole: obstacles.length === 0,
      });
      if (unwritten !== undefined) {
        const error = [judged.error, engine.mask(unwritten)].filter(Boolean).join("; ");
        judged = { ...judged, status: "failed", error, exitCode: judged.exitCode === 2 ? 2 : 1, canResume: false };
      }
    }
    tellEnd(this.#input, { judged, counters, unchanged: this.#unchanged.unchanged });
    return {
      summary: {
        pipeline: pipeline.spec.pipeline,
        status: judged.status,
        mode: strategy.name,
        since: strategy.incremental ? boundText(strategy.since, delta) : null,
        ...counters,
        duration_seconds: Math.round(duration * 1000) / 1000,
        records_per_second: Math.round(counters.fetched / Math.max(duration, 0.001)),
        api_calls: this.#metrics.apiCalls,
        retries: this.#metrics.retries,
        peak_rss_mb: peakRssMb(),
        run_id: history ? this.#runId : null,
        error: judged.error,
      },
      exitCode: judged.exitCode,
      hint: judged.canResume && history ? "The run can be resumed: run it again." : undefined,
    };
  }

  /** Gives the reason where the row could not be written. */
  async #closeHistory(
    history: History,
    { status, error, canResume }: Judgement,
    end: { duration: number; watermark: string | null; whole: boolean },
  ): Promise<string | undefined> {
    const { counters } = this.#committer;
    const metrics = performanceMetrics({
      counters,
      duration: end.duration,
      source: this.#metrics,
      statements: this.#input.sink.statements,
      warned: this.#processor.warned,
      warnings: this.#teller.warnings,
    });
    try {
      await history.finish(this.#runId, {
        status,
        endTime: instantFromDate(timeOf(this.#input.engine)),
        counters,
        error,
        watermark: end.watermark,
        checkpoint: canResume ? this.#committer.committed : null,
        metrics,
      });
      const { validators } = this.#unchanged;
      // A run that read a part of the file must not have the next one believe that all of it is in.
      if (end.whole && status !== "failed" && validators !== undefined)
        await history.noteFile(this.#runId, { validators, made_by: this.#input.madeBy });
      return undefined;
    } catch (cause) {
      // A database that is gone takes its history along: the next run finds this one as `running` and closes it.
      return `the history row of run ${this.#runId} could not be written: ${messageOf(cause)}`;
    }
  }
}

/** Leaves as much of a page as there is room for: what the source refused counts too. True when that fills it. */
function cutPage(page: Page, room: number): boolean {
  const refused = page.rejects?.length ?? 0;
  if (refused + page.records.length < room) return false;
  page.rejects?.splice(room);
  page.records.splice(Math.max(0, room - refused));
  return true;
}
