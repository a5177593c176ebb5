/** A pipeline, run as asked: lock, history, what a dead run left behind, then the run itself. */
import { createHash } from "node:crypto";
import { messageOf, SpecError } from "../errors.ts";
import type { Bound } from "../sources/contract.ts";
import type { Sink } from "../sinks/contract.ts";
import { instantFromDate, isoOf } from "../values/instant.ts";
import { sql } from "kysely";
import { Attempt } from "./attempt.ts";
import { compileDelta, type CompiledDelta } from "./delta.ts";
import { timeOf, type RunInput } from "./engine.ts";
import { compileMapping, type Mapping } from "./mapping/index.ts";
import { resolveParams, type ResolvedParams } from "./params.ts";
import { hasProgress, noCounts, type Checkpoint } from "./state/checkpoint.ts";
import { History, type PipelineScope } from "./state/history.ts";
import { hasState, migrateState } from "./state/tables.ts";
import { chooseStrategy, type Strategy } from "./strategy.ts";
import { peakRssMb, type RunOutcome } from "./summary.ts";

export interface Prepared extends RunInput {
  params: ResolvedParams;
  mapping: Mapping;
  delta?: CompiledDelta;
  scope: PipelineScope;
  madeBy: string;
}

/**
 * Runs a pipeline. Gives one outcome, or two where a run that died was resumed first. Never throws for what goes
 * wrong in a run: that is in the outcome.
 */
export async function runPipeline(input: RunInput): Promise<RunOutcome[]> {
  const { pipeline, flags, engine } = input;
  let sink: Sink | undefined;
  try {
    const prepared = prepareRun(input);
    sink = await engine.openSink(engine.warehouse, { readOnly: flags.dryRun });
    return flags.dryRun ? [await dryRun(prepared, sink)] : await lockedRun(prepared, sink);
  } catch (error) {
    const message = engine.mask(messageOf(error));
    engine.log.error(`Failed ${pipeline.system} ${pipeline.entity} sync: ${message}`);
    return [failedOutcome(input, message, error instanceof SpecError ? 2 : 1)];
  } finally {
    await sink?.close();
  }
}

/** Compiles all that a run needs before it opens anything. Throws SpecError for what cannot be. */
export function prepareRun(input: RunInput): Prepared {
  const { pipeline, flags, engine } = input;
  const { spec, system, entity } = pipeline;
  const params = resolveParams(spec, flags.params, engine.variables);
  const mapping = compileMapping(spec, {
    validation: engine.validation,
    skipValidation: flags.skipValidation,
    params: params.values,
  });
  const delta = spec.source.delta && compileDelta(spec.source.delta);
  const scope = { system, entity, scope: params.scope };
  return { ...input, params, mapping, delta, scope, madeBy: madeByHash(input, params) };
}

/** An outcome of a run that never began. */
export function failedOutcome(
  { pipeline }: Pick<RunInput, "pipeline">,
  error: string,
  exitCode: RunOutcome["exitCode"],
): RunOutcome {
  return {
    summary: {
      pipeline: pipeline.spec.pipeline,
      status: "failed",
      mode: "",
      since: null,
      ...noCounts(),
      duration_seconds: 0,
      records_per_second: 0,
      api_calls: 0,
      retries: 0,
      peak_rss_mb: peakRssMb(),
      run_id: null,
      error,
    },
    exitCode,
  };
}

/** An outcome of a pipeline that was left out: what it depends on failed. */
export function skippedOutcome({ pipeline }: Pick<RunInput, "pipeline">, reason: string): RunOutcome {
  const { summary } = failedOutcome({ pipeline }, reason, 1);
  return { summary: { ...summary, status: "skipped" }, exitCode: 0 };
}

async function dryRun(prepared: Prepared, sink: Sink): Promise<RunOutcome> {
  const history = (await hasState(sink)) ? new History(sink) : undefined;
  const startedAt = timeOf(prepared.engine);
  const stored = history && (await storedWatermark(history, prepared));
  return new Attempt({
    ...prepared,
    sink,
    startedAt,
    stored,
    strategy: strategyFor(prepared, stored, startedAt),
    asked: "",
    unchangedSince: await history?.unchangedSince(prepared.scope, prepared.madeBy),
  }).run();
}

async function lockedRun(prepared: Prepared, sink: Sink): Promise<RunOutcome[]> {
  const { pipeline, engine, scope } = prepared;
  await migrateState(sink);
  const history = new History(sink);
  const lock = await sink.lock(`etl ${pipeline.spec.pipeline} ${scope.scope}`.trim());
  if (!lock) {
    const holder = await history.running(scope);
    const message = `${pipeline.spec.pipeline} is already running${holder ? `: ${holder.by}, since ${isoOf(holder.since)}` : ""}. Wait for it to end, or stop it`;
    engine.log.error(message);
    return [failedOutcome(prepared, message, 4)];
  }
  try {
    // The lock comes before the watermark: between the two another run could have moved it.
    const dead = await history.closeDead(scope, instantFromDate(timeOf(engine)));
    for (const id of dead)
      engine.log.warn(
        `Run ${id} of ${pipeline.spec.pipeline} died without closing its history; it is closed as failed now`,
      );
    return await runs(prepared, sink, history);
  } finally {
    await lock.release();
  }
}

async function runs(prepared: Prepared, sink: Sink, history: History): Promise<RunOutcome[]> {
  const { scope, engine, pipeline, flags, delta } = prepared;
  const outcomes: RunOutcome[] = [];
  const asked = askedHash(prepared);
  let startedAt = timeOf(engine);
  let stored = await storedWatermark(history, prepared);
  let strategy = strategyFor(prepared, stored, startedAt);
  const last = await history.lastSuccess(scope);
  if (last && last["spec_hash"] !== pipeline.hash && strategy.name === "incremental")
    await tellOlderRows(prepared, sink).catch((error: unknown) =>
      engine.log.warn(`How many rows an older version of the spec made cannot be told: ${messageOf(error)}`),
    );

  const failed = await history.lastFailed(scope);
  if (failed && canResume(failed.checkpoint, { asked, specHash: pipeline.hash, strategy, flags })) {
    const resumed = { fromRun: failed.id, checkpoint: failed.checkpoint };
    const first = await new Attempt({
      ...prepared,
      sink,
      history,
      startedAt,
      stored,
      strategy: { ...strategy, since: failed.checkpoint.since },
      asked,
      resumed,
    }).run();
    outcomes.push(first);
    if (first.summary.status === "failed") return outcomes;
    if (engine.signal.aborted) {
      const message =
        "interrupted before the run that was asked for could follow the one that was resumed: run it again";
      engine.log.warn(`${pipeline.spec.pipeline}: ${message}`);
      return [...outcomes, failedOutcome(prepared, message, 130)];
    }
    // What changed since the first attempt's start is read by the run that was asked for. A full read has just been
    // finished: where there is a watermark now, what changed is enough.
    startedAt = timeOf(engine);
    stored = await storedWatermark(history, prepared);
    strategy = strategyFor(
      stored && delta && flags.startDate === undefined
        ? { ...prepared, flags: { ...flags, full: false, force: false } }
        : prepared,
      stored,
      startedAt,
    );
  }
  outcomes.push(
    await new Attempt({
      ...prepared,
      sink,
      history,
      startedAt,
      stored,
      strategy,
      asked,
      unchangedSince: await history.unchangedSince(scope, prepared.madeBy),
    }).run(),
  );
  return outcomes;
}

/** What a run that begins now reads. */
export function strategyFor(
  { flags, delta, pipeline }: Prepared,
  watermark: Bound | undefined,
  startedAt: Date,
): Strategy {
  const now = instantFromDate(startedAt);
  return chooseStrategy({
    flags,
    watermark,
    delta,
    until: { text: now, instant: now },
    pipeline: pipeline.spec.pipeline,
  });
}

/** The watermark in force. Throws SpecError for one that the delta cannot read. */
export async function storedWatermark(
  history: History,
  { delta, scope, pipeline, flags }: Prepared,
): Promise<Bound | undefined> {
  const text = delta && (await history.watermark(scope));
  if (text === undefined) return undefined;
  try {
    return delta!.read(text);
  } catch (error) {
    // A run that reads everything needs none, and stores one that can be read.
    if ((flags.full || flags.force) && flags.startDate === undefined) return undefined;
    throw new SpecError(
      `the stored watermark ${JSON.stringify(text)} of ${pipeline.spec.pipeline} cannot be read with the delta as the spec has it now: ${messageOf(error)}. Put the format back, or run with --full`,
      { cause: error },
    );
  }
}

/** Stands for values that are compared and not shown: params may hold secrets. */
function fingerprint(values: unknown): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 32);
}

/** Of whatever decides what a record becomes: an unchanged file makes the same rows only under the same. */
function madeByHash({ pipeline, flags, engine }: RunInput, params: ResolvedParams): string {
  const { skipValidation } = flags;
  return fingerprint([pipeline.hash, engine.validation, skipValidation, params.values]);
}

/** Of what was asked: a resumed run must have been asked the same. */
export function askedHash({ flags, params, engine }: Prepared): string {
  const { full, force, startDate, endDate, skipValidation } = flags;
  return fingerprint({
    full,
    force,
    startDate,
    endDate,
    skipValidation,
    validation: engine.validation,
    params: params.values,
  });
}

/** Whether a run that failed is gone on with first. */
export function canResume(
  checkpoint: Checkpoint,
  now: { asked: string; specHash: string; strategy: Strategy; flags: { maxRecords: number } },
): boolean {
  return (
    hasProgress(checkpoint) &&
    checkpoint.asked === now.asked &&
    checkpoint.specHash === now.specHash &&
    checkpoint.strategy === now.strategy.name &&
    (!now.strategy.incremental || checkpoint.since.text === now.strategy.since.text) &&
    // A cut run ends where it was told to; there is nothing to go on from.
    now.flags.maxRecords === 0
  );
}

/** After an edit of the mapping a delta leaves older rows as they were: says how many, and what brings them up. */
async function tellOlderRows({ pipeline, engine }: Prepared, sink: Sink): Promise<void> {
  const { spec, system, entity, hash } = pipeline;
  const plan = await sink.plan({ name: spec.sink.table, columns: [], keys: spec.upsert.keys });
  if (plan.creates) return;
  const specHash =
    sink.dialect === "postgres" ? sql`configuration->>'spec_hash'` : sql`json_extract(configuration, '$.spec_hash')`;
  const same = sql`select id from sync_history where crm_source = ${system} and sync_type = ${entity} and ${specHash} = ${hash}`;
  const older = await sql<{
    count: number;
  }>`select count(*) as count from ${sql.id(spec.sink.table)} where sync_run_id not in (${same})`.execute(
    sink.database,
  );
  const count = Number(older.rows[0]?.count ?? 0);
  if (count)
    engine.log.warn(
      `${count.toLocaleString("en-US")} rows of ${spec.sink.table} were made by an older version of ${spec.pipeline}; --full brings them up to date`,
    );
}
