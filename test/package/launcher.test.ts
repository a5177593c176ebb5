/** bin/etl.js: the right Node, V8's heap limits, and a process that scheduler and terminal can deal with. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { transform } from "esbuild";
import { describe, expect, test } from "vitest";
import { startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { cleanEnvironment, etl, launcher, root, temporaryFolder } from "./support.ts";

/** A Node of this machine that is too old for `etl`, where there is one. */
function findOldNode(): { path: string; version: string } | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/local/bin"];
  for (const path of folders.map((folder) => join(folder, "node"))) {
    if (path.includes("node_modules") || !existsSync(path)) continue;
    const version = execFileSync(path, ["--version"], { encoding: "utf8", env: cleanEnvironment() }).trim();
    if (Number(version.slice(1).split(".")[0]) < 24) return { path, version };
  }
  return undefined;
}

const old = findOldNode();
const nodes = [
  { name: "this Node", path: process.execPath },
  ...(old ? [{ name: `Node ${old.version}`, ...old }] : []),
];

/** Starts the sandbox, a server that runs until it is told to end, and waits for its address. */
async function startServer(node: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(node, [launcher, "sandbox", "hubspot", "--records", "10"], {
    cwd: temporaryFolder(),
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "ignore"],
    detached: true, // a group of its own, as a shell makes one for each command
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, url: (JSON.parse(line) as { url: string }).url };
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    () => true,
    () => false,
  );
}

describe.each(nodes)("started on $name", ({ path: node }) => {
  test("it runs, and the exit code is the command's", async () => {
    expect((await etl(["--version"], { node })).code).toBe(0);
    expect(await etl(["nothing"], { node })).toMatchObject({ code: 2, stderr: "error: unknown command 'nothing'\n" });
    const { code } = await etl(["rejects", "show", "1"], { node, cwd: temporaryFolder() });
    expect(code).toBe(1);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s reaches the command, once", async (signal) => {
    const { child, url } = await startServer(node);
    expect(await answers(url)).toBe(true);
    child.kill(signal);
    // The second signal would have ended it with 130.
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await answers(url)).toBe(false);
  });

  test("Ctrl-C, which the terminal sends to the whole group, reaches the command once", async () => {
    const { child, url } = await startServer(node);
    expect(await answers(url)).toBe(true);
    process.kill(-child.pid!, "SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await answers(url)).toBe(false);
  });

  test("kill -9 leaves nothing behind", async () => {
    const { child, url } = await startServer(node);
    child.kill("SIGKILL");
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
    for (let wait = 0; wait < 40 && (await answers(url)); wait++) await sleep(50);
    expect(await answers(url)).toBe(false);
  });

  test("SIGTERM in a run: the batch in hand is finished, and the exit code is 130", async () => {
    const sandbox = await startHubspotSandbox({ records: 20_000, seed: 1 });
    try {
      const cwd = temporaryFolder();
      const child = spawn(
        node,
        [
          launcher,
          "run",
          join(root, "pipelines/hubspot/contacts.yml"),
          "--warehouse",
          "sqlite:w.db",
          "--output",
          "json",
        ],
        {
          cwd,
          env: cleanEnvironment({ HUBSPOT_BASE_URL: sandbox.url, HUBSPOT_API_TOKEN: sandbox.token }),
        },
      );
      const lines: string[] = [];
      createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
      const output = createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
      while (!lines.some((line) => line.includes("Starting hubspot contacts sync"))) await sleep(20);
      await sleep(300);
      child.kill("SIGTERM");
      expect(await once(child, "close")).toEqual([130, null]);
      expect(lines.filter((line) => line.startsWith("SIGTERM:"))).toHaveLength(1);
      const { runs } = JSON.parse((await output).value as string) as { runs: [{ status: string }] };
      expect(runs[0].status).toBe("failed");
    } finally {
      await sandbox.close();
    }
  });

  test("stdin and NODE_OPTIONS are the command's: nothing is read or lost on the way", async () => {
    const folder = temporaryFolder();
    const probe = join(folder, "probe.cjs");
    // ETL_NODE is set in the process that becomes the command, and in no other.
    writeFileSync(
      probe,
      `if (process.env.ETL_NODE) require("node:fs").writeFileSync(${JSON.stringify(join(folder, "seen.json"))}, JSON.stringify({
         stdin: require("node:fs").readFileSync(0, "utf8"),
         limitMb: require("node:v8").getHeapStatistics().heap_size_limit / 2 ** 20,
         flags: process.execArgv,
         version: process.versions.node,
       }));`,
    );
    const input = "one line\n".repeat(20_000);
    const options = `--require=${probe} --max-old-space-size=300`;
    const { code, stdout } = await etl(["--version"], { node, input, env: { NODE_OPTIONS: options } });
    expect({ code, stdout }).toEqual({ code: 0, stdout: (await etl(["--version"], { script: launcher })).stdout });
    const seen = JSON.parse(readFileSync(join(folder, "seen.json"), "utf8")) as Record<string, unknown>;
    expect(seen["stdin"]).toBe(input);
    expect(seen["limitMb"]).toBeGreaterThanOrEqual(300);
    expect(seen["limitMb"]).toBeLessThan(400);
    expect(seen["flags"]).toEqual(expect.arrayContaining([expect.stringMatching(/^--max-semi-space-size=\d+$/)]));
    expect(seen["version"]).toMatch(/^(2[4-9]|[3-9]\d)\./);
  });
});

test("a heap limit in NODE_OPTIONS wins over ours", async () => {
  const folder = temporaryFolder();
  const probe = join(folder, "probe.cjs");
  writeFileSync(probe, `process.on("exit", () => process.stderr.write(process.execArgv.join(" ")));`);
  const env = { NODE_OPTIONS: `--require=${probe} --max-semi-space-size=2` };
  expect((await etl(["--version"], { env, script: launcher })).stderr).not.toContain("--max-semi-space-size");
});

test("no ETL_NODE is left for what the command starts", async () => {
  const folder = temporaryFolder();
  const probe = join(folder, "probe.cjs");
  writeFileSync(probe, `process.on("exit", () => process.stderr.write(String("ETL_NODE" in process.env)));`);
  expect((await etl(["--version"], { script: launcher, env: { NODE_OPTIONS: `--require=${probe}` } })).stderr).toBe(
    "false",
  );
});

/** bin/etl.js in a folder of its own, as it is where nothing has been installed. */
function bareInstallation(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "bin"));
  copyFileSync(launcher, join(folder, "bin/etl.js"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  return folder;
}

test.skipIf(!old)(
  "an old Node and no newer one (needs a Node before 24 on this machine): one line, what to do",
  async () => {
    const outcome = await etl(["--version"], { node: old!.path, script: join(bareInstallation(), "bin/etl.js") });
    expect(outcome).toEqual({
      code: 1,
      signal: null,
      stdout: "",
      stderr: `etl needs Node 24 or newer, and this is ${old!.version}: install a newer Node (https://nodejs.org), or run "npm ci" in a clone, which brings one\n`,
    });
  },
);

test("a clone without npm ci: one line, what to do", async () => {
  const folder = bareInstallation();
  mkdirSync(join(folder, "src/cli"), { recursive: true });
  copyFileSync(join(root, "src/cli/main.ts"), join(folder, "src/cli/main.ts"));
  const outcome = await etl(["--version"], { script: join(folder, "bin/etl.js") });
  expect(outcome).toMatchObject({ code: 1, stdout: "" });
  expect(outcome.stderr).toBe('etl: its dependencies are not installed: run "npm ci" first\n');
});

test("any Node from 14 on can parse it: nothing in it is newer than ES2020", async () => {
  const text = readFileSync(launcher, "utf8");
  const [as2020, asWritten] = await Promise.all(
    // A top-level await is an error there; newer syntax would be written in another way.
    ["es2020", "esnext"].map((target) => transform(text, { target, format: "esm" })),
  );
  expect(as2020!.code).toBe(asWritten!.code);
});
