import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ExpectedProblem, expectedText, findProblems, problemCases, problemsFolder } from "./spec-problems.ts";

const expectedOf = (name: string): ExpectedProblem[] =>
  JSON.parse(readFileSync(join(problemsFolder, name, "expected.json"), "utf8")) as ExpectedProblem[];
const etl = new URL("../../bin/etl.js", import.meta.url).pathname;

function validate(name: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { SHOP_TOKEN: _, ETL_ENV: __, ...env } = process.env;
  return spawnSync(process.execPath, [etl, "validate", ...args, "."], {
    cwd: join(problemsFolder, name),
    env: { ...env, SHOP_TOKEN: "t0ken" },
    encoding: "utf8",
  });
}

describe("broken specs", () => {
  // `vitest run -u` writes what was found; every change of a message or a place is then read in the diff.
  it.each(problemCases())("%s", async (name) => {
    const found = findProblems(name);
    expect(found.length).toBeGreaterThan(0);
    await expect(expectedText(found)).toMatchFileSnapshot(join(problemsFolder, name, "expected.json"));
  });

  it("there are more than forty, and every code of the spec layer is among them", () => {
    const cases = problemCases();
    expect(cases.length).toBeGreaterThanOrEqual(40);
    const seen = new Set(cases.flatMap(expectedOf).map(({ code }) => code));
    const sources = new URL("../../src/", import.meta.url).pathname;
    const files = ["spec", "cli"].flatMap((folder) =>
      readdirSync(join(sources, folder)).map((file) => join(sources, folder, file)),
    );
    const emitted = new Set(
      files
        .filter((file) => !file.includes("generated"))
        .flatMap((file) => readFileSync(file, "utf8").match(/"E\d{3}"/g) ?? [])
        .map((code) => code.slice(1, -1)),
    );
    expect([...emitted].filter((code) => !seen.has(code))).toEqual([]);
  });

  it("every place lies in its file, and every message is one sentence that says something", () => {
    for (const name of problemCases()) {
      for (const { file, line, column, message } of expectedOf(name)) {
        expect(message).not.toMatch(/undefined|\[object|NaN|\n/);
        if (file === "command line") continue;
        const text = readFileSync(join(problemsFolder, name, file), "utf8").split("\n")[line - 1];
        expect(text, `${name} ${file}:${line}`).toBeDefined();
        expect(column, `${name} ${file}:${line}:${column}`).toBeLessThanOrEqual(text!.length + 1);
      }
    }
  });
});

describe("etl validate", () => {
  it("prints a frame for each problem and exits with 2", () => {
    const { status, stdout, stderr } = validate("011-cut-by-comma");
    expect(status).toBe(2);
    expect(stdout)
      .toBe(`pipeline.yml:17:19 E204 inside { } YAML cuts this text at ",". Quote this expression: from: '$substring(status, 0, 5)'
  16 |   total: { from: total, type: "decimal(12,2)" }
> 17 |   status: { from: $substring(status, 0, 5), type: text }
     |                   ^^^^^^^^^^^^^^^^^^^^^^^^
`);
    expect(stderr).toContain("1 problem");
  });

  it.each(["061-rule-reads-no-column", "049-missing-environment-variable", "083-duplicate-pipeline-names"])(
    "--format json prints what %s expects, and nothing else",
    (name) => {
      const { status, stdout, stderr } = validate(name, "--format", "json");
      expect({ status, stderr, problems: JSON.parse(stdout) as unknown }).toEqual({
        status: 2,
        stderr: "",
        problems: expectedOf(name),
      });
    },
  );

  it("--format github prints workflow commands", () => {
    const { status, stdout } = validate("012-cut-by-colon", "--format", "github");
    expect(status).toBe(2);
    expect(stdout).toBe(
      "::error file=pipeline.yml,line=17,col=11,title=E204::YAML takes the \": \" in this text for a key. Quote this expression: status: 'paid ? open : closed'\n",
    );
  });

  it("exits with 0 and prints an empty list for specs without problems", () => {
    const folder = new URL("../fixtures/spec-sound/", import.meta.url).pathname;
    const stdout = execFileSync(process.execPath, [etl, "validate", "--format", "json", "."], {
      cwd: folder,
      env: { ...process.env, SHOP_TOKEN: "x" },
      encoding: "utf8",
    });
    expect(JSON.parse(stdout)).toEqual([]);
  });
});
