import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SpecDocument } from "../../src/spec/document.ts";
import { interpolate } from "../../src/spec/environment-variables.ts";
import { compileTemplate } from "../../src/template/index.ts";
import { shown } from "./support.ts";

function filled(
  text: string,
  values: Record<string, string>,
): { data: unknown; problems: string[]; secrets: string[] } {
  const document = new SpecDocument("connection.yml", text);
  const secrets = new Set<string>();
  const data = interpolate(document, document.data, { values, secrets });
  return { data, problems: shown(document.problems), secrets: [...secrets] };
}

describe("${VAR}", () => {
  it.each([
    ["a value", "a: ${X}", { X: "1" }, "1"],
    ["within a text, twice", "a: '<${X}-${X}>'", { X: "1" }, "<1-1>"],
    ["a default", "a: ${X:-d}", {}, "d"],
    ["the default of an empty one", "a: ${X:-d}", { X: "" }, "d"],
    ["an empty default", "a: '${X:-}'", {}, ""],
    ["a default with a brace, escaped", "a: '${X:-{\\}}'", {}, "{}"],
    ["a value that looks like a reference is not one", "a: ${X}", { X: "${Y}" }, "${Y}"],
    ["a value with $ signs", "a: ${X}", { X: "$& $1 $$" }, "$& $1 $$"],
    ["no reference: a number first", "a: ${1X}", {}, "${1X}"],
    ["no reference: JSONata's grouping", "a: '${ \"k\": v }'", {}, '${ "k": v }'],
  ])("%s", (_, text, values, expected) => {
    expect(filled(text, values as Record<string, string>)).toMatchObject({ data: { a: expected }, problems: [] });
  });

  it("is filled in at any depth, and other values stay what they are", () => {
    expect(filled("a: { b: [x, '${X}', 3, true, null] }", { X: "1" }).data).toEqual({
      a: { b: ["x", "1", 3, true, null] },
    });
  });

  it("reports each missing one at its place, an empty one too", () => {
    expect(filled("a: x ${ONE} ${TWO}\nb: '${EMPTY}'\n", { EMPTY: "" }).problems).toEqual([
      "E405 1:6 the environment variable ONE is not set. Set it, or give a default: ${ONE:-…}",
      "E405 1:13 the environment variable TWO is not set. Set it, or give a default: ${TWO:-…}",
      "E405 2:5 the environment variable EMPTY is empty. Set it, or give a default: ${EMPTY:-…}",
    ]);
  });

  it("names one that is meant", () => {
    expect(filled("a: ${SHOP_TOKN}", { SHOP_TOKEN: "x", PATH: "y" }).problems).toEqual([
      'E405 1:4 the environment variable SHOP_TOKN is not set. Did you mean "SHOP_TOKEN"?',
    ]);
  });

  it("collects the password of an address, as it is written there and as it is", () => {
    const url = "mysql://etl:p%40ss@db.example.com:3306/genius";
    expect(filled("url: ${DB_URL}", { DB_URL: url }).secrets).toEqual(["p%40ss", "p@ss"]);
    expect(filled("url: ${DB_URL}", { DB_URL: "mysql://etl:50%@db.example.com/genius" }).secrets).toEqual(["50%"]);
    expect(filled("url: ${DB_URL}", { DB_URL: "mysql://etl@db.example.com/genius" }).secrets).toEqual([]);
    expect(filled("url: ${DB_URL}", { DB_URL: "genius.db" }).secrets).toEqual([]);
  });

  it("collects what is secret: everything in auth, and what its name tells; never a default", () => {
    const { secrets } = filled(
      "auth: { user: '${USER_NAME}', password: '${P:-default}' }\nurl: '${BASE}'\nvars: { a: '${API_KEY}', b: '${DB_PASSWORD}', c: '${PORTAL}' }\n",
      { USER_NAME: "u", BASE: "b", API_KEY: "k", DB_PASSWORD: "p", PORTAL: "42" },
    );
    expect(secrets.sort()).toEqual(["k", "p", "u"]);
  });
});

describe("${VAR} in headers, which are templates", () => {
  const header = (raw: string, values: Record<string, string>): unknown => {
    const { data, problems } = filled(`headers:\n  x: ${JSON.stringify(raw)}\n`, values);
    expect(problems).toEqual([]);
    return compileTemplate((data as { headers: { x: string } }).headers.x).render(
      { values: { now: "N", vars: { a: "A" } } },
      { mode: "text" },
    );
  };

  it("is data, whatever it holds", () => {
    expect(header("${X}", { X: "{{vars.a}}" })).toBe("{{vars.a}}");
    expect(header("{{vars.a}} ${X}", { X: "\\{{vars.a}}" })).toBe("A \\{{vars.a}}");
    expect(header("DOMAIN\\${X}:{{vars.a}}", { X: "user" })).toBe("DOMAIN\\user:A");
    expect(header("${X}${X}vars.a}}", { X: "{" })).toBe("{{vars.a}}");
    expect(header("{${X}", { X: "{vars.a}}" })).toBe("{{vars.a}}");
    expect(header('{"k": ${X}}', { X: '{"a": 1}' })).toBe('{"k": {"a": 1}}');
  });

  it("for any value: comes out as it went in, and the templates around it still work", () => {
    const character = fc.constantFrom("{", "}", "\\", '"', "'", "a", "!", "#", ">", " ", "é", "\n");
    const value = fc.array(character, { minLength: 1, maxLength: 12 }).map((all) => all.join(""));
    const literal = fc.constantFrom("", "x", "{", "x\\", "} ", "Token ", "{{vars.a}}", "\\\\");
    fc.assert(
      fc.property(literal, value, value, (before, x, y) => {
        const plain = before === "{{vars.a}}" ? "A" : before;
        expect(header(`${before}\${X}\${Y} {{vars.a}}`, { X: x, Y: y })).toBe(`${plain}${x}${y} A`);
      }),
      { numRuns: 1_000 },
    );
  });

  it("cannot stand inside a template", () => {
    expect(filled("headers: { x: \"{{base64 '${X}'}}\" }", { X: "1" }).problems).toEqual([
      "E301 1:26 an environment variable cannot stand inside {{…}}: put it into vars and write {{… vars.name …}}",
    ]);
  });
});
