import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { functionNames, referencesOf, syntaxProblems } from "../../src/jsonata/index.ts";

const paths = (expression: string): string[] => referencesOf(expression).paths.map((path) => path.join("."));

describe("what an expression reads below a variable", () => {
  it.each<[string, string[]]>([
    ["$parent.from.id", ["parent from.id"]],
    ["$parent", ["parent *"]],
    ["$string($parent)", ["parent *"]],
    ["$parent.a & $parent.`b c`[x = 1].d & e", ["parent a", "parent b c.x", "parent b c.d"]],
    ["$parent.items.{ 'n': no }", ["parent items.no"]],
    ["$lookup($parent.map, 'x')", ["parent map"]],
    ["$parent.*", ["parent *"]],
    ["($x := $parent.a; $x.b)", ["parent a"]],
    ["$map(list, function($v) { $v.a })", []],
    ["$.a & $$.b & $sum(c)", []],
  ])("%s", (expression, expected) => {
    const { below } = referencesOf(expression);
    expect(
      below.map(({ variable, path, whole }) => `${variable} ${[...path, ...(whole ? ["*"] : [])].join(".")}`),
    ).toEqual(expected);
  });
});

describe("what an expression reads", () => {
  it.each<[string, string[]]>([
    ["a", ["a"]],
    ["a.b.c", ["a.b.c"]],
    ["a.`b c`", ["a.b c"]],
    ["$.a", ["a"]],
    ["$$.a.b", ["a.b"]],
    ["a + b.c * 2", ["a", "b.c"]],
    ["a ? b : c", ["a", "b", "c"]],
    ["[a, b]", ["a", "b"]],
    ["{'k': a, b: c}", ["a", "b", "c"]],
    ["a in ['x', b]", ["a", "b"]],
    ["a[b = 1].c", ["a.b", "a.c"]],
    ["a[0].b", ["a.b"]],
    ["a.(b & c.d)", ["a.b", "a.c.d"]],
    ["a.{'k': b}", ["a.b"]],
    ["a{b: $sum(c)}", ["a.b", "a.c"]],
    ["a^(>b, c).d", ["a.b", "a.c", "a.d"]],
    ["$sum(a.b)", ["a.b"]],
    ["a.$sum(b)", ["a.b"]],
    ["a.$uppercase()", ["a"]],
    ["a.b.$substringBefore('@')", ["a.b"]],
    ["a.$replace('x', 'y')", ["a"]],
    ["a ~> $trim() ~> $uppercase", ["a"]],
    ["a ~> $substring(b)", ["a", "b"]],
    ["$map(a, function($v, $i) { $v.b & c })", ["a", "c"]],
    ["($x := a.b; $x.c & d)", ["a.b", "d"]],
    ["$f(a, ?)", ["a"]],
    ["a@$x.{'k': $x.b}", ["a"]],
    ["a#$i.b", ["a.b"]],
    ["a ~> |b|{'c': d}|", ["a"]],
    ["-a", ["a"]],
    ["$not(a) and (b or c)", ["a", "b", "c"]],
    ["'text'", []],
  ])("%s", (expression, expected) => {
    expect(paths(expression)).toEqual(expected);
    expect(referencesOf(expression).wildcards).toEqual([]);
  });

  it.each<[string, string[]]>([
    ["a.*", ["a"]],
    ["*", [""]],
    ["**.id", [""]],
    ["$", [""]],
    ["$keys()", [""]],
    ["$string($$)", [""]],
    ["a.%.b", ["a"]],
  ])("%s reads everything below %j", (expression, expected) => {
    expect(referencesOf(expression).wildcards.map((path) => path.join("."))).toEqual(expected);
  });

  it("has where each path is read", () => {
    const expression = "a & $sum(`b c`.d) & (x[y = 1] ; $$.z)";
    expect(
      referencesOf(expression).reads.map(({ path, position }) => [
        path.join("."),
        expression.slice(position, position + 1),
      ]),
    ).toEqual([
      ["a", "a"],
      ["b c.d", "`"],
      ["x.y", "x"],
      ["x", "x"],
      ["z", "z"],
    ]);
  });

  it("is enough: an expression gives the same without all that it does not read", async () => {
    const names = ["a", "b", "c", "d"];
    const leaf = fc.constantFrom(...names);
    const expression = fc.letrec<{ e: string }>((tie) => ({
      e: fc.oneof(
        { depthSize: "small" },
        leaf,
        fc.tuple(leaf, leaf).map(([x, y]) => `${x}.${y}`),
        fc.tuple(leaf, tie("e")).map(([x, y]) => `${x}.(${y})`),
        fc.tuple(leaf, tie("e")).map(([x, y]) => `${x}[${y} = 'x']`),
        fc.tuple(tie("e"), tie("e")).map(([x, y]) => `[${x}, ${y}]`),
        fc.tuple(tie("e"), tie("e")).map(([x, y]) => `$string(${x}) & $string(${y})`),
        fc.tuple(tie("e"), tie("e")).map(([x, y]) => `($v := ${x}; [$v, ${y}])`),
        fc.tuple(leaf, leaf).map(([x, y]) => `${x}.${y}.$string()`),
        fc.tuple(leaf, leaf).map(([x, y]) => `$map(${x}, function($i) { $i.${y} })`),
        fc.tuple(tie("e"), tie("e"), tie("e")).map(([x, y, z]) => `(${x}) ? (${y}) : (${z})`),
      ),
    })).e;
    const record = fc.letrec<{ r: unknown }>((tie) => ({
      r: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom("x", "y", 1, true),
        fc.dictionary(leaf, tie("r"), { maxKeys: 4, noNullPrototype: true }),
        fc.array(tie("r"), { maxLength: 2 }),
      ),
    })).r;
    await fc.assert(
      fc.asyncProperty(
        expression,
        fc.dictionary(leaf, record, { maxKeys: 4, noNullPrototype: true }),
        async (text, input) => {
          const { paths: read, wildcards } = referencesOf(text);
          if (wildcards.length > 0) return;
          const top = new Set(read.map(([first]) => first));
          const reduced = Object.fromEntries(Object.entries(input).filter(([key]) => top.has(key)));
          expect(JSON.stringify(await jsonata(text).evaluate(reduced))).toBe(
            JSON.stringify(await jsonata(text).evaluate(input)),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("variables", () => {
  it.each<[string, [string, number][]]>([
    ["$x", [["x", 0]]],
    [
      "a & $x.b & $y",
      [
        ["x", 4],
        ["y", 11],
      ],
    ],
    ["($x := 1; $x + $y)", [["y", 15]]],
    ["($f := function($n) { $n = 0 ? 1 : $f($n - 1) }; $f($m))", [["m", 52]]],
    ["$map(a, $uppercase)", []],
    ["a ~> $trim ~> $mine", [["mine", 14]]],
    ["$map(a, function($v) { $v & $w })", [["w", 28]]],
    ["a@$x#$i.($x.b & $i)", []],
    ["$ & $$", []],
  ])("of %s", (expression, expected) => {
    expect(referencesOf(expression).variables.map(({ name, position }) => [name, position])).toEqual(expected);
  });
});

describe("mistakes", () => {
  it.each<[string, number, string]>([
    ["a b", 2, '"b" cannot stand here'],
    ["a +", 3, "it ends where a value is expected"],
    ["", 0, "it is empty"],
    ["$f(a", 4, '")" is missing at the end'],
    ["a == b", 3, '"=" cannot stand here, where a value is expected: JSONata compares with one ='],
    ["a && b", 3, '"&" cannot stand here, where a value is expected: JSONata says and'],
    ["a || b", 2, '"|" cannot stand here: JSONata says or'],
    ["!a", 0, 'there is no operator "!": JSONata says $not(…)'],
    ["a & 'text", 4, "this text has no closing quote"],
    ["'it' & \"b", 7, "this text has no closing quote"],
    ["a.`b", 2, "this name has no closing backquote"],
    ["{'a' 1}", 5, '":" is expected here, not "1"'],
    ["a.b{c: d}{e: f}", 9, "a step can have one grouping { } only"],
    ["a.5", 2, "5 is a value, and nothing can be read below it"],
    ["a + %", 4, "% has no parent here"],
  ])("%s at %i: %s", (expression, position, message) => {
    expect(syntaxProblems(expression)).toEqual([{ kind: "syntax", position, message }]);
  });

  it("are functions that do not exist, each at its place, unless they are given or bound", () => {
    expect(syntaxProblems("$uppercas(a) & $lower(b) & $sum(c)")).toEqual([
      { kind: "function", position: 0, message: "unknown function $uppercas. Did you mean $uppercase?" },
      { kind: "function", position: 15, message: "unknown function $lower. Did you mean $lowercase?" },
    ]);
    expect(syntaxProblems("$mine(a)", new Set(["mine"]))).toEqual([]);
    expect(syntaxProblems("($mine := function() { 1 }; $mine())")).toEqual([]);
    expect(syntaxProblems("a ~> $upper()")).toMatchObject([{ position: 5 }]);
  });

  it("have a place within the expression, whatever it is", () => {
    const piece = fc.constantFrom(
      ..."abc.$()[]{}'\"`&=<>!?:;,+-*/%@#^|~ 1\\",
      "$sum(",
      " and ",
      ":=",
      "function(",
      "$x",
      "..",
      "\\u",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const expression = pieces.join("");
        for (const { position, message } of syntaxProblems(expression)) {
          expect(position).toBeGreaterThanOrEqual(0);
          expect(position).toBeLessThanOrEqual(expression.length);
          expect(message).not.toMatch(/undefined|\{\{/);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

it("the functions are those that the evaluator has", async () => {
  for (const name of functionNames) expect(await jsonata(`$type($${name})`).evaluate({}), name).toBe("function");
  const source = readFileSync(createRequire(import.meta.url).resolve("jsonata"), "utf8");
  const bound = Array.from(source.matchAll(/staticFrame\.bind\(\s*['"](\w+)['"]/g), ([, name]) => name!);
  // These two are bound for each evaluation: they give one instant throughout.
  expect([...bound, "now", "millis"].sort()).toEqual([...functionNames].sort());
});
