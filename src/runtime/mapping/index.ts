/** A pipeline's mapping, compiled: record in, rows or rejects out. One engine for run, preview and tests. */
import type { Compiled } from "../../jsonata/index.ts";
import type { Column, Row } from "../../sinks/contract.ts";
import { mainTarget } from "../../spec/targets.ts";
import type { Pipeline } from "../../spec/types.ts";
import { compileChild, type ChildMapping } from "./children.ts";
import { compilePreparation, evaluate, type Prepare, type Prepared } from "./prepare.ts";
import { compileRows, type MappingOptions, type RowMapping } from "./rows.ts";

export type { ChildMapping, ChildRecord, ChildSet } from "./children.ts";
export { FieldCosts, type FieldCost, type MappingCosts, withValidation } from "./field-costs.ts";
export type { Failure, Mapped, Stage, ValidationMode, Warning } from "./outcome.ts";
export { validationModes } from "./outcome.ts";
export { compileValue, type Prepared } from "./prepare.ts";
export type { MappingOptions, RowMapping } from "./rows.ts";

export interface Mapping {
  prepare: Prepare;
  /** Evaluates an expression over a prepared record; what it throws comes as ThrownValue. */
  evaluate(compiled: Compiled, prepared: Prepared): unknown;
  /** The table of the records themselves; absent where only their children are rows. */
  main?: RowMapping;
  /** In the order of the spec's `children`. */
  children: readonly ChildMapping[];
}

/** Compiles all mappings of a pipeline. Throws SpecError for types, formats and zones that do not exist. */
export function compileMapping(spec: Pipeline, options: MappingOptions): Mapping {
  const main = mainTarget(spec);
  const nullValues = spec.source.null_values;
  return {
    prepare: compilePreparation(spec, options.params),
    evaluate: (compiled, prepared) => evaluate(compiled, prepared.input, prepared.bindings),
    ...(main ? { main: compileRows(main, options, nullValues) } : {}),
    children: (spec.children ?? []).map((child) => compileChild(child, options, nullValues)),
  };
}

/** One row as a map, for rules, messages and previews. */
export function rowObject(columns: readonly Column[], row: Row): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null]));
}
