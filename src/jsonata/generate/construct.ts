/** Lists and objects that are written out, and grouping. */
import { deeper, quote, type Code, type Generator, type Place } from "./generator.ts";
import type { Group, Node } from "./nodes.ts";

export function list(generator: Generator, node: Node, place: Place): Code {
  const made = generator.temporary();
  const inner = deeper(place);
  const items = (node.expressions ?? []).map((item) => {
    const { js } = generator.expression(item, inner);
    return `${item.value === "[" ? "addWhole" : "add"}(${made},${js})`;
  });
  const end = node.consarray ? `markConstructed(${made})` : made;
  return { js: `(${[`${made}=[]`, ...items, end].join(",")})` };
}

export function object(generator: Generator, node: Node, place: Place): Code {
  const pairs = node.lhs as unknown as [Node, Node][];
  const keys = pairs.map(([key]) => key);
  const input = place.input;
  const whole = `group(${input},${pairsOf(generator, pairs, place)})`;
  if (!keys.every(isConstant) || new Set(keys.map(({ value }) => value)).size < keys.length) return { js: whole };
  // Constant keys over one context: no grouping.
  const made = generator.temporary();
  const value = generator.temporary();
  const inner = deeper(place);
  const sets = pairs.map(
    ([key, each]) =>
      `(${value}=${generator.expression(each, inner).js})!==undefined&&(${made}[${quote(key.value as string)}]=${value})`,
  );
  return { js: `(isArray(${input})?${whole}:(${[`${made}=emptyObject()`, ...sets, made].join(",")}))` };
}

function isConstant({ type, value, predicate, group, keepArray }: Node): boolean {
  return (
    type === "string" &&
    !predicate &&
    !group &&
    !keepArray &&
    value !== "_jsonata_lambda" &&
    value !== "_jsonata_function"
  );
}

/** The pairs of a grouping, as functions of a context. */
export function pairsOf(generator: Generator, pairs: readonly [Node, Node][], place: Place): string {
  const made = pairs.map(
    ([key, value]) => `{key:${generator.overNode(key, place)},value:${generator.overNode(value, place)}}`,
  );
  return `[${made.join(",")}]`;
}

export function grouped(generator: Generator, js: string, { group, place }: { group: Group; place: Place }): string {
  return `group(${js},${pairsOf(generator, group.lhs, place)})`;
}
