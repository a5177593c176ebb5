/** The end of a run: its judgement, its history row and its summary. */
import { messageOf } from "../errors.ts";
import type { Bound, Position, SourceMetrics } from "../sources/contract.ts";
import type { StageSeconds } from "../stage-clock.ts";
import { instantFromDate } from "../values/instant.ts";
import type { AttemptInput } from "./attempt.ts";
import { timeOf } from "./engine.ts";
import type { Deletions } from "./deletes/deletions.ts";
import { judge, type Ending, type Judgement } from "./judge.ts";
import { type MappingCosts, withValidation } from "./mapping/index.ts";
import { performanceMetrics } from "./metrics.ts";
import { noteOf } from "./parent-pass.ts";
import type { Checkpoint, Counters } from "./state/checkpoint.ts";
import type { History, UnchangedFile } from "./state/history.ts";
import { nextWatermark, watermarkObstacles } from "./strategy.ts";
import { peakRssMb, type RunOutcome } from "./summary.ts";
import { type Tally } from "./tally.ts";
import { boundText, tellEnd } from "./tell.ts";

/** How a run came to its end. */
export interface RunEnd {
  ending: Ending;
  deletions: Deletions | undefined;
  /** Records said that they are gone, and their rows are still there: they must be read again. */
  hasUndeleted: boolean;
  /** What the run says of itself. */
  counters: Counters;
  /** As it was committed with the last batch. */
  committed: Checkpoint;
  runId: number;
  /** Canonical instant of the first attempt's start by the earlier clock. */
  start: string;
  greatest: Bound | undefined;
  metrics: SourceMetrics;
  /** Undefined where nothing was mapped. */
  costs: MappingCosts | undefined;
  /** Records that were warned about. */
  warned: number;
  /** Counts by field and rule. */
  warnings: Record<string, number>;
  unchanged: { validators?: Position; unchanged: boolean };
}

/** Judges a run, closes its history row, tells the log, and gives its outcome. Never throws. */
export async function closeRun(input: AttemptInput, end: RunEnd): Promise<RunOutcome> {
  const { engine, history, flags, pipeline, delta, stored, params, startedAt, strategy } = input;
  const { counters } = end;
  const before = input.resumed?.checkpoint;
  const { tally } = end.ending;
  let judged = judge(end.ending);
  if (judged.error !== null) judged.error = engine.mask(judged.error);
  const read = tally.read - (before?.read ?? before?.counters.fetched ?? 0);
  const mapped = read - tally.own.filtered + (before?.counters.filtered ?? 0);
  const stages = withValidation(end.metrics.clock.seconds(), end.costs, read > 0 ? mapped / read : 0);
  const duration = (timeOf(engine).getTime() - startedAt.getTime()) / 1000;
  if (history) {
    const start = { text: end.start, instant: end.start };
    const obstacles = watermarkObstacles({ flags, stored, narrowing: params.narrowing, complete: judged.complete });
    if (end.hasUndeleted) obstacles.push("records that are gone, and were not deleted");
    const { greatest } = end;
    const watermark =
      delta && judged.status !== "failed" ? nextWatermark({ delta, start, greatest, stored, obstacles }) : undefined;
    const unwritten = await closeHistory(input, end, {
      judged,
      history,
      duration,
      stages,
      watermark: watermark?.text ?? null,
      whole: obstacles.length === 0,
    });
    if (unwritten !== undefined) {
      const error = [judged.error, engine.mask(unwritten)].filter(Boolean).join("; ");
      judged = { ...judged, status: "failed", error, exitCode: judged.exitCode === 2 ? 2 : 1, canResume: false };
    }
  }
  tellEnd(input, { judged, counters, tables: tally.tables, unchanged: end.unchanged.unchanged });
  return {
    summary: {
      pipeline: pipeline.spec.pipeline,
      status: judged.status,
      mode: strategy.name,
      since: strategy.incremental ? boundText(strategy.since, delta) : null,
      ...counters,
      ...tablesOf(tally),
      duration_seconds: Math.round(duration * 1000) / 1000,
      records_per_second: Math.round(counters.fetched / Math.max(duration, 0.001)),
      api_calls: end.metrics.apiCalls,
      retries: end.metrics.retries,
      peak_rss_mb: peakRssMb(),
      stage_seconds: stages,
      expensive_fields: end.costs?.expensive ?? [],
      run_id: history ? end.runId : null,
      error: judged.error,
    },
    exitCode: judged.exitCode,
    read,
    hint: judged.canResume && history ? "The run can be resumed: run it again." : undefined,
  };
}

function tablesOf({ tables }: Tally): { tables?: Readonly<Record<string, Counters>> } {
  return Object.keys(tables).length > 0 ? { tables } : {};
}

/** Gives the reason where the row could not be written. */
async function closeHistory(
  { sink, engine, madeBy, strategy, pipeline }: AttemptInput,
  end: RunEnd,
  closing: {
    judged: Judgement;
    history: History;
    duration: number;
    stages: StageSeconds;
    watermark: string | null;
    whole: boolean;
  },
): Promise<string | undefined> {
  const { history, watermark } = closing;
  const { status, error, canResume } = closing.judged;
  const { counters, runId } = end;
  const metrics = performanceMetrics({
    counters,
    duration: closing.duration,
    source: end.metrics,
    stages: closing.stages,
    expensiveFields: end.costs?.expensive ?? [],
    statements: sink.statements,
    warned: end.warned,
    warnings: end.warnings,
  });
  try {
    await history.finish(runId, {
      status,
      endTime: instantFromDate(timeOf(engine)),
      counters,
      error,
      watermark,
      checkpoint: canResume ? end.committed : null,
      metrics: { ...metrics, ...tablesOf(end.ending.tally) },
    });
    await end.deletions?.close({ keep: canResume });
    const { validators } = end.unchanged;
    // A run that read a part of the file must not have the next one believe that all of it is in.
    if (closing.whole && status !== "failed" && validators !== undefined)
      await history.note(runId, { unchanged_since: { validators, made_by: madeBy } satisfies UnchangedFile });
    // Of a run that read a part of the parents the others have not been asked for.
    const parents = strategy.parents && noteOf(strategy.parents, end.start, pipeline.hash);
    if (closing.whole && status !== "failed" && parents) await history.note(runId, { parents });
    return undefined;
  } catch (cause) {
    // A database that is gone takes its history along: the next run finds this one as `running` and closes it.
    return `the history row of run ${runId} could not be written: ${messageOf(cause)}`;
  }
}
