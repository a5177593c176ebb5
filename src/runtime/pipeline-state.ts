/** How far a pipeline got, as the next run finds it; and the two ways in which an operator changes that. */
import { messageOf, SpecError } from "../errors.ts";
import type { Bound } from "../sources/contract.ts";
import type { Sink } from "../sinks/contract.ts";
import type { LoadedPipeline } from "../spec/load.ts";
import { instantFromDate, isoOf } from "../values/instant.ts";
import type { CompiledDelta } from "./delta.ts";
import { timeOf, type Engine } from "./engine.ts";
import { noFlags, parseDateFlag } from "./flags.ts";
import type { NotedPass } from "./parent-pass.ts";
import { asksForParents } from "./parent-sets.ts";
import {
  askedHash,
  before,
  canResume,
  type Prepared,
  prepareRun,
  strategyFor,
  underLockOrHeld,
} from "./run-pipeline.ts";
import { noCounts, type Checkpoint } from "./state/checkpoint.ts";
import { History } from "./state/history.ts";
import { hasState } from "./state/tables.ts";
import { boundText } from "./tell.ts";

/** What `etl state show` tells; the keys are the contract of `--output json`. */
export interface PipelineState {
  pipeline: string;
  /** `account=1` where a param keeps a watermark each; empty else. */
  scope: string;
  /** As the source writes it; null where none is stored. */
  watermark: string | null;
  /** The run, or the change by hand, that stored it. */
  watermark_run: number | null;
  /** Why the next run cannot use it. */
  problem: string | null;
  /** What a run without flags would be; null where there is a problem. */
  next: { strategy: string; since: string | null } | null;
  /** The run that failed last, where it left a place to go on from. */
  checkpoint: { run: number; resumed: boolean; slices_done: number; slices_open: number } | null;
  /** The last run that asked for its parents to the end, where the source is asked by parents. */
  parents: Omit<NotedPass, "spec_hash"> | null;
  running: { by: string; since: string } | null;
}

export interface StateInput {
  pipeline: LoadedPipeline;
  engine: Engine;
  /** As given: `--param name=value`. */
  params: Record<string, string>;
}

/** What to make of the state: a watermark as the operator writes it, or none. */
export type StateChange = { watermark: string } | "reset";

/** Reads the state. A warehouse that nothing was run into has the state of one that is new. */
export async function showState(input: StateInput): Promise<PipelineState> {
  const prepared = prepare(input);
  const sink = await input.engine.openSink(input.engine.warehouse, { readOnly: true });
  try {
    return await stateOf(prepared, (await hasState(sink)) ? new History(sink) : undefined);
  } finally {
    await sink.close();
  }
}

/**
 * Changes the state under the pipeline's lock; gives it as it was and as it is, or says who holds the lock. Throws
 * SpecError for a watermark that the pipeline's delta cannot have.
 */
export async function changeState(
  input: StateInput,
  change: StateChange,
): Promise<{ before: PipelineState; after: PipelineState } | { held: string }> {
  const { engine } = input;
  const prepared = prepare(input);
  const watermark = change === "reset" ? undefined : watermarkOf(change.watermark, prepared);
  const sink = await engine.openSink(engine.warehouse, { readOnly: false });
  try {
    return await underLockOrHeld<Awaited<ReturnType<typeof changeState>>>(prepared, sink, {
      async body(history) {
        const was = await stateOf(prepared, history);
        await write(prepared, sink, { history, watermark, was });
        return { before: was, after: await stateOf(prepared, history) };
      },
      held: (message) => ({ held: message }),
    });
  } finally {
    await sink.close();
  }
}

function prepare({ pipeline, engine, params }: StateInput): Prepared {
  return prepareRun({ pipeline, engine, flags: { ...noFlags, params } });
}

/** One row of the history in one transaction: there is no other state. */
async function write(
  { scope, engine }: Prepared,
  sink: Sink,
  { history, watermark, was }: { history: History; watermark: Bound | undefined; was: PipelineState },
): Promise<void> {
  const now = instantFromDate(timeOf(engine));
  await sink.transaction(async () => {
    const id = await history.start({
      ...scope,
      strategy: watermark ? "state_set" : "state_reset",
      endpoint: null,
      startTime: now,
      configuration: { environment: engine.environmentName, watermark_before: was.watermark },
    });
    await history.finish(id, {
      status: "success",
      endTime: now,
      counters: noCounts(),
      error: null,
      watermark: watermark?.text ?? null,
      checkpoint: null,
      metrics: {},
    });
  });
}

/** What is written as the source writes it, or as a date of the command line. */
function watermarkOf(text: string, { delta, pipeline, engine }: Prepared): Bound {
  const name = pipeline.spec.pipeline;
  if (!delta) throw new SpecError(`${name} has no delta, so it has no watermark: every run reads everything`);
  const bound = readBound(text, delta);
  if (!bound) throw new SpecError(`--watermark is empty; etl state reset ${name} takes the watermark away`);
  const now = instantFromDate(timeOf(engine));
  if (bound.instant !== undefined && bound.instant > now)
    throw new SpecError(
      `--watermark ${text} is later than now (${isoOf(now)}): what changes until then would never be read`,
    );
  return bound;
}

function readBound(text: string, delta: CompiledDelta): Bound | undefined {
  try {
    return delta.read(text.trim());
  } catch (error) {
    if (delta.kind !== "instant") throw new SpecError(`--watermark: ${messageOf(error)}`, { cause: error });
    const instant = parseDateFlag("--watermark", text);
    return { text: instant, instant };
  }
}

async function stateOf(prepared: Prepared, history: History | undefined): Promise<PipelineState> {
  const { pipeline, scope, delta, engine } = prepared;
  const stored = await history?.storedWatermark(scope);
  const noted = asksForParents(pipeline.spec) ? await history?.notedPass(scope) : undefined;
  const state = { strategy: undefined as ReturnType<typeof strategyFor> | undefined, problem: null as string | null };
  try {
    state.strategy = strategyFor(prepared, await before(history, prepared), timeOf(engine));
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    state.problem = error.message;
  }
  const { strategy, problem } = state;
  const failed = await history?.lastFailed(scope);
  const running = await history?.running(scope);
  return {
    pipeline: pipeline.spec.pipeline,
    scope: scope.scope,
    watermark: stored?.watermark ?? null,
    watermark_run: stored?.run ?? null,
    problem,
    next: strategy
      ? { strategy: strategy.name, since: strategy.incremental ? boundText(strategy.since, delta) : null }
      : null,
    checkpoint: failed
      ? {
          run: failed.id,
          resumed:
            strategy !== undefined &&
            canResume(failed.checkpoint, {
              asked: askedHash(prepared),
              specHash: pipeline.hash,
              strategy,
              flags: prepared.flags,
            }),
          ...sliceCounts(failed.checkpoint),
        }
      : null,
    parents: noted ? { since: isoOf(noted.since), full: isoOf(noted.full) } : null,
    running: running ? { by: running.by, since: isoOf(running.since) } : null,
  };
}

function sliceCounts({ slices }: Checkpoint): { slices_done: number; slices_open: number } {
  const all = Object.values(slices);
  const done = all.filter((slice) => slice.done).length;
  return { slices_done: done, slices_open: all.length - done };
}
