import { describe, expect, it } from "vitest";
import { compile, regexesOf } from "../../src/jsonata/index.ts";

const told = (expression: string): string[] =>
  regexesOf(expression).map(({ text, position, damagedBy }) => {
    expect(expression.startsWith(text, position)).toBe(true);
    return damagedBy ? `${text} ${damagedBy}` : text;
  });

describe("the regular expressions of an expression", () => {
  it("stand where they stand, with slashes and flags", () => {
    expect(told(String.raw`$match(a, /[/]x\/(b\/c)/im) & $split(b, /, */)[0] / 2`)).toEqual([
      String.raw`/[/]x\/(b\/c)/im`,
      "/, */",
    ]);
    expect(told("a / b")).toEqual([]);
  });

  it.each([
    ['$replace(a, /q/, "") ?? 1', ["/q/ ??"]],
    ["$contains(a, /q/) ?: 1", ["/q/ ?:"]],
    ['($m := $match(a, /q/); $m) ?? "none"', ["/q/ ??"]],
    ['a[$contains($, /q/)] ?? "none"', ["/q/ ??"]],
    ['$contains($replace(a, /x/, ""), /q/) ?? 1', ["/x/ ??", "/q/"]],
    ["$contains(a, /q/) ?? false", ["/q/"]],
    ["b ?? $match(a, /q/)", ["/q/"]],
    ["$contains(a, /q/) ? 1 : 2", ["/q/"]],
    ['($m := $match(a, /q/); $m ?? "none")', ["/q/"]],
  ])("%s", (expression, regexes) => {
    expect(told(expression)).toEqual(regexes);
  });

  // What the parser does, by its own results: if they come right one day, E205 has no reason any more.
  it.each([
    ['$match(a, /zzz/)[0].match ?? "none"', "zzz", "none"],
    ['$contains(a, /z/) ?: "none"', "zz", "none"],
    ['a[$contains($, /z/)] ?? "none"', "zz", "none"],
  ])("%s comes wrong", async (expression, a, wrong) => {
    expect(await compile(expression).evaluate({ a })).toBe(wrong);
    const named = expression.replace(/^(.*) (\?.) (.*)$/, "($$found := $1; $$found $2 $3)");
    expect(told(named)).toEqual(told(expression).map((text) => text.replace(/ \?.$/, "")));
    expect(await compile(named).evaluate({ a })).not.toBe(wrong);
  });

  it("on the left of ?? comes right where only $contains asks", async () => {
    const { evaluate } = compile('$contains(a, /z/) ?? "none"');
    expect(await evaluate({ a: "zz" })).toBe(true);
    expect(await evaluate({ a: "oo" })).toBe(false);
    expect(await evaluate({})).toBe("none");
  });
});
