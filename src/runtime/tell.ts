/** The lines of a run that operators grep for (design, section 5). */
import type { Bound, Page } from "../sources/contract.ts";
import { isoOf } from "../values/instant.ts";
import type { CompiledDelta } from "./delta.ts";
import type { RunInput } from "./engine.ts";
import type { Judgement } from "./judge.ts";
import type { Counters } from "./state/checkpoint.ts";
import type { Strategy } from "./strategy.ts";

/** What the lines are about. */
export interface ToldRun extends RunInput {
  strategy: Strategy;
  delta?: CompiledDelta;
  resumed?: { fromRun: number };
}

/** A bound as people read it: an instant in short ISO form, anything else as the source writes it. */
export function boundText(bound: Bound, delta: CompiledDelta | undefined): string {
  return delta?.kind === "instant" && bound.instant ? isoOf(bound.instant) : bound.text;
}

/** `Starting hubspot contacts sync (incremental since 2025-01-01T00:00:00Z)` */
export function tellStart({ engine, pipeline, flags, strategy, delta, resumed }: ToldRun): void {
  const verb = flags.dryRun ? "Starting dry run of" : "Starting";
  const since = strategy.incremental ? ` since ${boundText(strategy.since, delta)}` : "";
  const mode = `${resumed ? `resuming run ${resumed.fromRun}, ` : ""}${strategy.name}${since}`;
  engine.log.info(`${verb} ${pipeline.system} ${pipeline.entity} sync (${mode})`);
}

export interface ToldEnd {
  judged: Judgement;
  counters: Counters;
  /** Of `children`, by table. */
  tables: Readonly<Record<string, Counters>>;
  /** The source has not changed since the last run. */
  unchanged: boolean;
}

/** `1100 created, 98 updated, 5 unchanged, 1 failed`; rows that went are said where some did. */
function countsText({ created, updated, unchanged, rejected, deleted }: Counters): string {
  const gone = deleted > 0 ? `, ${deleted} deleted` : "";
  return `${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected} failed${gone}`;
}

/** `Completed hubspot contacts sync: 1100 created, 98 updated, 5 unchanged, 1 failed`, or why not. */
export function tellEnd(
  { engine, pipeline, flags, strategy }: ToldRun,
  { judged, counters, tables, unchanged: nothingNew }: ToldEnd,
): void {
  const { log } = engine;
  const { stale } = counters;
  const { status, error } = judged;
  const name = `${pipeline.system} ${pipeline.entity}`;
  const counts = countsText(counters);
  if (status === "failed") log.error(`Failed ${name} sync: ${error}`);
  else if (flags.dryRun) log.info(`Dry run of ${name} sync, nothing was written; it would be: ${counts}`);
  else log.info(`Completed ${name} sync: ${counts}`);
  // Where only one table's children are rows, the line above is about it.
  const isOne = pipeline.spec.mapping === undefined && Object.keys(tables).length === 1;
  if (status !== "failed" && !isOne)
    for (const [table, ofTable] of Object.entries(tables)) log.info(`${name}, table ${table}: ${countsText(ofTable)}`);
  if (status === "partial") log.warn(`${name} sync is partial: ${error}`);
  if (nothingNew) log.info(`${name}: the source has not changed since the last run; nothing was fetched`);
  if (strategy.name === "full" && stale > 0) {
    log.info(`${name}: ${stale} stored rows are newer than what was read and stay; --force would replace them`);
  }
}

/** Why a slice is not whole. */
export function incompleteText(slice: string, { total, distinct }: NonNullable<Page["completeness"]>): string {
  const [all, read, missing] = [total, distinct, total - distinct].map((count) => count.toLocaleString("en-US"));
  const where = slice ? ` in ${slice}` : "";
  return `the source has ${all} records${where}, ${read} were read: ${missing} are missing. Run again; if it stays so, the paging of this API is not to be trusted`;
}
