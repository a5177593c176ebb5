/** What a run says of itself when it is over. */
import type { StageSeconds } from "../stage-clock.ts";
import type { FieldCost } from "./mapping/index.ts";
import type { Counters } from "./state/checkpoint.ts";

export type RunStatus = "success" | "partial" | "failed" | "skipped";

/** One entry of `etl run --output json`; the keys are its contract. */
export interface RunSummary extends Counters {
  pipeline: string;
  status: RunStatus;
  mode: string;
  /** Of each table of `children`; absent where there are none. */
  tables?: Readonly<Record<string, Counters>>;
  /** ISO 8601, an id or a cursor; null on a run that reads everything. */
  since: string | null;
  duration_seconds: number;
  records_per_second: number;
  api_calls: number;
  retries: number;
  peak_rss_mb: number;
  /** Of this run alone, also where it went on from another one. */
  stage_seconds: StageSeconds;
  /** The three columns whose mapping costs most, by samples; none where nothing was mapped. */
  expensive_fields: readonly FieldCost[];
  run_id: number | null;
  error: string | null;
}

/** A summary and the exit code it asks for: 0 success, 1 failed, 2 spec, 3 partial, 4 already running, 130 interrupted. */
export interface RunOutcome {
  summary: RunSummary;
  exitCode: 0 | 1 | 2 | 3 | 4 | 130;
  /** Records that this run read itself; those of the run that it went on from are in the summary's counts. */
  read: number;
  /** What a user does next, where there is something. */
  hint?: string;
}

/** Peak resident memory of this process so far, in MB. */
export function peakRssMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

/** Why the counts of a run cannot be right; empty when they add up. */
export function brokenEquations(counters: Counters): string[] {
  const broken: string[] = [];
  const { fetched, filtered, duplicates, rejected, mapped, created, updated, unchanged, stale } = counters;
  if (fetched !== filtered + duplicates + rejected + mapped) {
    broken.push(
      `${fetched} records were fetched, but ${filtered} filtered + ${duplicates} duplicates + ${rejected} rejected + ${mapped} mapped make ${filtered + duplicates + rejected + mapped}`,
    );
  }
  if (mapped !== created + updated + unchanged + stale) {
    broken.push(
      `${mapped} rows were mapped, but ${created} created + ${updated} updated + ${unchanged} unchanged + ${stale} stale make ${created + updated + unchanged + stale}`,
    );
  }
  return broken;
}
