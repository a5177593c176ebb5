/**
 * Expressions that are the reference's: their results hang on the order in which it awaits things, or they are read
 * only when they run.
 */
import { boundIn, childrenOf, hasFrame, some, type Node } from "./nodes.ts";

/** Functions that take a regular expression and are done with it when they return. */
const matching = new Set(["contains", "match", "replace", "split"]);

/** Why an expression is not compiled; undefined for one that is. */
export function whyNot(node: Node): string | undefined {
  if (some(node, (each) => each.type === "variable" && each.value === "eval")) return "$eval reads an expression later";
  if (some(node, isDamaged)) return "a function that the parser copied lost its signature";
  if (some(node, bindsBeside)) return "a variable is bound in one of several expressions that run side by side";
  if (some(node, bindsInTuple)) return "a variable is bound in the frame of a tuple";
  if (some(node, runsBeside) && some(node, sharesPattern))
    return "expressions that run side by side may share the state of one regular expression";
  return undefined;
}

/** The left side of `?:` and `??` is copied as JSON. */
function isDamaged(node: Node): boolean {
  return node.signature !== undefined && typeof node.signature.validate !== "function";
}

/** What the reference starts all at once: the elements of a list, the values of an object. */
function besides(node: Node): Node[] {
  if (node.type === "unary" && node.value === "[") return node.expressions ?? [];
  const pairs = node.group?.lhs ?? (node.type === "unary" && node.value === "{" ? pairsOf(node) : []);
  return pairs.map(([, value]) => value);
}

function pairsOf(node: Node): [Node, Node][] {
  return node.lhs as unknown as [Node, Node][];
}

function bindsBeside(node: Node): boolean {
  return besides(node).some((each) => !hasFrame(each) && boundIn(each).length > 0);
}

/** Within a path that binds variables itself. */
function bindsInTuple(node: Node): boolean {
  return node.type === "path" && some(node, ({ tuple }) => tuple === true) && boundIn(node).length > 0;
}

function runsBeside(node: Node): boolean {
  return besides(node).length > 0;
}

/** A regular expression that is more than the argument of a function that matches. */
function sharesPattern(node: Node): boolean {
  return childrenOf(node).some((child) => {
    if (child.type !== "regex") return false;
    const { procedure } = node;
    return !(node.type === "function" && procedure?.type === "variable" && matching.has(String(procedure.value)));
  });
}
