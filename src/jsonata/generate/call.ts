/** Calls of functions. */
import { shortcuts } from "../engine/shortcuts.ts";
import { matcher } from "../engine/matching.ts";
import { deeper, depthOf, type Code, type Generator, type Place } from "./generator.ts";
import type { Node } from "./nodes.ts";

/** They answer whatever they are given. */
const always = new Set(["exists/1", "boolean/1", "not/1", "count/1", "append/2", "string/1"]);

/** They give no sequences. */
const scalars = new Set(
  (
    "lowercase uppercase length trim toMillis fromMillis substringBefore substringAfter substring floor ceil abs round " +
    "sum average max min count join string number exists boolean not contains replace now millis formatNumber pad " +
    "formatBase formatInteger parseInteger power sqrt type error assert base64encode base64decode"
  ).split(" "),
);

interface Calling {
  place: Place;
  /** The left side of `~>`. */
  first?: Code;
}

export function call(generator: Generator, node: Node, { place, first }: Calling): Code {
  const procedure = node.procedure!;
  const name = procedure.type === "variable" ? (procedure.value as string) : "";
  const known = !procedure.predicate && !procedure.group && generator.isBuiltin(name, place);
  const nodes = node.arguments ?? [];
  const inner = deeper(place);
  const constantPatterns = known && takesPatterns(name, nodes);
  // The reference evaluates what is called before the arguments.
  const called = known ? generator.constant(generator.builtin(name)) : generator.expression(procedure, inner).js;
  const values = nodes.map((each) => argumentOf(generator, each, { place: inner, call: place, constantPatterns }));
  if (first) values.unshift(first.js);
  const depth = depthOf(place);
  if (!known) {
    // `~>` evaluates its left side before all else.
    const left = generator.temporary();
    if (first) values[0] = left;
    const applied = `apply(${called},[${values.join(",")}],${place.input},${depth})`;
    return { js: first ? `(${left}=${first.js},${applied})` : applied, open: true };
  }
  return builtinCall(generator, { name, called, values, place });
}

function builtinCall(
  generator: Generator,
  { name, called, values, place }: { name: string; called: string; values: string[]; place: Place },
): Code {
  const open = !scalars.has(name);
  const shortcut = `${name}/${values.length}`;
  const short = shortcuts()[shortcut];
  const whole = (given: readonly string[]): string =>
    `apply(${called},[${given.join(",")}],${place.input},${depthOf(place)})`;
  if (!short) return { js: whole(values), open };
  const quick = generator.constant(short);
  if (shortcut === "exists/1") return { js: `(${values[0]!}!==undefined)`, kind: "truth" };
  if (always.has(shortcut)) return { js: `${quick}(${values.join(",")})`, open };
  const kept = values.map(() => generator.temporary());
  const result = generator.temporary();
  const given = values.map((value, index) => `${kept[index]!}=${value}`).join(",");
  return { js: `((${result}=${quick}(${given}))===MISS?${whole(kept)}:${result})`, open };
}

/** True where regular expressions among the arguments cannot outlive the call: no function of ours sees them. */
function takesPatterns(name: string, nodes: readonly Node[]): boolean {
  if (name === "contains" || name === "split" || name === "match") return true;
  return (
    name === "replace" &&
    nodes.length > 0 &&
    nodes.every(({ type }) => type === "string" || type === "regex" || type === "path" || type === "number")
  );
}

function argumentOf(
  generator: Generator,
  node: Node,
  { place, call: around, constantPatterns }: { place: Place; call: Place; constantPatterns: boolean },
): string {
  if (node.type === "regex" && constantPatterns && !node.predicate && !node.group)
    return generator.constant(matcher(node.value as RegExp));
  const { js, kind } = generator.expression(node, place);
  return kind !== undefined || givesData(node) ? js : `argument(${js},${depthOf(around)})`;
}

/** True for what surely gives no function. */
function givesData(node: Node): boolean {
  if (node.type === "binary" || node.type === "unary" || node.type === "number" || node.type === "string") return true;
  return node.type === "path" && !node.group && (node.steps ?? []).every((step) => step.type === "name");
}

export function partialCall(generator: Generator, node: Node, place: Place): Code {
  const inner = deeper(place);
  const given = generator.temporary();
  const values = (node.arguments ?? []).map((each) =>
    each.type === "operator" && each.value === "?" ? "OPEN" : generator.expression(each, inner).js,
  );
  const procedure = generator.expression(node.procedure!, inner).js;
  return { js: `(${given}=[${values.join(",")}],partial(${procedure},${given}))` };
}
