/** The regular expressions that stand in an expression, and those among them that JSONata's parser damages. */
import jsonata from "jsonata";
import { childrenOf, type Node } from "./generate/nodes.ts";

export interface RegexUse {
  /** As it is written, with its slashes and flags. */
  text: string;
  source: string;
  flags: string;
  /** Offset into the expression. */
  position: number;
  /** The operator on whose left it is damaged; absent for one that works. */
  damagedBy?: "??" | "?:";
}

/**
 * The regular expressions of an expression.
 * @throws JSONata's syntax error.
 */
export function regexesOf(expression: string): RegexUse[] {
  if (!expression.includes("/")) return [];
  const nodes = withinOf(jsonata(expression).ast() as unknown as Node);
  const uses = new Map<number, RegexUse>();
  for (const { type, value, position } of nodes)
    if (type === "regex" && value instanceof RegExp) uses.set(position!, useOf(expression, value, position!));
  for (const node of nodes) {
    const damagedBy = operatorOf(expression, node);
    if (!damagedBy) continue;
    for (const { position } of damagedIn(node.condition!, damagedBy)) {
      const use = uses.get(position!);
      if (use) use.damagedBy ??= damagedBy;
    }
  }
  return [...uses.values()];
}

/** A node and all below it. */
function withinOf(node: Node): Node[] {
  return [node, ...childrenOf(node).flatMap(withinOf)];
}

/** The position of a regular expression is the offset after its flags; V8's source has slashes escaped. */
function useOf(expression: string, { source, flags }: RegExp, end: number): RegexUse {
  const own = flags.replace("g", "");
  const last = end - own.length - 1;
  let position = expression.lastIndexOf("/", last - 1);
  while (position > 0 && !isSource(expression.slice(position + 1, last), source))
    position = expression.lastIndexOf("/", position - 1);
  return { text: expression.slice(position, end), source, flags: own, position };
}

function isSource(text: string, source: string): boolean {
  try {
    return new RegExp(text).source === source;
  } catch {
    return false;
  }
}

/** `??` or `?:`, where the node is one; the position is the offset after it. */
function operatorOf(expression: string, { type, position = 0 }: Node): "??" | "?:" | undefined {
  const text = type === "condition" ? expression.slice(position - 2, position) : "";
  return text === "??" || text === "?:" ? text : undefined;
}

/**
 * The parser copies the left side as JSON, where a RegExp becomes `{}`: that matches any letter of "[object Object]"
 * and never moves on. On the left of `?:` the copy is the condition. On that of `??` it only says whether there is a
 * value, and `$contains` has one whatever the pattern.
 */
function damagedIn(condition: Node, operator: "??" | "?:"): Node[] {
  const copy = operator === "??" ? condition.arguments![0]! : condition;
  const saysIfThere = operator === "??" && copy.procedure?.type === "variable" && copy.procedure.value === "contains";
  const within = saysIfThere ? childrenOf(copy).filter(({ type }) => type !== "regex") : [copy];
  return within.flatMap(withinOf).filter(({ type }) => type === "regex");
}
