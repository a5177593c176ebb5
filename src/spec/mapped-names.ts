/** `mapped 'properties'`: what a pipeline reads below a path, taken from its expressions. */
import { referencesOf } from "../jsonata/index.ts";
import { pipelineExpressions, type ExpressionSite } from "./expression-sites.ts";

export interface MappedNames {
  /** Names in order of first appearance, each once. */
  names: string[];
  /** Expressions that read the map as a whole, so that its names cannot be told. */
  whole: ExpressionSite[];
}

/**
 * Names that the pipeline's expressions over the record read below `path` (`""`: at the top), with the names that
 * `select` adds. An expression with a syntax error reads nothing: it is reported elsewhere.
 */
export function mappedNames(spec: unknown, path: string): MappedNames {
  const prefix = path === "" ? [] : path.split(".");
  const names = new Set<string>();
  const whole: ExpressionSite[] = [];
  for (const site of pipelineExpressions(spec)) {
    if (site.over !== "record") continue;
    try {
      const { paths, wildcards } = referencesOf(site.expression);
      let readsWhole = false;
      for (const read of [...paths, ...wildcards]) {
        if (read.length > prefix.length && startsWith(read, prefix)) names.add(read[prefix.length]!);
        // Read as a whole: the map itself, or a map that it lies in.
        else if (
          startsWith(prefix, read) &&
          (read.length === prefix.length ? prefix.length > 0 : wildcards.includes(read))
        )
          readsWhole = true;
      }
      if (readsWhole) whole.push(site);
    } catch {
      continue;
    }
  }
  const select = (spec as { source?: { select?: unknown } }).source?.select;
  if (Array.isArray(select)) for (const name of select) names.add(String(name));
  return { names: [...names], whole: Array.isArray(select) ? [] : whole };
}

function startsWith(names: readonly string[], start: readonly string[]): boolean {
  return start.every((name, index) => names[index] === name);
}
