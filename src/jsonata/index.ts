/**
 * JSONata behind one face. A path of plain names runs as synchronous JavaScript; every other expression, and a
 * path that meets a list, goes to the reference evaluator, which answers with a promise.
 */
import jsonata from "jsonata";
import { followPath, NOT_PLAIN, plainPath } from "./path.ts";

/** Guards of one evaluation: what passes them is stopped with an error, never a wrong value. */
export interface CompileOptions {
  /** Milliseconds one evaluation may take. */
  timeoutMs?: number;
  /** How deep calls may nest. */
  maxDepth?: number;
  /** How long a sequence may grow. */
  maxSequence?: number;
  /**
   * A path of names gives what stands there untouched, and a list wherever it goes through one: JSONata itself makes
   * a list of one its element. For columns of type json.
   */
  keepLists?: boolean;
}

export interface Compiled {
  /** `compiled`: runs synchronously wherever it can. `reference`: always answers with a promise. */
  readonly mode: "compiled" | "reference";
  readonly expression: string;
  /**
   * The expression's value for `input`, undefined where there is none.
   * @param bindings values of `$name` variables, without the dollar.
   * @throws JSONata's own errors (`code`, `position`), also through the promise.
   */
  evaluate(input: unknown, bindings?: Record<string, unknown>): unknown;
}

const defaults = { timeoutMs: 5_000, maxDepth: 500, maxSequence: 1_000_000 };

/** Compiles an expression. Throws JSONata's syntax error: `code`, `position` (offset after the token), `token`. */
export function compile(expression: string, options: CompileOptions = {}): Compiled {
  const guards = { ...defaults, ...options };
  const limits = { timeout: guards.timeoutMs, stack: guards.maxDepth, sequence: guards.maxSequence };
  const reference = jsonata(expression, limits);
  const names = plainPath(reference.ast());
  if (!names)
    return { mode: "reference", expression, evaluate: (input, bindings) => reference.evaluate(input, bindings) };
  const throughLists = options.keepLists ? jsonata(`${expression}[]`, limits) : reference;
  return {
    mode: "compiled",
    expression,
    evaluate(input, bindings) {
      const value = followPath(input, names, options.keepLists);
      return value === NOT_PLAIN ? throughLists.evaluate(input, bindings) : value;
    },
  };
}

/**
 * The names of an expression that is nothing but a path of them (`return.records.values`); undefined for any other.
 * @throws JSONata's syntax error.
 */
export function plainNames(expression: string): string[] | undefined {
  return plainPath(jsonata(expression).ast());
}

/** True for what JSONata throws: an Error-like with a `code` such as `T2001`. */
export function isJsonataError(
  error: unknown,
): error is { code: string; position?: number; message: string; token?: string } {
  return (
    typeof error === "object" &&
    error !== null &&
    typeof (error as { code?: unknown }).code === "string" &&
    "message" in error
  );
}

export { functionNames } from "./functions.ts";
export { referencesOf, syntaxProblems, type References } from "./references.ts";
