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

  it("is synchronous where no list is on the way", () => {
    const input = { a: { b: 1, n: null, "odd name": "x" }, list: [1] };
    expect(compile("a.b").evaluate(input)).toBe(1);
    expect(compile("a.n").evaluate(input)).toBe(null);
    expect(compile("a.`odd name`").evaluate(input)).toBe("x");
    expect(compile("a.b.c").evaluate(input)).toBeUndefined();
    expect(compile("nothing.at.all").evaluate(input)).toBeUndefined();
    expect(compile("a").evaluate(undefined)).toBeUndefined();
    expect(compile("list").evaluate(input)).toBeInstanceOf(Promise);
  });

  it("gives a text that holds a number of 19 digits as it came", () => {
    expect(compile("id").evaluate({ id: "1234567890123456789" })).toBe("1234567890123456789");
  });

  it.each([
    "a[0]",
    "a.b[]",
    "$.a",
    "a.*",
    "**.a",
    "a.$b",
    "a{b: c}",
    "a^(b)",
    "a.(b)",
    "a@$x",
    "a & b",
    "%",
    "'a'",
    "5",
    "$",
  ])("is not %s", (expression) => {
    try {
      expect(compile(expression).mode).toBe("reference");
    } catch (error) {
      expect(isJsonataError(error)).toBe(true);
    }
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
  it("goes to the reference, with bindings", async () => {
    const compiled = compile("$first & ' ' & $params.last");
    expect(compiled).toMatchObject({ mode: "reference", expression: "$first & ' ' & $params.last" });
    expect(await compiled.evaluate({}, { first: "Ada", params: { last: "L" } })).toBe("Ada L");
    expect(await compiled.evaluate({}, { first: "B" })).toBe("B ");
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
    await expect(compile(expression, options).evaluate({})).rejects.toMatchObject({ code });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

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
