/** Loads a folder of test/fixtures/spec-problems as `cd FOLDER && etl validate --format json .` does. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { loadSpecs, openContext } from "../../src/cli/context.ts";
import { loadConnectionFile } from "../../src/spec/load.ts";
import { formatProblems } from "../../src/spec/problem.ts";

export const problemsFolder = new URL("../fixtures/spec-problems/", import.meta.url).pathname;

export interface ExpectedProblem {
  file: string;
  line: number;
  column: number;
  severity: string;
  code: string;
  message: string;
}

/** Names of the cases, in order. */
export function problemCases(): string[] {
  return readdirSync(problemsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** What `etl validate` finds in a case. The environment of the cases holds SHOP_TOKEN alone. */
export function findProblems(name: string): ExpectedProblem[] {
  const before = process.cwd();
  process.chdir(join(problemsFolder, name));
  try {
    const context = openContext(["."], {}, { SHOP_TOKEN: "t0ken" });
    const specs = loadSpecs(["."], context);
    const problems = [
      ...specs.problems,
      ...specs.connections.flatMap((file) => loadConnectionFile(file, context.project).problems),
    ];
    return JSON.parse(formatProblems(problems, "json")) as ExpectedProblem[];
  } finally {
    process.chdir(before);
  }
}

/** Problems as expected.json holds them: one a line. */
export function expectedText(problems: readonly ExpectedProblem[]): string {
  return `[\n${problems.map((problem) => `  ${JSON.stringify(problem)}`).join(",\n")}\n]\n`;
}
