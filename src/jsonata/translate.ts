/** An expression's syntax tree as a JavaScript function. */
import { beginEvaluation, type Limits } from "./engine/evaluation.ts";
import { handOver } from "./engine/hand-over.ts";
import { runtime } from "./engine/runtime.ts";
import { Callable, isSequence, sequenceOf, type Sequence } from "./engine/values.ts";
import { expression } from "./generate/expression.ts";
import { Generator, quote } from "./generate/generator.ts";
import { NotCompiled, some, type Node } from "./generate/nodes.ts";
import { whyNot } from "./generate/refusals.ts";

/** Gives the expression's value, or throws: HAND_OVER and whatever else asks for the reference, or TimeLimitError. */
export type Evaluate = (input: unknown, bindings?: Record<string, unknown>) => unknown;

const surroundings = {
  ...runtime,
  beginEvaluation,
  wrapList,
  noFunction,
  NO_BINDINGS: Object.freeze(Object.create(null) as Record<string, unknown>),
};

/** The function, or undefined for an expression that is the reference's. */
export function translate(tree: unknown, limits: Limits): Evaluate | undefined {
  const node = tree as Node;
  if (whyNot(node) !== undefined) return undefined;
  const generator = new Generator(
    expression,
    some(node, ({ tuple }) => tuple === true),
  );
  const body = bodyOf(generator, node);
  if (body === undefined || generator.deepest > limits.maxDepth) return undefined;
  const shadowed = Array.from(generator.builtins, (name) => `${quote(name)} in bindings`).join("||");
  const given = Array.from(generator.given, ([name, js]) => `const ${js}=given(bindings,${quote(name)});`).join("");
  const constants = generator.constants.map((_, index) => `k${index}`).join(",");
  const source =
    `"use strict";const {${Object.keys(surroundings).join(",")}}=surroundings;const [${constants}]=constants;` +
    "return function(root,bindings){beginEvaluation(limits);if(bindings===undefined)bindings=NO_BINDINGS;" +
    `const x=isArray(root)?wrapList(root):root;${shadowed ? `if(${shadowed})handOver();` : ""}${given}${body}}`;
  const make = new Function("surroundings", "limits", "constants", source) as (...given: unknown[]) => Evaluate;
  return make(surroundings, limits, generator.constants);
}

function bodyOf(generator: Generator, node: Node): string | undefined {
  try {
    return generator.body(() => {
      const scope = generator.frame(undefined, [node]);
      const { js, kind } = generator.expression(node, { input: "x", scope, base: "0", depth: 1 });
      return kind === undefined ? `noFunction(${js})` : js;
    });
  } catch (error) {
    if (error instanceof NotCompiled) return undefined;
    throw error;
  }
}

/** A list as input is one value. */
function wrapList(input: unknown[]): unknown {
  if (isSequence(input)) return input;
  const wrapped: Sequence = sequenceOf(input);
  wrapped.outerWrapper = true;
  return wrapped;
}

/** A function of ours would mean nothing to whoever evaluates another expression with it. */
function noFunction(value: unknown): unknown {
  return (typeof value === "object" && value instanceof Callable) || typeof value === "function" ? handOver() : value;
}
