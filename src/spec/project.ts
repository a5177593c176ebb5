/** The project: etl.yml, its environment, and where its pipelines are. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { didYouMean } from "../suggest.ts";
import { checkNamedValidators } from "./check-validators.ts";
import { SpecDocument } from "./document.ts";
import { interpolate, type Variables } from "./environment-variables.ts";
import type { Problem } from "./problem.ts";
import { checkSchema } from "./schema.ts";
import { tree, type Tree } from "./tree.ts";
import type { Environment, Project as ProjectFile } from "./types.ts";

export interface Project {
  /** Folder of etl.yml, or the working directory where there is none. */
  folder: string;
  /** Address of the warehouse; a SQLite file is absolute. */
  warehouse: string;
  environmentName: string;
  environment: Environment;
  /** Environments that etl.yml names. */
  environmentNames: string[];
  /** Absolute folders that hold pipelines. */
  pipelineFolders: string[];
  /** Validators named for all pipelines. */
  validators: Record<string, Record<string, unknown>>;
  variables: Variables;
  problems: Problem[];
  /** etl.yml; absent where there is none. */
  document?: SpecDocument;
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
  const document = file === undefined ? undefined : new SpecDocument(file);
  const problems: Problem[] = [];
  const { data, environmentName, environment } = readProject(document, options, problems);
  const folder = file ? dirname(file) : process.cwd();
  const named = options.warehouse ?? environment.warehouse;
  return {
    folder,
    warehouse: options.warehouse
      ? absoluteAddress(options.warehouse, process.cwd())
      : absoluteAddress(named ?? data.warehouse, folder),
    environmentName,
    environment,
    environmentNames: Object.keys(tree(tree(document?.data)["environments"])),
    pipelineFolders: data.pipelines.map((name) => resolve(folder, name)),
    validators: (data.validators ?? {}) as Project["validators"],
    variables,
    problems: [...problems, ...(document?.problems ?? [])],
    ...(document ? { document } : {}),
  };
}

const defaults: ProjectFile = {
  warehouse: "sqlite:warehouse.db",
  environment: "development",
  pipelines: ["pipelines"],
};

interface ReadProject {
  data: ProjectFile;
  environmentName: string;
  environment: Environment;
}

/** The file's data with the environment's variables; those of environments that are not in use are not asked for. */
function readProject(document: SpecDocument | undefined, options: ProjectOptions, problems: Problem[]): ReadProject {
  const { variables } = options;
  const raw = document === undefined || document.broken ? {} : (document.data ?? {});
  const { environments, ...own } = tree(raw);
  const resolved = document ? tree(interpolate(document, own, variables)) : {};
  const environmentName = String(
    options.environment || variables.values["ETL_ENV"] || (resolved["environment"] ?? defaults.environment),
  );
  const all = tree(environments);
  const chosen = all[environmentName];
  const environment =
    document && chosen !== undefined ? interpolate(document, chosen, variables, ["environments", environmentName]) : {};
  checkEnvironmentName(document, { name: environmentName, environments: all, options, problems });
  if (!document || document.broken) return { data: defaults, environmentName, environment: {} };
  const whole: Tree = {
    ...resolved,
    ...(environments === undefined
      ? {}
      : {
          environments:
            environments === all
              ? { ...all, ...(chosen === undefined ? {} : { [environmentName]: environment }) }
              : environments,
        }),
  };
  checkNamedValidators(document, whole);
  const sound = checkSchema(document, "etl", raw === tree(raw) ? whole : raw, {
    // Another environment's variables are set where it runs.
    skip: (path, { data }) =>
      path[0] === "environments" && path[1] !== environmentName && typeof data === "string" && data.includes("${"),
  });
  const data = sound || isUsable(whole) ? { ...defaults, ...(whole as unknown as ProjectFile) } : defaults;
  return { data, environmentName, environment: environment === tree(environment) ? (environment as Environment) : {} };
}

/** With mistakes elsewhere the folders still count, so that what is in them is checked as well. */
function isUsable({ warehouse = "", pipelines = [] }: Tree): boolean {
  return (
    typeof warehouse === "string" && Array.isArray(pipelines) && pipelines.every((name) => typeof name === "string")
  );
}

function checkEnvironmentName(
  document: SpecDocument | undefined,
  {
    name,
    environments,
    options,
    problems,
  }: { name: string; environments: Tree; options: ProjectOptions; problems: Problem[] },
): void {
  if (Object.hasOwn(environments, name)) return;
  const known = Object.keys(environments);
  const hint = didYouMean(name, known) || (known.length ? ` Known: ${known.join(", ")}.` : "");
  if (options.environment) {
    const where = document ? document.shownFile : "etl.yml (there is none)";
    problems.push(commandProblem(`there is no environment "${name}" in ${where}.${hint}`));
  } else if (document?.has(["environment"]) && known.length > 0) {
    document.add(["environment"], "E419", `there is no environment "${name}".${hint}`);
  }
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
