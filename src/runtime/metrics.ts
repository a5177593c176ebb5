/** performance_metrics of a history row. */
import type { SourceMetrics } from "../sources/contract.ts";
import type { StageSeconds } from "../stage-clock.ts";
import type { FieldCost } from "./mapping/index.ts";
import type { Counters } from "./state/checkpoint.ts";
import { peakRssMb } from "./summary.ts";

export interface MetricsInput {
  counters: Counters;
  /** Seconds. */
  duration: number;
  source: SourceMetrics;
  stages: StageSeconds;
  /** Absent where nobody looked. */
  expensiveFields?: readonly FieldCost[];
  statements: number;
  /** Records that were warned about. */
  warned: number;
  /** Counts by field and rule. */
  warnings: Record<string, number>;
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** Shares are of what was fetched; 1 where nothing was. */
export function performanceMetrics({
  counters,
  duration,
  source,
  stages,
  expensiveFields,
  statements,
  warned,
  warnings,
}: MetricsInput): Record<string, unknown> {
  const { fetched, rejected, created, updated } = counters;
  const of = (part: number): number => (fetched ? round(part / fetched) : 1);
  const usage = process.resourceUsage();
  return {
    duration_seconds: round(duration),
    records_per_second: round(fetched / Math.max(duration, 0.001)),
    success_rate: of(fetched - rejected),
    error_rate: fetched ? round(rejected / fetched) : 0,
    data_quality_score: of(fetched - rejected - warned / 2),
    delta_efficiency: source.apiCalls ? round((created + updated) / source.apiCalls) : null,
    api_calls: source.apiCalls,
    database_queries: statements,
    retries: source.retries,
    recovered: source.recovered,
    rate_limit_wait_seconds: round(source.rateLimitWaitSeconds),
    quota_used: source.quotaUsed ?? {},
    peak_rss_mb: peakRssMb(),
    cpu_seconds: round((usage.userCPUTime + usage.systemCPUTime) / 1e6),
    bytes_in: source.bytesIn,
    stage_seconds: stages,
    ...(expensiveFields ? { expensive_fields: expensiveFields } : {}),
    validation_warnings: warnings,
  };
}
