/** Random expressions that suit their data, so that most give values: orders with lines, and what is done with them. */
import fc from "fast-check";

interface Tied {
  number: string;
  text: string;
  truth: string;
  list: string;
  any: string;
}

export const shapedExpressions: fc.Arbitrary<string> = fc.letrec<Tied>((tie) => {
  const number = tie("number") as fc.Arbitrary<string>;
  const text = tie("text") as fc.Arbitrary<string>;
  const truth = tie("truth") as fc.Arbitrary<string>;
  const list = tie("list") as fc.Arbitrary<string>;
  const any = tie("any") as fc.Arbitrary<string>;
  const comparison = fc.constantFrom("<", "<=", ">", ">=", "=", "!=");
  const each = (inner: fc.Arbitrary<string>) => inner.map((body) => `function($v, $i) { ${body} }`);
  const filter = fc.oneof(
    fc.constantFrom("", "", "[0]", "[-1]", "[1]", "[[0, 1]]", "[$i < 2]", "[$exists(n)]", "[t = 'b']", "[]"),
    truth.map((inner) => `[${inner}]`),
  );
  const order = fc.constantFrom("", "", "", "^(n)", "^(>n, t)", "^(t, <n)", "^(>$string(n))");
  const binding = fc.constantFrom("", "", "", "#$i", "@$o", "@$o#$i");
  const below = fc.oneof(
    fc.constantFrom(
      ".n",
      ".t",
      ".lines.n",
      ".lines.t",
      ".lines",
      ".*",
      ".lines.%.t",
      ".lines.%.n",
      ".n.%.t",
      ".t.%.lines.n",
      ".m.k",
      ".tags",
      "",
      ".lines.($$.orders.n)",
    ),
    fc.tuple(filter, binding).map(([kept, bound]) => `.lines${bound}${kept}.n`),
    any.map((inner) => `.(${inner})`),
    any.map((inner) => `.[${inner}]`),
    fc.tuple(text, any).map(([key, value]) => `.{${key}: ${value}}`),
    fc.tuple(text, any).map(([key, value]) => `{${key}: ${value}}`),
    fc.constantFrom(
      ".$string(n)",
      ".$uppercase(t)",
      ".$sum(lines.n)",
      ".$keys()",
      ".lines#$j.($j + n)",
      ".(lines@$l.($l.n & $o.t))",
      ".{'i': $i, 'o': $o.t}",
    ),
  );
  return {
    number: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("n", "1", "2", "-1", "0.5", "$count(lines)", "$v.n", "$i", "$o.n", "%.n", "m.k", "$params.k"),
      fc
        .tuple(number, fc.constantFrom("+", "-", "*"), number)
        .map(([left, sign, right]) => `(${left} ${sign} ${right})`),
      fc.tuple(fc.constantFrom("sum", "count", "max", "min", "average"), list).map(([name, of]) => `$${name}(${of})`),
      fc.tuple(fc.constantFrom("round", "floor", "abs", "ceil"), number).map(([name, of]) => `$${name}(${of})`),
      text.map((of) => `$length(${of})`),
      fc.tuple(list, number).map(([of, from]) => `$reduce(${of}, function($x, $y) { $x + $y }, ${from})`),
      fc
        .tuple(number, number)
        .map(
          ([value, more]) => `($k := ${value}; $f := function($x) { $x > 3 ? $x : $f($x + 1) }; $f(1) + $k + ${more})`,
        ),
    ) as fc.Arbitrary<string>,
    text: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("t", "'b'", "'x y'", "m.s", "$o.t", "$v.t", "%.t", "$params.s", "$string(n)"),
      fc.tuple(any, any).map(([left, right]) => `(${left} & ${right})`),
      fc.tuple(fc.constantFrom("uppercase", "lowercase", "trim"), text).map(([name, of]) => `$${name}(${of})`),
      fc
        .tuple(fc.constantFrom("substringBefore", "substringAfter"), text, text)
        .map(([name, of, by]) => `$${name}(${of}, ${by})`),
      fc
        .tuple(
          text,
          fc.constantFrom("/[a-b]/", "/(.)b/", "'b'", "/\\s+/"),
          fc.constantFrom("'-'", "'<$1>'", "function($m) { $m.match & '!' }"),
        )
        .map(([of, by, put]) => `$replace(${of}, ${by}, ${put})`),
      list.map((of) => `$join(${of}.$string(), ',')`),
      fc.tuple(truth, text, text).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
      fc.tuple(any, text).map(([value, otherwise]) => `$string(${value} ?? ${otherwise})`),
      fc
        .tuple(text, fc.constantFrom("$uppercase", "$trim ~> $lowercase", "$substring(?, 0, 1)", "$substring(1)"))
        .map(([of, by]) => `(${of} ~> ${by})`),
    ) as fc.Arbitrary<string>,
    truth: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("true", "$exists(lines)", "n in [1, 2]", "t in $$.orders.t", "$not(n)", "$boolean(tags)"),
      fc.tuple(number, comparison, number).map(([left, sign, right]) => `(${left} ${sign} ${right})`),
      fc.tuple(text, comparison, text).map(([left, sign, right]) => `(${left} ${sign} ${right})`),
      fc.tuple(truth, fc.constantFrom("and", "or"), truth).map(([left, sign, right]) => `(${left} ${sign} ${right})`),
      fc.tuple(text, fc.constantFrom("/b/i", "'b'")).map(([of, by]) => `$contains(${of}, ${by})`),
    ) as fc.Arbitrary<string>,
    list: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(
        "lines.n",
        "orders.n",
        "$$.orders.lines.n",
        "[1, 2, 3]",
        "[1..3]",
        "n",
        "$distinct(orders.n)",
        "$reverse([1..2])",
      ),
      list.chain((of) => each(number).map((by) => `$map(${of}, ${by})`)),
      list.chain((of) => each(truth).map((by) => `$filter(${of}, ${by})`)),
      list.map((of) => `$sort(${of})`),
      list.map((of) => `$sort(${of}, function($x, $y) { $x < $y })`),
      fc.tuple(list, list).map(([left, right]) => `$append(${left}, ${right})`),
      fc.tuple(list, filter).map(([of, kept]) => `(${of})${kept}`),
      fc.array(number, { maxLength: 3 }).map((all) => `[${all.join(", ")}]`),
    ) as fc.Arbitrary<string>,
    any: fc.oneof(
      { depthSize: "small" },
      {
        weight: 4,
        arbitrary: fc
          .tuple(
            fc.constantFrom("orders", "$$.orders", "lines", "$", "$v", "orders.lines", "**"),
            binding,
            filter,
            order,
            below,
          )
          .map(([from, bound, kept, sorted, after]) => from + bound + kept + sorted + after),
      },
      number,
      text,
      truth,
      list,
      list,
      fc
        .array(fc.tuple(text, any), { maxLength: 2 })
        .map((pairs) => `{${pairs.map((pair) => pair.join(": ")).join(", ")}}`),
      fc.tuple(any, text).map(([value, name]) => `($ ~> |orders|{${name}: ${value}}, ['m']|)`),
      fc.tuple(any, any).map(([value, result]) => `($o := ${value}; ${result})`),
      each(any).map((by) => `$each(m, ${by})`),
      each(truth).map((by) => `$sift(m, ${by})`),
      each(any).map((by) => `$map(orders, ${by})`),
      fc.tuple(truth, any).map(([test, value]) => `(${test} ? ${value})`),
    ) as fc.Arbitrary<string>,
  };
}).any;

const name = fc.constantFrom("a", "b", "ab", "x y", "");
const number = fc.constantFrom(0, 1, 2, 3, -1, 1.5);
const line = fc.record({ n: number, t: name }, { requiredKeys: [], noNullPrototype: true });
const order = fc.record(
  {
    n: number,
    t: name,
    lines: fc.oneof(fc.array(line, { maxLength: 3 }), line),
    m: fc.record({ k: number, s: name }, { requiredKeys: [], noNullPrototype: true }),
    tags: fc.array(name, { maxLength: 2 }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

export const shapedDocuments: fc.Arbitrary<unknown> = fc
  .tuple(order, fc.oneof(fc.array(order, { maxLength: 3 }), order))
  .map(([top, orders]) => ({ ...top, orders }));
