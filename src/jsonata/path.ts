/** Paths of plain names (`properties.email`), followed without the evaluator. */
import type { ExprNode } from "jsonata";

/** Says that the value cannot be had by following names: a list is on the way, or at the end. */
export const NOT_PLAIN = Symbol("not a plain path");

/** The names of a path that has nothing but names: no filter, order, `[]`, grouping or variable. */
export function plainPath(ast: ExprNode): string[] | undefined {
  if (ast.type !== ("path" as string) || !ast.steps) return undefined;
  const names: string[] = [];
  for (const step of ast.steps) {
    const allowed = step.type === "name" && typeof step.value === "string";
    if (!allowed || Object.keys(step).some((key) => key !== "type" && key !== "value" && key !== "position"))
      return undefined;
    names.push(step.value as string);
  }
  const extra = Object.keys(ast).some((key) => key !== "type" && key !== "steps");
  return extra ? undefined : names;
}

/**
 * The value at the end of the names. Lists go to the evaluator (NOT_PLAIN), which maps, flattens and unwraps
 * them; functions of the prototype (`constructor`) are no values.
 * @param whole a list at the end is a value as it stands.
 */
export function followPath(input: unknown, names: readonly string[], whole = false): unknown {
  let value = input;
  for (const name of names) {
    if (value === null || typeof value !== "object") return undefined;
    if (Array.isArray(value)) return NOT_PLAIN;
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    if (value === undefined) return undefined;
  }
  return Array.isArray(value) && !whole ? NOT_PLAIN : value;
}
