/** Paths: names are followed in place, everything else by steps over sequences. */
import { deeper, quote, type Code, type Generator, type Place } from "./generator.ts";
import { pairsOf } from "./construct.ts";
import { NotCompiled, type Node, type Stage } from "./nodes.ts";

/** Names that a prototype has: those are looked up as an object's own, which takes longer. */
const inherited: ReadonlySet<string> = new Set(
  [
    Object,
    Array,
    Function,
    Date,
    Buffer,
    Uint8Array,
    Object.getPrototypeOf(Uint8Array),
    ArrayBuffer,
    Map,
    Set,
    RegExp,
    Promise,
    Error,
  ]
    .flatMap((known) => Reflect.ownKeys((known as { prototype: object }).prototype))
    .filter((key) => typeof key === "string")
    .concat("arity", "_jsonata_lambda", "_jsonata_function"),
);

/** True for a name that may stand for something in an object that has no such name of its own. */
export function isInherited(name: string): boolean {
  return inherited.has(name);
}

export function path(generator: Generator, node: Node, place: Place): Code {
  const code = named(generator, node, place);
  if (code) return code;
  const js = (node.steps ?? []).some(({ tuple }) => tuple)
    ? tuplePath(generator, node, place)
    : steppedPath(generator, node, place);
  return { js, open: !node.group };
}

/** `[…]` after a step or a value. */
export function filtered(generator: Generator, given: { js: string; stage: Stage; place: Place }): string {
  const predicate = given.stage.expr!;
  if (predicate.type === "number" && !predicate.predicate)
    return `elementAt(${given.js},${Math.floor(predicate.value as number)})`;
  return `filter(${given.js},${generator.overNode(predicate, given.place)})`;
}

const plainKeys = new Set(["type", "value", "position"]);

function isPlain(node: Node, type: string): boolean {
  return node.type === type && typeof node.value === "string" && Object.keys(node).every((key) => plainKeys.has(key));
}

/** `a.b.c` and `$x.b.c`; undefined for any other path. */
function named(generator: Generator, node: Node, place: Place): Code | undefined {
  const [first, ...others] = node.steps ?? [];
  const plain = Object.keys(node).every((key) => key === "type" || key === "steps");
  if (!plain || !first || !others.every((step) => isPlain(step, "name"))) return undefined;
  generator.deepest = Math.max(generator.deepest, place.depth + 1);
  if (isPlain(first, "name")) return followNames(generator, [first, ...others], place.input);
  if (!isPlain(first, "variable") || others.length === 0) return undefined;
  const start = generator.temporary();
  const variable = generator.expression(first, deeper(place)).js;
  const names = generator.constant(others.map(({ value }) => value as string));
  const follow = followNames(generator, others, start).js;
  return { js: `(isArray(${start}=${variable})?namesAfter(${start},${names},0):${follow})` };
}

function followNames(generator: Generator, steps: readonly Node[], from: string): Code {
  const list = steps.map(({ value }) => value as string);
  const names = generator.constant(list);
  const value = generator.temporary();
  const last = list.length - 1;
  let js = `(isSequence(${value}=${load(value, list[last]!)})?namesEnd(${value}):${value})`;
  for (let index = last; index >= 0; index--) {
    const at = index === 0 ? from : value;
    const overList = index === 0 ? `namesOver(${at},${names},0)` : `namesAfter(${at},${names},${index})`;
    const below = index === last ? replaceFirst(js, value, at, list[last]!) : js;
    const test = `typeof ${at}==="object"&&${at}!==null`;
    js = `(${test}?isArray(${at})?${overList}:${below}:undefined)`;
    if (index > 0) js = `(${value}=${load(index === 1 ? from : value, list[index - 1]!)},${js})`;
  }
  return { js };
}

function replaceFirst(js: string, value: string, at: string, name: string): string {
  return at === value ? js : js.replace(load(value, name), () => load(at, name));
}

function load(object: string, name: string): string {
  return isInherited(name) ? `lookup(${object},${quote(name)})` : `${object}[${quote(name)}]`;
}

/** What follows runs only where something was found. */
function inTurn(steps: readonly string[], result: string): string {
  let js = "";
  for (const step of steps.toReversed()) js = js === "" ? `${result}=${step}` : `more(${result}=${step})&&(${js})`;
  return js;
}

function steppedPath(generator: Generator, node: Node, place: Place): string {
  const steps = node.steps!;
  const result = generator.temporary();
  const codes = steps.map((step, index) => {
    const input = index === 0 ? startOf(steps, place) : result;
    return stepOf(generator, step, { place, input, first: index === 0, last: index === steps.length - 1 });
  });
  let end = result;
  if (node.keepSingletonArray) end = `keepList(${end})`;
  if (node.group) end = `group(${end},${pairsOf(generator, node.group.lhs, place)})`;
  return `(${inTurn(codes, result)},${end})`;
}

/** A path from a variable reads the context once, not each of its elements. */
function startOf([first]: readonly Node[], { input }: Place): string {
  return first!.type === "variable" ? `sequenceOf(${input})` : `start(${input})`;
}

interface Stepping {
  place: Place;
  input: string;
  first: boolean;
  last: boolean;
}

function stepOf(generator: Generator, step: Node, { place, input, first, last }: Stepping): string {
  if (first && step.consarray) {
    const start = generator.temporary();
    return `(${start}=${input},${generator.expression(step, deeper({ ...place, input: start })).js})`;
  }
  if (step.type === "sort") {
    const sorted = `orderBy(${input},${termsOf(generator, step, place)})`;
    return step.stages ? `stages(${sorted},${stagesOf(generator, step, place)})` : sorted;
  }
  const over = generator.over(place, (inner) => {
    let { js } = generator.expression(step, deeper(inner));
    for (const stage of step.stages ?? []) js = filtered(generator, { js, stage, place: inner });
    return js;
  });
  return `step(${input},${over},${String(last)})`;
}

function termsOf(generator: Generator, step: Node, place: Place): string {
  const terms = (step.terms ?? []).map(
    ({ expression, descending }) =>
      `{evaluate:${generator.overNode(expression, place)},descending:${String(descending === true)}}`,
  );
  return `[${terms.join(",")}]`;
}

function stagesOf(generator: Generator, step: Node, place: Place): string {
  const stages = (step.stages ?? []).map(({ type, expr, value }) => {
    if (type === "index") return `{kind:"index",name:${quote(value!)}}`;
    if (expr!.type === "number") return `{kind:"place",place:${Math.floor(expr!.value as number)}}`;
    return `{kind:"filter",evaluate:${generator.overNode(expr!, place)}}`;
  });
  return `[${stages.join(",")}]`;
}

/** From the first step that binds a variable on, steps give tuples. */
function tuplePath(generator: Generator, node: Node, place: Place): string {
  const steps = node.steps!;
  const from = steps.findIndex(({ tuple }) => tuple);
  const result = generator.temporary();
  const before = steps.slice(0, from).map((step, index) =>
    stepOf(generator, step, {
      place,
      input: index === 0 ? startOf(steps, place) : result,
      first: index === 0,
      last: false,
    }),
  );
  const first = steps[from]!;
  // A list that is written out starts a path by itself, with or without tuples.
  if (from === 0 && first.consarray) throw new NotCompiled("a path of tuples from a list that is written out");
  const tuples = generator.temporary();
  const after = steps.slice(from).map((step, index) => {
    const input = index > 0 ? "undefined" : from === 0 ? startOf(steps, place) : result;
    return `${tuples}=${tupleStepOf(generator, step, { place, input, tuples: index === 0 ? "undefined" : tuples })}`;
  });
  const last = node.tuple ? tuples : `valuesOf(${tuples})`;
  const whole = inTurn([...before, `(${after.join(",")},${node.group ? tuples : last})`], result);
  let end = result;
  if (node.keepSingletonArray) end = `keepList(${end})`;
  if (node.group) end = `group(${end},${pairsOf(generator, node.group.lhs, place)})`;
  return `(${whole},${end})`;
}

function tupleStepOf(
  generator: Generator,
  step: Node,
  { place, input, tuples }: { place: Place; input: string; tuples: string },
): string {
  const stages = step.stages ? `,stages:${stagesOf(generator, step, place)}` : "";
  const index = step.index === undefined ? "" : `,index:${quote(step.index)}`;
  if (step.type === "sort")
    return `tupleOrder(${input},${tuples},{terms:${termsOf(generator, step, place)}${index}${stages}})`;
  const focus = step.focus === undefined ? "" : `,focus:${quote(step.focus)}`;
  const ancestor = step.ancestor ? `,ancestor:${quote(step.ancestor.label)}` : "";
  const evaluate = generator.overNode(step, place);
  return `tupleStep(${input},${tuples},{evaluate:${evaluate}${focus}${index}${ancestor}${stages}})`;
}
