import { type CompiledTemplate, compileTemplate } from "./compile.ts";
import { DROPPED, type Scope } from "./scope.ts";

/** Gives the value with its templates filled in, or DROPPED when it is one leaf that stands on nothing. */
export type CompiledTree = (scope: Scope) => unknown;

/**
 * Compiles every text in a JSON value, at any depth. What is DROPPED leaves its map or list. Texts are templates;
 * keys, numbers, booleans and null stay as they are.
 */
export function compileTree(value: unknown): CompiledTree {
  if (typeof value === "string") {
    const template: CompiledTemplate = compileTemplate(value);
    return (scope) => template.render(scope, { mode: "value" });
  }
  if (Array.isArray(value)) {
    const items = value.map(compileTree);
    return (scope) => items.map((item) => item(scope)).filter((item) => item !== DROPPED);
  }
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([key, member]) => [key, compileTree(member)] as const);
    return (scope) =>
      Object.fromEntries(
        members.map(([key, member]) => [key, member(scope)] as const).filter(([, member]) => member !== DROPPED),
      );
  }
  return () => value;
}

/** Fills in every template of a JSON value once; `compileTree` is for what is rendered often. */
export function renderTree(value: unknown, scope: Scope): unknown {
  return compileTree(value)(scope);
}
