import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { parseDocument, type Scalar } from "yaml";
import { SpecDocument, type Path, type PlaceOptions } from "../../src/spec/document.ts";
import { sourceOffset } from "../../src/spec/source-offset.ts";

/** `line:column`, and what the frame underlines there. */
function placeOf(text: string, path: Path, options: PlaceOptions = {}): string {
  const document = new SpecDocument("spec.yml", text);
  expect(document.problems).toEqual([]);
  document.add(path, "E999", "x", options);
  const [problem] = document.problems;
  const line = text.split("\n")[problem!.line - 1]!;
  return `${problem!.line}:${problem!.column} ${line.slice(problem!.column - 1, problem!.column - 1 + problem!.length)}`;
}

describe("where a path stands", () => {
  const text = `base: &base
  type: text
  trim: false
other: &other { on_fail: warn }
mapping:
  id: { from: id }
  name: { <<: *base, from: name }
  city: { <<: [*other, *base], from: city }
  copy: *base
rules:
  - first
  - { name: second, check: x }
`;

  it.each<[string, Path, PlaceOptions, string]>([
    ["a value", ["mapping", "id", "from"], {}, "6:15 id"],
    ["a key", ["mapping", "id", "from"], { target: "key" }, "6:9 from"],
    ["an item of a list", ["rules", 0], {}, "11:5 first"],
    ["a key in an item", ["rules", 1, "check"], { target: "key" }, "12:21 check"],
    ["a value behind an alias", ["mapping", "copy", "trim"], {}, "3:9 false"],
    ["a key behind a merge key", ["mapping", "name", "type"], { target: "key" }, "2:3 type"],
    ["the first of several merged maps", ["mapping", "city", "on_fail"], {}, "4:26 warn"],
    ["the second of several merged maps", ["mapping", "city", "trim"], {}, "3:9 false"],
    ["an own key beside a merge key", ["mapping", "name", "from"], {}, "7:28 name"],
    [
      "a path that ends too soon: as far as it goes",
      ["mapping", "id", "nothing", "below"],
      { target: "key" },
      "6:3 id",
    ],
    ["no path: the file", [], { length: 1 }, "1:1 b"],
  ])("%s", (_, path, options, expected) => {
    expect(placeOf(text, path, options)).toBe(expected);
  });

  it("of a key that is there twice is that of the last, which is what the data has", () => {
    const document = new SpecDocument("spec.yml", "a: 1\nb: 2\na: 3\n");
    document.add(["a"], "E999", "x");
    expect(document.data).toEqual({ a: 3, b: 2 });
    expect(document.problems.map(({ code, line, column }) => [code, line, column])).toEqual([
      ["E002", 3, 1],
      ["E999", 3, 4],
    ]);
  });

  it("counts lines that end in CR LF, and columns after a byte order mark", () => {
    expect(placeOf("a: 1\r\nb:\r\n  c: xyz\r\n", ["b", "c"], { offset: 1 })).toBe("3:7 y");
    const marked = new SpecDocument("spec.yml", "\ufeffa: 1\nb: 2\n");
    marked.add(["b"], "E999", "x");
    expect(marked.data).toEqual({ a: 1, b: 2 });
    expect(marked.problems).toMatchObject([{ line: 2, column: 4 }]);
  });

  it("is one mistake under two aliases, and two where the mistakes differ", () => {
    const document = new SpecDocument("spec.yml", "a: &a { b: 1 }\nc: *a\n");
    document.add(["a", "b"], "E1", "in a", { mistake: "b" });
    document.add(["c", "b"], "E1", "in c", { mistake: "b" });
    document.add(["c", "b"], "E1", "in c", { mistake: "other" });
    expect(document.problems.map(({ message }) => message)).toEqual(["in a", "in c"]);
  });
});

describe("where a character of a text stands", () => {
  it.each<[string, string, string, string]>([
    ["plain", "a: x + y\n", "y", "1:8"],
    ["plain over several lines", "a: x +\n  y +\n\n  z\n", "z", "4:3"],
    ["single quotes", "a: 'it''s ''q'' z'\n", "z", "1:17"],
    ["a quote in single quotes", "a: 'x''y'\n", "'", "1:6"],
    ["double quotes with escapes", 'a: "\\"\\u00e9\\t\\\\ \\x41 z"\n', "z", "1:23"],
    ["double quotes over a line break", 'a: "x \\\n  y z"\n', "z", "2:5"],
    ["a letter that an escape before it seems to hold", 'a: "\\tt"\n', "t", "1:7"],
    ["a literal block", "a: |\n    x\n    y\n      z\n", "z", "4:7"],
    ["a literal block with a header of its own", "a: |2- # note z\n   x\n   z\n", "z", "3:4"],
    ["a folded block", "a: >-\n  x\n  y\n\n  z\n", "z", "5:3"],
    ["a flow map", "a: { b: x and z }\n", "z", "1:15"],
    ["characters of two units before it", "a: '\u{1f600} z'\n", "z", "1:8"],
  ])("%s", (_, text, character, expected) => {
    const document = new SpecDocument("spec.yml", text);
    const data = document.data as { a: string | { b: string } };
    const path = typeof data.a === "string" ? ["a"] : ["a", "b"];
    const value = typeof data.a === "string" ? data.a : data.a.b;
    document.add(path, "E999", "x", { offset: value.indexOf(character) });
    const [problem] = document.problems;
    expect(`${problem!.line}:${problem!.column}`).toBe(expected);
  });

  it("is its end where the value ends sooner", () => {
    expect(placeOf("a: [x, 'y z']\n", ["a", 1], { offset: 99 })).toBe("1:12 '");
  });

  it("for any text, in any style, shows the same character", () => {
    const styles: Scalar.Type[] = ["PLAIN", "QUOTE_DOUBLE", "QUOTE_SINGLE", "BLOCK_LITERAL", "BLOCK_FOLDED"];
    const character = fc.constantFrom(
      "a",
      "b",
      "'",
      '"',
      "\\",
      " ",
      "\n",
      "t",
      "é",
      "#",
      ":",
      "{",
      "]",
      "$",
      "&",
      "\u{1f600}",
    );
    fc.assert(
      fc.property(
        fc.array(character, { maxLength: 40 }).map((all) => all.join("")),
        fc.constantFrom(...styles),
        fc.boolean(),
        (value, type, flow) => {
          const written = parseDocument("{}");
          const scalar = written.createNode(value) as Scalar;
          scalar.type = type;
          written.contents = written.createNode({ key: null }, { flow }) as never;
          (written.contents as unknown as { set(key: string, value: unknown): void }).set("key", scalar);
          const text = written.toString({ lineWidth: 20 });
          const read = parseDocument(text);
          const node = read.get("key", true) as Scalar;
          if (read.errors.length > 0 || node.value !== value) return;
          for (let offset = 0; offset < value.length; offset++) {
            const wanted = String.fromCodePoint(value.codePointAt(offset)!);
            if (/\s/.test(wanted) || /[\udc00-\udfff]/.test(value[offset]!)) continue;
            const found = text.slice(sourceOffset(text, node, offset));
            const escaped = found.startsWith(wanted) || (found.startsWith("\\") && node.type === "QUOTE_DOUBLE");
            expect(escaped, `${JSON.stringify(text)} at ${offset} shows ${found.slice(0, 3)}, not ${wanted}`).toBe(
              true,
            );
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("a text that YAML cuts", () => {
  it("is read as it was meant, so that the rest of the file is checked too", () => {
    const document = new SpecDocument(
      "spec.yml",
      "mapping:\n  a: { from: $substring(x, 0, 5), type: text }\n  b: c ? d : e\nupsert: 1\n",
    );
    expect(document.data).toEqual({
      mapping: { a: { from: "$substring(x, 0, 5)", type: "text" }, b: "c ? d : e" },
      upsert: 1,
    });
    expect(document.problems.map(({ code, line, column }) => `${code} ${line}:${column}`)).toEqual([
      "E204 2:14",
      "E204 3:6",
    ]);
  });

  it("has no other problem inside, and places after it on its line are right", () => {
    const document = new SpecDocument("spec.yml", "a: { from: \"x\" & 'y', type: txt }\n");
    document.add(["a", "from"], "E999", "inside", { offset: 3 });
    document.add(["a", "type"], "E999", "after");
    expect(document.problems.map(({ code, column, length }) => `${code} ${column} ${length}`)).toEqual([
      "E204 12 9",
      "E999 29 3",
    ]);
  });

  it.each([
    ["x: a ? b : c", "'a ? b : c'"],
    ["x: a ? 'b' : c  # why", `"a ? 'b' : c"`],
    ["x: { from: items[0], type: text }", "'items[0]'"],
    ["x: { from: $f(a, function($v) { $v.n }), type: text }", "'$f(a, function($v) { $v.n })'"],
    ['x: { from: $lookup({"a": 1}, b) }', `'$lookup({"a": 1}, b)'`],
    ["x: { from: $match(a, /[,;]/), type: text }", "'$match(a, /[,;]/)'"],
    ["- { name: r, check: status in ['a', \"b\"], message: m }", `'status in [''a'', "b"]'`],
    ["x: [a, b][0]", "'[a, b][0]'"],
    ["x: @", undefined],
    ["x: `a b`.c", "'`a b`.c'"],
    ['x: a & " #1"', `'a & " #1"'`],
    ["x: 'a' & b", `"'a' & b"`],
    ["x: *.name", "'*.name'"],
  ])("%s is shown quoted", (line, quoted) => {
    const document = new SpecDocument("spec.yml", `${line}\n`);
    expect(document.problems).toHaveLength(1);
    expect(document.problems[0]!.code).toBe(quoted === undefined ? "E001" : "E204");
    if (quoted !== undefined)
      expect(document.problems[0]!.message.endsWith(`: ${quoted}`), document.problems[0]!.message).toBe(true);
  });

  it.each([
    "x: don't # it's",
    "x: (a # b",
    "x: { a: it's, b: c }",
    "x: { a: don't, b: won't }",
    "x: a#b",
    "x: 'a # b'",
    "x: [a (b), c]",
    "x: a, b",
    "x: { a: b }",
    "x: '{'",
    "x: $a[b = 'c'] # all",
    "x: { a: http://h:1/?q=1&r=2, b: c }",
  ])("%s is not one", (line) => {
    expect(new SpecDocument("spec.yml", `${line}\n`).problems).toEqual([]);
  });
});

it("a file that cannot be read is a problem of its own", () => {
  const document = new SpecDocument("/nowhere/spec.yml");
  expect(document.broken).toBe(true);
  expect(document.problems).toMatchObject([{ code: "E001", line: 1, column: 1 }]);
  expect(document.problems[0]!.message).toContain("the file cannot be read: ENOENT");
});

it("a billion laughs end as a problem", () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `a${level + 1}: &a${level + 1} [${Array(10).fill(`*a${level}`).join(", ")}]`,
  );
  const document = new SpecDocument("spec.yml", `a0: &a0 x\n${levels.join("\n")}\n`);
  expect(document.problems.map(({ code }) => code)).toEqual(["E001"]);
});
