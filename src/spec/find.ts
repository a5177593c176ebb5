/** Which spec files a command line means: files, folders and names. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { didYouMean } from "../suggest.ts";
import { SpecDocument } from "./document.ts";
import { commandProblem, loadProject, type Project, type ProjectOptions } from "./project.ts";
import type { Problem } from "./problem.ts";

export interface FoundSpecs {
  /** Absolute files of pipelines, in the order named; a folder's by name. */
  files: string[];
  /** Absolute connection files in the folders named. */
  connections: string[];
  problems: Problem[];
}

const isSpecFile = (name: string): boolean =>
  /\.ya?ml$/.test(name) && !name.startsWith("_") && !/^(connection|etl)\.ya?ml$/.test(name);

/** Pipelines and connections below a folder, sorted. */
function below(folder: string): { files: string[]; connections: string[] } {
  const found: { files: string[]; connections: string[] } = { files: [], connections: [] };
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || file.includes("/node_modules/")) continue;
    if (isSpecFile(entry.name)) found.files.push(file);
    else if (entry.name === "connection.yml") found.connections.push(file);
  }
  found.files.sort();
  found.connections.sort();
  return found;
}

/** Finds what the arguments name; no argument means all pipelines of the project. */
export function findSpecs(args: readonly string[], project: Project): FoundSpecs {
  const found: FoundSpecs = { files: [], connections: [], problems: [] };
  const targets = args.length ? args : project.pipelineFolders.filter((folder) => existsSync(folder));
  if (!targets.length)
    found.problems.push(commandProblem(`no pipelines: there is no folder ${project.pipelineFolders.join(", ")}`));
  for (const target of targets) {
    if (target.trim() === "") {
      found.problems.push(commandProblem("an argument is empty: name a file, a folder or a pipeline"));
      continue;
    }
    const path = resolve(target);
    if (existsSync(path)) {
      if (statSync(path).isDirectory()) {
        const inside = below(path);
        if (!inside.files.length && !inside.connections.length)
          found.problems.push(commandProblem(`there is no pipeline (*.yml) in the folder ${target}`));
        found.files.push(...inside.files);
        found.connections.push(...inside.connections);
      } else if (basename(path) === "connection.yml") found.connections.push(path);
      // The project file is read with any of its pipelines.
      else if (basename(path) !== "etl.yml") found.files.push(path);
      continue;
    }
    const names = namesOf(project);
    const named = names.get(target);
    if (named) found.files.push(named);
    else
      found.problems.push(
        commandProblem(`there is no file, folder or pipeline "${target}".${didYouMean(target, names.keys())}`),
      );
  }
  return { ...found, files: [...new Set(found.files)], connections: [...new Set(found.connections)] };
}

/** `hubspot.contacts` → its file, for all pipelines of the project. */
export function namesOf(project: Project): Map<string, string> {
  const names = new Map<string, string>();
  for (const folder of project.pipelineFolders.filter((path) => existsSync(path))) {
    for (const file of below(folder).files) {
      const data = new SpecDocument(file).data as { pipeline?: unknown } | undefined;
      if (typeof data?.pipeline === "string") names.set(data.pipeline, file);
    }
  }
  return names;
}

/** The project that the arguments belong to: the one above the first path, else above the working directory. */
export function projectOf(args: readonly string[], options: ProjectOptions): Project {
  const first = args.find((arg) => existsSync(arg));
  return loadProject(
    first ? (statSync(first).isDirectory() ? first : join(resolve(first), "..")) : process.cwd(),
    options,
  );
}
