/** The project: etl.yml, its environment, and where its pipelines are. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { didYouMean } from "../suggest.ts";
import { SpecDocument } from "./document.ts";
import { interpolate, type Variables } from "./environment-variables.ts";
import { shownPath, type Problem } from "./problem.ts";
import { checkSchema } from "./schema.ts";
import type { Environment, Project as ProjectFile } from "./types.ts";

export interface Project {
  /** Folder of etl.yml, or the working directory where there is none. */
  folder: string;
  /** Address of the warehouse; a SQLite file is absolute. */
  warehouse: string;
  environmentName: string;
  environment: Environment;
  /** Absolute folders that hold pipelines. */
  pipelineFolders: string[];
  /** Validators named for all pipelines. */
  validators: Record<string, Record<string, unknown>>;
  variables: Variables;
  problems: Problem[];
}

export interface ProjectOptions {
  /** `--env`. */
  environment?: string;
  /** `--warehouse`. */
  warehouse?: string;
  variables: Variables;
}

/** The nearest etl.yml in a folder or above it. */
export function findProjectFile(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const file = join(folder, "etl.yml");
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Loads etl.yml from a folder upwards; without one, a project of defaults in the working directory. */
export function loadProject(from: string, options: ProjectOptions): Project {
  const { variables } = options;
  const file = findProjectFile(from);
  const problems: Problem[] = [];
  let data: ProjectFile = { warehouse: "sqlite:warehouse.db", environment: "development", pipelines: ["pipelines"] };
  let document: SpecDocument | undefined;
  if (file) {
    document = new SpecDocument(file);
    if (document.problems.length === 0) {
      const resolved = interpolate(document, document.data ?? {}, variables);
      if (checkSchema(document, "etl", resolved)) data = resolved as ProjectFile;
    }
  }
  const folder = file ? dirname(file) : process.cwd();
  const environments = data.environments ?? {};
  const environmentName = options.environment ?? variables.values["ETL_ENV"] ?? data.environment;
  const environment = environments[environmentName];
  if (options.environment !== undefined && !environment) {
    problems.push(commandProblem(`there is no environment "${environmentName}" in ${file ? shownPath(file) : "etl.yml (none found)"}.${didYouMean(environmentName, Object.keys(environments))}`));
  }
  problems.push(...(document?.problems ?? []));
  const named = options.warehouse ?? environment?.warehouse;
  return {
    folder,
    warehouse: options.warehouse ? absoluteAddress(options.warehouse, process.cwd()) : absoluteAddress(named ?? data.warehouse, folder),
    environmentName,
    environment: environment ?? {},
    pipelineFolders: data.pipelines.map((name) => resolve(folder, name)),
    validators: (data.validators ?? {}) as Project["validators"],
    variables,
    problems,
  };
}

/** A problem of the command line, which has no place in a file. */
export function commandProblem(message: string): Problem {
  return { file: "command line", line: 1, column: 1, severity: "error", code: "E400", message, length: 1 };
}

/** `sqlite:FILE` with the file made absolute from a folder; every other address as it is. */
function absoluteAddress(address: string, folder: string): string {
  const file = /^sqlite:(?:\/\/)?(.+)$/.exec(address)?.[1];
  return file === undefined || file === ":memory:" || isAbsolute(file) ? address : `sqlite:${resolve(folder, file)}`;
}
