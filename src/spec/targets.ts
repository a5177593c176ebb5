/** The tables of a pipeline: that of its records, and those of its children. */
import type { Path } from "./document.ts";
import { list, tree, type Tree } from "./tree.ts";
import type { Child, Field, Pipeline, Rules, SinkTable, Upsert } from "./types.ts";

/** What makes rows for one table. */
export interface TargetSpec {
  mapping: Record<string, Field>;
  rules?: Rules;
  upsert: Upsert;
  sink: SinkTable;
}

/** The table of the records themselves; undefined where only their children are rows. */
export function mainTarget({ mapping, rules, upsert, sink }: Pipeline): TargetSpec | undefined {
  return mapping && upsert && sink ? { mapping, rules, upsert, sink } : undefined;
}

/** Every table that a pipeline writes to, the records' own first. */
export function targetsOf(spec: Pipeline): (TargetSpec | Child)[] {
  const main = mainTarget(spec);
  return [...(main ? [main] : []), ...(spec.children ?? [])];
}

/** A part of a spec that makes rows, in data that no schema has accepted yet. */
export interface TargetTree {
  /** Empty for the pipeline itself, `children.0` for a child. */
  at: Path;
  target: Tree;
}

/** The parts that make rows; the pipeline itself is always one, though it may map nothing. */
export function targetTrees(spec: Tree): TargetTree[] {
  return [
    { at: [], target: spec },
    ...list(spec["children"]).map((child, index) => ({ at: ["children", index], target: tree(child) })),
  ];
}
