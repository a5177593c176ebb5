/** What an expression reads, calls and binds, taken from its syntax tree without running it. */
import jsonata, { type ExprNode } from "jsonata";
import { readsContext } from "./context-functions.ts";
import { functionNames, suggestFunction } from "./functions.ts";
import { explainSyntaxError } from "./syntax-words.ts";

export interface References {
  /** Name paths read from the input's root, outermost name first: `properties.email` is ["properties", "email"]. */
  paths: string[][];
  /** Paths below which anything may be read: `properties.*` is ["properties"]; a wildcard at the root is []. */
  wildcards: string[][];
  /** The same paths, each time they are read, with the offset of the first name; -1 where it cannot be told. */
  reads: { path: string[]; position: number }[];
  /**
   * `$name` variables that the expression does not bind itself and that are no built-in function, without the
   * dollar, in order of appearance.
   */
  variables: { name: string; position: number }[];
  /** What is read below such a variable: `$parent.from.id` is { variable: "parent", path: ["from", "id"] }. */
  below: VariableRead[];
}

export interface VariableRead {
  variable: string;
  path: string[];
  /** Anything may be read below the path: `$parent` as a value, `$parent.*`. */
  whole: boolean;
}

/** A mistake in an expression: it cannot be read, or it calls a function that does not exist (a run would tell). */
export interface SyntaxProblem {
  kind: "syntax" | "function";
  /** Offset into the expression. */
  position: number;
  /** For `function` a whole sentence; for `syntax` one that goes on after "this is not JSONata:". */
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
type Context = { names: string[]; position: number; variable?: string } | undefined;

const root: Context = { names: [], position: -1 };

interface Found extends References {
  calls: { name: string; position: number }[];
}

class Walker {
  readonly #expression: string;
  readonly found: Found = { paths: [], reads: [], wildcards: [], variables: [], below: [], calls: [] };

  constructor(expression: string) {
    this.#expression = expression;
  }

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
        this.read(this.below(context, node));
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
        this.call(node, { context, bound, applied: 0 });
        return;
      case "lambda":
        this.walk(
          node.body,
          context,
          new Set([...bound, ...(node.arguments ?? []).map((argument) => String(argument.value))]),
        );
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
      case "apply": {
        // `a ~> $f(b)` is `$f(a, b)`.
        this.walk(node.lhs, context, bound);
        const rhs = node.rhs as Node;
        if (rhs.type === "function") this.call(rhs, { context, bound, applied: 1 });
        else this.walk(rhs, context, bound);
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
    for (const child of [
      node.lhs,
      node.rhs,
      node.condition,
      node.then,
      node.else,
      node.expression,
      node.expressions,
      node.expr,
    ]) {
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
        context = this.below(context, step);
        named = true;
      } else if (step.type === "variable" && index === 0) {
        const value = String(step.value);
        if (value === "$") context = root;
        else if (value !== "") {
          const isFree = !bound.has(value) && !functionNames.has(value);
          this.name(step, bound);
          context = isFree ? { names: [], position: -1, variable: value } : undefined;
          if (steps.length === 1) this.wildcard(context);
        }
      } else if (step.type === "sort") {
        for (const term of step.terms ?? []) this.walk(term.expression, context, bound);
      } else {
        named = false;
        this.walk(step, context, bound);
        context = undefined;
      }
      if (step.focus) {
        // What is read below a focus variable cannot be told.
        this.read(context);
        bound = new Set([...bound, step.focus]);
      }
      if (step.index) bound = new Set([...bound, step.index]);
      for (const stage of [...(step.stages ?? []), ...(step.predicate ?? [])]) {
        if (stage.type === "index") bound = new Set([...bound, String(stage.value)]);
        else this.walk(stage.expr, context, bound);
      }
      this.group(step, context, bound);
    }
    const grouped = node.group !== undefined;
    if (named && !grouped) this.read(context);
    this.group(node, context, bound);
  }

  private read(context: Context): void {
    if (!context) return;
    if (context.variable !== undefined) {
      this.found.below.push({ variable: context.variable, path: context.names, whole: false });
      return;
    }
    this.found.paths.push(context.names);
    this.found.reads.push({ path: context.names, position: context.position });
  }

  private wildcard(context: Context): void {
    if (!context) return;
    if (context.variable === undefined) this.found.wildcards.push(context.names);
    else this.found.below.push({ variable: context.variable, path: context.names, whole: true });
  }

  /** The context as a value: `$` alone, or the first argument of a function that was left out. */
  private whole(context: Context): void {
    if (context && context.names.length > 0) this.read(context);
    else this.wildcard(context);
  }

  private variable(node: Node, context: Context, bound: ReadonlySet<string>): void {
    const name = String(node.value);
    if (name === "") this.whole(context);
    else if (name === "$") this.wildcard(root);
    else if (this.name(node, bound)) this.wildcard({ names: [], position: -1, variable: name });
  }

  /** Notes a variable's name; true where it is bound from outside. */
  private name(node: Node, bound: ReadonlySet<string>): boolean {
    const name = String(node.value);
    if (bound.has(name) || functionNames.has(name)) return false;
    this.found.variables.push({ name, position: (node.position ?? name.length + 1) - name.length - 1 });
    return true;
  }

  private call(
    node: Node,
    { context, bound, applied }: { context: Context; bound: ReadonlySet<string>; applied: number },
  ): void {
    const procedure = node.procedure;
    if (procedure?.type === "variable" && typeof procedure.value === "string" && procedure.value !== "") {
      const name = procedure.value;
      if (!bound.has(name)) {
        this.found.calls.push({ name, position: (procedure.position ?? name.length + 1) - name.length - 1 });
        if (readsContext(name, (node.arguments ?? []).length + applied)) this.whole(context);
      }
    } else this.walk(procedure, context, bound);
    this.walk(node.arguments, context, bound);
  }

  private below(context: Context, { value, position }: Node): Context {
    if (!context) return undefined;
    const name = String(value);
    const names = [...context.names, name];
    if (context.variable !== undefined) return { ...context, names };
    if (context.names.length > 0 || position === undefined) return { names, position: context.position };
    // JSONata's position is the offset after the token, and a token in backquotes has two signs more.
    return { names, position: position - name.length - (this.#expression[position - 1] === "`" ? 2 : 0) };
  }
}

/**
 * What the expression reads and which variables it needs.
 * @throws JSONata's syntax error.
 */
export function referencesOf(expression: string): References {
  const walker = new Walker(expression);
  walker.walk(jsonata(expression).ast() as unknown as Node, root, new Set());
  const { paths, reads, wildcards, variables, below } = walker.found;
  return { paths, reads, wildcards, variables, below };
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
    return [{ kind: "syntax", ...explainSyntaxError(expression, error as Parameters<typeof explainSyntaxError>[1]) }];
  }
  const walker = new Walker(expression);
  walker.walk(ast as unknown as Node, root, new Set());
  return walker.found.calls.flatMap(({ name, position }) => {
    const problem = functions.has(name) ? undefined : suggestFunction(name);
    return problem === undefined ? [] : [{ kind: "function" as const, position, message: problem }];
  });
}
