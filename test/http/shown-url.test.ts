import { describe, expect, it } from "vitest";
import { addQuery, linkOf, showUrl, withoutQuery } from "../../src/sources/http/index.ts";

describe("showUrl", () => {
  it.each<[string, string[], string]>([
    ["https://api.example.com/a?after=200", [], "https://api.example.com/a?after=200"],
    ["https://user:pass@api.example.com/a", [], "https://api.example.com/a"],
    ["https://a.com/?api_key=1&API_KEY=2&Token=3&x=4#frag", [], "https://a.com/?api_key=***&API_KEY=***&Token=***&x=4"],
    ["https://a.com/?my%6bey=1&x", ["myKey"], "https://a.com/?my%6bey=***&x"],
    ["https://a.com/?%E0%A4%A=1", [], "https://a.com/?%E0%A4%A=1"],
    [`https://a.com/?p=${"v".repeat(99)}`, [], `https://a.com/?p=${"v".repeat(59)}…`],
    [`https://a.com/${"v".repeat(999)}`, [], `https://a.com/${"v".repeat(285)}…`],
    ["not a url", [], "not a url"],
  ])("%s", (url, secrets, shown) => expect(showUrl(url, secrets)).toBe(shown));
});

describe("queries", () => {
  it.each<[string, [string, string][], string]>([
    ["https://a.com/x", [["a", "b c&d"]], "https://a.com/x?a=b%20c%26d"],
    ["https://a.com/x?a=1&b=2", [["a", "3"]], "https://a.com/x?b=2&a=3"],
    [
      "https://a.com/x?b=%2B",
      [
        ["a", "1"],
        ["a", "2"],
      ],
      "https://a.com/x?b=%2B&a=1&a=2",
    ],
    ["https://a.com/x?b=1#f", [], "https://a.com/x?b=1#f"],
    ["https://a.com/x?b=1#f", [["a", "1"]], "https://a.com/x?b=1&a=1"],
  ])("addQuery %s %j", (url, items, expected) => expect(addQuery(url, items)).toBe(expected));

  it.each<[string, string[], string]>([
    ["https://a.com/x?key=1&page=2#f", ["key"], "https://a.com/x?page=2#f"],
    ["https://a.com/x?key=1", ["key"], "https://a.com/x"],
    ["https://a.com/x", ["key"], "https://a.com/x"],
  ])("withoutQuery %s", (url, names, expected) => expect(withoutQuery(url, names)).toBe(expected));
});

describe("linkOf", () => {
  it.each<[string | undefined, string, string | undefined]>([
    [undefined, "next", undefined],
    ['<https://a.com/?page=2>; rel="next"', "next", "https://a.com/?page=2"],
    [
      '<https://a.com/?page=1>; rel="prev", <https://a.com/?page=3>; rel="next"; title="a, b"',
      "next",
      "https://a.com/?page=3",
    ],
    ["</x?p=2>;rel=next", "next", "/x?p=2"],
    ['<https://a.com/a,b>; title="rel=next"; rel="last next"', "next", "https://a.com/a,b"],
    ['<https://a.com/9>; rel="last"', "next", undefined],
    ['<https://a.com/9>; REL="Next"', "next", "https://a.com/9"],
    ["nonsense", "next", undefined],
  ])("%s", (header, relation, expected) => expect(linkOf(header, relation)).toBe(expected));
});
