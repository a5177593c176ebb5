/** The shipped HubSpot pipelines in a folder of their own, against a sandbox without rate limits. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RunSummary } from "../../src/runtime/summary.ts";
import { type EndedEtl, runEtl } from "./warm-etl.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface HubspotProject {
  folder: string;
  /** A pipeline's file, by its name without the system. */
  spec(name: string): string;
  /** Runs `etl` as a user would, in a process of its own. */
  start(args: readonly string[], env?: Record<string, string>): RunningEtl;
  /** Runs `etl` to its end, in a process that stays for the next time. */
  etl(args: readonly string[], env?: Record<string, string>): Promise<EndedEtl>;
  /** Begins a run of a pipeline into a warehouse, in a process of its own. */
  startRun(name: string, warehouse: { address: string }, ...flags: string[]): RunningEtl;
  /** Runs a pipeline into a warehouse, to the end. */
  run(name: string, warehouse: { address: string }, ...flags: string[]): Promise<EndedRun>;
  remove(): void;
}

export interface RunningEtl {
  process: ChildProcess;
  /** Resolves when the process is gone. */
  ended: Promise<EndedEtl>;
}

export interface EndedRun {
  output: EndedEtl;
  runs: RunSummary[];
}

/** Starts `etl` from the sources with this Node. */
export function startEtl(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): RunningEtl {
  const child = spawn(process.execPath, [join(root, "bin/etl.js"), ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<EndedEtl>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return { process: child, ended };
}

/** Copies the pipelines beside an etl.yml with other rate limits than those shipped: as YAML; none unless given. */
export function hubspotProject(sandbox: { url: string; token: string }, rateLimits = "[]"): HubspotProject {
  const folder = mkdtempSync(join(tmpdir(), "etl-hubspot-"));
  cpSync(join(root, "pipelines/hubspot"), join(folder, "pipelines/hubspot"), { recursive: true });
  writeFileSync(
    join(folder, "etl.yml"),
    `environments:\n  development: { validation: lenient, log_level: info, connections: { hubspot: { rate_limits: ${rateLimits} } } }\n`,
  );
  const env = { HUBSPOT_BASE_URL: sandbox.url, HUBSPOT_API_TOKEN: sandbox.token };
  const spec: HubspotProject["spec"] = (name) => join(folder, `pipelines/hubspot/${name}.yml`);
  const start: HubspotProject["start"] = (args, more = {}) => startEtl(args, { cwd: folder, env: { ...env, ...more } });
  const etl: HubspotProject["etl"] = (args, more = {}) => runEtl(args, { cwd: folder, env: { ...env, ...more } });
  const run = (name: string, { address }: { address: string }, flags: readonly string[]) =>
    ["run", spec(name), "--warehouse", address, "--output", "json"].concat(flags);
  return {
    folder,
    spec,
    start,
    etl,
    startRun: (name, warehouse, ...flags) => start(run(name, warehouse, flags)),
    async run(name, warehouse, ...flags) {
      const output = await etl(run(name, warehouse, flags));
      return { output, runs: runsOf(output) };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The runs that `--output json` printed. */
export function runsOf(output: { stdout: string; stderr: string }): RunSummary[] {
  try {
    return (JSON.parse(output.stdout) as { runs: RunSummary[] }).runs;
  } catch (cause) {
    throw new Error(`no JSON on stdout:\n${output.stdout}\n${output.stderr.slice(-3_000)}`, { cause });
  }
}
