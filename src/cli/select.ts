/** `--only` and `--skip`: by name, entity or tag. */
import { resolve } from "node:path";
import { SpecError } from "../errors.ts";
import type { LoadedPipeline } from "../spec/load.ts";
import { didYouMean } from "../suggest.ts";

export interface Selection {
  /** What the command line names. */
  targets: readonly string[];
  only?: readonly string[];
  skip?: readonly string[];
}

function words({ spec, entity }: LoadedPipeline): string[] {
  return [spec.pipeline, entity, ...(spec.tags ?? [])];
}

/**
 * The pipelines that are chosen. One with `enabled: false` runs only when its own name or file is named. Throws SpecError for a word that is nobody's name or tag.
 */
export function selectPipelines(
  pipelines: readonly LoadedPipeline[],
  { targets, only = [], skip = [] }: Selection,
): LoadedPipeline[] {
  const known = new Set(pipelines.flatMap(words));
  for (const word of [...only, ...skip]) {
    if (known.has(word)) continue;
    throw new SpecError(
      `no pipeline here is named or tagged "${word}".${didYouMean(word, known) || ` Known: ${[...known].join(", ")}.`}`,
    );
  }
  const matches = (pipeline: LoadedPipeline, chosen: readonly string[]): boolean =>
    words(pipeline).some((word) => chosen.includes(word));
  return pipelines.filter((pipeline) => {
    if (skip.length && matches(pipeline, skip)) return false;
    if (only.length) return matches(pipeline, only);
    return (
      pipeline.spec.enabled ||
      targets.some((target) => target === pipeline.spec.pipeline || resolve(target) === pipeline.file)
    );
  });
}
