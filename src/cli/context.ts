/** What every command needs: the project, its pipelines, a log, and an engine. */
import type { Logger } from "pino";
import { sourceKinds } from "../sources/index.ts";
import { openSink } from "../sinks/index.ts";
import { loadPipeline, type LoadedPipeline, type LoadResult } from "../spec/load.ts";
import { checkDependencies } from "../spec/check-dependencies.ts";
import { checkParentPipelines, hasParents } from "../spec/check-parent-pipelines.ts";
import { findSpecs, namesOf, projectOf } from "../spec/find.ts";
import { formatProblems, shownPath, type Problem } from "../spec/problem.ts";
import { tableOfFile } from "../spec/parent-table.ts";
import type { Project } from "../spec/project.ts";
import type { Engine, Progress } from "../runtime/engine.ts";
import { createLog } from "../runtime/log.ts";
import { passwordOf, SecretMask } from "../runtime/masking.ts";

export interface ProjectFlags {
  env?: string;
  warehouse?: string;
}

/** Flags of every command that looks at a project, for `addOption`-free declaration. */
export const projectOptions = [
  ["--env <name>", "the environment of etl.yml"],
  ["--warehouse <address>", "sqlite:FILE or postgres://…, instead of etl.yml's"],
] as const;

export interface Context {
  project: Project;
  mask: SecretMask;
}

/** The project above the first path among the arguments, else above the working directory. */
export function openContext(
  args: readonly string[],
  flags: ProjectFlags & { variablesMayBeMissing?: boolean },
  variables: Record<string, string | undefined> = process.env,
): Context {
  const secrets = new Set<string>();
  const project = projectOf(args, {
    environment: flags.env,
    warehouse: flags.warehouse,
    variables: { values: variables, secrets, mayBeMissing: flags.variablesMayBeMissing },
  });
  // The mask learns the password inside by itself, in all the forms in which it may travel.
  if (passwordOf(project.warehouse) !== undefined) secrets.add(project.warehouse);
  return { project, mask: new SecretMask(secrets) };
}

export interface LoadedSpecs {
  results: LoadResult[];
  pipelines: LoadedPipeline[];
  problems: Problem[];
}

/** Loads every pipeline that the arguments name, with all problems; two pipelines of one name are one. */
export function loadSpecs(args: readonly string[], { project }: Context): LoadedSpecs & { connections: string[] } {
  const found = findSpecs(args, project);
  const results = found.files.map((file) => loadPipeline(file, project));
  const problems = [...project.problems, ...found.problems, ...results.flatMap((result) => result.problems)];
  const byName = new Map<string, LoadResult>();
  for (const result of results) {
    if (result.name === undefined) continue;
    const twin = byName.get(result.name);
    if (twin) {
      const before = result.document.problems.length;
      result.document.add(
        ["pipeline"],
        "E415",
        `the pipeline "${result.name}" is also in ${shownPath(twin.file)}: names are unique in a project`,
      );
      problems.push(...result.document.problems.slice(before));
    } else byName.set(result.name, result);
  }
  if (results.some(({ document }) => document.data !== undefined && "depends_on" in Object(document.data))) {
    problems.push(...checkDependencies(results, new Set([...byName.keys(), ...namesOf(project).keys()])));
  }
  if (results.some(hasParents)) problems.push(...checkParentPipelines(results, namesOf(project)));
  return {
    results,
    problems,
    connections: found.connections,
    pipelines: results.flatMap(({ pipeline }) => pipeline ?? []),
  };
}

/** Prints problems on stderr; true when one of them is an error. */
export function tellProblems(problems: readonly Problem[], { mask }: Context): boolean {
  if (problems.length) console.error(mask.mask(formatProblems(problems, "text")));
  return problems.some(({ severity }) => severity === "error");
}

export interface EngineOptions {
  debug: boolean;
  signal: AbortSignal;
  writeLine?: (line: string) => void;
  onProgress?: (progress: Progress) => void;
  quiet?: boolean;
}

/** The log of a command: lines on stderr, `ETL_LOG_FORMAT=json` for machines. */
export function openLog(
  { project, mask }: Context,
  options: Pick<EngineOptions, "debug" | "writeLine" | "quiet">,
): Logger {
  return createLog({
    level: options.debug ? "debug" : options.quiet ? "error" : (project.environment.log_level ?? "info"),
    format: process.env["ETL_LOG_FORMAT"] === "json" ? "json" : "text",
    mask,
    write: options.writeLine ?? ((line) => process.stderr.write(`${line}\n`)),
  });
}

/** Everything that the runtime is handed. */
export function openEngine(context: Context, options: EngineOptions): Engine {
  const { project, mask } = context;
  return {
    async sourceKind(type) {
      const load = sourceKinds[type];
      if (!load) throw new Error(`source type ${type} is in the schema, not in the registry`);
      return load();
    },
    openSink,
    tableOf(pipeline) {
      const file = namesOf(project).get(pipeline);
      return file === undefined ? undefined : tableOfFile(file);
    },
    warehouse: project.warehouse,
    environmentName: project.environmentName,
    validation: project.environment.validation ?? "lenient",
    variables: project.variables.values,
    log: openLog(context, options),
    mask: (text) => mask.mask(text),
    maskData: (text) => mask.maskData(text),
    secret: (value) => void project.variables.secrets.add(value),
    signal: options.signal,
    onProgress: options.onProgress,
  };
}
