/** A record made ready for expressions: JSON inside strings opened, nulls left out, `let:` computed. */
import { messageOf } from "../../errors.ts";
import { compile, followPath, NOT_PLAIN, plainNames, referencesOf, type Compiled } from "../../jsonata/index.ts";
import { mappedNames } from "../../spec/mapped-names.ts";
import type { Pipeline } from "../../spec/types.ts";
import { parseJson } from "../../values/json-text.ts";
import { ThrownValue } from "./field.ts";
import { withoutNulls } from "./without-nulls.ts";

const NOT_ASKED = Symbol("not asked for yet");

export class Prepared {
  /** As the source gave it; with what `parse_json` opened. */
  record: unknown;
  /** `$name` for expressions. */
  readonly bindings: Record<string, unknown>;
  /** A failure of `parse_json` or `let`, which rejects the record. */
  problem: { rule: string; field: string; message: string } | undefined = undefined;
  #input: unknown = NOT_ASKED;

  constructor(record: unknown, bindings: Record<string, unknown>) {
    this.record = record;
    this.bindings = bindings;
  }

  /** Without null keys: what expressions read. Made when the first of them asks, for it may be a copy. */
  get input(): unknown {
    if (this.#input === NOT_ASKED) this.#input = withoutNulls(this.record);
    return this.#input;
  }
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

/**
 * Compiles an expression of which every record is asked: a path of names reads the record itself, and no copy without
 * nulls is made for it. What it throws comes as ThrownValue, also through the promise.
 */
export function compileValue(expression: string): (prepared: Prepared) => unknown {
  const compiled = compile(expression);
  const names = plainNames(expression);
  return (prepared) => {
    const value = names ? followPath(prepared.record, names) : NOT_PLAIN;
    if (value === null) return undefined;
    return typeof value === "object" || value === NOT_PLAIN
      ? evaluate(compiled, prepared.input, prepared.bindings)
      : value;
  };
}

/** Compiles what comes before all mappings of a pipeline. */
export function compilePreparation(spec: Pipeline, params: Record<string, unknown>): Prepare {
  const { source } = spec;
  const lets = compileLets(spec.let);
  const ofMain = [...Object.values(spec.mapping ?? {}).map(({ from }) => from), ...Object.values(spec.let ?? {})];
  const usesRest = ofMain.some((expression) => referencesOf(expression).variables.some(({ name }) => name === "rest"));
  const readAtTop = new Set(mappedNames(spec, "").names);
  const makesOwn = usesRest || lets !== undefined;
  // Records of one slice share what is bound, unless they bind something of their own.
  let shared: Record<string, unknown> = { params };
  return (record, slice) => {
    if (shared["slice"] !== slice) shared = slice === undefined ? { params } : { params, slice };
    const prepared = new Prepared(record, makesOwn ? { ...shared } : shared);
    if (source.parse_json) openJson(prepared, source.parse_json);
    if (usesRest) prepared.bindings["rest"] = restOf(prepared.record, readAtTop);
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
