import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatProblems, shownPath, sortProblems, type Problem } from "../../src/spec/problem.ts";
import { closest, didYouMean } from "../../src/suggest.ts";
import { folderOf } from "./support.ts";

const folder = folderOf({ "a.yml": "first: 1\n\n\tthird: 3\nfourth: 4\n", "b.yml": `${"x\n".repeat(9)}tenth: 1\n` });
const at = (line: number, column: number, more: Partial<Problem> = {}): Problem => ({
  file: join(folder, "a.yml"),
  line,
  column,
  severity: "error",
  code: "E101",
  message: "no",
  length: 1,
  ...more,
});
const text = (...problems: Problem[]): string => formatProblems(problems, "text").replaceAll(folder, "~");

describe("problems as text", () => {
  it("have their line underlined, and the line before", () => {
    expect(text(at(4, 9, { length: 1 }))).toBe(
      "~/a.yml:4:9 E101 no\n  3 | \tthird: 3\n> 4 | fourth: 4\n    |         ^",
    );
  });

  it("leave out a blank line before, underline no more than there is, and keep tabs under tabs", () => {
    expect(text(at(3, 2, { length: 500 }))).toBe("~/a.yml:3:2 E101 no\n> 3 | \tthird: 3\n    | \t^^^^^^^^");
  });

  it("have numbers in one column", () => {
    expect(text(at(10, 1, { file: join(folder, "b.yml"), length: 5 }))).toBe(
      "~/b.yml:10:1 E101 no\n   9 | x\n> 10 | tenth: 1\n     | ^^^^^",
    );
  });

  it("have no frame where there is no line: a file that is not there, a command line", () => {
    expect(text(at(99, 1), at(1, 1, { file: "command line", code: "E400", message: "what" }))).toBe(
      "~/a.yml:99:1 E101 no\n\ncommand line:1:1 E400 what",
    );
  });

  it("say warning where it is one", () => {
    expect(text(at(1, 1, { severity: "warning" })).split("\n")[0]).toBe("~/a.yml:1:1 warning E101 no");
  });
});

describe("problems for machines", () => {
  it("as JSON have the six fields alone, sorted, each once", () => {
    const problems = [at(4, 1), at(1, 9), at(1, 2), at(1, 2), at(1, 2, { code: "E100" })];
    expect(
      (JSON.parse(formatProblems(problems, "json")) as Problem[]).map(({ line, column, code }) => [line, column, code]),
    ).toEqual([
      [1, 2, "E100"],
      [1, 2, "E101"],
      [1, 9, "E101"],
      [4, 1, "E101"],
    ]);
    expect(Object.keys((JSON.parse(formatProblems([at(1, 1)], "json")) as object[])[0]!)).toEqual([
      "file",
      "line",
      "column",
      "severity",
      "code",
      "message",
    ]);
    expect(formatProblems([], "json")).toBe("[]");
  });

  it("as workflow commands are escaped", () => {
    const problem = at(1, 2, { file: "a,b:c.yml", message: "50 % of\r\nit: a, b" });
    expect(formatProblems([problem, at(2, 1, { file: "z.yml", severity: "warning" })], "github")).toBe(
      "::error file=a%2Cb%3Ac.yml,line=1,col=2,title=E101::50 %25 of%0D%0Ait: a, b\n::warning file=z.yml,line=2,col=1,title=E101::no",
    );
  });
});

it("sorting changes no list", () => {
  const problems = [at(4, 1), at(1, 9)];
  sortProblems(problems);
  expect(problems.map(({ line }) => line)).toEqual([4, 1]);
});

it("a path is shown as it is from the working directory, or whole where it lies outside", () => {
  expect(shownPath(join(process.cwd(), "pipelines/a.yml"))).toBe("pipelines/a.yml");
  expect(shownPath("/somewhere/else.yml")).toBe("/somewhere/else.yml");
  expect(shownPath(join(process.cwd(), "..name/a.yml"))).toBe("..name/a.yml");
});

describe("did you mean", () => {
  it.each<[string, string[], string | undefined]>([
    ["paginaton", ["pagination", "parse_json"], "pagination"],
    ["pgaination", ["pagination"], "pagination"],
    ["Email", ["email"], "email"],
    ["curser", ["none", "cursor"], "cursor"],
    ["upper", ["power", "uppercase"], "uppercase"],
    ["updated", ["created_at", "updated_at"], "updated_at"],
    ["xyz", ["email", "phone"], undefined],
    ["id", ["is", "idea"], "is"],
    ["a", ["b"], "b"],
    ["", ["ab"], undefined],
    ["name", [], undefined],
    ["keys", ["keys"], "keys"],
  ])("%s among %j is %s", (word, known, expected) => {
    expect(closest(word, known)).toBe(expected);
  });

  it("is a sentence of its own, or nothing", () => {
    expect(didYouMean("emial", ["email"])).toBe(' Did you mean "email"?');
    expect(didYouMean("emial", ["phone"])).toBe("");
  });
});
