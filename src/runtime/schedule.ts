/** Many pipelines: what depends on another runs after it, or not at all when that one failed. */
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
 * @returns outcomes in the order in which the pipelines were given.
 */
export async function runInOrder(
  pipelines: readonly LoadedPipeline[],
  options: ScheduleOptions,
): Promise<RunOutcome[]> {
  const names = new Set(pipelines.map(({ spec }) => spec.pipeline));
  const outcomes = new Map<string, RunOutcome[]>();
  const waiting = [...pipelines];
  const running = new Map<string, Promise<void>>();
  const needs = ({ spec }: LoadedPipeline): string[] => (spec.depends_on ?? []).filter((name) => names.has(name));

  const start = (pipeline: LoadedPipeline): void => {
    const { pipeline: name } = pipeline.spec;
    const culprit = needs(pipeline).find((dependency) =>
      outcomes.get(dependency)?.some(({ summary }) => summary.status === "failed" || summary.status === "skipped"),
    );
    if (culprit !== undefined) {
      outcomes.set(name, [
        options.skip(
          pipeline,
          `it depends on ${culprit}, which ${outcomes.get(culprit)!.at(-1)!.summary.status === "skipped" ? "was skipped" : "failed"}`,
        ),
      ]);
      return;
    }
    const done = options.run(pipeline).then((result) => {
      outcomes.set(name, result);
      running.delete(name);
    });
    running.set(name, done);
  };

  while (waiting.length || running.size) {
    for (let index = 0; index < waiting.length && running.size < options.concurrency && !options.signal.aborted;) {
      const pipeline = waiting[index]!;
      if (needs(pipeline).some((dependency) => !outcomes.has(dependency))) index++;
      else {
        waiting.splice(index, 1);
        start(pipeline);
        // One that was skipped may let others before it go on.
        index = 0;
      }
    }
    if (!running.size) break;
    await Promise.race(running.values());
  }
  return pipelines.flatMap(({ spec }) => outcomes.get(spec.pipeline) ?? []);
}
