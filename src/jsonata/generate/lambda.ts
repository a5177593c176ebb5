/** Functions that are written out. */
import { deeper, type Code, type Generator, type Place } from "./generator.ts";
import { NotCompiled, type Node } from "./nodes.ts";

export function lambda(generator: Generator, node: Node, place: Place): Code {
  if (node.thunk) return tailCall(generator, node.body!, place);
  const parameters = (node.arguments ?? []).map(({ value }) => value as string);
  const values = generator.name("a");
  const base = generator.name("d");
  const around = generator.deepest;
  generator.deepest = 0;
  const body = generator.body(() => {
    const scope = generator.frame(place.scope, [node.body!]);
    const starts = parameters.map((parameter, index) => {
      const known = scope.names.get(parameter) ?? generator.temporary();
      scope.names.set(parameter, known);
      return `${known}=${values}[${index}]`;
    });
    const inner: Place = { input: place.input, scope: { ...scope, bound: new Set(parameters) }, base, depth: 0 };
    const { js } = generator.expression(node.body!, inner);
    return `(${[...starts, `guardDepth(${base},${generator.deepest})`, js].join(",")})`;
  });
  generator.deepest = around;
  const signature = node.signature ? `,signature:${generator.constant(node.signature)}` : "";
  return {
    js: `new Lambda({arity:${parameters.length},input:${place.input}${signature},body:(${values},${base})=>{${body}}})`,
  };
}

/** A call at the end of a function, for the caller to make. */
function tailCall(generator: Generator, node: Node, place: Place): Code {
  const inner = deeper(place);
  const procedure = generator.body(() => generator.expression(node.procedure!, inner).js);
  const values = generator.body(
    () => `[${(node.arguments ?? []).map((each) => generator.expression(each, inner).js).join(",")}]`,
  );
  return { js: `new TailCall(()=>{${procedure}},()=>{${values}})` };
}

export function transformation(generator: Generator, node: Node, place: Place): Code {
  // The copy is made by $clone, which an expression may bind to a function of its own.
  if (!generator.isBuiltin("clone", place)) throw new NotCompiled("$clone may be another function here");
  generator.builtin("clone");
  const remove = node.delete ? `,remove:${generator.overNode(node.delete, place)}` : "";
  const pattern = generator.overNode(node.pattern!, place);
  const update = generator.overNode(node.update!, place);
  return { js: `transform({pattern:${pattern},update:${update}${remove}})` };
}
