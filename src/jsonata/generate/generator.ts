/** What the parts of the generator share: names, constants, variables, and where code will run. */
import { builtin } from "../engine/library.ts";
import { functionNames } from "../functions.ts";
import { boundIn, type Node } from "./nodes.ts";

/** The variables of a frame. */
export interface Scope {
  outer?: Scope;
  /** JavaScript's name of each variable. */
  names: Map<string, string>;
  /** Those that have a value from the start: parameters. */
  bound?: ReadonlySet<string>;
  /** JavaScript's name of the tuple whose variables come next. */
  tuple?: string;
}

/** Where code runs. */
export interface Place {
  /** JavaScript's name of the context. */
  input: string;
  scope: Scope;
  /** JavaScript's name of the depth of the function around. */
  base: string;
  /** How much deeper this is. */
  depth: number;
}

/** An expression of JavaScript. */
export interface Code {
  js: string;
  /** What the value surely is. */
  kind?: "text" | "number" | "truth";
  /** It may be a sequence that is not settled yet. */
  open?: boolean;
  /** It is settled and may be a sequence again, out of one: a node around settles it once more. */
  nested?: boolean;
}

export class Generator {
  readonly expression: (node: Node, place: Place) => Code;
  /** True when paths bind variables: contexts then come with a tuple. */
  readonly tuples: boolean;
  readonly constants: unknown[] = [];
  readonly builtins = new Set<string>();
  readonly given = new Map<string, string>();
  /** The deepest place since the function around began. */
  deepest = 0;
  #declarations: string[] = [];
  #names = 0;

  constructor(expression: (generator: Generator, node: Node, place: Place) => Code, tuples: boolean) {
    this.expression = (node, place) => expression(this, node, place);
    this.tuples = tuples;
  }

  name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  constant(value: unknown): string {
    const known = this.constants.indexOf(value);
    return `k${known >= 0 ? known : this.constants.push(value) - 1}`;
  }

  /** A variable of the JavaScript function around, for the middle of an expression. */
  temporary(): string {
    const name = this.name("t");
    this.#declarations.push(name);
    return name;
  }

  /** A frame for the variables that a node binds. They are declared in the JavaScript function around. */
  frame(outer: Scope | undefined, nodes: readonly Node[]): Scope {
    const names = new Map<string, string>();
    for (const variable of nodes.flatMap(boundIn)) {
      if (names.has(variable)) continue;
      const name = this.name("v");
      this.#declarations.push(`${name}=UNBOUND`);
      names.set(variable, name);
    }
    return { ...(outer ? { outer } : {}), names };
  }

  /** The statements of a JavaScript function whose value is what `make` gives. */
  body(make: () => string): string {
    const around = this.#declarations;
    this.#declarations = [];
    const js = make();
    const declared = this.#declarations.length > 0 ? `let ${this.#declarations.join(",")};` : "";
    this.#declarations = around;
    return `${declared}return ${js};`;
  }

  /** A JavaScript function of a context (and a tuple). */
  over(place: Place, make: (inner: Place) => string): string {
    const input = this.name("x");
    const tuple = this.tuples ? this.name("u") : undefined;
    const scope = tuple === undefined ? place.scope : { outer: place.scope, names: new Map<string, string>(), tuple };
    const body = this.body(() => make({ ...place, input, scope }));
    return `(${tuple === undefined ? input : `${input},${tuple}`})=>{${body}}`;
  }

  /** The same for a node, evaluated as a node of its own. */
  overNode(node: Node, place: Place): string {
    return this.over(place, (inner) => this.expression(node, deeper(inner)).js);
  }

  variable(name: string, place: Place): string {
    return this.#read(name, place.scope);
  }

  #read(name: string, scope: Scope | undefined): string {
    if (!scope) return this.#free(name);
    const own = scope.names.get(name);
    if (own !== undefined && scope.bound?.has(name)) return own;
    const outer = this.#read(name, scope.outer);
    const below =
      scope.tuple === undefined ? outer : `(${quote(name)} in ${scope.tuple}?${scope.tuple}[${quote(name)}]:${outer})`;
    return own === undefined ? below : `(${own}!==UNBOUND?${own}:${below})`;
  }

  #free(name: string): string {
    if (name === "$") return "root";
    if (name.startsWith("!")) return "undefined";
    if (functionNames.has(name)) return this.constant(this.builtin(name));
    const known = this.given.get(name) ?? this.name("g");
    this.given.set(name, known);
    return known;
  }

  builtin(name: string): unknown {
    this.builtins.add(name);
    return builtin(name);
  }

  /** True where a name stands for a function of the library. */
  isBuiltin(name: string, { scope }: Place): boolean {
    for (let at: Scope | undefined = scope; at; at = at.outer) {
      // A tuple may have any name that a path binds: those are found when the code runs.
      if (at.names.has(name) || at.tuple !== undefined) return false;
    }
    return functionNames.has(name);
  }
}

export function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}

export function quote(text: string): string {
  // JSON leaves these two as they are, and JavaScript of old ends a line there.
  return JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

export function depthOf({ base, depth }: Place): string {
  return base === "0" ? String(depth) : `${base}+${depth}`;
}
