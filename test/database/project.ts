/** A project of pipelines over one database, in a folder of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { runsOf } from "../support/hubspot-project.ts";
import { runEtl } from "../support/warm-etl.ts";
import type { RunSummary } from "../../src/runtime/summary.ts";

export interface DatabaseProject {
  folder: string;
  write(entity: string, spec: object): void;
  /** Runs `etl` and gives what it printed. */
  etl(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Runs one pipeline or all. Throws when its exit code is another than 0. */
  run(target: string, warehouse: string, ...args: string[]): Promise<RunSummary[]>;
  remove(): void;
}

/** A project whose connection is called `shop`. */
export function databaseProject(connection: object): DatabaseProject {
  const folder = mkdtempSync(join(tmpdir(), "etl-database-"));
  const pipelines = join(folder, "pipelines/shop");
  mkdirSync(pipelines, { recursive: true });
  writeFileSync(join(folder, "etl.yml"), "environments: { development: { validation: strict } }\n");
  writeFileSync(join(pipelines, "connection.yml"), stringify({ connection: "shop", type: "database", ...connection }));
  const etl: DatabaseProject["etl"] = async (...args) => runEtl(args, { cwd: folder });
  return {
    folder,
    write: (entity, spec) =>
      writeFileSync(join(pipelines, `${entity}.yml`), stringify({ pipeline: `shop.${entity}`, ...spec })),
    etl,
    async run(target, warehouse, ...args) {
      const ended = await etl("run", target, "--warehouse", warehouse, "--output", "json", ...args);
      if (ended.code !== 0) throw new Error(`exit code ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
      return runsOf(ended);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
