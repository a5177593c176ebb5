/** `mapped 'properties'`: what a pipeline reads below a path, taken from its expressions. */
import { plainNames, referencesOf, type References } from "../jsonata/index.ts";
import { pipelineExpressions, type ExpressionSite } from "./expression-sites.ts";
import { list, tree } from "./tree.ts";

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
    try {
      const { paths, wildcards } = recordReads(site, spec);
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

/** What an expression reads of the record: a child's by way of $parent, and below `each` where that is a plain path. */
function recordReads(site: ExpressionSite, spec: unknown): Pick<References, "paths" | "wildcards"> {
  if (site.over !== "record" && site.over !== "child") return { paths: [], wildcards: [] };
  const { paths, wildcards, below } = referencesOf(site.expression);
  if (site.over === "record") return { paths, wildcards };
  const ofParent = below.filter(({ variable }) => variable === "parent");
  const { each: expression } = tree(list(tree(spec)["children"])[Number(site.path[1])]);
  const each = typeof expression === "string" ? plainNames(expression) : undefined;
  const inside = (read: readonly string[][]): string[][] => (each ? read.map((path) => [...each, ...path]) : []);
  return {
    paths: [...ofParent.filter(({ whole }) => !whole).map(({ path }) => path), ...inside(paths)],
    wildcards: [...ofParent.filter(({ whole }) => whole).map(({ path }) => path), ...inside(wildcards)],
  };
}

function startsWith(names: readonly string[], start: readonly string[]): boolean {
  return start.every((name, index) => names[index] === name);
}
