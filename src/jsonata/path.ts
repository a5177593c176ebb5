/** Paths of plain names (`properties.email`), followed without the evaluator. */
import type { ExprNode } from "jsonata";

/** Says that the value cannot be had by following names: a list is on the way. */
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

/** `$parent` and `$parent.from.id`: a variable and the names below it; undefined for anything else. */
export function plainVariable(ast: ExprNode): { variable: string; names: string[] } | undefined {
  const isPath = ast.type === ("path" as string);
  const [first, ...rest] = (isPath ? ast.steps : [ast]) ?? [];
  if (first?.type !== "variable" || typeof first.value !== "string") return undefined;
  const isBare = Object.keys(first).every((key) => ["type", "value", "position"].includes(key));
  // `$` and `$$` are the input.
  if (!isBare || first.value === "" || first.value === "$") return undefined;
  const names = isPath ? plainPath({ ...ast, steps: rest }) : [];
  return names && { variable: first.value, names };
}

/**
 * The value at the end of the names, a list too. A list on the way is the evaluator's (NOT_PLAIN), which maps and
 * flattens it; functions of the prototype (`constructor`) are no values.
 */
export function followPath(input: unknown, names: readonly string[]): unknown {
  let value = input;
  for (const name of names) {
    if (value === null || typeof value !== "object") return undefined;
    if (Array.isArray(value)) return NOT_PLAIN;
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    if (value === undefined) return undefined;
  }
  return value;
}
