/**
 * JSONata behind one face. An expression runs as synchronous JavaScript made from its syntax tree; one that cannot,
 * and an evaluation that fails, goes to the reference evaluator, which answers with a promise.
 */
import jsonata from "jsonata";
import { TimeLimitError } from "./engine/evaluation.ts";
import { HAND_OVER_COPY } from "./engine/hand-over.ts";
import { followPath, NOT_PLAIN, plainPath, plainVariable } from "./path.ts";
import { translate } from "./translate.ts";

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
  /**
   * `compiled`: answers at once with a value, and with a promise only where the reference decides: it rejects with
   * the reference's own error, or a binding is a function. `reference`: always answers with a promise.
   */
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
  const reference = jsonata(expression, {
    timeout: guards.timeoutMs,
    stack: guards.maxDepth,
    sequence: guards.maxSequence,
  });
  const plain = options.keepLists ? plainRead(reference.ast()) : undefined;
  if (plain) return wholeLists(expression, plain, options);
  const run = translate(reference.ast(), guards);
  if (!run)
    return { mode: "reference", expression, evaluate: (input, bindings) => reference.evaluate(input, bindings) };
  return {
    mode: "compiled",
    expression,
    evaluate(input, bindings) {
      try {
        return run(input, bindings);
      } catch (error) {
        if (error instanceof TimeLimitError) throw error;
        // What went wrong, in the reference's words; and for what only the reference can do, its value.
        return reference.evaluate(error === HAND_OVER_COPY ? structuredClone(input) : input, bindings);
      }
    },
  };
}

/** A path of names, from the input or from a variable that is bound from outside. */
interface PlainRead {
  variable?: string;
  names: readonly string[];
}

function plainRead(tree: ReturnType<ReturnType<typeof jsonata>["ast"]>): PlainRead | undefined {
  const names = plainPath(tree);
  return names ? { names } : plainVariable(tree);
}

/** A path of names that gives lists as they stand, and as lists what it finds in several elements. */
function wholeLists(expression: string, { variable, names }: PlainRead, options: CompileOptions): Compiled {
  const throughLists = compile(`${expression}[]`, { ...options, keepLists: false });
  return {
    mode: "compiled",
    expression,
    evaluate(input, bindings) {
      // A variable that is not bound may be a function's name, which is the evaluator's business.
      const isBound = variable === undefined || (bindings !== undefined && Object.hasOwn(bindings, variable));
      const start = variable === undefined ? input : bindings?.[variable];
      const value = isBound && typeof start !== "function" ? followPath(start, names) : NOT_PLAIN;
      return value === NOT_PLAIN || typeof value === "function" ? throughLists.evaluate(input, bindings) : value;
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

export { isInherited } from "./generate/path.ts";
export { followPath, NOT_PLAIN } from "./path.ts";
export { functionNames } from "./functions.ts";
export { referencesOf, syntaxProblems, type References } from "./references.ts";
export { regexesOf, type RegexUse } from "./regexes.ts";
