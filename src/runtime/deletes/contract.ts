/** What a run gives to its deletions, and what they give back. */
import type { Sink, Table } from "../../sinks/contract.ts";
import type { SourceMetrics, Window } from "../../sources/contract.ts";
import type { LoadedPipeline } from "../../spec/load.ts";
import type { Pipeline } from "../../spec/types.ts";
import type { Engine } from "../engine.ts";
import type { RunFlags } from "../flags.ts";
import type { Mapping } from "../mapping/index.ts";
import type { ResolvedParams } from "../params.ts";
import type { Strategy } from "../strategy.ts";
import type { PipelineScope } from "../state/history.ts";

export interface DeletionsInput {
  pipeline: LoadedPipeline;
  engine: Engine;
  flags: RunFlags;
  params: ResolvedParams;
  mapping: Mapping;
  sink: Sink;
  table: Table;
  /** Of the history that the run is in. */
  scope: PipelineScope;
  metrics: SourceMetrics;
  window: Window & { readonly start: string };
  /** Absent for a removal, which reads everything and writes no rows: what is written meanwhile was written by a run. */
  strategy?: Pick<Strategy, "incremental">;
}

export interface ReadEnding {
  /** Everything that was asked for has been read to its end. */
  complete: boolean;
  /** The source said that nothing has changed, and gave nothing. */
  unchanged: boolean;
  /** Names of the slices that were read. */
  slices: readonly string[];
  tableExists: boolean;
  runId: number;
  /** Runs what deletes rows in one transaction with the run's counts of it. On a dry run it only counts. */
  commit(apply: () => Promise<DeletedRows>): Promise<void>;
  signal: AbortSignal;
}

/** How many rows were deleted. */
export interface DeletedRows {
  own: number;
  /** Of each of `children`, by table. */
  tables: Readonly<Record<string, number>>;
}

export interface Deleted {
  /** Why nothing was deleted although something should have been. */
  problem?: string;
  /** Records said that they are gone, and their rows are still there: they must be read again. */
  pending: boolean;
}

/** What a run would delete, for `etl plan`; its keys are part of that command's contract. */
export interface PlannedDeletes {
  detect: "listed" | "flag" | "missing" | "merged";
  mode: "soft" | "hard";
  /** As the spec says it. */
  max: number | string;
  /** Why this run deletes nothing; null where it does. */
  not: string | null;
}

/** Null for a pipeline that deletes nothing. */
export function planDeletes(
  deletes: Pipeline["deletes"],
  run: Pick<DeletionsInput, "flags" | "params"> & { incremental: boolean },
): PlannedDeletes | null {
  if (deletes === undefined) return null;
  const { detect, mode, max, on } = deletes;
  const part = partOnly(run);
  const later = on === "full" && run.incremental ? "on: full, and this run reads what changed" : null;
  return { detect, mode, max, not: part ?? later };
}

/** Why a run that reads only a part of the whole deletes nothing; undefined for one that reads all of it. */
export function partOnly({ flags, params }: Pick<DeletionsInput, "flags" | "params">): string | undefined {
  if (flags.maxRecords > 0) return "--max-records";
  if (flags.startDate !== undefined) return "--start-date";
  if (flags.endDate !== undefined) return "--end-date";
  const [name] = params.narrowing;
  return name === undefined ? undefined : `--param ${name}`;
}
