/** Many pipelines: what depends on another runs after it, or not at all when that one failed. */
import Bottleneck from "bottleneck";
import type { LoadedPipeline } from "../spec/load.ts";
import type { RunOutcome } from "./summary.ts";

export interface ScheduleOptions {
  /** How many run at once, at the most. */
  concurrency: number;
  /** Aborted when no other pipeline is to be started. */
  signal: AbortSignal;
  /** Runs one; never throws. */
  run(pipeline: LoadedPipeline): Promise<RunOutcome[]>;
  /** Makes the outcome of one that is left out, with the reason. */
  skip(pipeline: LoadedPipeline, reason: string): RunOutcome;
}

/**
 * Runs pipelines in the order of their `depends_on`, side by side where they do not wait for one another; the order
 * given decides between those that are ready. What a pipeline depends on and is not among them is taken as done.
 * The dependencies hold no circle: `validate` has seen to that.
 * @returns outcomes in the order in which the pipelines were given; those that were not started are skipped.
 */
export async function runInOrder(
  pipelines: readonly LoadedPipeline[],
  options: ScheduleOptions,
): Promise<RunOutcome[]> {
  const places = new Bottleneck({ maxConcurrent: options.concurrency });
  const byName = new Map(pipelines.map((pipeline) => [pipeline.spec.pipeline, pipeline]));
  const started = new Map<string, Promise<RunOutcome[]>>();

  const outcomeOf = (pipeline: LoadedPipeline): Promise<RunOutcome[]> => {
    const { pipeline: name } = pipeline.spec;
    const known = started.get(name) ?? start(pipeline);
    started.set(name, known);
    return known;
  };
  const start = async (pipeline: LoadedPipeline): Promise<RunOutcome[]> => {
    for (const name of pipeline.spec.depends_on ?? []) {
      const before = byName.get(name);
      const reason = before && leftOutBy(name, await outcomeOf(before));
      if (reason !== undefined) return [options.skip(pipeline, reason)];
    }
    return places.schedule(async () =>
      options.signal.aborted ? [options.skip(pipeline, "interrupted before it began")] : options.run(pipeline),
    );
  };

  return (await Promise.all(pipelines.map(outcomeOf))).flat();
}

/** Why a pipeline is left out that depends on one with these outcomes; undefined when it may run. */
function leftOutBy(name: string, outcomes: readonly RunOutcome[]): string | undefined {
  const statuses = outcomes.map(({ summary }) => summary.status);
  if (statuses.includes("failed")) return `it depends on ${name}, which failed`;
  return statuses.includes("skipped") ? `it depends on ${name}, which was skipped` : undefined;
}

/**
 * The order in which rows may go: what depends on another comes before it, as a row that points to another must go
 * before that one. Otherwise the order stays.
 */
export function dependentsFirst(pipelines: readonly LoadedPipeline[]): LoadedPipeline[] {
  const ordered: LoadedPipeline[] = [];
  const add = (pipeline: LoadedPipeline): void => {
    if (ordered.includes(pipeline)) return;
    const { pipeline: name } = pipeline.spec;
    for (const other of pipelines) if (other.spec.depends_on?.includes(name)) add(other);
    ordered.push(pipeline);
  };
  for (const pipeline of pipelines) add(pipeline);
  return ordered;
}
