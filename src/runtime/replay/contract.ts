/** What a replay of rejects is asked, and what it says of itself. */
import type { RunOutcome } from "../summary.ts";

/** One entry of `etl rejects replay --output json`; the keys are its contract. */
export interface ReplaySummary {
  pipeline: string;
  status: "success" | "partial" | "failed";
  dry_run: boolean;
  /** Records that rejects hold, of those that were chosen. */
  records: number;
  /** Records that became rows: their rejects are resolved. */
  replayed: number;
  created: number;
  updated: number;
  unchanged: number;
  /** A newer row is stored: these stay open. */
  stale: number;
  /** Not good today either. */
  rejected: number;
  /** Records that were not tried, by reason. */
  left: Record<string, number>;
  run_id: number | null;
  error: string | null;
}

export interface ReplayOutcome {
  summary: ReplaySummary;
  exitCode: RunOutcome["exitCode"];
}
