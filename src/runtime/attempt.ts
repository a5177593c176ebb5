/** One run of a pipeline, from the first request to its history row. */
import { FatalError, messageOf, SpecError } from "../errors.ts";
import type { Bound, Source, SourceMetrics } from "../sources/contract.ts";
import type { MergeResult, Sink, Table } from "../sinks/contract.ts";
import { mappedNames } from "../spec/mapped-names.ts";
import { isoOf, instantFromDate } from "../values/instant.ts";
import { compileTemplate } from "../template/index.ts";
import { Batch, type BatchKeys } from "./batch.ts";
import type { CompiledDelta } from "./delta.ts";
import type { RunInput } from "./engine.ts";
import type { Mapping } from "./mapping/index.ts";
import type { ResolvedParams } from "./params.ts";
import { createProcessor, type PageProcessor } from "./process-page.ts";
import { readAhead } from "./read-ahead.ts";
import type { Checkpoint, Counters } from "./state/checkpoint.ts";
import { noCounts } from "./state/checkpoint.ts";
import type { History, PipelineScope } from "./state/history.ts";
import { Rejects, type Reject } from "./state/rejects.ts";
import { nextWatermark, watermarkObstacles, type Strategy } from "./strategy.ts";
import { brokenEquations, peakRssMb, type RunOutcome } from "./summary.ts";
import { Teller } from "./warnings.ts";
import { RunWindow } from "./window.ts";
import { performanceMetrics } from "./metrics.ts";
import { rejectLimit } from "./reject-limit.ts";

/** What waits between source and sink, at the most. */
const readAheadBytes = 8_000_000;
/** A batch is written when its pages hold this much… */
const batchBytes = 4_000_000;
/** …or so many records: a row of JavaScript values is larger than its text. */
const batchRecords = 5_000;

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
  /** What was asked, as one text: a resumed run must have the same. */
  asked: string;
  resumed?: { fromRun: number; checkpoint: Checkpoint };
  /** ETag and the like, from the last successful run with the same spec. */
  unchangedSince?: unknown;
}

export class Attempt {
  readonly #input: AttemptInput;
  readonly #window: RunWindow;
  readonly #table: Table;
  readonly #at: BatchKeys;
  readonly #teller: Teller;
  readonly #rejects: Rejects;
  readonly #checkpoint: Checkpoint;
  readonly #processor: PageProcessor;
  readonly #sourceMetrics: SourceMetrics = { apiCalls: 0, retries: 0, recovered: 0, rateLimitWaitSeconds: 0, bytesIn: 0 };
  readonly #stop = new AbortController();
  readonly #incomplete: string[] = [];
  #counters: Counters;
  #openRejects = new Set<string>();
  #runId = 0;
  #unchanged: { validators?: unknown; unchanged: boolean } = { unchanged: false };
  #interrupted = false;
  #tableExists = true;
  #cut = false;

  constructor(input: AttemptInput) {
    this.#input = input;
    const { pipeline, strategy, resumed, mapping, flags, engine, delta } = input;
    const { spec } = pipeline;
    this.#window = new RunWindow(strategy.since, input.startedAt, {
      endDate: flags.endDate,
      ...(resumed ? { resumed: { until: resumed.checkpoint.until, start: resumed.checkpoint.start } } : {}),
    });
    this.#table = { name: spec.sink.table, columns: mapping.columns, keys: spec.upsert.keys, newerBy: spec.upsert.newer_by };
    const position = (name: string): number => mapping.columns.findIndex((column) => column.name === name);
    this.#at = { keys: spec.upsert.keys.map(position), newerBy: spec.upsert.newer_by === undefined ? undefined : position(spec.upsert.newer_by) };
    this.#teller = new Teller(engine.log, flags.debug);
    this.#rejects = new Rejects(input.sink, input.scope);
    this.#counters = resumed ? { ...resumed.checkpoint.counters } : noCounts();
    this.#checkpoint = {
      strategy: strategy.name,
      since: strategy.since,
      until: this.#window.until,
      start: this.#window.start,
      asked: input.asked,
      specHash: pipeline.hash,
      counters: this.#counters,
      greatest: resumed?.checkpoint.greatest,
      slices: { ...resumed?.checkpoint.slices },
    };
    const isLocal = spec.source.type === "csv" || spec.source.delta?.local === true;
    this.#processor = createProcessor({
      spec,
      system: pipeline.system,
      entity: pipeline.entity,
      mapping,
      at: this.#at,
      delta,
      localWindow: {
        since: isLocal && strategy.incremental && delta?.kind !== "cursor" ? strategy.since : undefined,
        until: flags.endDate === undefined ? undefined : { text: flags.endDate, instant: flags.endDate },
      },
      teller: this.#teller,
      recordUrl: recordUrlOf(input),
      greatest: resumed?.checkpoint.greatest,
    });
  }

  /** Runs to the end; every outcome, failures too, is a summary and a closed history row. */
  async run(): Promise<RunOutcome> {
    const { engine, pipeline, history, flags } = this.#input;
    const { log } = engine;
    const verb = flags.dryRun ? "Starting dry run of" : "Starting";
    log.info(`${verb} ${pipeline.system} ${pipeline.entity} sync (${this.#modeText()})`);
    if (history) await this.#open(history);
    const abort = (): void => this.#stop.abort(engine.signal.reason);
    engine.signal.addEventListener("abort", abort, { once: true });
    this.#input.sink.lost.addEventListener("abort", abort, { once: true });
    let failure: unknown;
    try {
      await this.#prepareTable();
      await this.#read();
    } catch (error) {
      failure = error instanceof CommitFailure ? error.cause : error;
    } finally {
      engine.signal.removeEventListener("abort", abort);
      this.#input.sink.lost.removeEventListener("abort", abort);
      this.#stop.abort();
    }
    return this.#close(failure);
  }

  #modeText(): string {
    const { strategy, resumed, delta } = this.#input;
    const since = strategy.incremental ? ` since ${boundText(strategy.since, delta)}` : "";
    return `${resumed ? `resuming run ${resumed.fromRun}, ` : ""}${strategy.name}${since}`;
  }

  async #open(history: History): Promise<void> {
    const { strategy, scope, flags, engine, pipeline, params, resumed } = this.#input;
    const { source } = pipeline.spec;
    this.#runId = await history.start({
      ...scope,
      strategy: strategy.name,
      endpoint: source.type === "api" ? (source.request.path ?? source.request.url ?? null) : (source.path ?? source.url ?? null),
      startTime: instantFromDate(this.#input.startedAt),
      configuration: {
        flags: { ...flags, params: undefined },
        params: params.values,
        environment: engine.environmentName,
        validation: engine.validation,
        spec_hash: pipeline.hash,
        ...(resumed ? { resumed_from: resumed.fromRun } : {}),
      },
      checkpoint: this.#checkpoint,
    });
    this.#openRejects = await this.#rejects.openKeys();
  }

  async #prepareTable(): Promise<void> {
    const { sink, flags, engine } = this.#input;
    const plan = await sink.plan(this.#table);
    this.#tableExists = !plan.creates;
    if (flags.dryRun) {
      for (const { message, sql } of plan.problems) engine.log.warn(`Dry run: ${message}; it would take: ${sql}`);
      for (const statement of plan.statements) engine.log.info(`Dry run: would run ${statement}`);
      return;
    }
    await sink.apply(plan);
  }

  async #read(): Promise<void> {
    const { pipeline, engine, flags, params, strategy, resumed } = this.#input;
    const kind = await engine.sourceKind(pipeline.spec.source.type);
    const source = await kind.open({
      spec: pipeline.spec.source,
      connection: pipeline.connection,
      folder: pipeline.folder,
      params: params.values,
      mapped: (path) => mappedNames(pipeline.spec, path).names,
      log: engine.log,
      metrics: this.#sourceMetrics,
      signal: this.#stop.signal,
    });
    try {
      const pages = source.read({
        incremental: strategy.incremental,
        window: this.#window,
        pageSize: flags.batchSize,
        resume: resumed ? this.#checkpoint.slices : {},
        unchangedSince: this.#tableExists && !strategy.replaceNewer && strategy.name !== "full" ? (this.#input.unchangedSince as never) : undefined,
      });
      await this.#consume(pages, source);
    } finally {
      await source.close();
    }
  }

  async #consume(pages: ReturnType<Source["read"]>, source: Source): Promise<void> {
    const { engine, flags } = this.#input;
    let batch = new Batch(this.#at);
    try {
      for await (const page of readAhead(pages, readAheadBytes)) {
        const room = flags.maxRecords > 0 ? flags.maxRecords - this.#counters.fetched - batch.fetched : Infinity;
        if (page.records.length >= room) {
          page.records.length = room;
          this.#cut = true;
        }
        await this.#processor.process(page, batch);
        batch.bytes += page.bytes;
        if (!this.#cut) this.#checkpoint.slices[page.slice] = page.last ? { done: true } : { position: page.position, done: false };
        if (page.completeness && page.completeness.total > page.completeness.distinct) {
          const { total, distinct } = page.completeness;
          this.#incomplete.push(`the source has ${total.toLocaleString("en-US")} records${page.slice ? ` in ${page.slice}` : ""}, ${distinct.toLocaleString("en-US")} were read: ${(total - distinct).toLocaleString("en-US")} are missing. Run again; if it stays so, the paging of this API is not to be trusted`);
        }
        engine.onProgress?.({ pipeline: `${this.#input.pipeline.system}.${this.#input.pipeline.entity}`, fetched: this.#counters.fetched + batch.fetched, expected: page.expected });
        if (this.#cut) break;
        if (engine.signal.aborted || this.#input.sink.lost.aborted) break;
        if (batch.bytes >= batchBytes || batch.fetched >= batchRecords) {
          await this.#commit(batch);
          batch = new Batch(this.#at);
        }
      }
    } catch (error) {
      // A user who stops the run makes the request in hand fail: that is no failure of the run.
      if (error instanceof CommitFailure || this.#input.sink.lost.aborted || !engine.signal.aborted) {
        // What came before the failure is kept: the next run goes on after it.
        if (!this.#input.sink.lost.aborted && !(error instanceof CommitFailure)) await this.#commit(batch);
        throw error;
      }
    }
    if (this.#input.sink.lost.aborted) throw new FatalError(`the connection to ${this.#input.sink.address} is gone`, { cause: this.#input.sink.lost.reason });
    this.#interrupted = engine.signal.aborted && !this.#cut;
    await this.#commit(batch);
    this.#unchanged = source.unchanged?.() ?? this.#unchanged;
  }

  /** Rows, rejects and checkpoint in one transaction. */
  async #commit(batch: Batch): Promise<void> {
    if (batch.committed || (batch.fetched === 0 && batch.bytes === 0)) return;
    const { sink, history, flags, strategy, pipeline } = this.#input;
    this.#checkpoint.greatest = this.#processor.greatest;
    this.#checkpoint.until = this.#window.until;
    this.#checkpoint.start = this.#window.start;
    const now = instantFromDate(new Date());
    const rows = batch.rows.map(({ row }) => row);
    const input = {
      table: this.#table,
      rows,
      runId: this.#runId,
      now,
      replaceNewer: strategy.replaceNewer,
      newerLimits: batch.rows.some(({ newerLimit }) => newerLimit !== undefined) ? batch.rows.map(({ newerLimit }) => newerLimit) : undefined,
    };
    try {
      if (flags.dryRun) {
        this.#counters = this.#added(batch, rows.length ? await sink.compare(input) : nothingMerged);
      } else {
        await sink.transaction(async () => {
          const merged = rows.length ? await sink.merge(input) : nothingMerged;
          const counters = this.#added(batch, merged);
          const refused = this.#refused(batch, merged);
          const rejects = [...batch.rejects, ...refused];
          if (rejects.length) await this.#rejects.save(rejects, { id: this.#runId, specHash: pipeline.hash, now });
          if (this.#openRejects.size) await this.#resolveRejects(batch, new Set(rejects.map(({ key }) => key)), now);
          await history!.checkpoint(this.#runId, { ...this.#checkpoint, counters });
          return { counters, refused };
        }).then(({ counters, refused }) => {
          this.#counters = counters;
          this.#checkpoint.counters = counters;
          for (const { field, rule, message, key } of refused) this.#teller.reject({ stage: "write", field, rule, message }, () => this.#processor.label(batch.rows.find((candidate) => candidate.key === key)?.row ?? [], key));
        });
      }
    } catch (error) {
      throw new CommitFailure(error);
    }
    batch.committed = true;
    const limit = rejectLimit(pipeline.spec.limits?.max_rejects);
    if (limit?.count !== undefined && this.#counters.rejected > limit.count) throw new RejectLimitError(limit.message(this.#counters));
    this.#input.engine.log.debug(`${pipeline.system} ${pipeline.entity}: batch of ${batch.fetched} records written, ${this.#counters.fetched} fetched so far`);
  }

  #added(batch: Batch, merged: MergeResult): Counters {
    const before = this.#counters;
    return {
      fetched: before.fetched + batch.fetched,
      filtered: before.filtered + batch.filtered,
      duplicates: before.duplicates + batch.duplicates,
      rejected: before.rejected + batch.rejected + merged.rejects.length,
      mapped: before.mapped + batch.rows.length - merged.rejects.length,
      created: before.created + merged.created,
      updated: before.updated + merged.updated,
      unchanged: before.unchanged + merged.unchanged,
      stale: before.stale + merged.stale,
      deleted: before.deleted,
      warnings: before.warnings + batch.warnings,
    };
  }

  #refused(batch: Batch, merged: MergeResult): Reject[] {
    return merged.rejects.map(({ index, field, code, message }) => {
      const { key, record } = batch.rows[index]!;
      return { key, stage: "write", field: field ?? "", rule: code, message, record };
    });
  }

  async #resolveRejects(batch: Batch, rejectedNow: ReadonlySet<string>, now: string): Promise<void> {
    const good = batch.rows.map(({ key }) => key).filter((key) => this.#openRejects.has(key) && !rejectedNow.has(key));
    if (good.length) await this.#rejects.resolve(good, now);
  }

  async #close(failure: unknown): Promise<RunOutcome> {
    const { engine, history, flags, pipeline, delta, stored, params, startedAt } = this.#input;
    const counters = this.#counters;
    const problems = [...this.#incomplete, ...(failure === undefined ? brokenEquations(counters) : [])];
    const complete = failure === undefined && problems.length === 0 && !this.#interrupted && !this.#cut;
    const limit = rejectLimit(pipeline.spec.limits?.max_rejects);
    let status: "success" | "partial" | "failed" = "success";
    let error: string | null = null;
    let hint: string | undefined;
    if (failure !== undefined) {
      status = "failed";
      error = messageOf(failure);
    } else if (this.#interrupted) {
      status = "failed";
      error = `interrupted by ${String(engine.signal.reason ?? "a signal")}; run it again to go on from the checkpoint`;
    } else if (limit?.exceeded(counters)) {
      status = "failed";
      error = limit.message(counters);
    } else if (problems.length) {
      status = "partial";
      error = problems.join("; ");
    } else if (counters.rejected > 0 && !limit) {
      status = "partial";
      error = `${counters.rejected.toLocaleString("en-US")} records were rejected: see etl rejects list ${pipeline.spec.pipeline}. If some are to be expected, write limits: { max_rejects: … }`;
    }
    if (error !== null) error = engine.mask(error);
    const canResume = status === "failed" && !(failure instanceof RejectLimitError) && !limit?.exceeded(counters) && Object.keys(this.#checkpoint.slices).length > 0;
    const watermark =
      delta && status !== "failed"
        ? nextWatermark({
            delta,
            start: { text: this.#window.start, instant: this.#window.start },
            greatest: this.#processor.greatest,
            stored,
            obstacles: watermarkObstacles({ flags, stored, narrowing: params.narrowing, complete }),
          })
        : undefined;
    const duration = (Date.now() - startedAt.getTime()) / 1000;
    const metrics = performanceMetrics({ counters, duration, source: this.#sourceMetrics, statements: this.#input.sink.statements, warned: this.#processor.warned, warnings: this.#teller.warnings });
    this.#teller.close();
    if (history) {
      const finish = history.finish(this.#runId, {
        status,
        endTime: instantFromDate(new Date()),
        counters,
        error,
        watermark: watermark?.text ?? null,
        checkpoint: canResume ? { ...this.#checkpoint, counters } : null,
        metrics,
      });
      const noted = complete && status !== "failed" && this.#unchanged.validators !== undefined ? finish.then(() => history.note(this.#runId, { unchanged_since: this.#unchanged.validators })) : finish;
      // A database that is gone takes its history along: the next run finds this one as `running` and closes it.
      await noted.catch((cause: unknown) => engine.log.error(`The history row of run ${this.#runId} could not be written: ${messageOf(cause)}`));
    }
    this.#tellEnd(status, error);
    if (canResume && status === "failed" && !flags.dryRun) hint = "The run can be resumed: run it again.";
    const incremental = this.#input.strategy.incremental;
    return {
      summary: {
        pipeline: pipeline.spec.pipeline,
        status,
        mode: this.#input.strategy.name,
        since: incremental ? boundText(this.#input.strategy.since, delta) : null,
        ...counters,
        duration_seconds: Math.round(duration * 1000) / 1000,
        records_per_second: Math.round(counters.fetched / Math.max(duration, 0.001)),
        api_calls: this.#sourceMetrics.apiCalls,
        retries: this.#sourceMetrics.retries,
        peak_rss_mb: peakRssMb(),
        run_id: history ? this.#runId : null,
        error,
      },
      exitCode: this.#interrupted ? 130 : status === "failed" ? (failure instanceof SpecError ? 2 : 1) : status === "partial" ? 3 : 0,
      hint,
    };
  }

  #tellEnd(status: string, error: string | null): void {
    const { engine, pipeline, strategy, flags } = this.#input;
    const { created, updated, unchanged, rejected, stale } = this.#counters;
    const { log } = engine;
    const name = `${pipeline.system} ${pipeline.entity}`;
    if (status === "failed") log.error(`Failed ${name} sync: ${error}`);
    const verb = flags.dryRun ? `Dry run of ${name} sync, nothing was written; it would be` : `Completed ${name} sync`;
    if (status !== "failed") log.info(`${verb}: ${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected} failed`);
    if (status === "partial") log.warn(`${name} sync is partial: ${error}`);
    if (this.#unchanged.unchanged) log.info(`${name}: the source has not changed since the last run; nothing was fetched`);
    if (strategy.name === "full" && stale > 0) log.info(`${name}: ${stale} stored rows are newer than what was read and stay; --force would replace them`);
  }
}

/** What was thrown while a batch was written: it must not be written again. */
class CommitFailure extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** More rejects than the spec allows: another run would not do better from where this one stopped. */
class RejectLimitError extends FatalError {}

const nothingMerged: MergeResult = { created: 0, updated: 0, unchanged: 0, stale: 0, rejects: [] };

function boundText(bound: Bound, delta: CompiledDelta | undefined): string {
  return delta?.kind === "instant" && bound.instant ? isoOf(bound.instant) : bound.text;
}

function recordUrlOf({ pipeline, params }: AttemptInput): ((row: Record<string, unknown>) => string | undefined) | undefined {
  if (pipeline.spec.record_url === undefined) return undefined;
  const template = compileTemplate(pipeline.spec.record_url);
  return (row) => {
    try {
      const values = { record: row, vars: pipeline.connection?.vars ?? {}, params: params.values };
      return String(template.render({ values }, { mode: "path" }));
    } catch {
      // A record without a key has no page.
      return undefined;
    }
  };
}

