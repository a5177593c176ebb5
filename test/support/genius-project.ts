/** The shipped Genius pipelines in a folder of their own, against a sandbox. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunSummary } from "../../src/runtime/summary.ts";
import type { GeniusSandbox } from "../../sandbox/genius/index.ts";
import { runsOf, type RunningEtl, startEtl } from "./hubspot-project.ts";
import { type EndedEtl, runEtl } from "./warm-etl.ts";

const shipped = fileURLToPath(new URL("../../pipelines/genius", import.meta.url));

export interface GeniusProject {
  folder: string;
  /** In a process of its own. */
  start(...args: string[]): RunningEtl;
  /** To its end, in a process that stays for the next time. */
  etl(...args: string[]): Promise<EndedEtl>;
  /** Runs a pipeline, or the folder, to the end. Throws where the exit code is another than 0. */
  run(target: string, warehouse: { address: string }, ...flags: string[]): Promise<Map<string, RunSummary>>;
  remove(): void;
}

/** Strict: what does not fit a column's type is rejected, and shows. */
export function geniusProject(sandbox: Pick<GeniusSandbox, "env">): GeniusProject {
  const folder = mkdtempSync(join(tmpdir(), "etl-genius-"));
  cpSync(shipped, join(folder, "pipelines/genius"), { recursive: true });
  writeFileSync(join(folder, "etl.yml"), "environments: { development: { validation: strict, log_level: warn } }\n");
  const options = { cwd: folder, env: { ...sandbox.env } };
  const etl: GeniusProject["etl"] = (...args) => runEtl(args, options);
  return {
    folder,
    start: (...args) => startEtl(args, options),
    etl,
    async run(target, { address }, ...flags) {
      const ended = await etl("run", target, "--warehouse", address, "--output", "json", ...flags);
      if (ended.code !== 0)
        throw new Error(`exit code ${ended.code}\n${ended.stdout.slice(0, 5_000)}\n${ended.stderr.slice(-5_000)}`);
      return new Map(runsOf(ended).map((run) => [run.pipeline.replace("genius.", ""), run]));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
