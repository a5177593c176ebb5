/** One run of a pipeline, from the first request to its history row. */
import { FatalError } from "../errors.ts";
import { type Bound, newMetrics, type Page, type Position, type Source } from "../sources/contract.ts";
import type { Sink } from "../sinks/contract.ts";
import { instantFromDate } from "../values/instant.ts";
import { Batch } from "./batch.ts";
import { closeRun } from "./close-run.ts";
import { CommitFailure, type Committer, RejectLimitError } from "./commit.ts";
import { cutPage } from "./cut-page.ts";
import type { Deleted } from "./deletes/contract.ts";
import type { Deletions } from "./deletes/deletions.ts";
import { rowsOfLostParents } from "./deletes/lost-parents.ts";
import type { CompiledDelta } from "./delta.ts";
import { mappingOptions, timeOf, type RunInput } from "./engine.ts";
import { configurationOf, endpointOf } from "./history-row.ts";
import { judge, type Ending } from "./judge.ts";
import { FieldCosts, type Mapping } from "./mapping/index.ts";
import { openPipelineSource } from "./open-source.ts";
import { prepareTables } from "./prepare-tables.ts";
import type { ResolvedParams } from "./params.ts";
import type { PageProcessor } from "./process-page.ts";
import { readAhead } from "./read-ahead.ts";
import { rejectLimit, type RejectLimit } from "./reject-limit.ts";
import { firstCheckpoint, runParts } from "./run-parts.ts";
import { hasProgress, type Checkpoint } from "./state/checkpoint.ts";
import type { History, PipelineScope } from "./state/history.ts";
import type { Strategy } from "./strategy.ts";
import type { RunOutcome } from "./summary.ts";
import type { Target } from "./target.ts";
import { Teller } from "./warnings.ts";
import { incompleteText, tellStart } from "./tell.ts";
import { RunWindow } from "./window.ts";

/** What waits between source and sink, at the most: what waits longer outlives the young generation. */
const readAheadBytes = 50_000;
/** A batch is written when its pages hold this much… */
const batchBytes = 4_000_000;
/** …or so many records: a row of JavaScript values is larger than its text. */
const batchRecords = 1_000;
/** …or this many times that, while more pages of the same parents follow… */
const openBatches = 4;
/** …or when so much time has passed: of calls that bring next to nothing a killed run would repeat thousands. */
const batchMs = 30_000;

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
  readonly #main: Target | undefined;
  readonly #targets: readonly Target[];
  readonly #teller: Teller;
  readonly #deletions: Deletions | undefined;
  readonly #processor: PageProcessor;
  readonly #committer: Committer;
  readonly #limit: RejectLimit | undefined;
  readonly #metrics = newMetrics();
  readonly #costs: FieldCosts;
  readonly #stop = new AbortController();
  readonly #incomplete: string[] = [];
  /** The batch in hand, and the one before it until its turn has come. */
  readonly #unwritten = new Set<Batch>();
  /** Of the batch that is being written: at most one, while the next is read and mapped. */
  #writing: Promise<void> = Promise.resolve();
  /** Records that were handed over to be written, those of an attempt that was gone on with among them. */
  #handedOver: number;
  #runId = 0;
  #unchanged: { validators?: Position; unchanged: boolean } = { unchanged: false };
  #interruptedBy: string | undefined;
  #tableExists = true;
  #deleted: Deleted = { pending: false };
  #cut = false;

  constructor(input: AttemptInput) {
    this.#input = input;
    const { pipeline, strategy, resumed, flags, engine } = input;
    this.#window = new RunWindow(strategy.since, input.startedAt, {
      endDate: flags.endDate,
      resumed: resumed?.checkpoint,
      now: () => timeOf(engine),
    });
    this.#teller = new Teller(engine.log, flags.debug);
    this.#costs = new FieldCosts(pipeline.spec, mappingOptions(input));
    this.#limit = rejectLimit(pipeline.spec.limits?.max_rejects);
    const parts = runParts(input, {
      window: this.#window,
      checkpoint: firstCheckpoint(input, this.#window),
      teller: this.#teller,
      limit: this.#limit,
      metrics: this.#metrics,
    });
    this.#main = parts.main;
    this.#targets = parts.targets;
    this.#deletions = parts.deletions;
    this.#processor = parts.processor;
    this.#committer = parts.committer;
    this.#handedOver = this.#committer.tally.read;
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
      this.#tableExists = await prepareTables(this.#input, this.#targets);
      await this.#read();
      await this.#removeLost();
      if (this.#deletions) await this.#delete(this.#deletions, stop);
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
    const endpoint = endpointOf(source);
    this.#runId = await history.start({
      ...scope,
      strategy: strategy.name,
      endpoint: endpoint ?? null,
      startTime: instantFromDate(this.#input.startedAt),
      configuration: configurationOf(this.#input),
      checkpoint: this.#committer.committed,
    });
    await this.#committer.begin(this.#runId);
    await this.#deletions?.begin({ resumed: this.#input.resumed !== undefined });
  }

  /** What is stored of parents that are deleted goes, once the others have been asked for. */
  async #removeLost(): Promise<void> {
    const { pipeline, engine, sink, history } = this.#input;
    if (!judge(this.#ending(undefined)).complete) return;
    const lost = await rowsOfLostParents({
      spec: pipeline.spec,
      engine,
      sink,
      targets: this.#targets,
      main: this.#main,
    });
    if (lost) await this.#committer.delete(history ? lost.remove : lost.count);
  }

  /** What is gone is deleted when all has been read. @param stop aborted when the user or the database wants an end. */
  async #delete(deletions: Deletions, stop: AbortSignal): Promise<void> {
    const { engine, sink } = this.#input;
    try {
      this.#deleted = await deletions.finish({
        complete: judge(this.#ending(undefined)).complete,
        unchanged: this.#unchanged.unchanged,
        slices: Object.keys(this.#committer.committed.slices),
        tableExists: this.#tableExists,
        runId: this.#runId,
        commit: (apply) => this.#committer.delete(apply),
        signal: stop,
      });
    } catch (error) {
      if (!engine.signal.aborted || sink.lost.aborted) throw error;
      this.#interruptedBy = String(engine.signal.reason ?? "a signal");
    }
  }

  #ending(failure: unknown): Ending {
    return {
      pipeline: this.#input.pipeline.spec.pipeline,
      failure,
      interruptedBy: this.#interruptedBy,
      cut: this.#cut,
      incomplete: this.#incomplete,
      notDeleted: this.#deleted.problem,
      tally: this.#committer.tally,
      limit: this.#limit,
      hasProgress: hasProgress(this.#committer.committed),
    };
  }

  /**
   * Whoever asks for everything or for a date of their own wants the rows read, changed or not; whoever allows deletions
   * wants those that an earlier run held back.
   */
  #mayBeUnchanged(): boolean {
    const { strategy, flags } = this.#input;
    return (
      this.#tableExists && strategy.name !== "full" && strategy.name !== "manual" && flags.allowDeletes === undefined
    );
  }

  async #read(): Promise<void> {
    const { pipeline, engine, flags, params, strategy, resumed, unchangedSince, history } = this.#input;
    const source = await openPipelineSource(
      { pipeline, engine, params: params.values, metrics: this.#metrics, parentsSince: strategy.parents?.since },
      this.#stop.signal,
    );
    let final = false;
    try {
      const pages = source.read({
        incremental: strategy.incremental,
        window: this.#window,
        pageSize: flags.batchSize,
        pagesAtOnce: flags.concurrentPages,
        resume: resumed ? { ...this.#committer.committed.slices } : {},
        unchangedSince: this.#mayBeUnchanged() ? unchangedSince : undefined,
        // A run that is cut ends where it was told to: nobody goes on from there.
        ...(history && flags.maxRecords === 0
          ? {
              keep: async (slice, position) =>
                this.#kept(position) !== undefined && this.#committer.keep(slice, position, this.#unwritten),
            }
          : {}),
      });
      await this.#consume(pages);
      this.#unchanged = source.unchanged?.() ?? this.#unchanged;
    } catch (error) {
      final = error instanceof RejectLimitError;
      throw error;
    } finally {
      // A page may still be on its way when a run is cut short.
      this.#stop.abort();
      await source.close({ final });
      await this.#committer.end();
    }
  }

  async #consume(pages: ReturnType<Source["read"]>): Promise<void> {
    const { engine, sink } = this.#input;
    let batch = this.#newBatch();
    let isSplit = false;
    let committedAt = timeOf(engine).getTime();
    let failure: { error: unknown } | undefined;
    try {
      for await (const page of readAhead(pages, readAheadBytes)) {
        await this.#take(page, batch);
        if (this.#cut || this.#stop.signal.aborted) break;
        // What is written before the last page of a parent is read again by a resumed run: only a heap of it is.
        const most = page.open ? openBatches : 1;
        const isFull = batch.bytes >= batchBytes * most || batch.weight >= batchRecords * most;
        // Parents of whom a part was written are brought to their end as soon as they can be.
        const isDue = !page.open && (isSplit || timeOf(engine).getTime() - committedAt >= batchMs);
        if (!isFull && !isDue) continue;
        await this.#handOver(batch);
        committedAt = timeOf(engine).getTime();
        isSplit = page.open === true;
        batch = this.#newBatch();
      }
    } catch (error) {
      // A user who stops the run makes the request in hand fail: that is no failure of the run.
      if (!engine.signal.aborted) failure = { error };
    }
    // What became of the batch before comes first: where it was not written, what was read after it is not either.
    await this.#writing;
    if (sink.lost.aborted)
      throw new FatalError(`the connection to ${sink.address} is gone`, { cause: sink.lost.reason });
    if (engine.signal.aborted && !this.#cut && !failure)
      this.#interruptedBy = String(engine.signal.reason ?? "a signal");
    // What came before a failure is kept: the next run goes on after it.
    await this.#handOver(batch);
    await this.#writing;
    if (failure) throw failure.error;
  }

  #newBatch(): Batch {
    const batch = new Batch(this.#main, this.#input.sink);
    this.#unwritten.add(batch);
    return batch;
  }

  /** Has a batch written once the one before it is. Throws what became of that one; `#writing` tells of this one. */
  async #handOver(batch: Batch): Promise<void> {
    await this.#writing;
    this.#handedOver += batch.read;
    this.#writing = this.#commit(batch);
    // The source may be waiting for a long time: a run that cannot write ends now.
    this.#writing.catch(() => this.#stop.abort());
  }

  /** A page's records into the batch, and where it leads. */
  async #take(page: Page, batch: Batch): Promise<void> {
    const { flags, engine, pipeline } = this.#input;
    const before = this.#handedOver + batch.read;
    if (flags.maxRecords > 0) this.#cut = cutPage(page, flags.maxRecords - before);
    const { clock } = this.#metrics;
    const worked = clock.spentOn("map");
    await clock.work("map", () => this.#processor.process(page, batch, this.#cut));
    this.#costs.page(page.records.length, clock.spentOn("map") - worked);
    await this.#costs.sample((count) => batch.lastRecords(count), page.sliceValue);
    batch.bytes += page.bytes;
    batch.pages++;
    // Of parents whose pages are not all in, a resumed run reads all pages again: their sets are in memory alone.
    if (!this.#cut && !page.open) {
      batch.slices.set(page.slice, page.last ? { done: true } : { position: this.#kept(page.position), done: false });
    }
    if (page.committed) batch.whenCommitted.push(page.committed);
    const { completeness } = page;
    if (completeness && completeness.total > completeness.distinct) {
      this.#incomplete.push(incompleteText(page.slice, completeness));
    }
    const fetched = this.#handedOver + batch.read;
    engine.onProgress?.({ pipeline: pipeline.spec.pipeline, fetched, expected: page.expected });
  }

  /** A position as the history may hold it: one with a secret in it (a next URL) is not kept, the slice starts again. */
  #kept(position: Page["position"]): Page["position"] {
    const text = JSON.stringify(position) ?? "";
    return this.#input.engine.mask(text) === text ? position : undefined;
  }

  async #commit(batch: Batch): Promise<void> {
    const { until, start } = this.#window;
    await this.#committer.commit(batch, { until, start, greatest: this.#processor.greatest });
    this.#unwritten.delete(batch);
    const { pipeline, engine } = this.#input;
    engine.log.debug(
      `${pipeline.spec.pipeline}: ${batch.read} records written, ${this.#committer.tally.read} fetched so far`,
    );
  }

  async #close(failure: unknown): Promise<RunOutcome> {
    this.#teller.close();
    return closeRun(this.#input, {
      ending: this.#ending(failure),
      deletions: this.#deletions,
      hasUndeleted: this.#deleted.pending,
      counters: this.#committer.counters,
      committed: this.#committer.committed,
      runId: this.#runId,
      start: this.#window.start,
      greatest: this.#processor.greatest,
      metrics: this.#metrics,
      costs: this.#costs.costs(),
      warned: this.#processor.warned,
      warnings: this.#teller.warnings,
      unchanged: this.#unchanged,
    });
  }
}
