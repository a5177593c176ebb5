/** The bird's-eye table of several runs, and the exit code that they make together. */
import type { RunOutcome } from "../runtime/summary.ts";
import { table } from "./table.ts";

/** One line a run, with a sum. */
export function overviewTable(outcomes: readonly RunOutcome[]): string {
  const number = (value: number): string => value.toLocaleString("en-US");
  const rows = outcomes.map(({ summary: run }) => [
    run.pipeline,
    run.status,
    run.mode,
    ...[run.fetched, run.created, run.updated, run.unchanged, run.deleted, run.rejected, run.api_calls].map(number),
    `${run.duration_seconds.toFixed(1)} s`,
  ]);
  return table(
    [
      "pipeline",
      "status",
      "mode",
      "fetched",
      "created",
      "updated",
      "unchanged",
      "deleted",
      "rejected",
      "calls",
      "time",
    ],
    rows,
  );
}

/** Interrupted before a wrong spec before failed before already running before partial before success. */
export function exitCodeOf(outcomes: readonly Pick<RunOutcome, "exitCode">[]): number {
  const codes: number[] = outcomes.map(({ exitCode }) => exitCode);
  return [130, 2, 1, 4, 3].find((code) => codes.includes(code)) ?? 0;
}
