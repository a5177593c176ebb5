/** A record made ready for expressions: JSON inside strings opened, nulls left out, `let:` computed. */
import { messageOf } from "../../errors.ts";
import { compile, referencesOf, type Compiled } from "../../jsonata/index.ts";
import { mappedNames } from "../../spec/mapped-names.ts";
import type { Pipeline } from "../../spec/types.ts";
import { parseJson } from "../../values/json-text.ts";
import { ThrownValue } from "./field.ts";
import { withoutNulls } from "./without-nulls.ts";

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

/** Synchronous where every `let` is. @param slice of the record's page: `$slice`. */
export type Prepare = (record: unknown, slice?: unknown) => Prepared | Promise<Prepared>;

/** Evaluates an expression; what it throws comes as ThrownValue, also through the promise. */
export function evaluate(compiled: Compiled, input: unknown, bindings: Record<string, unknown>): unknown {
  try {
    const value = compiled.evaluate(input, bindings);
    return value instanceof Promise ? value.catch((error: unknown) => new ThrownValue(error)) : value;
  } catch (error) {
    return new ThrownValue(error);
  }
}

/** Compiles what comes before all mappings of a pipeline. */
export function compilePreparation(spec: Pipeline, params: Record<string, unknown>): Prepare {
  const { source } = spec;
  const lets = compileLets(spec.let);
  const ofMain = [...Object.values(spec.mapping ?? {}).map(({ from }) => from), ...Object.values(spec.let ?? {})];
  const usesRest = ofMain.some((expression) => referencesOf(expression).variables.some(({ name }) => name === "rest"));
  const readAtTop = new Set(mappedNames(spec, "").names);
  return (record, slice) => {
    const bindings: Record<string, unknown> = { params };
    if (slice !== undefined) bindings["slice"] = slice;
    const prepared: Prepared = { record, input: record, bindings };
    if (source.parse_json) openJson(prepared, source.parse_json);
    prepared.input = withoutNulls(prepared.record);
    if (usesRest) bindings["rest"] = restOf(prepared.record, readAtTop);
    return lets ? lets(prepared) : prepared;
  };
}

/** Compiles `let:`: binds each name, in their order. Undefined where there are none. Synchronous where each is. */
export function compileLets(
  written: Record<string, string> | undefined,
): ((prepared: Prepared) => Prepared | Promise<Prepared>) | undefined {
  const lets = Object.entries(written ?? {}).map(([name, expression]) => ({ name, compiled: compile(expression) }));
  if (lets.length === 0) return undefined;
  const bind = (prepared: Prepared, name: string, value: unknown): void => {
    if (value instanceof ThrownValue)
      prepared.problem ??= { rule: "let", field: name, message: `the expression failed: ${messageOf(value.error)}` };
    else prepared.bindings[name] = value;
  };
  const bindFrom = (prepared: Prepared, from: number): Prepared | Promise<Prepared> => {
    for (let index = from; index < lets.length; index++) {
      const { name, compiled } = lets[index]!;
      const value = evaluate(compiled, prepared.input, prepared.bindings);
      if (value instanceof Promise)
        return value.then((settled) => {
          bind(prepared, name, settled);
          return bindFrom(prepared, index + 1);
        });
      bind(prepared, name, value);
    }
    return prepared;
  };
  return (prepared) => bindFrom(prepared, 0);
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
