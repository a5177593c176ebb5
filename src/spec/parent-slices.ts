/** `slices: { by: parent }`, wherever a source says it. */
import { layOver } from "./lay-over.ts";
import { tree } from "./tree.ts";
import type { SlicesParent, Source } from "./types.ts";

/** The slices of a run that asks for records by the ids of another pipeline's rows; undefined where no run does. */
export function parentSlices(source: Source): SlicesParent | undefined {
  if (source.type !== "api") return undefined;
  if (source.slices?.by === "parent") return source.slices;
  const over = tree(source.incremental)["slices"];
  if (over === undefined || over === null) return undefined;
  const laid = tree(tree(over)["by"] === undefined ? layOver(source.slices, over) : over);
  return laid["by"] === "parent" ? (laid as unknown as SlicesParent) : undefined;
}
