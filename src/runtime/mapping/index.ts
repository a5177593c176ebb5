/** A pipeline's mapping, compiled: record in, row or rejects out. One engine for run, preview and tests. */
import { compile, referencesOf, type Compiled } from "../../jsonata/index.ts";
import { messageOf, SpecError } from "../../errors.ts";
import { mappedNames } from "../../spec/mapped-names.ts";
import type { Pipeline } from "../../spec/types.ts";
import type { Column, Row } from "../../sinks/contract.ts";
import { parseJson } from "../../values/json-text.ts";
import { compileTimestampParser, shiftInstant } from "../../values/instant.ts";
import { compileField, ThrownValue } from "./field.ts";
import type { Mapped, ValidationMode } from "./outcome.ts";
import { compileRules } from "./rules.ts";
import { withoutNulls } from "./without-nulls.ts";

export type { Failure, Mapped, Stage, ValidationMode, Warning } from "./outcome.ts";
export { validationModes } from "./outcome.ts";

export interface MappingOptions {
  validation: ValidationMode;
  skipValidation: boolean;
  params: Record<string, unknown>;
}

/** A record made ready for expressions: JSON inside strings opened, nulls left out, `let:` computed. */
export interface Prepared {
  /** As the source gave it. */
  record: unknown;
  /** Without null keys: what expressions read. */
  input: unknown;
  /** `$name` for expressions. */
  bindings: Record<string, unknown>;
  /** A failure of `parse_json` or `let`, which rejects the record. */
  problem?: { rule: string; field: string; message: string };
}

export interface Mapping {
  columns: readonly Column[];
  /** Synchronous where every `let` is. */
  prepare(record: unknown): Prepared | Promise<Prepared>;
  /** Evaluates an expression over a prepared record; what it throws comes as ThrownValue. */
  evaluate(compiled: Compiled, prepared: Prepared): unknown;
  /** Synchronous where every expression is. */
  map(prepared: Prepared): Mapped | Promise<Mapped>;
}

function settle(value: unknown): unknown {
  return value instanceof Promise ? value.catch((error: unknown) => new ThrownValue(error)) : value;
}

function evaluate(compiled: Compiled, input: unknown, bindings: Record<string, unknown>): unknown {
  try {
    return settle(compiled.evaluate(input, bindings));
  } catch (error) {
    return new ThrownValue(error);
  }
}

/** Compiles a pipeline's mapping. Throws SpecError for types, formats and zones that do not exist. */
export function compileMapping(spec: Pipeline, options: MappingOptions): Mapping {
  const { source, upsert } = spec;
  const fields = Object.entries(spec.mapping).map(([column, field]) => ({
    column,
    field,
    // A list of one stays a list where the type is json.
    compiled: compile(field.from, { keepLists: field.type === "json" }),
    finish: naming(column, () =>
      compileField(column, field, {
        isKey: upsert.keys.includes(column),
        validation: options.validation,
        skipValidation: options.skipValidation,
        nullValues: source.null_values,
      }),
    ),
  }));
  const lets = Object.entries(spec.let ?? {}).map(([name, expression]) => ({ name, compiled: compile(expression) }));
  const usesRest = [...fields.map(({ field }) => field.from), ...Object.values(spec.let ?? {})].some((expression) =>
    referencesOf(expression).variables.some(({ name }) => name === "rest"),
  );
  const readAtTop = new Set(mappedNames(spec, "").names);
  const rules = options.skipValidation ? undefined : compileRules(spec, options.params);
  const newerBy =
    upsert.newer_by === undefined ? undefined : fields.findIndex(({ column }) => column === upsert.newer_by);
  const newerField = newerBy === undefined ? undefined : fields[newerBy]?.field;
  const newerParser =
    newerField?.type === "timestamp" && newerField.time_zone
      ? compileTimestampParser({ formats: newerField.format, timeZone: newerField.time_zone })
      : undefined;

  function prepare(record: unknown): Prepared | Promise<Prepared> {
    const bindings: Record<string, unknown> = { params: options.params };
    const prepared: Prepared = { record, input: record, bindings };
    if (source.parse_json) openJson(prepared, source.parse_json);
    prepared.input = withoutNulls(prepared.record);
    if (usesRest) bindings["rest"] = restOf(prepared.record, readAtTop);
    return lets.length ? bindLets(prepared) : prepared;
  }

  async function bindLets(prepared: Prepared): Promise<Prepared> {
    for (const { name, compiled } of lets) {
      const value = await evaluate(compiled, prepared.input, prepared.bindings);
      if (value instanceof ThrownValue)
        prepared.problem ??= { rule: "let", field: name, message: `the expression failed: ${messageOf(value.error)}` };
      else prepared.bindings[name] = value;
    }
    return prepared;
  }

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
    if (!waits && !rules) return finish(values);
    return (async () => {
      const mapped = finish(waits ? await Promise.all(values) : values);
      if (rules && mapped.failures.length === 0) await rules(mapped);
      return mapped;
    })();
  }

  return {
    columns: fields.map(({ column, field }) => ({ name: column, type: field.type })),
    prepare,
    evaluate: (compiled, prepared) => evaluate(compiled, prepared.input, prepared.bindings),
    map,
  };
}

function naming<T>(column: string, compileIt: () => T): T {
  try {
    return compileIt();
  } catch (error) {
    if (error instanceof SpecError) throw new SpecError(`mapping.${column}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** `parse_json`: texts that hold JSON are opened, in a copy of the record. */
function openJson(prepared: Prepared, names: readonly string[]): void {
  if (!prepared.record || typeof prepared.record !== "object") return;
  const copy = { ...(prepared.record as Record<string, unknown>) };
  for (const name of names) {
    const text = copy[name];
    if (typeof text !== "string") continue;
    try {
      copy[name] = text.trim() === "" ? null : parseJson(text);
    } catch (error) {
      prepared.problem ??= { rule: "parse_json", field: name, message: messageOf(error) };
    }
  }
  prepared.record = copy;
}

/** The top-level keys that no expression reads. */
function restOf(record: unknown, read: ReadonlySet<string>): Record<string, unknown> {
  if (!record || typeof record !== "object" || Array.isArray(record)) return {};
  return Object.fromEntries(Object.entries(record).filter(([key]) => !read.has(key)));
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

/** One row as a map, for rules, messages and previews. */
export function rowObject(columns: readonly Column[], row: Row): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null]));
}
