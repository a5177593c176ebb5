/** The command line as a whole: help for everything, mistakes told, stdout clean, old names understood. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Help } from "commander";
import { describe, expect, test } from "vitest";
import { commands as table } from "../../src/cli/commands.ts";
import { createProgram } from "../../src/cli/main.ts";
import { etl, root, temporaryFolder } from "./support.ts";

/** Every command with the words that call it: `["rejects", "list"]`. */
function commandsOf(command: Command, words: string[] = []): { words: string[]; command: Command }[] {
  return command.commands.flatMap((each) => {
    const path = [...words, each.name()];
    return [{ words: path, command: each }, ...commandsOf(each, path)];
  });
}

const program = await createProgram(() => {});
const commands = commandsOf(program).map((each) => ({ ...each, name: each.words.join(" ") }));

/** A folder with a pipeline of two good records and a bad one; its own warehouse. */
function project(): string {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, "people.csv"),
    "id,name,born,changed\n1,Ada,1815-12-10,2025-02-01\n2,Alan,1912-06-23,2025-02-02\n3,Eve,soon,2025-02-03\n",
  );
  writeFileSync(
    join(folder, "people.yml"),
    `pipeline: files.people
description: People of a file.
source: { type: csv, path: people.csv, header: true, delta: { field: changed, type: timestamp, local: true } }
mapping:
  id: { from: id, type: integer }
  name: name
  born: { from: born, type: date, required: true }
  changed: { from: changed, type: timestamp }
upsert: { keys: [id] }
sink: { table: person }
`,
  );
  return folder;
}

describe("help", () => {
  test.each(program.commands.map((command) => [command.name(), command] as const))(
    "the line of %s says what it takes, though its file is not loaded for it",
    (name, command) => {
      const loaded = Help.prototype.subcommandTerm.call(new Help(), command);
      expect(`${name} ${table[name]!.takes}`.trimEnd()).toBe(loaded);
    },
  );
  test("there are the commands that the README names", () => {
    expect(commands.map(({ name }) => name)).toEqual([
      "run",
      "remove",
      "validate",
      "test",
      "new",
      "preview",
      "plan",
      "explain",
      "history",
      "rejects",
      "rejects list",
      "rejects show",
      "rejects replay",
      "state",
      "state show",
      "state set",
      "state reset",
      "connections",
      "connections test",
      "credentials",
      "credentials set",
      "credentials list",
      "credentials rotate",
      "credentials delete",
      "demo",
      "sandbox",
    ]);
  });

  test.each(commands)("$name has a description, and so has all that it takes", ({ command }) => {
    expect(command.description()).toMatch(/^\w.{9,}[^.]$/);
    for (const option of command.options)
      if (!option.hidden) expect(option.description, option.flags).toMatch(/^\S.*[^.\s]$/);
    for (const argument of command.registeredArguments)
      expect(argument.description, argument.name()).toMatch(/^\S.*[^.\s]$/);
  });

  test.each([{ words: [] as string[], name: "" }, ...commands])("etl $name --help", async ({ words }) => {
    const { code, stdout, stderr } = await etl([...words, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Usage: ${["etl", ...words].join(" ")}`);
  });

  test("--version is the package's", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect(await etl(["--version"])).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: "" });
  });
});

describe("mistakes on the command line end with 2 and a hint", () => {
  test.each([
    [["valdate"], "error: unknown command 'valdate'\n(Did you mean validate?)\n"],
    [["rejects", "lst"], "error: unknown command 'lst'\n(Did you mean list?)\n"],
    [["run", "x.yml", "--ful"], "error: unknown option '--ful'\n(Did you mean --full?)\n"],
    [["validate", "--fromat", "json"], "error: unknown option '--fromat'\n(Did you mean --format?)\n"],
    [["rejects", "list", "--al"], "error: unknown option '--al'\n(Did you mean --all?)\n"],
    [["run"], "error: missing required argument 'pipeline'\n"],
    [["run", "x.yml", "--output", "yaml"], /Allowed choices are text, json/],
    [
      ["run", "x.yml", "--max-records", "ten"],
      'etl: --max-records must be a whole number, 0 for unlimited, not "ten"\n',
    ],
    [["run", "x.yml", "--batch-size", "0"], 'etl: --batch-size must be a whole number from 1, not "0"\n'],
    [["run", "x.yml", "--param", "colour"], 'etl: --param "colour" must be name=value\n'],
    [["run", "peopel.yml"], /there is no file, folder or pipeline "peopel\.yml"/],
    [["sandbox", "hubpsot"], /Allowed choices are hubspot/],
  ] as [string[], string | RegExp][])("etl %j", async (args, message) => {
    const { code, stdout, stderr } = await etl(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    if (typeof message === "string") expect(stderr).toBe(message);
    else expect(stderr).toMatch(message);
  });

  test.each([
    ["--start-date", "soon"],
    ["--end-date", "2025-02-30"],
  ])("%s %s names the flag and the value", async (flag, value) => {
    const { code, stdout, stderr } = await etl(["run", "people.yml", flag, value], { cwd: project() });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(flag);
    expect(stderr).toContain(value);
  });
});

describe("stdout is data", () => {
  test("--profile: a table of stages on stdout", async () => {
    const { stdout } = await etl(["run", "people.yml", "--profile"], { cwd: project() });
    const shown = stdout
      .replaceAll(/ *[\d,]+\.\d+/g, " n")
      .replaceAll(/ n +[\d,]+$/gm, " n n")
      .replaceAll(/─+/g, "─")
      .replaceAll(/ {2,}/g, "  ")
      .replaceAll(/^person\.(id|name|born|changed)\b/gm, "field");
    expect(shown).toBe(
      `files.people: 3 records in n s
stage  seconds  %  records/s
─  ─  ─  ─
fetch n n n
parse n n n
map n n n
validate n n
write n n n
wait n n
idle n n
total n n n

most expensive fields  µs/record  % of map and validate
─  ─  ─
field n n
field n n
field n n
`,
    );
  });

  test("--output json: JSON on stdout and nothing else, in every command that has it", async () => {
    const cwd = project();
    const counted = commands.filter(({ command }) => command.options.some(({ long }) => long === "--output"));
    expect(counted.map(({ name }) => name)).toEqual([
      "run",
      "remove",
      "preview",
      "plan",
      "history",
      "rejects list",
      "rejects show",
      "rejects replay",
      "state show",
      "state set",
      "state reset",
      "credentials list",
    ]);

    const ran = await etl(["run", "people.yml", "--output", "json"], { cwd });
    expect(ran.code).toBe(3);
    expect(ran.stdout.split("\n")).toHaveLength(2);
    const { runs } = JSON.parse(ran.stdout) as { runs: Record<string, unknown>[] };
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ pipeline: "files.people", status: "partial", fetched: 3, created: 2, rejected: 1 });
    expect(Object.keys(runs[0]!)).toEqual(
      "pipeline status mode since fetched filtered duplicates rejected mapped created updated unchanged stale deleted warnings duration_seconds records_per_second api_calls retries peak_rss_mb stage_seconds expensive_fields run_id error".split(
        " ",
      ),
    );
    expect(ran.stderr).toContain("Completed files people sync: 2 created, 0 updated, 0 unchanged, 1 failed");

    const state = JSON.parse(
      (await etl(["state", "show", "people.yml", "--output", "json"], { cwd })).stdout,
    ) as object;
    expect(state).toEqual({
      pipeline: "files.people",
      scope: "",
      watermark: "2025-02-03",
      watermark_run: 1,
      problem: null,
      next: { strategy: "incremental", since: "2025-02-03T00:00:00Z" },
      checkpoint: null,
      parents: null,
      running: null,
    });

    const removed = await etl(["remove", "people.yml", "--output", "json"], { cwd });
    expect(removed.code).toBe(2);
    expect(JSON.parse(removed.stdout)).toMatchObject({ runs: [{ pipeline: "files.people", status: "failed" }] });

    const previews = JSON.parse(
      (await etl(["preview", "people.yml", "--output", "json"], { cwd })).stdout,
    ) as unknown[];
    expect(previews).toHaveLength(3);

    const plan = JSON.parse((await etl(["plan", "people.yml", "--output", "json"], { cwd })).stdout) as object;
    expect(plan).toMatchObject({ pipeline: "files.people", strategy: "incremental", request: null, ddl: [] });

    const history = JSON.parse((await etl(["history", "--output", "json"], { cwd })).stdout) as typeof ran & {
      runs: Record<string, unknown>[];
    };
    expect(history.runs).toHaveLength(1);
    expect(history.runs[0]).toMatchObject({ sync_type: "people", records_processed: 3, records_failed: 1 });

    const list = JSON.parse((await etl(["rejects", "list", "--output", "json"], { cwd })).stdout) as {
      rejects: { id: number; field: string; record: { born: string } }[];
    };
    expect(list.rejects).toHaveLength(1);
    expect(list.rejects[0]).toMatchObject({
      field: "born",
      record: { id: "3", name: "Eve", born: "soon", changed: "2025-02-03" },
    });
    const shown = await etl(["rejects", "show", String(list.rejects[0]!.id), "--output", "json"], { cwd });
    expect(JSON.parse(shown.stdout)).toEqual(list);

    const replayed = await etl(["rejects", "replay", "people.yml", "--output", "json"], { cwd });
    expect(replayed.code).toBe(3);
    expect(JSON.parse(replayed.stdout)).toEqual({
      replays: [
        {
          pipeline: "files.people",
          status: "partial",
          dry_run: false,
          records: 1,
          replayed: 0,
          created: 0,
          updated: 0,
          unchanged: 0,
          stale: 0,
          rejected: 1,
          left: {},
          run_id: 2,
          error: "1 record stays rejected: see etl rejects list files.people",
        },
      ],
    });
    writeFileSync(
      join(cwd, "people.yml"),
      readFileSync(join(cwd, "people.yml"), "utf8").replace("type: date, required: true", "type: text"),
    );
    const set = await etl(["state", "set", "people.yml", "--watermark", "2025-02-01", "--output", "json"], { cwd });
    expect(JSON.parse(set.stdout)).toMatchObject({
      before: { watermark: "2025-02-03" },
      after: { watermark: "2025-02-01", watermark_run: 3 },
    });
    const reset = await etl(["state", "reset", "people.yml"], { cwd });
    expect(reset).toMatchObject({ code: 0, stderr: "" });
    expect(reset.stdout).toBe(`before
files.people
  watermark  2025-02-01 (stored by run 3)
  next run   incremental since 2025-02-01T00:00:00Z

now
files.people
  watermark  none
  next run   initial_full

To go back: etl state set files.people --watermark '2025-02-01'
`);
    const none = await etl(["state", "set", "people.yml"], { cwd });
    expect(none).toMatchObject({ code: 2, stdout: "" });
    expect(none.stderr).toContain("required option '--watermark <value>' not specified");

    const mended = await etl(["rejects", "replay", "people.yml", "--id", String(list.rejects[0]!.id)], { cwd });
    expect(mended).toMatchObject({ code: 0, stdout: "" });
    expect(mended.stderr).toContain("Completed files people replay: 1 of 1 records are rows now");
    const gone = await etl(["rejects", "replay", "people.yml", "--id", String(list.rejects[0]!.id)], { cwd });
    expect(gone).toMatchObject({ code: 2, stdout: "" });
    expect(gone.stderr).toContain(`there is no open reject ${list.rejects[0]!.id} of people.yml`);
  });

  test("without runs and rejects there are empty lists, not silence", async () => {
    const cwd = temporaryFolder();
    expect(JSON.parse((await etl(["history", "--output", "json"], { cwd })).stdout)).toEqual({ runs: [] });
    expect(JSON.parse((await etl(["rejects", "list", "--output", "json"], { cwd })).stdout)).toEqual({ rejects: [] });
    expect(JSON.parse((await etl(["rejects", "replay", "--output", "json"], { cwd: project() })).stdout)).toEqual({
      replays: [],
    });
  });

  test("validate --format json: problems as JSON, an empty list when there are none", async () => {
    const cwd = project();
    const good = await etl(["validate", "people.yml", "--format", "json"], { cwd });
    expect({ code: good.code, problems: JSON.parse(good.stdout) as unknown }).toEqual({ code: 0, problems: [] });

    writeFileSync(join(cwd, "people.yml"), `${readFileSync(join(cwd, "people.yml"), "utf8")}sinc: { table: other }\n`);
    const bad = await etl(["validate", "people.yml", "--format", "json"], { cwd });
    expect(bad.code).toBe(2);
    expect(JSON.parse(bad.stdout)).toEqual([
      {
        file: "people.yml",
        line: 11,
        column: 1,
        severity: "error",
        code: "E101",
        message: 'unknown key "sinc". Did you mean "sink"?',
      },
    ]);
  });

  test("a run without --output json leaves stdout empty", async () => {
    expect((await etl(["run", "people.yml"], { cwd: project() })).stdout).toBe("");
  });
});

describe("names of the code base that this replaces", () => {
  test.concurrent.each([
    [["--since", "2025-01-01"], "--since is an old name: use --start-date"],
    [["--force-overwrite"], "--force-overwrite is an old name: use --force"],
    [["--test"], "--test is an old name: use --debug"],
    [["--verbose"], "--verbose is an old name: use --debug"],
    [["--limit", "2"], "--limit is an old name: use --max-records"],
    [["--incremental"], "--incremental is the default: leave it out"],
  ] as [string[], string][])("etl run people.yml %j warns", async (flags, warning) => {
    const { code, stdout, stderr } = await etl(["run", "people.yml", "--dry-run", "--output", "json", ...flags], {
      cwd: project(),
    });
    expect(stderr.split("\n")).toContain(`warning: ${warning}`);
    expect(code, stderr).toBe(flags.includes("--limit") ? 0 : 3); // the third record is a reject
    expect((JSON.parse(stdout) as { runs: unknown[] }).runs).toHaveLength(1);
  });

  test("and do what the new name does", async () => {
    const run = async (flags: string[]): Promise<unknown> => {
      const { stdout } = await etl(["run", "people.yml", "--dry-run", "--output", "json", ...flags], {
        cwd: project(),
      });
      const [{ mode, since, fetched }] = (JSON.parse(stdout) as { runs: [Record<string, unknown>] }).runs;
      return { mode, since, fetched };
    };
    expect(await run(["--since", "2025-02-02"])).toEqual({ mode: "manual", since: "2025-02-02T00:00:00Z", fetched: 3 });
    expect(await run(["--limit", "2"])).toEqual({ ...(await run(["--max-records", "2"]))!, fetched: 2 });
    expect(await run(["--force-overwrite"])).toEqual({ ...(await run(["--force"]))!, mode: "full" });
  });

  test("are not in the help", async () => {
    const { stdout } = await etl(["run", "--help"]);
    expect(stdout).toContain("--start-date");
    for (const old of ["--since", "--force-overwrite", "--test", "--verbose", "--limit", "--incremental"])
      expect(stdout).not.toContain(`${old} `);
  });
});
