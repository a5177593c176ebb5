import { describe, expect, it } from "vitest";
import { regexCost } from "../../src/spec/regex-cost.ts";

const exponential = Number.POSITIVE_INFINITY;

describe("what a regular expression costs", () => {
  it.each([
    ["(a+)+$", exponential, "(a+)+"],
    [String.raw`(\w+\s?)*$`, exponential, String.raw`(\w+\s?)*`],
    ["^(.*,){20}x", exponential, "(.*,){20}"],
    ["^(a|a)*$", exponential, "(a|a)*"],
    ["^(a|ab|b)*c$", exponential, "(a|ab|b)*"],
    ["(abcd|ab|cd)*$", exponential, "(abcd|ab|cd)*"],
    [String.raw`^(\w|\d)+$`, exponential, String.raw`(\w|\d)+`],
    ["^(a?a?)*$", exponential, "(a?a?)*"],
    ["(a*)*b", exponential, "(a*)*"],
    ["(?=(a+)+$)b", exponential, "(a+)+"],
    [String.raw`^(\w{1,20}\s?){1,20}$`, exponential, String.raw`(\w{1,20}\s?){1,20}`],
    ["(.*)(.*)(.*)(.*)x", 5, ".*"],
    [String.raw`\d+\d+\d+x`, 4, String.raw`\d+`],
    ["^(.*),(.*),(.*),(.*)$", 4, ".*"],
    [String.raw`^\s*(.*?)\s*$`, 3, String.raw`\s*`],
  ])("%s is told", (source, degree, part) => {
    const cost = regexCost(source, "");
    expect(cost?.degree).toBe(degree);
    expect(cost?.parts).toContain(part);
  });

  it("looks at flags", () => {
    expect(regexCost("^(a|A)*$", "")).toBeUndefined();
    expect(regexCost("^(a|A)*$", "i")?.degree).toBe(exponential);
    expect(regexCost("^(?:.|\n)*$", "")).toBeUndefined();
    expect(regexCost("^(?:.|\n)*$", "s")?.degree).toBe(exponential);
    expect(regexCost(String.raw`^(\p{L}|\p{Lu})+$`, "u")?.degree).toBe(exponential);
  });

  it.each([
    String.raw`^[^@\s]+@[^@\s]+\.[^@\s]+$`,
    String.raw`^[\w.+-]+@[\w-]+(\.[\w-]+)+$`,
    String.raw`^[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}$`,
    String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$`,
    String.raw`^(\+\d{1,3}[- ]?)?\(?\d{3}\)?[- ]?\d{3}[- ]?\d{4}$`,
    String.raw`^\+?[\d\s().-]{7,20}$`,
    String.raw`^\d{5}(-\d{4})?$`,
    String.raw`^\$?\d{1,3}(,\d{3})*(\.\d{2})?$`,
    "^[A-Za-z]+( [A-Za-z]+)*$",
    "^([a-z0-9]+-)*[a-z0-9]+$",
    "^(?:[0-9a-f]{2}:){15}[0-9a-f]{2}$",
    String.raw`^(?=.*\d)(?=.*[a-z]).{8,}$`,
    String.raw`^"(?:[^"\\]|\\.)*"$`,
    String.raw`^\s+|\s+$`,
    String.raw`(\d+)\s*(km|mi)`,
    "^((?!foo).)*$",
    "^[^,]*,[^,]*,[^,]*$",
    "^[a-z]{1,1000}[0-9]{0,500}$",
    // Nothing follows that could fail.
    String.raw`(\w+\s?)*`,
  ])("%s is in order", (source) => {
    expect(regexCost(source, "")).toBeUndefined();
  });

  it("does not judge what is too large, and takes no longer for it", () => {
    const started = process.cpuUsage().user;
    expect(regexCost(`^(?:${"(?:a|b)?".repeat(3_000)})+$`, "")).toBeUndefined();
    expect(regexCost(`^${"(?:a{1,60}b{1,60}){1,9}".repeat(20)}$`, "")).toBeUndefined();
    expect((process.cpuUsage().user - started) / 1_000).toBeLessThan(5_000);
  });
});
