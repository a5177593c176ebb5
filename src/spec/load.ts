/** A pipeline's file and its connection, checked whole: a typed spec, or every problem at once. */
import { createHash } from "node:crypto";
import { readdirSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkTemplate } from "../template/index.ts";
import { didYouMean } from "../suggest.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkReferences } from "./check-references.ts";
import { checkValidators, validatorUses, type NamedValidators } from "./check-validators.ts";
import { SpecDocument } from "./document.ts";
import { interpolate } from "./environment-variables.ts";
import { connectionExpressions, connectionTemplates, pipelineExpressions, pipelineTemplates, type TemplateSite } from "./expression-sites.ts";
import { layOver } from "./lay-over.ts";
import type { Problem } from "./problem.ts";
import type { Project } from "./project.ts";
import { checkSchema, schemaValidator } from "./schema.ts";
import type { Connection, Field, Pipeline } from "./types.ts";

export interface LoadedPipeline {
  file: string;
  /** Folder of the file: relative paths start here. */
  folder: string;
  /** `hubspot` of `hubspot.contacts`: crm_source in the history. */
  system: string;
  /** `contacts` of `hubspot.contacts`: sync_type in the history. */
  entity: string;
  spec: Pipeline;
  connection?: Connection;
  /** Of all that decides what a record becomes; descriptions and tests left out. */
  hash: string;
}

export interface LoadResult {
  file: string;
  /** `system.entity`, as far as the file could be read. */
  name?: string;
  /** Where the name stands, for duplicates. */
  document: SpecDocument;
  /** Absent when there are errors. */
  pipeline?: LoadedPipeline;
  problems: Problem[];
}

/** Loads and checks one pipeline. Never throws for what is in the files. */
export function loadPipeline(file: string, project: Project): LoadResult {
  const document = new SpecDocument(file);
  const raw = document.data as Record<string, unknown> | undefined;
  if (document.problems.length || raw === undefined || raw === null) {
    if (!document.problems.length) document.add([], "E001", "the file is empty: a pipeline spec is expected");
    return { file, document, problems: document.problems };
  }
  // Checked before the schema fills in defaults, so that positions and shapes are the file's own.
  const lets = Object.keys((raw["let"] as object | undefined) ?? {});
  checkEnvironmentReferences(document, raw);
  checkExpressions(document, pipelineExpressions(raw), lets);
  const vars = connectionName(raw);
  const connection = vars === undefined ? undefined : loadConnection(document, vars, project);
  checkTemplates(document, pipelineTemplates(raw), raw, connection?.connection);
  checkReferences(document, raw);
  const cut = new Set(document.problems.filter(({ code }) => code === "E204").map(({ line }) => line));
  checkSchema(document, "pipeline", raw);
  const named: NamedValidators = { ...project.validators, ...(connection?.connection?.validators as NamedValidators | undefined) };
  checkValidators(document, raw, named);
  // A cut expression leaves junk keys behind: they are the same mistake.
  const own = document.problems.filter(({ code, line }) => !cut.has(line) || code === "E204");
  const problems = [...own, ...(connection?.problems ?? [])];
  const name = typeof raw["pipeline"] === "string" ? raw["pipeline"] : undefined;
  if (problems.some(({ severity }) => severity === "error")) return { file, name, document, problems };
  const spec = spellOut(raw, named);
  const [system, entity] = spec.pipeline.split(".") as [string, string];
  return {
    file,
    name,
    document,
    problems,
    pipeline: { file, folder: dirname(file), system, entity, spec, connection: connection?.connection, hash: specHash(spec) },
  };
}

function connectionName(raw: Record<string, unknown>): string | undefined {
  const source = raw["source"] as { connection?: unknown } | undefined;
  return typeof source?.connection === "string" ? source.connection : undefined;
}

/** Short forms spelled out: after this every field is a map with its defaults. */
function spellOut(raw: Record<string, unknown>, named: NamedValidators): Pipeline {
  const spec = structuredClone(raw) as unknown as Pipeline;
  const withDefaults = schemaValidator("pipeline", "field");
  for (const [column, value] of Object.entries(spec.mapping as Record<string, string | Field>)) {
    const field = typeof value === "string" ? ({ from: value } as Field) : value;
    withDefaults(field);
    if (field.validate !== undefined) field.validate = validatorUses(field.validate, named);
    spec.mapping[column] = field;
  }
  if (spec.source.type === "api" && typeof spec.source.records === "string") {
    spec.source.records = { from: spec.source.records, missing: "fail" };
  }
  return spec;
}

function specHash(spec: Pipeline): string {
  const { description: _description, tests: _tests, tags: _tags, enabled: _enabled, limits: _limits, ...rest } = spec;
  return createHash("sha256").update(JSON.stringify(rest)).digest("hex").slice(0, 16);
}

function checkTemplates(document: SpecDocument, sites: readonly TemplateSite[], raw: Record<string, unknown>, connection: Connection | undefined): void {
  const params = Object.keys((raw["params"] as object | undefined) ?? {});
  const vars = connection?.vars ? Object.keys(connection.vars) : undefined;
  for (const site of sites) {
    const names = site.where === "record_url" ? ["record", "vars", "params"] : ["since", "until", "now", "page", "params", "vars"];
    for (const problem of checkTemplate(site.text, { names, params, ...(vars ? { vars } : {}), where: site.where === "record_url" ? "value" : site.where })) {
      document.add(site.path, problem.kind === "syntax" ? "E301" : "E302", problem.message, { offset: problem.offset });
    }
  }
}

/** `${VAR}` in a pipeline is not replaced: it would go out as it stands. */
function checkEnvironmentReferences(document: SpecDocument, raw: Record<string, unknown>): void {
  for (const site of pipelineTemplates(raw)) {
    const found = /\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}/.exec(site.text);
    if (!found) continue;
    document.add(site.path, "E406", `${found[0]} is read in connection files and etl.yml alone. Put it into the connection's vars ({{vars.name}}), or declare a param with env`, { offset: found.index, length: found[0].length });
  }
}

/** The connection file of a name: beside the spec, else in a folder of the project's pipelines. */
function connectionFile(name: string, folder: string, project: Project): { file?: string; known: string[] } {
  const folders = [folder, ...project.pipelineFolders.flatMap((root) => (existsSync(root) ? readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name)) : []))];
  const known: string[] = [];
  for (const candidate of [...new Set(folders)].map((path) => join(path, "connection.yml"))) {
    if (!existsSync(candidate)) continue;
    const data = new SpecDocument(candidate).data as { connection?: unknown } | undefined;
    if (data?.connection === name) return { file: candidate, known };
    if (typeof data?.connection === "string") known.push(data.connection);
    else if (dirname(candidate) === folder) return { file: candidate, known };
  }
  return { known };
}

function loadConnection(spec: SpecDocument, name: string, project: Project): { connection?: Connection; problems: Problem[] } {
  const { file, known } = connectionFile(name, dirname(spec.file), project);
  if (!file) {
    const hint = didYouMean(name, known) || (known.length ? ` Known: ${known.join(", ")}.` : "");
    spec.add(["source", "connection"], "E404", `there is no connection "${name}": put a connection.yml with "connection: ${name}" beside this file.${hint}`);
    return { problems: [] };
  }
  return loadConnectionFile(file, project);
}

/** Loads one connection file, its environment laid over. */
export function loadConnectionFile(file: string, project: Project): { connection?: Connection; problems: Problem[] } {
  const document = new SpecDocument(file);
  if (document.problems.length) return { problems: document.problems };
  const raw = (document.data ?? {}) as Record<string, unknown>;
  const environments = raw["environments"] as Record<string, unknown> | undefined;
  const named = project.environment.connections?.[String(raw["connection"])];
  const whole = [environments?.[project.environmentName], named].reduce<unknown>((base, over) => (over === undefined ? base : layOver(base, over)), raw);
  const data = interpolate(document, whole, project.variables) as Record<string, unknown>;
  checkExpressions(document, connectionExpressions(data), []);
  for (const site of connectionTemplates(data)) {
    for (const problem of checkTemplate(site.text, { names: ["now", "vars"], params: [], where: "value" })) {
      document.add(site.path, problem.kind === "syntax" ? "E301" : "E302", problem.message, { offset: problem.offset });
    }
  }
  checkSchema(document, "connection", data);
  checkBaseUrl(document, data);
  const failed = document.problems.some(({ severity }) => severity === "error");
  return { problems: document.problems, ...(failed ? {} : { connection: data as unknown as Connection }) };
}

function checkBaseUrl(document: SpecDocument, data: Record<string, unknown>): void {
  const url = data["base_url"];
  if (typeof url !== "string" || url === "") return;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    document.add(["base_url"], "E105", `base_url must be an http(s) address, such as https://api.example.com`);
  }
}
