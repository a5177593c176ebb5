/** A pipeline, run as asked: lock, history, what a dead run left behind, then the run itself. */
import { createHash } from "node:crypto";
import { messageOf, SpecError } from "../errors.ts";
import type { Bound } from "../sources/contract.ts";
import type { Sink } from "../sinks/contract.ts";
import { noSeconds } from "../stage-clock.ts";
import { parentSlices } from "../spec/parent-slices.ts";
import { targetsOf } from "../spec/targets.ts";
import { instantFromDate, isoOf } from "../values/instant.ts";
import { sql } from "kysely";
import { Attempt } from "./attempt.ts";
import { compileDelta, type CompiledDelta } from "./delta.ts";
import { mappingOptions, timeOf, type RunInput } from "./engine.ts";
import { compileMapping, type Mapping } from "./mapping/index.ts";
import { choosePass, type NotedPass } from "./parent-pass.ts";
import { asksForParents } from "./parent-sets.ts";
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
    if (flags.dryRun) return [await dryRun(prepared, sink)];
    const opened = sink;
    return await underLock(prepared, sink, (history) => runs(prepared, opened, history));
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
  const mapping = compileMapping(spec, mappingOptions({ engine, flags, params }));
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
      stage_seconds: noSeconds,
      expensive_fields: [],
      run_id: null,
      error,
    },
    exitCode,
    read: 0,
  };
}

/** An outcome of a pipeline that was left out: what it depends on failed. */
export function skippedOutcome({ pipeline }: Pick<RunInput, "pipeline">, reason: string): RunOutcome {
  const { summary } = failedOutcome({ pipeline }, reason, 1);
  return { summary: { ...summary, status: "skipped" }, exitCode: 0, read: 0 };
}

async function dryRun(prepared: Prepared, sink: Sink): Promise<RunOutcome> {
  const history = (await hasState(sink)) ? new History(sink) : undefined;
  const startedAt = timeOf(prepared.engine);
  const known = await before(history, prepared);
  const strategy = strategyFor(prepared, known, startedAt);
  tellPass(prepared, strategy);
  return new Attempt({
    ...prepared,
    sink,
    startedAt,
    stored: storedOf(known, prepared),
    strategy,
    asked: "",
    unchangedSince: await history?.unchangedSince(prepared.scope, prepared.madeBy),
  }).run();
}

/**
 * Runs `body` while nobody else runs the same pipeline and scope, with the history in order: runs that died are closed.
 * Gives the outcome of a run that never began where somebody else holds the lock.
 */
export async function underLock(
  prepared: Prepared,
  sink: Sink,
  body: (history: History) => Promise<RunOutcome[]>,
): Promise<RunOutcome[]> {
  return underLockOrHeld(prepared, sink, { body, held: (message) => [failedOutcome(prepared, message, 4)] });
}

/** The same for what is no run: gives what `held` makes of the message where somebody else holds the lock. */
export async function underLockOrHeld<T>(
  prepared: Prepared,
  sink: Sink,
  { body, held }: { body: (history: History) => Promise<T>; held: (message: string) => T },
): Promise<T> {
  const { engine, scope } = prepared;
  const name = `${scope.system}.${scope.entity}`;
  await migrateState(sink);
  const history = new History(sink);
  const lock = await sink.lock(`etl ${name} ${scope.scope}`.trim());
  if (!lock) {
    const holder = await history.running(scope);
    const message = `${name} is already running${holder ? `: ${holder.by}, since ${isoOf(holder.since)}` : ""}. Wait for it to end, or stop it`;
    engine.log.error(message);
    return held(message);
  }
  try {
    // The lock comes before the watermark: between the two another run could have moved it.
    const dead = await history.closeDead(scope, instantFromDate(timeOf(engine)));
    for (const id of dead)
      engine.log.warn(`Run ${id} of ${name} died without closing its history; it is closed as failed now`);
    return await body(history);
  } finally {
    await lock.release();
  }
}

async function runs(prepared: Prepared, sink: Sink, history: History): Promise<RunOutcome[]> {
  const { scope, engine, pipeline, flags, delta } = prepared;
  const outcomes: RunOutcome[] = [];
  const asked = askedHash(prepared);
  let startedAt = timeOf(engine);
  let known = await before(history, prepared);
  let strategy = strategyFor(prepared, known, startedAt);
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
      stored: storedOf(known, prepared),
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
    known = await before(history, prepared);
    const knowsSince = delta ? known.watermark : known.noted;
    strategy = strategyFor(
      knowsSince && flags.startDate === undefined
        ? { ...prepared, flags: { ...flags, full: false, force: false } }
        : prepared,
      known,
      startedAt,
    );
  }
  tellPass(prepared, strategy);
  outcomes.push(
    await new Attempt({
      ...prepared,
      sink,
      history,
      startedAt,
      stored: storedOf(known, prepared),
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
  { watermark, noted }: Before,
  startedAt: Date,
): Strategy {
  const now = instantFromDate(startedAt);
  const parents = choosePass({ spec: pipeline.spec, hash: pipeline.hash, flags, noted, now });
  return chooseStrategy({
    flags,
    watermark,
    delta,
    until: { text: now, instant: now },
    pipeline: pipeline.spec.pipeline,
    ...(parents ? { parents } : {}),
  });
}

/** What earlier runs leave to the next one. */
export interface Before {
  /** The watermark in force. */
  watermark?: Bound;
  /** The last run that asked for its parents to the end. */
  noted?: NotedPass;
}

/** Throws SpecError for a watermark that the delta cannot read. */
export async function before(history: History | undefined, prepared: Prepared): Promise<Before> {
  if (!history) return {};
  return {
    watermark: await storedWatermark(history, prepared),
    noted: asksForParents(prepared.pipeline.spec) ? await history.notedPass(prepared.scope) : undefined,
  };
}

/** Where everything must have been read from: the watermark, or the last look at parents where there is no delta. */
function storedOf({ watermark, noted }: Before, { delta }: Prepared): Bound | undefined {
  return delta || !noted ? watermark : { text: noted.since, instant: noted.since };
}

/** Says why a run asks for all parents although it could ask for less. */
function tellPass({ engine, pipeline }: Prepared, { parents }: Strategy): void {
  if (parents?.why !== undefined)
    engine.log.info(
      `${pipeline.spec.pipeline}: all rows of ${parentSlices(pipeline.spec.source)?.pipeline} are asked for: ${parents.why}`,
    );
}

/** The watermark in force. Throws SpecError for one that the delta cannot read. */
async function storedWatermark(
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
    // All parents from where a run over a few of them came to would not be all of them.
    (now.strategy.parents === undefined || checkpoint.parentsSince === (now.strategy.parents.since ?? null)) &&
    // A cut run ends where it was told to; there is nothing to go on from.
    now.flags.maxRecords === 0
  );
}

/** After an edit of the mapping a delta leaves older rows as they were: says how many, and what brings them up. */
async function tellOlderRows({ pipeline, engine }: Prepared, sink: Sink): Promise<void> {
  const { spec, system, entity, hash } = pipeline;
  const specHash =
    sink.dialect === "postgres" ? sql`configuration->>'spec_hash'` : sql`json_extract(configuration, '$.spec_hash')`;
  const same = sql`select id from sync_history where crm_source = ${system} and sync_type = ${entity} and ${specHash} = ${hash}`;
  for (const { sink: named, upsert } of targetsOf(spec)) {
    const plan = await sink.plan({ name: named.table, columns: [], keys: upsert.keys, keepsDeleted: true });
    if (plan.creates) continue;
    // Rows that are deleted are not brought up to date by any run.
    const marksDeleted = !plan.statements.some((statement) => statement.includes(`"deleted_at"`));
    const live = sql.raw(marksDeleted ? "deleted_at is null and" : "");
    const older = await sql<{
      count: number;
    }>`select count(*) as count from ${sql.id(named.table)} where ${live} sync_run_id not in (${same})`.execute(
      sink.database,
    );
    const count = Number(older.rows[0]?.count ?? 0);
    if (count)
      engine.log.warn(
        `${count.toLocaleString("en-US")} rows of ${named.table} were made by an older version of ${spec.pipeline}; --full brings them up to date`,
      );
  }
}
