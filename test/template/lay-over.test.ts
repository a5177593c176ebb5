import { describe, expect, it } from "vitest";
import { layOver } from "../../src/spec/lay-over.ts";

describe("layOver", () => {
  it.each<[string, unknown, unknown, unknown]>([
    ["maps merge deeply", { a: { b: 1, c: 2 }, d: 3 }, { a: { b: 9 } }, { a: { b: 9, c: 2 }, d: 3 }],
    ["lists are replaced", { a: [1, 2] }, { a: [3] }, { a: [3] }],
    ["scalars are replaced", { a: 1 }, { a: "x" }, { a: "x" }],
    ["a map replaces a scalar, its nulls taken out", { a: 1 }, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
    ["null removes a key", { a: 1, b: { c: 1, d: 2 } }, { a: null, b: { c: null } }, { b: { d: 2 } }],
    ["null removes what is not there", { a: 1 }, { b: null }, { a: 1 }],
    ["nulls in lists stay", {}, { a: [null] }, { a: [null] }],
    ["nothing laid over", { a: 1 }, {}, { a: 1 }],
  ])("%s", (_name, base, over, expected) => {
    const before = structuredClone([base, over]);
    expect(layOver(base, over)).toEqual(expected);
    expect([base, over]).toEqual(before);
  });

  it("__proto__ is a key like any other", () => {
    const result = layOver({}, JSON.parse('{"__proto__": {"polluted": true}}')) as object;
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect("polluted" in result).toBe(false);
  });
});
