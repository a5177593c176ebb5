/** What the documents promise is there: scripts, commands, flags, files, and the README's spec. */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { createProgram } from "../../src/cli/main.ts";
import { etl, root, temporaryFolder } from "./support.ts";

const documents = ["README.md", "AGENTS.md", "CHANGELOG.md", ...globSync("docs/**/*.md", { cwd: root })];
const text = (file: string): string => readFileSync(join(root, file), "utf8");
const program = await createProgram(() => {});

test.each(documents)("%s: the npm scripts exist", (file) => {
  const { scripts } = JSON.parse(text("package.json")) as { scripts: Record<string, string> };
  const named = [...text(file).matchAll(/\bnpm (?:run )?([a-z][\w:-]*)/g)].map(([, name]) => name!);
  const ofNpm = ["ci", "install", "pack", "scripts", "runs"];
  expect(named.filter((name) => !(name in scripts) && !ofNpm.includes(name))).toEqual([]);
});

test("the README names the two commands that set everything up", () => {
  expect(text("README.md")).toContain("npm ci && npm run demo");
  expect(text("README.md")).toContain("npm ci && npm test");
});

test.each(documents)("%s: links lead to files", (file) => {
  const links = [...text(file).matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, to]) => to!);
  expect(links.filter((to) => !existsSync(join(root, dirname(file), to)))).toEqual([]);
});

/** `npx etl …` and `etl …` in code, as words: comments and what follows a pipe are left out. */
function calls(file: string): string[][] {
  const lines = [...text(file).matchAll(/(?:`|^[$ ]*|&& )(?:npx )?etl ((?:[a-z-])[^`\n#|&]*)/gm)].map(
    ([, rest]) => rest!,
  );
  return lines.map((line) => line.trim().split(/\s+/));
}

test.each(documents.filter((file) => file !== "CHANGELOG.md"))("%s: commands and flags exist", (file) => {
  const wrong: string[] = [];
  for (const words of calls(file)) {
    if (words[0]!.startsWith("-")) continue;
    let command = program.commands.find((each) => each.name() === words[0]);
    command = command?.commands.find((each) => each.name() === words[1]) ?? command;
    const flags = new Set(["--help", ...(command?.options.flatMap(({ long, short }) => [long, short]) ?? [])]);
    const unknown = words.filter((word) => /^--?[a-z]/.test(word) && !flags.has(word.split(/[=,.:;)]/)[0]!));
    if (!command || unknown.length) wrong.push(`etl ${words.join(" ")}`);
  }
  expect(wrong).toEqual([]);
});

test("the README's commands are the program's, all of them", () => {
  const named = new Set(calls("README.md").map(([name]) => name));
  expect(program.commands.map((each) => each.name()).filter((name) => !named.has(name))).toEqual([]);
});

test("the README's spec is valid, runs, and reads only what changed the second time", async () => {
  const spec = /```yaml\n(# yaml-language-server[^`]*)```/.exec(text("README.md"))![1]!;
  expect(spec.split("\n").length).toBeLessThan(32);
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, "pipelines/hubspot"), { recursive: true });
  cpSync(join(root, "etl.yml"), join(cwd, "etl.yml"));
  cpSync(join(root, "pipelines/hubspot/connection.yml"), join(cwd, "pipelines/hubspot/connection.yml"));
  writeFileSync(join(cwd, "pipelines/hubspot/forecast.yml"), spec);
  const sandbox = await startHubspotSandbox({ records: 100, deals: 250, seed: 2 });
  try {
    const env = { HUBSPOT_BASE_URL: sandbox.url, HUBSPOT_API_TOKEN: sandbox.token };
    expect(await etl(["validate"], { cwd, env })).toMatchObject({ code: 0, stdout: "" });
    const run = async (): Promise<Record<string, unknown>> => {
      const { stdout } = await etl(["run", "hubspot.forecast", "--output", "json"], { cwd, env });
      return (JSON.parse(stdout) as { runs: [Record<string, unknown>] }).runs[0];
    };
    expect(await run()).toMatchObject({ status: "success", mode: "initial_full", fetched: 250, created: 250 });
    const second = await run();
    expect(second).toMatchObject({ status: "success", mode: "incremental", created: 0, updated: 0 });
    expect(second["fetched"]).toBeLessThan(25);
  } finally {
    await sandbox.close();
  }
});
