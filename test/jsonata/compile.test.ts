import fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import { compile, isJsonataError } from "../../src/jsonata/index.ts";

const name = fc.constantFrom("a", "b", "c", "email", "constructor", "__proto__", "toString", "length", "odd name", "é");
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie("json"), { maxLength: 4 }),
    fc
      .array(fc.tuple(name, tie("json")), { maxLength: 4 })
      .map(
        (members) =>
          JSON.parse(
            `{${members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`,
          ) as unknown,
      ),
  ),
}));
const path = fc
  .array(name, { minLength: 1, maxLength: 4 })
  .map((names) => names.map((part) => (/^[a-z]+$/i.test(part) ? part : `\`${part}\``)).join("."));

/** JSONata's lists carry marks of its own: as JSON they are lists. */
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

describe("a path of names", () => {
  it("gives what the reference gives, on any JSON", async () => {
    await fc.assert(
      fc.asyncProperty(path, json, async (expression, input) => {
        const compiled = compile(expression);
        expect(compiled.mode).toBe("compiled");
        expect(plain(await compiled.evaluate(input))).toEqual(plain(await jsonata(expression).evaluate(input)));
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives what the reference gives below a variable, on any JSON, lists kept or not", async () => {
    const below = fc
      .array(name, { maxLength: 3 })
      .map((names) => ["$x", ...names.map((part) => `\`${part}\``)].join("."));
    await fc.assert(
      fc.asyncProperty(below, json, fc.boolean(), async (expression, x, keepLists) => {
        const compiled = compile(expression, { keepLists });
        expect(compiled.mode).toBe("compiled");
        const own = await compiled.evaluate({ y: 1 }, { x });
        if (!keepLists) expect(plain(own)).toEqual(plain(await jsonata(expression).evaluate({ y: 1 }, { x })));
        expect(plain(await compiled.evaluate({ y: 1 }, {}))).toEqual(
          plain(await jsonata(expression).evaluate({ y: 1 })),
        );
      }),
      { numRuns: 1_000 },
    );
    expect(compile("$x.a.b").evaluate({}, { x: { a: { b: 2 } } })).toBe(2);
    expect(compile("$x").evaluate({}, { x: "text" })).toBe("text");
    expect(compile("$x.a", { keepLists: true }).evaluate({}, { x: { a: [1] } })).toEqual([1]);
  });

  it("leaves its input as it was", async () => {
    await fc.assert(
      fc.asyncProperty(path, json, async (expression, input) => {
        const before = JSON.stringify(input);
        await compile(expression).evaluate(input);
        expect(JSON.stringify(input)).toBe(before);
      }),
      { numRuns: 300 },
    );
  });

  it("is synchronous, through lists too", () => {
    const input = { a: { b: 1, n: null, "odd name": "x" }, list: [1], each: [{ b: 1 }, {}, { b: [2, 3] }] };
    expect(compile("a.b").evaluate(input)).toBe(1);
    expect(compile("a.n").evaluate(input)).toBe(null);
    expect(compile("a.`odd name`").evaluate(input)).toBe("x");
    expect(compile("a.b.c").evaluate(input)).toBeUndefined();
    expect(compile("nothing.at.all").evaluate(input)).toBeUndefined();
    expect(compile("a").evaluate(undefined)).toBeUndefined();
    expect(compile("list").evaluate(input)).toEqual([1]);
    expect(plain(compile("each.b").evaluate(input))).toEqual([1, 2, 3]);
  });

  it("gives a text that holds a number of 19 digits as it came", () => {
    expect(compile("id").evaluate({ id: "1234567890123456789" })).toBe("1234567890123456789");
  });

  it("for a json column keeps lists: what stands there untouched, and a list wherever it goes through one", async () => {
    const keep = (expression: string, input: unknown): unknown =>
      compile(expression, { keepLists: true }).evaluate(input);
    expect(await keep("a", { a: [1] })).toEqual([1]);
    expect(await keep("a", { a: [] })).toEqual([]);
    expect(await keep("a", { a: [[1]] })).toEqual([[1]]);
    expect(await keep("a.b", { a: { b: ["x"] } })).toEqual(["x"]);
    expect(plain(await keep("a.b", { a: [{ b: 1 }] }))).toEqual([1]);
    expect(await keep("a.b", { a: { b: 1 } })).toBe(1);
    expect(await compile("a.b").evaluate({ a: [{ b: 1 }] })).toBe(1);
  });
});

describe("any other expression", () => {
  it("is compiled too, with bindings", () => {
    const compiled = compile("$first & ' ' & $params.last");
    expect(compiled).toMatchObject({ mode: "compiled", expression: "$first & ' ' & $params.last" });
    expect(compiled.evaluate({}, { first: "Ada", params: { last: "L" } })).toBe("Ada L");
    expect(compiled.evaluate({}, { first: "B" })).toBe("B ");
    expect(compiled.evaluate({})).toBe(" ");
  });

  it.each<[string, unknown]>([
    ["a[0]", { x: 1 }],
    ["a[x > 1].x", 2],
    ["a.x[]", [1, 2]],
    ["$.a.x", [1, 2]],
    ["$count(a.*)", 2],
    ["**.x", [1, 2]],
    ["a{$string(x): x}", { 1: 1, 2: 2 }],
    ["a^(>x).x", [2, 1]],
    ["a@$i.b.($i.x & y)", ["1y", "2y"]],
    ["a#$i.($i + x)", [1, 3]],
    ["a.x.%.x", [1, 2]],
    ["$map(a, function($v, $i) { $v.x * $i })", [0, 2]],
    ["($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(5))", 120],
    ["a ~> |$|{'z': x}, 'x'|", [{ z: 1 }, { z: 2 }]],
    ["$replace('a1b2', /[0-9]/, '')", "ab"],
    ["missing ?? 'else'", "else"],
    ["[1..3].($ * 2)", [2, 4, 6]],
    ["($half := $power(?, 0.5); $half(9))", 3],
    ["$now() = $now()", true],
  ])("is synchronous: %s", (expression, expected) => {
    const compiled = compile(expression);
    expect(compiled.mode).toBe("compiled");
    expect(plain(compiled.evaluate({ a: [{ x: 1 }, { x: 2 }], b: { y: "y" } }))).toEqual(expected);
  });

  it.each([
    ["reads an expression when it runs", "$eval('1 + 1')", 2],
    ["binds a variable among expressions that run side by side", "[$x := 1, $x]", [1]],
    ["shares a regular expression among such", "($m := /a/; [$match(a, $m).match, 1])", ["a", 1]],
  ])("goes to the reference where it %s", async (_, expression, expected) => {
    const compiled = compile(expression);
    expect(compiled.mode).toBe("reference");
    expect(plain(await compiled.evaluate({ a: "a" }))).toEqual(expected);
  });

  it("calls functions that are given as bindings, by the reference", async () => {
    const compiled = compile("$twice(a) + $sum([1, 2])");
    expect(await compiled.evaluate({ a: 2 }, { twice: (value: number) => value * 2 })).toBe(7);
    expect(await compiled.evaluate({ a: 2 }, { twice: async (value: number) => value * 2, sum: () => 10 })).toBe(14);
  });

  it("makes no code of what it is given", () => {
    for (const name of ['"]);throw 1//', "${x}", "\u2028\u2029", "__proto__", "constructor", "*/", "'+x+'"]) {
      const input = JSON.parse(`{${JSON.stringify(name)}: 1}`) as unknown;
      const text = name.replaceAll("'", "");
      expect(compile(`\`${name}\``).evaluate(input)).toBe(1);
      expect(compile(`$string($x.\`${name}\`) & '${text}'`).evaluate({}, { x: input })).toBe(`1${text}`);
    }
    expect(compile("a.constructor.name").evaluate({ a: {} })).toBeUndefined();
    expect(compile("a.length").evaluate({ a: "text" })).toBeUndefined();
  });

  it("leaves its input as it was, where the reference writes into it", async () => {
    const input = { list: [], a: [1] };
    expect(plain(await compile("list{'k': $$.a}").evaluate(input))).toEqual({ k: [1] });
    expect(compile("a[]").evaluate(input)).toEqual([1]);
    expect(input).toEqual({ list: [], a: [1] });
    expect(Object.keys(input.a)).toEqual(["0"]);
  });

  it("can be evaluated many times at once without one seeing another's bindings", async () => {
    const compiled = compile("$sum([$x, n])");
    const results = await Promise.all(Array.from({ length: 50 }, (_, x) => compiled.evaluate({ n: 1 }, { x })));
    expect(results).toEqual(Array.from({ length: 50 }, (_, x) => x + 1));
  });

  it("throws JSONata's own error for bad syntax, at once", () => {
    expect(() => compile("a +")).toThrow(expect.objectContaining({ code: "S0207", position: 3 }));
  });

  it("rejects with JSONata's own error for what it cannot do", async () => {
    const failed = await Promise.resolve(compile("$lowercase(5)").evaluate({})).catch((error: unknown) => error);
    expect(isJsonataError(failed)).toBe(true);
    expect(failed).toMatchObject({ code: "T0410" });
    expect([
      isJsonataError(new Error("x")),
      isJsonataError(undefined),
      isJsonataError("T0410"),
      isJsonataError({ code: "x" }),
    ]).toEqual([false, false, false, false]);
  });
});

describe("the guards", () => {
  it.each([
    ["time", "($f := function() { $f() }; $f())", { timeoutMs: 50 }, "D1012"],
    ["depth", "($f := function($n) { 1 + $f($n) }; $f(1))", { maxDepth: 50 }, "D1011"],
    ["the length of a sequence", "[1..1000]", { maxSequence: 100 }, "D2015"],
  ])("of %s stop an evaluation", async (_, expression, options, code) => {
    const started = performance.now();
    await expect((async () => compile(expression, options).evaluate({}))()).rejects.toMatchObject({ code });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each(["$replace(a, /[0-9]/, '') ?? 'none'", "$match(a, /x/) ?: 'none'", "$split(a, /,/) ?? 'none'"])(
    "of time stop %s, which never ends in the reference",
    (expression) => {
      expect(() => compile(expression).evaluate({ a: "object 1" })).toThrow(expect.objectContaining({ code: "D1012" }));
      expect(compile(expression).evaluate({})).toBe("none");
    },
  );

  it("are there unless others are given", async () => {
    await expect(compile("($f := function($n) { 1 + $f($n) }; $f(1))").evaluate({})).rejects.toMatchObject({
      code: "D1011",
    });
    await expect(compile("[1..2000000]").evaluate({})).rejects.toMatchObject({ code: "D2015" });
    expect(await compile("$count([1..100000])").evaluate({})).toBe(100_000);
  });

  it("count each evaluation by itself", async () => {
    const compiled = compile("$sum([1..1000])", { timeoutMs: 1_000 });
    await compiled.evaluate({});
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await compiled.evaluate({})).toBe(500_500);
  });
});
