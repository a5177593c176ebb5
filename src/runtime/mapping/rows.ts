/** What makes rows for one table: a prepared record in, a row or the reasons against it out. */
import { SpecError } from "../../errors.ts";
import { compile } from "../../jsonata/index.ts";
import type { Column } from "../../sinks/contract.ts";
import type { TargetSpec } from "../../spec/targets.ts";
import { compileTimestampParser, shiftInstant } from "../../values/instant.ts";
import { compileField } from "./field.ts";
import type { Mapped, ValidationMode } from "./outcome.ts";
import { evaluate, type Prepared } from "./prepare.ts";
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
  const fields = Object.entries(target.mapping).map(([column, field]) => ({
    column,
    field,
    // A list of one stays a list where the type is json.
    compiled: compile(field.from, { keepLists: field.type === "json" }),
    finish: naming(column, () =>
      compileField(column, field, {
        isKey: upsert.keys.includes(column),
        validation: options.validation,
        skipValidation: options.skipValidation,
        nullValues,
      }),
    ),
  }));
  const rules = options.skipValidation ? undefined : compileRules(target, options.params);
  const newerBy =
    upsert.newer_by === undefined ? undefined : fields.findIndex(({ column }) => column === upsert.newer_by);
  const newerField = newerBy === undefined ? undefined : fields[newerBy]?.field;
  const newerParser =
    newerField?.type === "timestamp" && newerField.time_zone
      ? compileTimestampParser({ formats: newerField.format, timeZone: newerField.time_zone })
      : undefined;

  function finish(values: unknown[]): Mapped {
    const mapped: Mapped = { row: new Array<null>(fields.length).fill(null), failures: [], warnings: [] };
    for (let index = 0; index < fields.length; index++) fields[index]!.finish(values[index], mapped, index);
    if (newerParser && newerBy !== undefined) mapped.newerLimit = newerLimitOf(values[newerBy], newerParser);
    return mapped;
  }

  function map(prepared: Prepared): Mapped | Promise<Mapped> {
    if (prepared.problem) {
      const { rule, field, message } = prepared.problem;
      return {
        row: new Array<null>(fields.length).fill(null),
        failures: [{ stage: "map", field, rule, message }],
        warnings: [],
      };
    }
    let waits = false;
    const values = fields.map(({ field, compiled }) => {
      // A json column takes the source's value untouched, nulls included.
      const value = evaluate(compiled, field.type === "json" ? prepared.record : prepared.input, prepared.bindings);
      if (value instanceof Promise) waits = true;
      return value;
    });
    return waits ? Promise.all(values).then((settled) => checked(finish(settled))) : checked(finish(values));
  }

  function checked(mapped: Mapped): Mapped | Promise<Mapped> {
    if (!rules || mapped.failures.length > 0) return mapped;
    const checking = rules(mapped);
    return checking ? checking.then(() => mapped) : mapped;
  }

  return { columns: fields.map(({ column, field }) => ({ name: column, type: field.type })), map };
}

function naming<T>(column: string, compileIt: () => T): T {
  try {
    return compileIt();
  } catch (error) {
    if (error instanceof SpecError) throw new SpecError(`mapping.${column}: ${error.message}`, { cause: error });
    throw error;
  }
}

function newerLimitOf(value: unknown, parse: ReturnType<typeof compileTimestampParser>): string | undefined {
  try {
    const parsed = parse(value);
    // The last microsecond of the hour that the zone shows twice: two values within it may be in either order.
    return parsed?.ambiguous && shiftInstant(parsed.ambiguous.to, -0.001);
  } catch {
    return undefined;
  }
}
