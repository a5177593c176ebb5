/** The syntax tree as the parser gives it: it has more than the published types say. */
import type { Signature } from "../reference-functions.ts";

/** Thrown for a part that is not compiled: the expression is the reference's. */
export class NotCompiled extends Error {}

export interface Stage {
  type: "filter" | "index";
  expr?: Node;
  value?: string;
}

export interface Group {
  lhs: [Node, Node][];
}

export interface Node {
  type: string;
  value?: unknown;
  position?: number;
  steps?: Node[];
  stages?: Stage[];
  predicate?: Stage[];
  group?: Group;
  expression?: Node;
  expressions?: Node[];
  arguments?: Node[];
  procedure?: Node;
  lhs?: Node;
  rhs?: Node;
  condition?: Node;
  then?: Node;
  else?: Node;
  body?: Node;
  signature?: Signature;
  thunk?: boolean;
  terms?: { descending: boolean; expression: Node }[];
  pattern?: Node;
  update?: Node;
  delete?: Node;
  focus?: string;
  index?: string;
  ancestor?: { label: string };
  slot?: { label: string };
  tuple?: boolean;
  consarray?: boolean;
  keepArray?: boolean;
  keepSingletonArray?: boolean;
}

const NO_NODES = new Set(["slot", "ancestor", "seekingParent", "signature", "position", "type", "value"]);

/** The nodes right below one, wherever the tree keeps them. */
export function childrenOf(node: Node): Node[] {
  const found: Node[] = [];
  const look = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(look);
    else if (typeof value === "object" && value !== null) {
      if (typeof (value as Node).type === "string" && !isStage(value as Node)) found.push(value as Node);
      else for (const [key, part] of Object.entries(value)) if (!NO_NODES.has(key)) look(part);
    }
  };
  for (const [key, part] of Object.entries(node)) if (!NO_NODES.has(key)) look(part);
  return found;
}

/** `filter` and `index` stages only hold nodes. */
function isStage(value: Node): boolean {
  return value.type === "filter" || value.type === "index";
}

/** The variables that are bound in a node's own frame: blocks and functions have theirs. */
export function boundIn(node: Node): string[] {
  const own = node.type === "bind" ? [String(node.lhs?.value)] : [];
  return [...own, ...childrenOf(node).flatMap((child) => (hasFrame(child) ? [] : boundIn(child)))];
}

export function hasFrame({ type }: Node): boolean {
  return type === "block" || type === "lambda";
}

export function some(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || childrenOf(node).some((child) => some(child, test));
}
