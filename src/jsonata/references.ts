/** What an expression reads, calls and binds, taken from its syntax tree without running it. */
import jsonata, { type ExprNode } from "jsonata";
import { suggestFunction } from "./functions.ts";

export interface References {
  /** Name paths read from the input's root, outermost name first: `properties.email` is ["properties", "email"]. */
  paths: string[][];
  /** Paths below which anything may be read: `properties.*` is ["properties"]; a wildcard at the root is []. */
  wildcards: string[][];
  /** `$name` variables that the expression does not bind itself, without the dollar, in order of appearance. */
  variables: { name: string; position: number }[];
}

/** A mistake that shows only when the expression runs: a function that does not exist, a wrong name. */
export interface SyntaxProblem {
  kind: "syntax" | "function";
  /** Offset into the expression. */
  position: number;
  message: string;
}

/** Nodes carry more than the published types say. */
interface Node {
  type: string;
  value?: unknown;
  position?: number;
  steps?: Node[];
  stages?: Node[];
  predicate?: Node[];
  expr?: Node;
  expression?: Node;
  expressions?: Node[];
  arguments?: Node[];
  procedure?: Node;
  lhs?: Node | Node[] | Node[][];
  rhs?: Node | Node[] | Node[][];
  condition?: Node;
  then?: Node;
  else?: Node;
  body?: Node;
  terms?: Node[];
  group?: { lhs: Node[][] };
  pattern?: Node;
  update?: Node;
  delete?: Node;
  focus?: string;
  index?: string;
  nextFunction?: Node;
}

/** Where a node is evaluated: the names that led to its context, or undefined where that cannot be told. */
type Context = string[] | undefined;

interface Found extends References {
  calls: { name: string; position: number }[];
}

class Walker {
  readonly found: Found = { paths: [], wildcards: [], variables: [], calls: [] };

  walk(node: Node | Node[] | Node[][] | undefined, context: Context, bound: ReadonlySet<string>): void {
    if (!node) return;
    if (Array.isArray(node)) {
      for (const item of node) this.walk(item as Node, context, bound);
      return;
    }
    switch (node.type) {
      case "path":
        this.path(node, context, bound);
        return;
      case "name":
        this.read(context, [String(node.value)]);
        return;
      case "wildcard":
      case "descendant":
      case "parent":
        this.wildcard(context);
        return;
      case "variable":
        this.variable(node, context, bound);
        return;
      case "function":
      case "partial":
        this.call(node, context, bound);
        return;
      case "lambda":
        this.walk(node.body, context, new Set([...bound, ...(node.arguments ?? []).map((argument) => String(argument.value))]));
        return;
      case "block": {
        // An assignment is seen by what follows it in the block, and by itself (recursion).
        const inner = new Set(bound);
        for (const expression of node.expressions ?? []) {
          if (expression.type === "bind") inner.add(String((expression.lhs as Node).value));
          this.walk(expression, context, inner);
        }
        return;
      }
      case "bind":
        this.walk(node.rhs, context, new Set([...bound, String((node.lhs as Node).value)]));
        return;
      default:
        this.children(node, context, bound);
    }
    this.group(node, context, bound);
  }

  private children(node: Node, context: Context, bound: ReadonlySet<string>): void {
    for (const child of [node.lhs, node.rhs, node.condition, node.then, node.else, node.expression, node.expressions, node.expr]) {
      this.walk(child, context, bound);
    }
    for (const child of [node.pattern, node.update, node.delete, node.body]) this.walk(child, undefined, bound);
    for (const stage of node.predicate ?? []) this.walk(stage.expr, context, bound);
    this.group(node, context, bound);
  }

  private group(node: Node, context: Context, bound: ReadonlySet<string>): void {
    if (node.group) this.walk(node.group.lhs, context, bound);
  }

  private path(node: Node, start: Context, outer: ReadonlySet<string>): void {
    let context = start;
    let bound = outer;
    const steps = node.steps ?? [];
    let named = false;
    for (const [index, step] of steps.entries()) {
      if (step.type === "name") {
        context = context && [...context, String(step.value)];
        named = true;
      } else if (step.type === "variable" && index === 0) {
        const value = String(step.value);
        if (value === "$") context = [];
        else if (value !== "") {
          this.variable(step, context, bound);
          context = undefined;
        }
      } else if (step.type === "sort") {
        for (const term of step.terms ?? []) this.walk(term.expression, context, bound);
      } else {
        named = false;
        this.walk(step, context, bound);
        context = undefined;
      }
      if (step.focus) bound = new Set([...bound, step.focus]);
      if (step.index) bound = new Set([...bound, step.index]);
      for (const stage of [...(step.stages ?? []), ...(step.predicate ?? [])]) {
        if (stage.type === "index") bound = new Set([...bound, String(stage.value)]);
        else this.walk(stage.expr, context, bound);
      }
      this.group(step, context, bound);
    }
    const grouped = node.group !== undefined;
    if (named && context && !grouped) this.found.paths.push(context);
    this.group(node, context, bound);
  }

  private read(context: Context, names: string[]): void {
    if (context) this.found.paths.push([...context, ...names]);
  }

  private wildcard(context: Context): void {
    if (context) this.found.wildcards.push(context);
  }

  private variable(node: Node, context: Context, bound: ReadonlySet<string>): void {
    const name = String(node.value);
    if (name === "") this.wildcard(context);
    else if (name === "$") this.wildcard([]);
    else if (!bound.has(name)) this.found.variables.push({ name, position: (node.position ?? name.length + 1) - name.length - 1 });
  }

  private call(node: Node, context: Context, bound: ReadonlySet<string>): void {
    const procedure = node.procedure;
    if (procedure?.type === "variable" && typeof procedure.value === "string" && procedure.value !== "") {
      const name = procedure.value;
      if (!bound.has(name)) this.found.calls.push({ name, position: (procedure.position ?? name.length + 1) - name.length - 1 });
    } else this.walk(procedure, context, bound);
    this.walk(node.arguments, context, bound);
  }
}

/**
 * What the expression reads and which variables it needs.
 * @throws JSONata's syntax error.
 */
export function referencesOf(expression: string): References {
  const walker = new Walker();
  walker.walk(jsonata(expression).ast() as unknown as Node, [], new Set());
  const { paths, wildcards, variables } = walker.found;
  return { paths, wildcards, variables };
}

/**
 * Mistakes of an expression: its syntax error, or every call of a function that does not exist.
 * @param functions names of functions that are bound from outside (`let:` lambdas).
 */
export function syntaxProblems(expression: string, functions: ReadonlySet<string> = new Set()): SyntaxProblem[] {
  let ast: ExprNode;
  try {
    ast = jsonata(expression).ast();
  } catch (error) {
    const { position, token, message } = error as { position?: number; token?: string; message: string };
    const end = position ?? expression.length;
    const length = typeof token === "string" && token !== "(end)" && expression.slice(end - token.length, end) === token ? token.length : 0;
    return [{ kind: "syntax", position: Math.max(0, end - length), message }];
  }
  const walker = new Walker();
  walker.walk(ast as unknown as Node, [], new Set());
  return walker.found.calls.flatMap(({ name, position }) => {
    const problem = functions.has(name) ? undefined : suggestFunction(name);
    return problem === undefined ? [] : [{ kind: "function" as const, position, message: problem }];
  });
}
