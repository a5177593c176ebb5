/** What makes rows for one table: a prepared record in, a row or the reasons against it out. */
import { SpecError } from "../../errors.ts";
import { compile, plainNames } from "../../jsonata/index.ts";
import type { Column } from "../../sinks/contract.ts";
import type { TargetSpec } from "../../spec/targets.ts";
import { compileTimestampParser, shiftInstant } from "../../values/instant.ts";
import { compileField } from "./field.ts";
import { addFailure, startMapped, type Mapped, type ValidationMode } from "./outcome.ts";
import type { Prepared } from "./prepare.ts";
import { type NewerLimit, type RowField, rowFunction } from "./row-function.ts";
import { compileRules } from "./rules.ts";

export interface MappingOptions {
  validation: ValidationMode;
  skipValidation: boolean;
  params: Record<string, unknown>;
}

export interface RowMapping {
  columns: readonly Column[];
  /** Synchronous where every expression is. */
  map(prepared: Prepared): Mapped | Promise<Mapped>;
}

/**
 * Compiles one table's mapping and rules. Throws SpecError for types, formats and zones that do not exist.
 * @param nullValues of the source.
 */
export function compileRows(
  target: Pick<TargetSpec, "mapping" | "rules" | "upsert">,
  options: MappingOptions,
  nullValues: readonly string[],
): RowMapping {
  const { upsert } = target;
  const columns = Object.entries(target.mapping).map(([name, { type }]) => ({ name, type }));
  const fields = Object.entries(target.mapping).map(([column, field]): RowField => ({
    names: plainNames(field.from),
    // A list of one stays a list where the type is json.
    compiled: compile(field.from, { keepLists: field.type === "json" }),
    isJson: field.type === "json",
    ...naming(column, () =>
      compileField(column, field, {
        isKey: upsert.keys.includes(column),
        validation: options.validation,
        skipValidation: options.skipValidation,
        nullValues,
      }),
    ),
  }));
  const rules = options.skipValidation ? undefined : compileRules(target, options.params);
  const toRow = rowFunction(fields, newerLimitReader(target));

  function map(prepared: Prepared): Mapped | Promise<Mapped> {
    if (prepared.problem) {
      const { rule, field, message } = prepared.problem;
      const mapped = startMapped();
      mapped.row = new Array<null>(fields.length).fill(null);
      addFailure(mapped, { stage: "map", field, rule, message });
      return mapped;
    }
    const mapped = toRow(prepared);
    if (!rules) return mapped;
    return mapped instanceof Promise ? mapped.then(checked) : checked(mapped);
  }

  function checked(mapped: Mapped): Mapped | Promise<Mapped> {
    if (!rules || mapped.failures.length > 0) return mapped;
    const checking = rules(mapped);
    return checking ? checking.then(() => mapped) : mapped;
  }

  return { columns, map };
}

function naming<T>(column: string, compileIt: () => T): T {
  try {
    return compileIt();
  } catch (error) {
    if (error instanceof SpecError) throw new SpecError(`mapping.${column}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Reads what `newer_by` may be at the latest; undefined where no hour of its column's zone comes twice. */
function newerLimitReader({ mapping, upsert }: Pick<TargetSpec, "mapping" | "upsert">): NewerLimit | undefined {
  const at = upsert.newer_by === undefined ? -1 : Object.keys(mapping).indexOf(upsert.newer_by);
  const field = Object.values(mapping)[at];
  if (field?.type !== "timestamp" || !field.time_zone) return undefined;
  const parse = compileTimestampParser({ formats: field.format, timeZone: field.time_zone });
  const limitOf = (value: unknown): string | undefined => {
    try {
      const ambiguous = parse(value)?.ambiguous;
      // The last microsecond of the hour that the zone shows twice: two values within it may be in either order.
      return ambiguous && shiftInstant(ambiguous.to, -0.001);
    } catch {
      return undefined;
    }
  };
  return { at, limitOf };
}
