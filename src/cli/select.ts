/** `--only` and `--skip`: by name, entity or tag. */
import { SpecError } from "../errors.ts";
import type { LoadedPipeline } from "../spec/load.ts";
import { didYouMean } from "../suggest.ts";

export interface Selection {
  only?: readonly string[];
  skip?: readonly string[];
}

function words({ spec, entity }: LoadedPipeline): string[] {
  return [spec.pipeline, entity, ...(spec.tags ?? [])];
}

/**
 * The pipelines that are chosen. Several that are named by a folder leave out those with `enabled: false`; one that
 * is named alone runs. Throws SpecError for a word that is nobody's name or tag.
 */
export function selectPipelines(
  pipelines: readonly LoadedPipeline[],
  { only = [], skip = [] }: Selection,
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
    return pipeline.spec.enabled || pipelines.length === 1;
  });
}
