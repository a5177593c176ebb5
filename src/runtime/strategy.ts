/** Which run reads what: the table of flags and strategies (design, section 5). */
import { SpecError } from "../errors.ts";
import type { Bound } from "../sources/contract.ts";
import { isoOf } from "../values/instant.ts";
import type { CompiledDelta } from "./delta.ts";
import { noDeltaStart } from "./delta.ts";
import type { RunFlags } from "./flags.ts";
import type { ParentPass } from "./parent-pass.ts";

export type StrategyName = "incremental" | "initial_full" | "manual" | "full";

export interface Strategy {
  name: StrategyName;
  /** Whether the source is asked for changes only (`incremental` laid over it). */
  incremental: boolean;
  since: Bound;
  /** `--force`: a stored newer row is replaced. */
  replaceNewer: boolean;
  /** Which parents are asked for; absent where none are. */
  parents?: ParentPass;
}

export interface StrategyInput {
  flags: Pick<RunFlags, "full" | "force" | "startDate" | "endDate">;
  /** The watermark in force. */
  watermark?: Bound;
  delta?: CompiledDelta;
  /** The run's upper bound. */
  until: Bound;
  pipeline: string;
  /** Of slices by parent. */
  parents?: ParentPass;
}

/**
 * Priority: --start-date, then --force or --full, then the watermark, then a first full run. Where records have no
 * delta but parents that change, those stand for it. Throws SpecError where dates are asked of a pipeline that has no
 * times.
 */
export function chooseStrategy(input: StrategyInput): Strategy {
  const { parents } = input;
  return parents ? { ...ofRecords(input), parents } : ofRecords(input);
}

function ofRecords({ flags, watermark, delta, until, pipeline, parents }: StrategyInput): Strategy {
  const dated = flags.startDate !== undefined ? "--start-date" : flags.endDate !== undefined ? "--end-date" : undefined;
  const parentsChange = parents !== undefined && delta === undefined;
  if (dated && delta?.kind !== "instant" && !(parentsChange && flags.endDate === undefined)) {
    throw new SpecError(
      `${pipeline} has no delta of type timestamp or date, so ${dated} cannot be used: leave it out, or give the source a delta`,
    );
  }
  const since = delta?.start ?? noDeltaStart;
  if (flags.startDate !== undefined) {
    if (flags.endDate !== undefined && flags.endDate <= flags.startDate)
      throw new SpecError("--end-date must be later than --start-date");
    return {
      name: "manual",
      incremental: true,
      since: { text: flags.startDate, instant: flags.startDate },
      replaceNewer: flags.force,
    };
  }
  if (flags.full || flags.force) return { name: "full", incremental: false, since, replaceNewer: flags.force };
  if (watermark && delta)
    return { name: "incremental", incremental: true, since: delta.since(watermark, until), replaceNewer: false };
  if (parentsChange && parents.since !== undefined) {
    const bound = { text: isoOf(parents.since), instant: parents.since };
    return { name: "incremental", incremental: true, since: bound, replaceNewer: false };
  }
  const name = parentsChange && parents.noted ? "full" : "initial_full";
  return { name, incremental: false, since, replaceNewer: false };
}

export interface WatermarkInput {
  delta: CompiledDelta;
  /** The run's start by the earlier clock, as a bound. */
  start: Bound;
  /** The greatest delta value read (the last one, for cursors); undefined when none was. */
  greatest?: Bound;
  /** The one in force. */
  stored?: Bound;
  /** Why the run must not store one; empty when it may. */
  obstacles: readonly string[];
}

/** The watermark that a finished run stores; undefined where the one before stays. */
export function nextWatermark({ delta, start, greatest, stored, obstacles }: WatermarkInput): Bound | undefined {
  if (obstacles.length || !greatest) return undefined;
  if (delta.kind === "cursor") return greatest;
  // Never a run's end, and never past its start: what changed while it ran would be lost.
  const reached = delta.kind === "instant" && delta.compare(start, greatest) < 0 ? start : greatest;
  return stored && delta.compare(reached, stored) <= 0 ? undefined : reached;
}

/** Why a run may not store a watermark: everything from the stored one on must have been read to the end. */
export function watermarkObstacles(input: {
  flags: Pick<RunFlags, "dryRun" | "maxRecords" | "startDate" | "endDate">;
  stored?: Bound;
  narrowing: readonly string[];
  complete: boolean;
}): string[] {
  const { flags, stored, narrowing, complete } = input;
  const obstacles: string[] = [];
  if (flags.dryRun) obstacles.push("--dry-run");
  if (flags.maxRecords > 0) obstacles.push("--max-records");
  if (flags.endDate !== undefined) obstacles.push("--end-date");
  if (flags.startDate !== undefined && (!stored?.instant || flags.startDate > stored.instant))
    obstacles.push("--start-date");
  for (const name of narrowing) obstacles.push(`--param ${name}`);
  if (!complete) obstacles.push("not everything was read");
  return obstacles;
}
