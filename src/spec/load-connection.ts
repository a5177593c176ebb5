/** A connection's file, its environment laid over, the environment's variables filled in. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { didYouMean } from "../suggest.ts";
import { checkAuth } from "./check-auth.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkDatabaseConnection } from "./check-database-connection.ts";
import { checkConnectionTemplates } from "./check-templates.ts";
import { checkDuration, checkZone } from "./check-times.ts";
import { checkRateLimits } from "./check-rate-limits.ts";
import { checkNamedValidators, type NamedValidators } from "./check-validators.ts";
import { SpecDocument } from "./document.ts";
import { interpolate } from "./environment-variables.ts";
import { connectionExpressions } from "./expression-sites.ts";
import { layOver } from "./lay-over.ts";
import type { Problem } from "./problem.ts";
import type { Project } from "./project.ts";
import { checkSchema } from "./schema.ts";
import { tree, type Tree } from "./tree.ts";
import type { AnyConnection } from "./types.ts";

export interface LoadedConnection {
  /** Absent when there are errors. */
  connection?: AnyConnection;
  /** Validators that it names, whatever errors there are. */
  validators?: NamedValidators;
  problems: Problem[];
}

/** The connection that a pipeline names; a problem of the pipeline when there is none. */
export function loadConnectionOf(spec: SpecDocument, name: string, project: Project): LoadedConnection {
  const { file, known } = findConnection(name, dirname(spec.file), project);
  if (file) return loadConnectionFile(file, project);
  const hint =
    didYouMean(name, known) ||
    (known.length
      ? ` Known: ${known.join(", ")}.`
      : ` Put a connection.yml with "connection: ${name}" beside this file.`);
  spec.add(["source", "connection"], "E404", `there is no connection "${name}".${hint}`);
  return { problems: [] };
}

/** The connection file of a name: beside the spec, else in a folder of the project's pipelines. */
function findConnection(name: string, folder: string, project: Project): { file?: string; known: string[] } {
  const known: string[] = [];
  for (const candidate of new Set(
    [folder, ...connectionFolders(project)].map((path) => join(path, "connection.yml")),
  )) {
    if (!existsSync(candidate)) continue;
    const own = tree(new SpecDocument(candidate).data)["connection"];
    if (own === name) return { file: candidate, known };
    if (typeof own === "string") known.push(own);
    // The one beside the spec is the one that is meant when it cannot even say its name.
    else if (dirname(candidate) === folder) return { file: candidate, known };
  }
  return { known };
}

function connectionFolders(project: Project): string[] {
  return project.pipelineFolders
    .filter((root) => existsSync(root))
    .flatMap((root) =>
      readdirSync(root, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(root, entry.name)),
    );
}

/** Loads one connection file, its environment laid over. */
export function loadConnectionFile(file: string, project: Project): LoadedConnection {
  const document = new SpecDocument(file);
  if (document.broken) return { problems: document.problems };
  const raw = document.data === null ? {} : document.data;
  const { environments, ...own } = tree(raw);
  const name = String(own["connection"]);
  const environment = project.environmentName;
  let whole: unknown = raw === tree(raw) ? own : raw;
  if (tree(environments)[environment] !== undefined) {
    whole = layOver(whole, tree(environments)[environment]);
    document.layOver(document, ["environments", environment]);
  }
  const named = project.environment.connections?.[name];
  if (named !== undefined) {
    whole = layOver(whole, named);
    if (project.document) document.layOver(project.document, ["environments", environment, "connections", name]);
  }
  // Templates as they stand in the file: what the environment gives is no template.
  checkConnectionTemplates(document, tree(whole));
  const data = interpolate(document, whole, project.variables);
  checkConnection(document, tree(data));
  if (tree(data)["type"] !== "database") checkAuth(document, tree(data), project.variables.values);
  checkSchema(
    document,
    "connection",
    environments === undefined || environments === tree(environments) ? data : { ...tree(data), environments },
  );
  checkEnvironments(document, own, tree(environments), project);
  const failed = document.problems.some(({ severity }) => severity === "error");
  return {
    problems: document.problems,
    validators: tree(tree(data)["validators"]) as NamedValidators,
    ...(failed ? {} : { connection: loaded(tree(data)) }),
  };
}

function loaded(data: Tree): AnyConnection {
  return (data["type"] === "api"
    ? { ...data, base_url: data["base_url"] ?? "" }
    : { ...data }) as unknown as AnyConnection;
}

/** What the schema cannot say. */
function checkConnection(document: SpecDocument, data: Tree): void {
  if (data["type"] === "database") {
    checkNamedValidators(document, data);
    checkDatabaseConnection(document, data);
    checkZone(document, ["time_zone"], data["time_zone"]);
    for (const key of ["statement_timeout", "connect_timeout"]) checkDuration(document, [key], data[key]);
    for (const key of ["wait", "max_wait"]) checkDuration(document, ["retry", key], tree(data["retry"])[key]);
    return;
  }
  checkExpressions(document, connectionExpressions(data), { targets: [] });
  checkNamedValidators(document, data);
  checkBaseUrl(document, data["base_url"]);
  checkDuration(document, ["timeout"], data["timeout"]);
  for (const key of ["wait", "max_wait"]) checkDuration(document, ["retry", key], tree(data["retry"])[key]);
  checkRateLimits(document, data["rate_limits"]);
}

function checkBaseUrl(document: SpecDocument, url: unknown): void {
  if (typeof url !== "string" || url === "") return;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    document.add(["base_url"], "E105", "base_url must be an http(s) address, such as https://api.example.com");
  }
}

/** The environments that are not in use, by the schema alone: their variables are set where they run. */
function checkEnvironments(document: SpecDocument, own: Tree, environments: Tree, project: Project): void {
  for (const [name, over] of Object.entries(environments)) {
    const at = ["environments", name];
    if (project.environmentNames.length > 0 && !project.environmentNames.includes(name)) {
      const near = didYouMean(name, project.environmentNames);
      document.add(
        at,
        "E419",
        `etl.yml has no environment "${name}".${near || ` Known: ${project.environmentNames.join(", ")}.`}`,
        { target: "key" },
      );
    }
    if (name === project.environmentName || over !== tree(over)) continue;
    checkSchema(document, "connection", structuredClone(layOver(own, over)), {
      at,
      skip: (path, { keyword, data }) => {
        // What is not written here is the connection's own, and what it lacks is said there.
        if (!document.has(path) || (keyword === "required" && document.has(path.slice(2)))) return true;
        return typeof data === "string" && data.includes("${");
      },
    });
  }
}
