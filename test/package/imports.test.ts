/** The linter's own test: each border of the house is crossed once, and each gate is walked through once. */
import { execFile } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { root, temporaryFolder } from "./support.ts";

interface Finding {
  code: string;
  filename: string;
  severity: string;
}

/** What oxlint says of files that exist for this test alone, by file. */
async function lint(files: Record<string, string>): Promise<Map<string, string[]>> {
  const place = temporaryFolder();
  copyFileSync(join(root, ".oxlintrc.json"), join(place, ".oxlintrc.json"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), text);
  }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, "node_modules/oxlint/bin/oxlint"), "--format", "json"],
    { cwd: place, maxBuffer: 64_000_000 },
  ).catch((error: { stdout: string; stderr: string }) => {
    if (!error.stdout.trimStart().startsWith("{")) throw new Error(error.stdout + error.stderr);
    return error;
  });
  const found = new Map<string, string[]>();
  for (const { code, filename, severity } of (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics) {
    const name = filename.startsWith("/") ? relative(place, filename) : filename;
    if (severity === "error") found.set(name, [...(found.get(name) ?? []), code]);
  }
  return found;
}

const importing = (specifier: string): string => `import { thing } from "${specifier}";\nexport const same = thing;\n`;

const forbidden: [from: string, to: string[]][] = [
  ["src/values/probe.ts", ["../cli/run", "../jsonata/index", "../runtime/log", "../spec/types", "../template/index"]],
  ["src/values/probe.ts", ["../sinks/index", "../sinks/sqlite", "../sources/contract", "../sources/api/index"]],
  [
    "src/jsonata/probe.ts",
    ["../cli/run", "../runtime/log", "../spec/types", "../sources/contract", "../sinks/contract"],
  ],
  ["src/template/probe.ts", ["../cli/run", "../runtime/log", "../spec/types", "../sources/index", "../sinks/contract"]],
  ["src/spec/probe.ts", ["../cli/run", "../runtime/engine", "../sources/contract", "../sinks/contract"]],
  ["src/draft/probe.ts", ["../cli/run", "../runtime/engine", "../sinks/contract", "../sources/index"]],
  ["src/sources/probe.ts", ["../cli/run", "../runtime/engine", "../sinks/contract"]],
  ["src/sources/api/probe.ts", ["../../cli/run", "../../runtime/engine", "../../sinks/contract", "../csv/index"]],
  ["src/sources/api/paginators/probe.ts", ["../../../runtime/engine", "../../csv/index"]],
  ["src/sources/csv/probe.ts", ["../../runtime/engine", "../../sinks/index", "../api/index"]],
  ["src/sources/database/probe.ts", ["../../runtime/engine", "../../sinks/index", "../api/index", "../http/index"]],
  ["src/sources/database/dialects/probe.ts", ["../../../runtime/engine", "../../csv/index"]],
  ["src/sources/http/probe.ts", ["../../runtime/engine", "../../sinks/index", "../api/index", "../csv/index"]],
  ["src/sources/api/decode/probe.ts", ["../../../runtime/engine", "../../csv/index"]],
  ["src/sources/csv-text/probe.ts", ["../../runtime/engine", "../api/index", "../csv/index", "../http/index"]],
  ["src/sinks/probe.ts", ["../cli/run", "../runtime/state/tables", "../sources/contract", "../spec/types"]],
  [
    "src/sinks/postgres/probe.ts",
    ["../../runtime/engine", "../../sources/contract", "../sqlite/sql", "../sqlite", "../index"],
  ],
  [
    "src/sinks/sqlite/probe.ts",
    ["../../runtime/engine", "../../spec/types", "../postgres/sql", "../postgres", "../index"],
  ],
  ["src/sinks/sqlite.ts", ["./postgres/sql", "./postgres"]],
  ["src/runtime/probe.ts", ["../cli/run", "../sources/index", "../sources/api/index", "../sources/http/contract"]],
  [
    "src/runtime/probe.ts",
    ["../sinks/index", "../sinks/sqlite", "../sinks/postgres/sql", "../../sandbox/hubspot/index"],
  ],
  ["src/runtime/state/probe.ts", ["../../cli/run", "../../sources/index", "../../sinks/sqlite"]],
  ["sandbox/hubspot/probe.ts", ["../../src/values/instant", "../../src/errors"]],
];

const allowed: [from: string, to: string[]][] = [
  ["src/cli/probe.ts", ["../runtime/engine", "../spec/load", "../sources/index", "../sinks/index"]],
  ["src/runtime/probe.ts", ["../sources/contract", "../sinks/contract", "../spec/types", "../jsonata/index", "./log"]],
  ["src/runtime/state/probe.ts", ["../../sinks/contract", "../engine", "./tables"]],
  [
    "src/sources/api/probe.ts",
    ["../contract", "../http/index", "../../spec/types", "../../jsonata/index", "./paginators/index"],
  ],
  ["src/sources/api/decode/probe.ts", ["../../csv-text/header", "../../http/index", "../../contract"]],
  ["src/sources/database/probe.ts", ["../contract", "../../values/instant", "../../template/index"]],
  ["src/sources/csv/probe.ts", ["../contract", "../http/index", "../csv-text/header", "../../values/instant"]],
  ["src/sinks/postgres/probe.ts", ["../contract", "../quote", "./sql", "../../values/instant", "../../errors"]],
  ["src/draft/probe.ts", ["../sources/database/dialects/contract", "../sources/http/link-header", "../values/coerce"]],
  ["src/values/probe.ts", ["../sinks/contract", "../errors", "./instant"]],
  ["src/template/probe.ts", ["../sources/contract", "../values/instant"]],
  ["src/spec/probe.ts", ["../jsonata/index", "../template/index", "../values/json-text"]],
];

/** One file a border, so that one run of the linter tries them all. */
function probes(table: [from: string, to: string[]][]): { name: string; from: string; to: string; text: string }[] {
  return table.flatMap(([from, targets]) =>
    targets.map((target) => {
      const place = posix.dirname(from);
      const to = posix.join(place, `${target}.ts`);
      const name = from.endsWith("probe.ts") ? `${place}/probe-${to.replaceAll(/[/.]/g, "-")}.ts` : from;
      return { name, from, to, text: importing(`${target}.ts`) };
    }),
  );
}

describe("who may import whom", async () => {
  const crossings = probes(forbidden).filter(({ name, from }) => name !== from);
  const gates = probes(allowed);
  const found = await lint(Object.fromEntries([...crossings, ...gates].map(({ name, text }) => [name, text])));

  test.each(crossings)("$from may not import $to", ({ name }) => {
    expect(found.get(name)).toEqual(["eslint(no-restricted-imports)"]);
  });

  test.each(gates)("$from may import $to", ({ name }) => {
    expect(found.get(name)).toBeUndefined();
  });

  test.each(probes(forbidden).filter(({ name, from }) => name === from))("$from may not import $to", async (border) => {
    expect((await lint({ [border.from]: border.text })).get(border.from)).toEqual(["eslint(no-restricted-imports)"]);
  });

  test("a re-export and a type cross a border as an import does", async () => {
    const text = {
      "src/runtime/reexport.ts": 'export { openSink } from "../sinks/index.ts";\n',
      "src/runtime/type-only.ts": 'import type { Api } from "../sources/api/index.ts";\nexport type Same = Api;\n',
    };
    const codes = await lint(text);
    for (const name of Object.keys(text)) expect(codes.get(name)).toEqual(["eslint(no-restricted-imports)"]);
  });

  // The linter looks at import statements alone: what the sources load by import() is shown to it as one.
  test("import() in the sources crosses no border", async () => {
    const files: Record<string, string> = {};
    for (const file of globSync("{src,sandbox}/**/*.ts", { cwd: root })) {
      const loads = [...readFileSync(join(root, file), "utf8").matchAll(/\bimport\("(\.[^"]+)"\)/g)];
      if (loads.length)
        files[file] = loads.map(([, to], at) => `import * as at${at} from "${to}";\nexport { at${at} };\n`).join("");
    }
    expect(Object.keys(files)).toContain("src/sources/index.ts");
    const codes = [...(await lint(files)).values()].flat();
    expect(codes.filter((code) => code.includes("restricted"))).toEqual([]);
  });
});

describe("house rules", () => {
  const cases = {
    "src/runtime/speak.ts": ["export const speak = () => console.log(1);\n", "eslint(no-console)"],
    "src/spec/out.ts": ["export const out = () => process.stdout.write('1');\n", "eslint(no-restricted-properties)"],
    "src/sinks/leave.ts": ["export const leave = () => process.exit(1);\n", "unicorn(no-process-exit)"],
    "src/runtime/code.ts": [
      "export const code = () => { process.exitCode = 1; };\n",
      "eslint(no-restricted-properties)",
    ],
    "src/runtime/anything.ts": ["export const anything = (x: any) => x;\n", "typescript(no-explicit-any)"],
    "src/runtime/whole.ts": ["export default 1;\n", "import(no-default-export)"],
    "src/runtime/camelCase.ts": ["export const one = 1;\n", "unicorn(filename-case)"],
    "src/runtime/old.ts": [
      'import { join } from "path";\nexport const same = join;\n',
      "unicorn(prefer-node-protocol)",
    ],
  } as const;

  test("each is an error", async () => {
    const found = await lint(Object.fromEntries(Object.entries(cases).map(([name, [text]]) => [name, text])));
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.entries(cases).map(([name, [, code]]) => [name, [code]])),
    );
  });

  test("the command line may speak and set the exit code", async () => {
    const text = "export const end = () => { console.log(1); process.stdout.write('1'); process.exitCode = 2; };\n";
    expect(await lint({ "src/cli/end.ts": text })).toEqual(new Map());
  });
});
