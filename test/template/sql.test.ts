/** Where in SQL a value may stand: by the lexical rules of each database. */
import { describe, expect, it } from "vitest";
import { compileSql, sqlRules } from "../../src/template/index.ts";

const all = ["mysql", "postgres", "sqlite", "athena"];

describe("SQL templates", () => {
  const cases: [dialects: string[], sql: string, problems: RegExp[]][] = [
    [all, "a = {{params.x}}", []],
    [all, "a IN ({{params.x}}, {{params.y}})", []],
    [all, "a={{params.x}}OR b", [/comes after/]],
    [all, "a = {{params.x}}+1", []],
    [all, "a = '{{params.x}}'", [/a quoted text/]],
    [all, "a = 'it''s {{params.x}}'", [/a quoted text/]],
    [all, "a = 'it''s' AND b = {{params.x}}", []],
    [all, 'a = "{{params.x}}"', [/a quoted (?:name|text)/]],
    [all, "/* {{params.x}} */ a", [/a comment/]],
    [all, "/* ' */ a = {{params.x}} -- it's", []],
    [all, "a -- {{params.x}}\n = {{params.y}}", [/a comment/]],
    [all, "t{{params.x}}", [/before it/]],
    [all, "t.{{params.x}}", [/before it/]],
    [all, "{{params.x}}.a", [/comes after/]],
    [all, "{{params.x}}{{params.y}}", [/comes after/]],
    [all, "f{{params.x}}(1)", [/before it/]],
    [all, "a = {{{params.x}}}", [/is raw/]],
    [all, "a = 1; DROP TABLE a", [/nothing may follow/]],
    [all, "a = 1 ; ; ", []],
    [all, "a = 'open", [/has no end/]],
    [all, "a /* open", [/has no end/]],
    [["mysql"], "a = 'x\\'{{params.x}}'", [/a quoted text/]],
    [["postgres", "sqlite", "athena"], "a = 'x\\' AND b = {{params.x}}", []],
    [["postgres"], "a = E'x\\'{{params.x}}'", [/a quoted text/]],
    [["mysql"], "a # {{params.x}}\n", [/a comment/]],
    [["postgres"], "a #> {{params.x}}", []],
    [["mysql"], "a = 5--{{params.x}}", []],
    [["postgres", "sqlite", "athena"], "a = 5--{{params.x}}", [/a comment/]],
    [["mysql", "sqlite"], "`{{params.x}}`", [/a quoted name/]],
    [["sqlite"], "[{{params.x}}]", [/a quoted name/]],
    [["postgres"], "a[{{params.x}}]", []],
    [["postgres"], "$$ {{params.x}} $$", [/a quoted text/]],
    [["postgres"], "$tag$ $$ {{params.x}} $tag$", [/a quoted text/]],
    [["postgres"], "$a$ x $a$ = {{params.x}}", []],
    [["postgres"], "/* /* */ {{params.x}} */ a", [/a comment/]],
    [["mysql"], "/* /* */ a = {{params.x}}", []],
    [["postgres"], "{{params.x}}::date", []],
    [["postgres"], "a::{{params.x}}", [/before it/]],
    [["postgres"], "a ? 'key' AND b @> {{params.x}}", []],
    [["mysql", "sqlite", "athena"], "a = ?", [/nobody gives/]],
    [["postgres"], "a = $1", [/nobody gives/]],
    [["sqlite"], "a = :name OR b = @name OR c = $name", [/nobody gives/, /nobody gives/, /nobody gives/]],
    [["mysql"], "a = 'what?' AND b = {{params.x}}", []],
    [["postgres"], "a = '$1' AND b::text = {{params.x}}", []],
    [all, "a = {{iso delta}}", [/it stands alone/]],
    [all, "{{delta}} AND {{keyset}}", []],
  ];
  it.each(cases.flatMap(([dialects, sql, problems]) => dialects.map((dialect) => [dialect, sql, problems] as const)))(
    "%s: %s",
    (dialect, sql, problems) => {
      const found = compileSql(sql, sqlRules[dialect]!).problems.map(({ message }) => message);
      expect(found, found.join("; ")).toHaveLength(problems.length);
      problems.forEach((expected, at) => expect(found[at]).toMatch(expected));
    },
  );

  it("words outside of parentheses are known, those within are not", () => {
    const { words } = compileSql(
      "SELECT a FROM (SELECT b ORDER BY b) AS q WHERE 'LIMIT' = \"LIMIT\" -- OFFSET\n GROUP BY a",
      sqlRules["postgres"]!,
    );
    expect(words.map(({ word }) => word)).toEqual(["SELECT", "A", "FROM", "AS", "Q", "WHERE", "GROUP", "BY", "A"]);
  });
});
