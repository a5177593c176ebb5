/** `etl remove`: a run that writes no rows, and deletes those that the source no longer has. It has a history of its own. */
import { messageOf, SpecError } from "../../errors.ts";
import type { Sink, Table } from "../../sinks/contract.ts";
import { newMetrics, type Page } from "../../sources/contract.ts";
import type { LoadedPipeline } from "../../spec/load.ts";
import type { StageSeconds } from "../../stage-clock.ts";
import { instantFromDate } from "../../values/instant.ts";
import { noDeltaStart } from "../delta.ts";
import { timeOf, type RunInput } from "../engine.ts";
import { judge, type Judgement } from "../judge.ts";
import { performanceMetrics } from "../metrics.ts";
import { openPipelineSource } from "../open-source.ts";
import { failedOutcome, type Prepared, prepareRun, underLock } from "../run-pipeline.ts";
import { noCounts, type Checkpoint } from "../state/checkpoint.ts";
import type { History } from "../state/history.ts";
import { peakRssMb, type RunOutcome } from "../summary.ts";
import { incompleteText } from "../tell.ts";
import { targetsFor } from "../target.ts";
import { RunWindow } from "../window.ts";
import type { Deleted, DeletedRows } from "./contract.ts";
import { Deletions } from "./deletions.ts";
import { compileWatch, reduced } from "./watch.ts";

/** Removes what is gone. Never throws for what goes wrong: that is in the outcome. */
export async function removePipeline(input: RunInput): Promise<RunOutcome[]> {
  const { pipeline, flags, engine } = input;
  let sink: Sink | undefined;
  try {
    if (pipeline.spec.deletes === undefined)
      throw new SpecError(
        `${pipeline.spec.pipeline} says nothing of what is deleted: write deletes: { detect: … } into its spec`,
      );
    const run = prepareRun(input);
    const prepared = { ...run, scope: { ...run.scope, entity: `${pipeline.entity}_removal` } };
    sink = await engine.openSink(engine.warehouse, { readOnly: flags.dryRun });
    if (flags.dryRun) return [await new Removal(prepared, sink).run()];
    const opened = sink;
    return await underLock(prepared, sink, async (history) => [await new Removal(prepared, opened, history).run()]);
  } catch (error) {
    const message = engine.mask(messageOf(error));
    engine.log.error(`Failed ${pipeline.system} ${pipeline.entity} removal: ${message}`);
    return [failedOutcome(input, message, error instanceof SpecError ? 2 : 1)];
  } finally {
    await sink?.close();
  }
}

class Removal {
  readonly #prepared: Prepared;
  readonly #sink: Sink;
  readonly #history: History | undefined;
  readonly #metrics = newMetrics();
  readonly #window: RunWindow;
  readonly #table: Table;
  readonly #deletions: Deletions;
  readonly #startedAt: Date;
  readonly #incomplete: string[] = [];
  readonly #slices = new Set<string>();
  readonly #counters = noCounts();
  readonly #stop = new AbortController();
  #tables: DeletedRows["tables"] = {};
  #runId = 0;
  #cut = false;
  #unchanged = false;
  #interrupted = false;

  constructor(prepared: Prepared, sink: Sink, history?: History) {
    const { engine, delta, params, mapping, flags, pipeline, scope } = prepared;
    this.#prepared = prepared;
    this.#sink = sink;
    this.#history = history;
    this.#startedAt = timeOf(engine);
    this.#window = new RunWindow(delta?.start ?? noDeltaStart, this.#startedAt, { now: () => timeOf(engine) });
    const { main } = targetsFor(pipeline.spec, mapping);
    if (!main) throw new SpecError(`${pipeline.spec.pipeline} has no rows of records: there is nothing to remove`);
    this.#table = main.table;
    this.#deletions = Deletions.open({
      pipeline,
      engine,
      flags,
      params,
      mapping,
      sink,
      table: this.#table,
      scope,
      metrics: this.#metrics,
      window: this.#window,
    })!;
  }

  async run(): Promise<RunOutcome> {
    const { engine, flags, pipeline, scope } = this.#prepared;
    const { detect } = pipeline.spec.deletes!;
    engine.log.info(
      `${flags.dryRun ? "Starting dry run of" : "Starting"} ${pipeline.system} ${pipeline.entity} removal (${detect})`,
    );
    this.#runId =
      (await this.#history?.start({
        ...scope,
        strategy: "removal",
        endpoint: null,
        startTime: instantFromDate(this.#startedAt),
        configuration: {
          flags: { ...flags, params: undefined },
          environment: engine.environmentName,
          spec_hash: pipeline.hash,
        },
        checkpoint: this.#checkpoint(),
      })) ?? 0;
    const stop = AbortSignal.any([engine.signal, this.#sink.lost]);
    const abort = (): void => this.#stop.abort(stop.reason);
    if (stop.aborted) abort();
    stop.addEventListener("abort", abort, { once: true });
    let failure: unknown;
    let result: Deleted = { pending: false };
    try {
      result = await this.#remove();
    } catch (error) {
      if (engine.signal.aborted && !this.#sink.lost.aborted) this.#interrupted = true;
      else failure = error;
    } finally {
      stop.removeEventListener("abort", abort);
      this.#stop.abort();
    }
    return this.#close(failure, result);
  }

  #checkpoint(): Checkpoint {
    const { since, until, start } = this.#window;
    const { hash } = this.#prepared.pipeline;
    return {
      strategy: "removal",
      since,
      until,
      start,
      asked: "",
      specHash: hash,
      counters: this.#counters,
      slices: {},
    };
  }

  async #remove(): Promise<Deleted> {
    const { pipeline, flags } = this.#prepared;
    const plan = await this.#sink.plan(this.#table);
    if (plan.creates) return { pending: false };
    if (!flags.dryRun) await this.#sink.apply(plan);
    if (!flags.dryRun) await this.#deletions.begin({ resumed: false });
    const isListed = pipeline.spec.deletes!.detect === "listed";
    if (!isListed && !(await this.#deletions.compares(this.#stop.signal))) await this.#read();
    const deleted = await this.#deletions.finish({
      complete: this.#incomplete.length === 0 && !this.#cut,
      unchanged: this.#unchanged,
      slices: [...this.#slices],
      tableExists: true,
      runId: this.#runId,
      commit: (apply) => this.#commit(apply),
      signal: this.#stop.signal,
    });
    const { read = 0 } = this.#deletions.compared ?? {};
    this.#counters.fetched += read;
    this.#counters.filtered += read;
    return deleted;
  }

  async #commit(apply: () => Promise<DeletedRows>): Promise<void> {
    if (!this.#history) this.#counters.deleted = (await apply()).own;
    else {
      const history = this.#history;
      this.#counters.deleted = await this.#sink.transaction(async () => {
        const { own, tables } = await apply();
        this.#tables = tables;
        await history.checkpoint(this.#runId, this.#checkpoint(), { ...this.#counters, deleted: own });
        return own;
      });
    }
  }

  /** Reads all keys; of the records no more is asked for than they take. */
  async #read(): Promise<void> {
    const { pipeline, engine, params, flags } = this.#prepared;
    const ofKeys: LoadedPipeline = { ...pipeline, spec: reduced(pipeline.spec) };
    const { mapping } = compileWatch(pipeline.spec, {
      validation: engine.validation,
      skipValidation: flags.skipValidation,
      params: params.values,
    });
    const source = await openPipelineSource(
      { pipeline: ofKeys, engine, params: params.values, metrics: this.#metrics },
      this.#stop.signal,
    );
    try {
      const pages = source.read({ incremental: false, window: this.#window, pageSize: flags.batchSize, resume: {} });
      for await (const page of pages) {
        this.#stop.signal.throwIfAborted();
        await this.#take(page, mapping);
        if (this.#cut) return;
      }
      this.#unchanged = source.unchanged?.().unchanged ?? false;
    } finally {
      await source.close();
    }
  }

  async #take(page: Page, mapping: Prepared["mapping"]): Promise<void> {
    const { flags, engine, pipeline } = this.#prepared;
    const room = flags.maxRecords > 0 ? flags.maxRecords - this.#counters.fetched : Infinity;
    if (page.records.length >= room) {
      page.records.splice(room);
      this.#cut = true;
    }
    for (const { message } of page.rejects ?? []) this.#deletions.noteUnreadable(message);
    const { clock } = this.#metrics;
    await clock.work("map", async () => {
      for (const record of page.records) await this.#deletions.look(await mapping.prepare(record));
    });
    const notes = this.#deletions.handOver();
    const save = (): Promise<void> => this.#deletions.save(notes);
    await clock.during("write", () => (flags.dryRun ? save() : this.#sink.transaction(save)));
    const count = page.records.length + (page.rejects?.length ?? 0);
    this.#counters.fetched += count;
    this.#counters.filtered += count;
    const { completeness, last, slice } = page;
    if (last) this.#slices.add(slice);
    if (completeness && completeness.total > completeness.distinct)
      this.#incomplete.push(incompleteText(slice, completeness));
    engine.onProgress?.({ pipeline: pipeline.spec.pipeline, fetched: this.#counters.fetched, expected: page.expected });
  }

  async #close(failure: unknown, { problem }: Deleted): Promise<RunOutcome> {
    const { engine, pipeline, flags } = this.#prepared;
    const judged = judge({
      pipeline: pipeline.spec.pipeline,
      failure,
      interruptedBy: this.#interrupted ? String(engine.signal.reason ?? "a signal") : undefined,
      cut: this.#cut,
      incomplete: this.#incomplete,
      notDeleted: problem,
      tally: { own: this.#counters, tables: {}, read: this.#counters.fetched },
      hasProgress: false,
    });
    if (judged.error !== null) judged.error = engine.mask(judged.error);
    const duration = (timeOf(engine).getTime() - this.#startedAt.getTime()) / 1000;
    const stages = this.#metrics.clock.seconds();
    await this.#closeHistory(judged, { duration, stages });
    this.#tell(judged);
    return {
      summary: {
        pipeline: pipeline.spec.pipeline,
        status: judged.status,
        mode: "removal",
        since: null,
        ...this.#counters,
        duration_seconds: Math.round(duration * 1000) / 1000,
        records_per_second: Math.round(this.#counters.fetched / Math.max(duration, 0.001)),
        api_calls: this.#metrics.apiCalls,
        retries: this.#metrics.retries,
        peak_rss_mb: peakRssMb(),
        stage_seconds: stages,
        expensive_fields: [],
        run_id: flags.dryRun ? null : this.#runId,
        error: judged.error,
      },
      exitCode: judged.exitCode,
      read: this.#counters.fetched,
    };
  }

  async #closeHistory(
    judged: Judgement,
    { duration, stages }: { duration: number; stages: StageSeconds },
  ): Promise<void> {
    if (this.#history === undefined) return;
    try {
      await this.#history.finish(this.#runId, {
        status: judged.status,
        endTime: instantFromDate(timeOf(this.#prepared.engine)),
        counters: this.#counters,
        error: judged.error,
        watermark: null,
        checkpoint: null,
        metrics: performanceMetrics({
          counters: this.#counters,
          duration,
          source: this.#metrics,
          stages,
          statements: this.#sink.statements,
          warned: 0,
          warnings: {},
        }),
      });
      await this.#deletions.close({ keep: false });
    } catch (error) {
      const unwritten = `the history row of run ${this.#runId} could not be written: ${messageOf(error)}`;
      judged.error = [judged.error, this.#prepared.engine.mask(unwritten)].filter(Boolean).join("; ");
      if (judged.status !== "failed") Object.assign(judged, { status: "failed", exitCode: 1 });
    }
  }

  #tell({ status, error }: Judgement): void {
    const { engine, pipeline, flags } = this.#prepared;
    const { deleted, fetched } = this.#counters;
    const name = `${pipeline.system} ${pipeline.entity} removal`;
    if (status === "failed") engine.log.error(`Failed ${name}: ${error}`);
    else if (flags.dryRun) engine.log.info(`Dry run of ${name}, nothing was written; it would be: ${deleted} deleted`);
    else engine.log.info(`Completed ${name}: ${deleted} deleted, ${fetched} records read`);
    for (const [table, count] of Object.entries(this.#tables))
      if (count > 0) engine.log.info(`${name}, table ${table}: ${count} deleted`);
    if (status === "partial") engine.log.warn(`${name} is partial: ${error}`);
  }
}
