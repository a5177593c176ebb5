/** What a run would do if it began now: asked, counted and forecast; nothing is written. */
import type { BudgetForecast, Forecast, ForecastRequest } from "../sources/contract.ts";
import { isoOf } from "../values/instant.ts";
import { planDeletes, type PlannedDeletes } from "./deletes/contract.ts";
import { timeOf, type RunInput } from "./engine.ts";
import { openPipelineSource } from "./open-source.ts";
import { askedHash, before as knownBefore, canResume, type Prepared, prepareRun, strategyFor } from "./run-pipeline.ts";
import { History } from "./state/history.ts";
import { hasState } from "./state/tables.ts";
import type { Strategy, StrategyName } from "./strategy.ts";
import { targetsFor } from "./target.ts";
import { RunWindow } from "./window.ts";

/** How many of the last successful runs an estimate is taken from. */
const runsLookedAt = 5;

/** What a budget would be charged; the keys of these three are the contract of `etl plan --output json`. */
export interface PlannedBudget {
  name: string;
  unit: "requests" | "cost";
  quota: boolean;
  limit: number;
  used: number;
  remaining: number;
  reserved: number;
  /** What all calls of the run take; null where their number is unknown. */
  needed: number | null;
  /** Of the whole budget, 0 to 1 and more. Null for budgets that are paced: they are never spent, only slow. */
  share: number | null;
  /** False where a quota would stop the run before its end. */
  enough: boolean | null;
}

export interface PlannedCalls {
  expected: number | null;
  /** Records that the source says there are. */
  records: number | null;
  /** Where the number comes from. */
  from: "total" | "pages" | "slices" | "first_slice" | "history" | "unknown";
  slices: number | null;
  /** Calls that the plan itself made. */
  asked: number;
}

export interface RunPlan {
  pipeline: string;
  strategy: string;
  /** ISO 8601, an id or a cursor; null on a run that reads everything. */
  since: string | null;
  until: string;
  /** The failed run that would be gone on with first. */
  resumes: number | null;
  request: ForecastRequest | null;
  calls: PlannedCalls;
  budgets: PlannedBudget[];
  /** Seconds; null where it cannot be told. `paced`: what the budgets ask for. `observed`: as the last runs took. */
  duration: { expected: number | null; paced: number | null; observed: number | null };
  table: string;
  /** Every table that it fills, those of children after the records' own. */
  tables: string[];
  /** Statements that the run would begin with. */
  ddl: string[];
  /** What is deleted at its end; null where the spec says nothing of it. */
  deletes: PlannedDeletes | null;
  /** What would stop the run, and what SQL would mend it. */
  problems: { message: string; sql: string }[];
}

/** Plans a run. Throws what a run would throw before its first record. */
export async function planRun(input: RunInput): Promise<RunPlan> {
  const prepared = prepareRun(input);
  const { pipeline, engine, flags, mapping, delta } = prepared;
  const { spec } = pipeline;
  const sink = await engine.openSink(engine.warehouse, { readOnly: true });
  try {
    const history = (await hasState(sink)) ? new History(sink) : undefined;
    const startedAt = timeOf(engine);
    const strategy = strategyFor(prepared, await knownBefore(history, prepared), startedAt);
    const window = new RunWindow(strategy.since, startedAt, { endDate: flags.endDate, now: () => timeOf(engine) });
    const forecast = await askSource(prepared, { strategy, window });
    const before = history ? await history.lastMetrics(prepared.scope, alike(strategy), runsLookedAt) : [];
    const calls = plannedCalls(forecast, before);
    const { main, children } = targetsFor(spec, mapping);
    const targets = [...(main ? [main] : []), ...children];
    const plans = await Promise.all(targets.map(({ table }) => sink.plan(table)));
    return {
      pipeline: spec.pipeline,
      strategy: strategy.name,
      since: strategy.incremental ? textOf(strategy, delta?.kind) : null,
      until: isoOf(window.until.instant as string),
      resumes: history ? await resumes(history, { prepared, strategy }) : null,
      request: maskRequest(forecast?.request, engine.mask),
      calls,
      budgets: (forecast?.budgets ?? []).map((budget) => plannedBudget(budget, calls.expected)),
      duration: plannedDuration(forecast?.budgets ?? [], { calls: calls.expected, before }),
      table: targets[0]!.table.name,
      tables: targets.map(({ table }) => table.name),
      deletes: planDeletes(spec.deletes, { flags, params: prepared.params, incremental: strategy.incremental }),
      ddl: plans.flatMap(({ statements }) => statements),
      problems: plans.flatMap(({ problems }) => problems),
    };
  } finally {
    await sink.close();
  }
}

/** Strategies that read as much as this one. */
function alike({ name }: Strategy): StrategyName[] {
  return name === "full" || name === "initial_full" ? ["full", "initial_full"] : [name];
}

async function askSource(
  { pipeline, engine, flags, params }: Prepared,
  { strategy, window }: { strategy: Strategy; window: RunWindow },
): Promise<Forecast | undefined> {
  const parentsSince = strategy.parents?.since;
  const source = await openPipelineSource({ pipeline, engine, params: params.values, parentsSince }, engine.signal);
  try {
    const { incremental } = strategy;
    return await source.forecast?.({ incremental, window, pageSize: flags.batchSize, resume: {} });
  } finally {
    await source.close();
  }
}

async function resumes(
  history: History,
  { prepared, strategy }: { prepared: Prepared; strategy: Strategy },
): Promise<number | null> {
  const { pipeline, flags, scope } = prepared;
  const failed = await history.lastFailed(scope);
  const now = { asked: askedHash(prepared), specHash: pipeline.hash, strategy, flags };
  return failed && canResume(failed.checkpoint, now) ? failed.id : null;
}

function textOf({ since }: Strategy, kind: string | undefined): string {
  return kind === "instant" && since.instant ? isoOf(since.instant) : since.text;
}

/** What earlier runs of the same strategy measured. */
export interface RunMetrics {
  api_calls?: number;
  duration_seconds?: number;
}

function plannedCalls(forecast: Forecast | undefined, before: readonly RunMetrics[]): PlannedCalls {
  const { records = null, slices = null, asked = 0 } = forecast ?? {};
  const told = { records, slices, asked };
  if (forecast?.calls !== undefined && !forecast.isSampled) {
    const from = records !== null ? "total" : slices !== null ? "slices" : "pages";
    return { expected: forecast.calls, from, ...told };
  }
  // Runs that were made tell more of all slices than one of them does.
  const made = median(before.flatMap(({ api_calls: calls }) => (calls === undefined ? [] : [calls])));
  if (made !== undefined) return { expected: made, from: "history", ...told };
  if (forecast?.calls !== undefined) return { expected: forecast.calls, from: "first_slice", ...told };
  return { expected: null, from: "unknown", ...told };
}

function plannedBudget(budget: BudgetForecast, calls: number | null): PlannedBudget {
  const { name, unit, isQuota, limit, used = 0, remaining, reserved, charged } = budget;
  const needed = calls === null ? null : calls * charged;
  return {
    name,
    unit,
    quota: isQuota,
    limit,
    used,
    remaining,
    reserved,
    needed,
    share: isQuota && needed !== null ? needed / limit : null,
    enough: isQuota && needed !== null ? needed <= remaining - reserved : null,
  };
}

function plannedDuration(
  budgets: readonly BudgetForecast[],
  { calls, before }: { calls: number | null; before: readonly RunMetrics[] },
): RunPlan["duration"] {
  if (calls === null) return { expected: null, paced: null, observed: null };
  // The first of them goes at once, and so does what is within the burst.
  const waits = budgets
    .filter(({ isQuota }) => !isQuota)
    .map(({ charged, burst, pace }) => Math.max(0, calls * charged - Math.max(charged, burst)) * pace);
  const paced = waits.length === 0 ? null : Math.max(...waits);
  const perCall = median(
    before.flatMap(({ api_calls: made, duration_seconds: seconds }) => (made && seconds ? [seconds / made] : [])),
  );
  const observed = perCall === undefined ? null : perCall * calls;
  const known = [paced, observed].filter((seconds) => seconds !== null);
  return { expected: known.length === 0 ? null : Math.max(...known), paced, observed };
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}

/** A secret may stand in a header of the connection or in the body: it is masked by value, too. */
function maskRequest(request: ForecastRequest | undefined, mask: (text: string) => string): ForecastRequest | null {
  return request === undefined ? null : (maskValue(request, mask) as ForecastRequest);
}

function maskValue(value: unknown, mask: (text: string) => string): unknown {
  if (typeof value === "string") return mask(value);
  if (Array.isArray(value)) return value.map((item) => maskValue(item, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskValue(item, mask)]));
}
