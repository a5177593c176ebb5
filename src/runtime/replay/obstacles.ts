/** Why a reject, or those of a whole pipeline, cannot be replayed: what is kept is not all that a run would know. */
import { referencesOf } from "../../jsonata/index.ts";
import { canonicalJson } from "../../values/json-text.ts";
import { mainTarget, targetsOf } from "../../spec/targets.ts";
import type { Pipeline } from "../../spec/types.ts";
import type { RejectedRecord } from "./open-rejects.ts";

/** Undefined where its rejects can be replayed. */
export function pipelineObstacle(spec: Pipeline): string | undefined {
  const main = mainTarget(spec);
  if (!main) return "only the children of its records are rows, and no row says which version of a record is stored";
  if (main.upsert.replace_within)
    return "its rows belong to sets that are replaced as a whole, and a reject holds one record of a set";
  if (expressionsOf(spec).some(readsSlice)) return "its expressions read $slice, which a reject does not hold";
  return undefined;
}

function expressionsOf(spec: Pipeline): string[] {
  const { deletes, source, let: lets, children } = spec;
  const written = [
    ...targetsOf(spec).flatMap(({ mapping }) => Object.values(mapping).map(({ from }) => from)),
    ...Object.values(lets ?? {}),
    ...(children ?? []).flatMap((child) => [child.each, ...Object.values(child.let ?? {})]),
    source.filter,
    deletes?.detect === "flag" ? deletes.when : undefined,
    deletes?.merged,
  ];
  return written.filter((text) => text !== undefined);
}

function readsSlice(expression: string): boolean {
  return referencesOf(expression).variables.some(({ name }) => name === "slice");
}

/** Undefined where the record can be tried. */
export function recordObstacle({ table, stage, rule, record }: RejectedRecord): string | undefined {
  if (stage === "source")
    return "the source refused it before it was a record: a run that reads it again takes it, or rejects it again";
  if (table !== "" && rule !== "each")
    return "it is a row of children, kept without the record that it came in: a run that reads that record again takes it";
  if (canonicalJson(record).includes("***"))
    return "it holds ***: where a secret was masked the record is not what the source gave";
  return undefined;
}
