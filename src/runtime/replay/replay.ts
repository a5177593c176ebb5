/** `etl rejects replay`: records that were rejected, mapped again with today's spec; those that are good now become rows. */
import { FatalError, messageOf, SpecError } from "../../errors.ts";
import type { Sink } from "../../sinks/contract.ts";
import { newMetrics } from "../../sources/contract.ts";
import { instantFromDate } from "../../values/instant.ts";
import { Committer, CommitFailure } from "../commit.ts";
import { timeOf, type RunInput } from "../engine.ts";
import { performanceMetrics } from "../metrics.ts";
import { prepareTables } from "../prepare-tables.ts";
import { type Prepared, prepareRun, underLockOrHeld } from "../run-pipeline.ts";
import { noCounts, type Checkpoint } from "../state/checkpoint.ts";
import type { History } from "../state/history.ts";
import type { RejectChoice } from "../state/rejects.ts";
import { hasState } from "../state/tables.ts";
import { targetsFor, keyLabel } from "../target.ts";
import { Teller } from "../warnings.ts";
import type { ReplayOutcome, ReplaySummary } from "./contract.ts";
import { pipelineObstacle } from "./obstacles.ts";
import { OpenRejects, type RejectedRecord } from "./open-rejects.ts";
import { ReplayedRecords } from "./records.ts";
import { ReplayedRejects } from "./store.ts";

/** How many records of one reason the log names. */
const shownEach = 10;

export interface ReplayInput extends RunInput {
  choice: RejectChoice;
}

/** Replays the open rejects of a pipeline. Never throws for what goes wrong: that is in the outcome. */
export async function replayRejects(input: ReplayInput): Promise<ReplayOutcome> {
  const { pipeline, flags, engine } = input;
  let sink: Sink | undefined;
  try {
    const obstacle = pipelineObstacle(pipeline.spec);
    if (obstacle !== undefined)
      throw new SpecError(
        `the rejects of ${pipeline.spec.pipeline} cannot be replayed: ${obstacle}. Run it with --full: records that are good now are written, and their rejects resolved`,
      );
    const prepared = { ...prepareRun(input), choice: input.choice };
    sink = await engine.openSink(engine.warehouse, { readOnly: flags.dryRun });
    const opened = sink;
    if (flags.dryRun) return await new Replay(prepared, sink).run();
    return await underLockOrHeld(prepared, sink, {
      body: (history) => new Replay(prepared, opened, history).run(),
      held: (message) => failed(input, message, 4),
    });
  } catch (error) {
    const message = engine.mask(messageOf(error));
    engine.log.error(`Failed ${pipeline.system} ${pipeline.entity} replay: ${message}`);
    return failed(input, message, error instanceof SpecError ? 2 : 1);
  } finally {
    await sink?.close();
  }
}

function failed({ pipeline, flags }: ReplayInput, error: string, exitCode: ReplayOutcome["exitCode"]): ReplayOutcome {
  const counts = { records: 0, replayed: 0, created: 0, updated: 0, unchanged: 0, stale: 0, rejected: 0, left: {} };
  return {
    summary: {
      pipeline: pipeline.spec.pipeline,
      status: "failed",
      dry_run: flags.dryRun,
      ...counts,
      run_id: null,
      error,
    },
    exitCode,
  };
}

class Replay {
  readonly #run: Prepared & { choice: RejectChoice };
  readonly #sink: Sink;
  readonly #history: History | undefined;
  readonly #startedAt: Date;
  readonly #teller: Teller;
  readonly #rejects: OpenRejects;
  readonly #store: ReplayedRejects;
  readonly #records: ReplayedRecords;
  readonly #targets: ReturnType<typeof targetsFor>;
  readonly #committer: Committer;
  readonly #left: Record<string, number> = {};
  readonly #metrics = newMetrics();
  #looked = 0;
  #runId = 0;

  constructor(run: Prepared & { choice: RejectChoice }, sink: Sink, history?: History) {
    const { engine, pipeline, flags, scope, mapping } = run;
    this.#run = run;
    this.#sink = sink;
    this.#history = history;
    this.#startedAt = timeOf(engine);
    this.#teller = new Teller(engine.log, flags.debug);
    this.#targets = targetsFor(pipeline.spec, mapping);
    const { main, children } = this.#targets;
    this.#rejects = new OpenRejects(sink, scope);
    this.#store = new ReplayedRejects(sink, scope, engine.maskData);
    this.#records = new ReplayedRecords({
      run,
      sink,
      main: main!,
      teller: this.#teller,
      rejects: this.#rejects,
      store: this.#store,
      onLeft: (record, reason) => this.#leave(record, reason),
    });
    const { system, entity } = pipeline;
    this.#committer = new Committer({
      sink,
      main,
      children,
      replacesByRecord: true,
      scope,
      history,
      checkpoint: this.#checkpoint(),
      replaceNewer: false,
      clock: this.#metrics.clock,
      now: () => timeOf(engine),
      maskData: engine.maskData,
      rejects: this.#store,
      onRefused: ({ key, field, rule, message }, { target, batch }) => {
        const row = batch.rowOf(key);
        const label = `${target === main ? "" : `${target.table.name} `}${keyLabel(target, row)}`;
        this.#teller.reject({ stage: "write", field, rule, message }, () => ({ system, entity, label, id: key }));
      },
      onChildren: (toTell, { target }) => {
        for (const { warning, failure, label, id } of toTell) {
          const named = () => ({ system, entity, label: `${target.table.name} ${label}`, id });
          if (warning) this.#teller.warn(warning, named);
          if (failure) this.#teller.reject(failure, named);
        }
      },
    });
  }

  async run(): Promise<ReplayOutcome> {
    const { engine, flags, pipeline, scope, choice } = this.#run;
    const verb = flags.dryRun ? "Starting dry run of" : "Starting";
    engine.log.info(`${verb} ${pipeline.system} ${pipeline.entity} replay`);
    if (this.#history) {
      this.#runId = await this.#history.start({
        ...scope,
        strategy: "replay",
        endpoint: null,
        startTime: instantFromDate(this.#startedAt),
        configuration: {
          flags: { ...flags, params: undefined },
          rejects: choice,
          environment: engine.environmentName,
          validation: engine.validation,
          spec_hash: pipeline.hash,
        },
      });
      await this.#committer.begin(this.#runId);
    }
    let failure: unknown;
    try {
      if (this.#history || (await hasState(this.#sink))) await this.#replay();
    } catch (error) {
      failure = error instanceof CommitFailure ? error.cause : error;
    }
    return this.#close(failure);
  }

  async #replay(): Promise<void> {
    const { engine, flags, choice } = this.#run;
    const { main, children } = this.#targets;
    await prepareTables({ sink: this.#sink, flags, engine }, [main!, ...children]);
    for await (const page of this.#rejects.pages(choice)) {
      if (engine.signal.aborted) return;
      if (this.#sink.lost.aborted)
        throw new FatalError(`the connection to ${this.#sink.address} is gone`, { cause: this.#sink.lost.reason });
      const room = flags.maxRecords > 0 ? flags.maxRecords - this.#looked : Infinity;
      const records = page.slice(0, room);
      this.#looked += records.length;
      await this.#committer.commit(await this.#metrics.clock.work("map", () => this.#records.map(records)));
      this.#store.letGo();
      if (page.length >= room) return;
    }
  }

  #leave({ ids, table, key }: RejectedRecord, reason: string): void {
    const count = (this.#left[reason] = (this.#left[reason] ?? 0) + 1);
    const { engine, flags, pipeline } = this.#run;
    if (count > shownEach && !flags.debug) return;
    const name = `reject ${ids.join(", ")} of ${pipeline.spec.pipeline} (${table ? `${table} ` : ""}${key})`;
    engine.log.warn(`${engine.mask(name)} is left open: ${reason}`);
  }

  /** A replay that dies is not gone on with: what it committed is resolved, and the next one takes the rest. */
  #checkpoint(): Checkpoint {
    const start = instantFromDate(this.#startedAt);
    const bound = { text: start, instant: start };
    const { hash } = this.#run.pipeline;
    return {
      strategy: "replay",
      since: bound,
      until: bound,
      start,
      asked: "",
      specHash: hash,
      counters: noCounts(),
      slices: {},
    };
  }

  async #close(failure: unknown): Promise<ReplayOutcome> {
    const { engine, pipeline, flags } = this.#run;
    this.#teller.close();
    for (const [reason, count] of Object.entries(this.#left))
      if (count > shownEach && !flags.debug) engine.log.warn(`…and ${count - shownEach} more are left open: ${reason}`);
    const { created, updated, unchanged, stale, rejected } = this.#committer.tally.own;
    const isInterrupted = failure === undefined && engine.signal.aborted;
    const stays = rejected + stale + Object.values(this.#left).reduce((sum, count) => sum + count, 0);
    const error =
      failure !== undefined
        ? engine.mask(messageOf(failure))
        : isInterrupted
          ? `interrupted by ${String(engine.signal.reason ?? "a signal")}; what was replayed is written: run it again for the rest`
          : stays > 0
            ? `${stays === 1 ? "1 record stays" : `${stays.toLocaleString("en-US")} records stay`} rejected: see etl rejects list ${pipeline.spec.pipeline}`
            : null;
    const status = failure !== undefined || isInterrupted ? "failed" : stays > 0 ? "partial" : "success";
    const summary: ReplaySummary = {
      pipeline: pipeline.spec.pipeline,
      status,
      dry_run: flags.dryRun,
      records: this.#looked,
      replayed: created + updated + unchanged,
      created,
      updated,
      unchanged,
      stale,
      rejected,
      left: this.#left,
      run_id: this.#history ? this.#runId : null,
      error,
    };
    const unwritten = await this.#closeHistory(summary);
    if (unwritten !== undefined) Object.assign(summary, { status: "failed", error: unwritten });
    this.#tell(summary);
    const codes = { success: 0, partial: 3, failed: 1 } as const;
    const exitCode = failure instanceof SpecError ? 2 : isInterrupted ? 130 : codes[summary.status];
    return { summary, exitCode };
  }

  /** Gives the reason where the row could not be written. */
  async #closeHistory({ status, error }: ReplaySummary): Promise<string | undefined> {
    const { engine } = this.#run;
    const { counters } = this.#committer;
    const end = timeOf(engine);
    try {
      await this.#history?.finish(this.#runId, {
        status,
        endTime: instantFromDate(end),
        counters,
        error,
        watermark: null,
        checkpoint: null,
        metrics: performanceMetrics({
          counters,
          duration: (end.getTime() - this.#startedAt.getTime()) / 1000,
          source: this.#metrics,
          stages: this.#metrics.clock.seconds(),
          statements: this.#sink.statements,
          warned: this.#records.warned,
          warnings: this.#teller.warnings,
        }),
      });
      return undefined;
    } catch (cause) {
      const unwritten = engine.mask(`the history row of run ${this.#runId} could not be written: ${messageOf(cause)}`);
      return [error, unwritten].filter(Boolean).join("; ");
    }
  }

  #tell({ status, error, dry_run: dryRun, replayed, created, updated, unchanged }: ReplaySummary): void {
    const { engine, pipeline } = this.#run;
    const name = `${pipeline.system} ${pipeline.entity} replay`;
    const counts = `${replayed} of ${this.#looked} records are rows now (${created} created, ${updated} updated, ${unchanged} unchanged)`;
    if (status === "failed") engine.log.error(`Failed ${name}: ${error}`);
    else if (dryRun) engine.log.info(`Dry run of ${name}, nothing was written; it would be: ${counts}`);
    else engine.log.info(`Completed ${name}: ${counts}`);
    if (status === "partial") engine.log.warn(`${name} is partial: ${error}`);
  }
}
