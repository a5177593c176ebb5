import { messageOf } from "../errors.ts";
import { type CallExpression, type Expression, type PathExpression, TemplateError } from "./expression.ts";
import { type Helper, helpers, misuse } from "./helpers.ts";
import { DROPPED, type Scope } from "./scope.ts";

/**
 * The value of an expression, or DROPPED. Throws TemplateError for a value that is not there and for what a helper
 * refuses.
 */
export function evaluate(expression: Expression, scope: Scope): unknown {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "path":
      return lookUp(expression, scope);
    case "call":
      return call(expression, scope);
  }
}

/** Own properties only: no template reaches `constructor` or a method. */
function lookUp({ parts, offset }: PathExpression, scope: Scope): unknown {
  let value: unknown = scope.values;
  for (const part of parts) {
    const holds = typeof value === "object" && value !== null && Object.hasOwn(value, part);
    value = holds ? (value as Record<string, unknown>)[part] : undefined;
  }
  if (value !== undefined && typeof value !== "function") return value;
  if (mayBeAbsent(parts)) return DROPPED;
  throw new TemplateError(`${parts.join(".")} has no value`, offset);
}

/**
 * A declared param that was not given (that it is declared, `validate` saw to), and the position before the first
 * page of a source that names none: both drop their item.
 */
function mayBeAbsent(parts: readonly string[]): boolean {
  return parts.length === 2 && (parts[0] === "params" || (parts[0] === "page" && parts[1] === "after"));
}

function call({ helper: name, args, named, offset }: CallExpression, scope: Scope): unknown {
  const wrong = misuse(name, args.length, named.keys());
  if (wrong !== undefined) throw new TemplateError(wrong, offset);
  const values = args.map((argument) => evaluate(argument, scope));
  const byName = Object.fromEntries([...named].map(([key, value]) => [key, evaluate(value, scope)]));
  if (values.includes(DROPPED) || Object.values(byName).includes(DROPPED)) return DROPPED;
  try {
    return (helpers[name] as Helper).run(values, byName, scope);
  } catch (error) {
    throw new TemplateError(`${name}: ${messageOf(error)}`, offset, { cause: error });
  }
}
