/** Specs in a folder of their own, loaded as the commands do. */
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadProject, type Project } from "../../src/spec/project.ts";
import { loadPipeline, type LoadResult } from "../../src/spec/load.ts";

export const connection = `connection: shop
type: api
base_url: https://shop.example.com
`;

export const pipeline = `pipeline: shop.orders
source:
  type: api
  connection: shop
  request: { path: /orders }
  records: data
mapping:
  id: { from: id, type: bigint }
  email: { from: email, validate: email }
upsert: { keys: [id] }
sink: { table: shop_order }
`;

/** Writes files by their paths below a new folder, and gives the folder. */
export function folderOf(files: Record<string, string>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "etl-spec-")));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export interface ProjectFlags {
  environment?: string;
  warehouse?: string;
  variables?: Record<string, string>;
}

/** The project of a folder. */
export function projectIn(folder: string, { variables = {}, ...flags }: ProjectFlags = {}): Project {
  return loadProject(folder, { ...flags, variables: { values: variables, secrets: new Set() } });
}

/** One pipeline, written and loaded. */
export function load(
  files: { pipeline?: string; connection?: string; etl?: string },
  flags: ProjectFlags = {},
): LoadResult & { project: Project } {
  const folder = folderOf({
    "pipeline.yml": files.pipeline ?? pipeline,
    "connection.yml": files.connection ?? connection,
    "etl.yml": files.etl ?? "pipelines: [none]\n",
  });
  const project = projectIn(folder, flags);
  return { ...loadPipeline(join(folder, "pipeline.yml"), project), project };
}

/** `code line:column message` of problems. */
export function shown(problems: readonly { code: string; line: number; column: number; message: string }[]): string[] {
  return problems.map(({ code, line, column, message }) => `${code} ${line}:${column} ${message}`);
}
