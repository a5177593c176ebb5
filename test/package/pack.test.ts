/** The published package: packed, unpacked into a folder of its own, and run there on JavaScript. */
import { execFile } from "node:child_process";
import { isBuiltin } from "node:module";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { freshDatabase } from "../support/postgres.ts";
import { cleanEnvironment, etl, root, type Outcome } from "./support.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "etl-pack-"));
const installed = join(folder, "node_modules/etl");
let contents: string[];

/** `etl` of the package, through the link that npm makes for a bin. */
const packaged = (args: string[], env: Record<string, string> = {}): Promise<Outcome> =>
  etl(args, { cwd: folder, script: join(folder, "node_modules/.bin/etl"), env });

beforeAll(async () => {
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root, env: cleanEnvironment() });
  const [tarball] = globSync("*.tgz", { cwd: folder });
  const { stdout } = await run("tar", ["-tzf", join(folder, tarball!)]);
  contents = stdout
    .trim()
    .split("\n")
    .map((file) => file.replace(/^package\//, ""))
    .sort();
  mkdirSync(installed, { recursive: true });
  await run("tar", ["-xzf", join(folder, tarball!), "--strip-components=1", "-C", installed]);
  rmSync(join(folder, tarball!));

  // What `npm install` would bring: the package's own dependencies, and none of those that only development needs.
  const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  mkdirSync(join(folder, "node_modules/.bin"));
  symlinkSync("../etl/bin/etl.js", join(folder, "node_modules/.bin/etl"));

  writeFileSync(join(folder, "people.csv"), "id,name,phone\n1,Ada,(617) 555-0123\n2,Alan,\n");
  writeFileSync(
    join(folder, "people.yml"),
    `pipeline: files.people
description: People of a file.
source: { type: csv, path: people.csv, header: true }
mapping:
  id: { from: id, type: integer }
  name: $uppercase(name)
  phone: { from: phone, validate: { phone: { country: US } } }
upsert: { keys: [id] }
sink: { table: person }
`,
  );
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("what is in it", () => {
  test("the launcher, JavaScript, schemas, pipelines and documents; no sources, tests or fixtures", () => {
    expect([...new Set(contents.map((file) => file.split("/")[0]!))].sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "bin",
      "dist",
      "docs",
      "etl.yml",
      "package.json",
      "pipelines",
      "schemas",
    ]);
    expect(
      contents.filter((file) => /\.(ts|map|db|tgz|lock|csv)$|(^|\/)(test|tests|fixtures|src|sandbox)\//.test(file)),
    ).toEqual([]);
    expect(contents.filter((file) => file.startsWith("bin/"))).toEqual(["bin/etl.js"]);
    // Libraries that are built in come with their licences.
    const licences = readFileSync(join(installed, "dist/licences.txt"), "utf8");
    for (const name of ["kysely", "undici", "yaml"])
      expect(licences).toMatch(new RegExp(`^${name} \\d.*\\((MIT|ISC)\\)$`, "m"));
    expect(contents.filter((file) => /^dist\/(?!main\.js$)[\w-]+-[A-Z0-9]{8}\.js$/.test(file)).length).toBeGreaterThan(
      3,
    );
    const schemas = readdirSync(join(root, "schemas")).map((name) => `schemas/${name}`);
    expect(contents.filter((file) => file.startsWith("schemas/"))).toEqual(schemas.sort());
  });

  test("whatever dist/ imports is a dependency of the package, or Node's own", () => {
    const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    const imported = new Set<string>();
    for (const file of globSync("dist/*.js", { cwd: installed })) {
      const text = readFileSync(join(installed, file), "utf8");
      const found = text.matchAll(
        /(?:(?:^|;)import|\}from|(?:^|;)import [\w$,*{} ]+ ?from|\b(?:import|__require\d*)\()"([^".][^"]*)"/gm,
      );
      for (const [, name = ""] of found)
        if (!isBuiltin(name)) imported.add(name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
    }
    expect(imported).toContain("pg");
    expect([...imported].filter((name) => !(name in dependencies))).toEqual([]);
  });
});

/** Names of the packages below node_modules that a command loads, without `etl` itself. */
async function packagesLoadedBy(args: string[]): Promise<string[]> {
  const hook = join(folder, "hook.mjs");
  const seen = join(folder, "seen.txt");
  writeFileSync(
    hook,
    `import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(seen)}, url + "\\n"); return next(url, context); } });
`,
  );
  writeFileSync(seen, "");
  const { code, stderr } = await packaged(args, { NODE_OPTIONS: `--import=${pathToFileURL(hook)}` });
  expect(code, stderr).toBe(0);
  const files = readFileSync(seen, "utf8").split("\n");
  expect(files.some((file) => file.endsWith("/etl/dist/main.js"))).toBe(true);
  const names = files.flatMap((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(names)].filter((name) => name !== "etl").sort();
}

describe("what it loads", () => {
  // A driver or an SDK that somebody imports at the top of a file costs every start; here it has a name.
  test("the help and a CSV file into SQLite: no driver, no SDK, nothing that the spec does not ask for", async () => {
    const only = ["jsonata", "libphonenumber-js"]; // and the phone numbers that the spec checks
    expect(only).toEqual(expect.arrayContaining(await packagesLoadedBy(["--help"])));
    const warehouse = ["--warehouse", "sqlite:loads.db"];
    expect(only).toEqual(expect.arrayContaining(await packagesLoadedBy(["run", "people.yml", ...warehouse])));
  });
});

describe("in a folder of its own", () => {
  test("etl --version", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect(await packaged(["--version"])).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: "" });
  });

  test("etl validate finds its schemas: a good spec, and a mistake with its place", async () => {
    expect(await packaged(["validate", "people.yml"])).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "1 pipeline: no problems\n",
    });
    writeFileSync(
      join(folder, "typo.yml"),
      readFileSync(join(folder, "people.yml"), "utf8").replace("mapping:", "maping:"),
    );
    const { code, stdout } = await packaged(["validate", "typo.yml"]);
    expect(code).toBe(2);
    expect(stdout).toContain('typo.yml:4:1 E101 unknown key "maping". Did you mean "mapping"?');
    rmSync(join(folder, "typo.yml"));
  });

  test("etl run: a CSV file into SQLite, then nothing to do", async () => {
    const first = await packaged(["run", "people.yml", "--output", "json"]);
    expect({ code: first.code, ...summary(first) }).toEqual({ code: 0, created: 2, unchanged: 0 });
    const database = new DatabaseSync(join(folder, "warehouse.db"), { readOnly: true });
    expect(
      database
        .prepare("select id, name, phone from person order by id")
        .all()
        .map((row) => ({ ...row })),
    ).toEqual([
      { id: 1, name: "ADA", phone: "6175550123" },
      { id: 2, name: "ALAN", phone: null },
    ]);
    database.close();
    const second = await packaged(["run", "people.yml", "--output", "json"]);
    expect({ code: second.code, ...summary(second) }).toEqual({ code: 0, created: 0, unchanged: 2 });
    const { stdout } = await packaged(["history", "--output", "json"]);
    expect((JSON.parse(stdout) as { runs: unknown[] }).runs).toHaveLength(2);
  });

  test("etl run: into PostgreSQL", async () => {
    const database = await freshDatabase();
    try {
      const outcome = await packaged(["run", "people.yml", "--warehouse", database.url, "--output", "json"]);
      expect({ code: outcome.code, ...summary(outcome) }).toEqual({ code: 0, created: 2, unchanged: 0 });
      expect(await database.query("select id, name from person order by id")).toEqual([
        { id: 1, name: "ADA" },
        { id: 2, name: "ALAN" },
      ]);
    } finally {
      await database.drop();
    }
  });

  test("etl run: the shipped pipelines, copied out of it, over HTTP", async () => {
    const sandbox = await startHubspotSandbox({ records: 300, deals: 20, seed: 3 });
    try {
      cpSync(join(installed, "pipelines/hubspot"), join(folder, "pipelines/hubspot"), { recursive: true });
      const env = { HUBSPOT_BASE_URL: sandbox.url, HUBSPOT_API_TOKEN: sandbox.token };
      const outcome = await packaged(["run", "hubspot.contacts", "hubspot.deals", "--output", "json"], env);
      const { runs } = JSON.parse(outcome.stdout) as {
        runs: { pipeline: string; created: number; rejected: number }[];
      };
      expect(runs.map(({ pipeline, created, rejected }) => [pipeline, created + rejected])).toEqual([
        ["hubspot.contacts", 300],
        ["hubspot.deals", 20],
      ]);
    } finally {
      await sandbox.close();
    }
  });

  test("etl demo: twice, the second one a delta run", async () => {
    rmSync(join(folder, "warehouse.db"), { force: true });
    const first = await packaged(["demo"]);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toMatch(/hubspot\.contacts +success +initial_full +5,0\d\d +5,0\d\d /);
    expect(first.stderr).toMatch(/genius\.prospects +success +initial_full +1,000 +1,000 /);
    expect(first.stdout).toContain("hubspot_contact, the rows that changed last:");
    expect(first.stdout).toContain("genius_appointment, the rows that changed last:");
    const second = await packaged(["demo"]);
    expect(second.code, second.stderr).toBe(0);
    expect(second.stderr).toMatch(/hubspot\.contacts +success +incremental +\d{1,3} /);
    expect(second.stderr).toMatch(/genius\.prospects +success +incremental +12 +0 +12 /);
  });
});

function summary({ stdout }: Outcome): { created: number; unchanged: number } {
  const [{ created, unchanged }] = (JSON.parse(stdout) as { runs: [{ created: number; unchanged: number }] }).runs;
  return { created, unchanged };
}
