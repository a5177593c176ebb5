/** One node of the syntax tree as an expression of JavaScript. */
import { call, partialCall } from "./call.ts";
import { deeper, depthOf, quote, type Code, type Generator, type Place } from "./generator.ts";
import { lambda, transformation } from "./lambda.ts";
import { list, object, grouped } from "./construct.ts";
import { NotCompiled, type Node } from "./nodes.ts";
import { filtered, path } from "./path.ts";

const arithmetic: Readonly<Record<string, string>> = {
  "+": "plus",
  "-": "minus",
  "*": "times",
  "/": "over",
  "%": "modulo",
};

const comparisons: Readonly<Record<string, string>> = { "<": "below", "<=": "atMost", ">": "above", ">=": "atLeast" };

const certain: Readonly<Record<string, string>> = { "=": "equals", "!=": "differs", in: "isIn" };

type Make = (generator: Generator, node: Node, place: Place) => Code;

export function expression(generator: Generator, node: Node, place: Place): Code {
  generator.deepest = Math.max(generator.deepest, place.depth);
  const make = kinds[node.type];
  if (!make) throw new NotCompiled(`there is no ${node.type} to compile`);
  let code = make(generator, node, place);
  for (const stage of node.predicate ?? [])
    code = { js: filtered(generator, { js: code.js, stage, place }), open: true };
  if (node.group && node.type !== "path") code = { js: grouped(generator, code.js, { group: node.group, place }) };
  if (node.keepArray) return { js: `settleList(${code.js})`, nested: true };
  if (!code.open) return code;
  return { js: `settle(${code.js})`, nested: true };
}

const kinds: Readonly<Record<string, Make>> = {
  string: (_, { value }) => ({ js: quote(value as string), kind: "text" }),
  number: (_, { value }) => ({ js: Object.is(value, -0) ? "(-0)" : `(${value as number})`, kind: "number" }),
  value: (_, { value }) =>
    typeof value === "boolean" ? { js: String(value), kind: "truth" } : { js: value === null ? "null" : "undefined" },
  name: (_, { value }, { input }) => ({ js: `lookup(${input},${quote(value as string)})`, open: true }),
  wildcard: (_, __, { input }) => ({ js: `wildcard(${input})`, open: true }),
  descendant: (_, __, { input }) => ({ js: `descendants(${input})`, open: true }),
  parent: (generator, { slot }, place) => ({ js: generator.variable(slot!.label, place), open: true }),
  variable: (generator, { value }, place) =>
    value === ""
      ? { js: `here(${place.input})`, nested: true }
      : { js: generator.variable(value as string, place), open: true },
  regex: (generator, { value }) => ({ js: `matcher(${generator.constant(value)})` }),
  binary,
  unary,
  condition,
  block,
  bind,
  path,
  lambda,
  transform: transformation,
  function: (generator, node, place) => call(generator, node, { place }),
  partial: partialCall,
  apply,
};

function binary(generator: Generator, node: Node, place: Place): Code {
  const inner = deeper(place);
  const left = generator.expression(node.lhs!, inner);
  const right = generator.expression(node.rhs!, inner);
  const operator = node.value as string;
  if (operator === "and" || operator === "or") {
    const sides = `${truthOf(left)}${operator === "and" ? "&&" : "||"}${truthOf(right)}`;
    return { js: `(${sides})`, kind: "truth" };
  }
  if (operator === "&") return { js: `(${textOf(left)}+${textOf(right)})`, kind: "text" };
  if (operator === "..") return { js: `range(${left.js},${right.js})`, open: true };
  const sure = certain[operator];
  if (sure) return { js: equality(operator, left, right) ?? `${sure}(${left.js},${right.js})`, kind: "truth" };
  const name = arithmetic[operator] ?? comparisons[operator];
  if (!name) throw new NotCompiled(`there is no operator ${operator}`);
  return { js: `${name}(${left.js},${right.js})` };
}

/** A value beside a constant text or number needs no deep comparison. */
function equality(operator: string, left: Code, right: Code): string | undefined {
  const simple = (code: Code): boolean => code.kind !== undefined;
  if (operator === "=" && (simple(left) || simple(right))) return `(${left.js}===${right.js})`;
  return undefined;
}

export function truthOf({ js, kind }: Code): string {
  return kind === "truth" ? js : `truth(${js})`;
}

function textOf({ js, kind }: Code): string {
  return kind === "text" ? js : `text(${js})`;
}

function unary(generator: Generator, node: Node, place: Place): Code {
  if (node.value === "[") return list(generator, node, place);
  if (node.value === "{") return object(generator, node, place);
  return { js: `negative(${generator.expression(node.expression!, deeper(place)).js})` };
}

function condition(generator: Generator, node: Node, place: Place): Code {
  const inner = deeper(place);
  const test = truthOf(generator.expression(node.condition!, inner));
  const yes = generator.expression(node.then!, inner);
  const no: Code = node.else ? generator.expression(node.else, inner) : { js: "undefined" };
  const js = `(${test}?${yes.js}:${no.js})`;
  return yes.kind && yes.kind === no.kind ? { js, kind: yes.kind } : { js, open: yes.nested || no.nested };
}

function block(generator: Generator, node: Node, place: Place): Code {
  const expressions = node.expressions ?? [];
  if (expressions.length === 0) return { js: "undefined" };
  const scope = generator.frame(place.scope, expressions);
  const codes = expressions.map((each) => generator.expression(each, deeper({ ...place, scope })));
  const { kind, nested } = codes.at(-1)!;
  return { js: `(${codes.map(({ js }) => js).join(",")})`, open: nested, ...(kind ? { kind } : {}) };
}

function bind(generator: Generator, node: Node, place: Place): Code {
  const name = node.lhs!.value as string;
  let { scope } = place;
  // Contexts with tuples have no frames of their own here: see refusals.
  while (!scope.names.has(name)) scope = scope.outer!;
  const { js, nested } = generator.expression(node.rhs!, deeper(place));
  return { js: `(${scope.names.get(name)!}=${js})`, open: nested };
}

function apply(generator: Generator, node: Node, place: Place): Code {
  const left = generator.expression(node.lhs!, deeper(place));
  const right = node.rhs!;
  if (right.type === "function") return call(generator, right, { place, first: left });
  const called = generator.expression(right, deeper(place));
  return { js: `chain(${left.js},${called.js},${depthOf(place)})`, open: true };
}
