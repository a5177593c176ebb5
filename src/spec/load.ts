/** A pipeline's file and its connection, checked whole: a typed spec, or every problem at once. */
import { dirname } from "node:path";
import { checkDatabase } from "./check-database.ts";
import { checkDeletes } from "./check-deletes.ts";
import { checkChildren } from "./check-children.ts";
import { checkDelta } from "./check-delta.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkFields } from "./check-fields.ts";
import { checkHosts } from "./check-hosts.ts";
import { checkJob } from "./check-job.ts";
import { checkCost } from "./check-rate-limits.ts";
import { checkParents } from "./check-parents.ts";
import { checkReferences } from "./check-references.ts";
import { checkSlices, hasSlices } from "./check-slices.ts";
import { checkSource } from "./check-source.ts";
import { checkEnvironmentReferences, checkTemplates } from "./check-templates.ts";
import { checkValidators, validatorUses, type NamedValidators } from "./check-validators.ts";
import type { SpecDocument } from "./document.ts";
import { noteSecretParams } from "./environment-variables.ts";
import { readExtended } from "./extend.ts";
import { pipelineExpressions } from "./expression-sites.ts";
import { loadConnectionOf, type LoadedConnection } from "./load-connection.ts";
import type { Problem } from "./problem.ts";
import type { Project } from "./project.ts";
import { checkSchema, schemaValidator } from "./schema.ts";
import { specHash } from "./spec-hash.ts";
import { targetsOf, targetTrees } from "./targets.ts";
import { tree, type Tree } from "./tree.ts";
import type { AnyConnection, DatabaseSource, Field, Pipeline } from "./types.ts";

export { loadConnectionFile } from "./load-connection.ts";

export interface LoadedPipeline {
  file: string;
  /** Folder of the file: relative paths start here. */
  folder: string;
  /** `hubspot` of `hubspot.contacts`: crm_source in the history. */
  system: string;
  /** `contacts` of `hubspot.contacts`: sync_type in the history. */
  entity: string;
  spec: Pipeline;
  connection?: AnyConnection;
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
  const document = readExtended(file);
  const raw = document.data;
  // Without its base a pipeline lacks what it does not lack.
  if (document.broken || document.problems.some(({ code }) => code === "E422"))
    return { file, document, problems: document.problems };
  if (raw === undefined || raw === null) {
    document.add([], "E001", "the file is empty: a pipeline is expected");
    return { file, document, problems: document.problems };
  }
  const spec = tree(raw);
  const connectionName = tree(spec["source"])["connection"];
  const connection =
    typeof connectionName === "string" ? loadConnectionOf(document, connectionName, project) : undefined;
  const named: NamedValidators = { ...project.validators, ...connection?.validators };
  // Before the schema fills in its defaults, so that what is checked is the file's own.
  checkEnvironmentReferences(document, spec);
  checkExpressions(document, pipelineExpressions(spec), {
    targets: targetTrees(spec).map(({ target }) => ({
      lets: Object.keys(tree(target["let"])),
      columns: Object.keys(tree(target["mapping"])),
    })),
    slices: hasSlices(tree(spec["source"])),
  });
  checkTemplates(document, spec, varsOf(connectionName, connection));
  checkReferences(document, spec);
  checkChildren(document, spec);
  checkDelta(document, spec);
  checkSource(document, spec);
  checkJob(document, spec);
  checkSlices(document, spec);
  checkDeletes(document, spec, connection?.connection);
  checkParents(document, spec);
  checkDatabase(document, spec, connection?.connection);
  const api = connection?.connection?.type === "api" ? connection.connection : undefined;
  checkCost(document, spec, api);
  checkHosts(document, spec, api);
  checkFields(document, spec);
  checkValidators(document, spec, named);
  checkSchema(document, "pipeline", raw);
  const problems = [...document.problems, ...(connection?.problems ?? [])];
  const name = typeof spec["pipeline"] === "string" ? spec["pipeline"] : undefined;
  if (problems.some(({ severity }) => severity === "error")) return { file, name, document, problems };
  noteSecretParams(tree(spec["params"]) as Record<string, { env?: string }>, project.variables);
  return {
    file,
    name,
    document,
    problems,
    pipeline: loaded(file, spellOut(spec, named, connection?.connection), connection?.connection),
  };
}

/** Names of the connection's vars: none without a connection, unknown while it has mistakes. */
function varsOf(name: unknown, connection: LoadedConnection | undefined): string[] | undefined {
  if (name === undefined) return [];
  return connection?.connection && Object.keys(connection.connection.vars ?? {});
}

function loaded(file: string, spec: Pipeline, connection: AnyConnection | undefined): LoadedPipeline {
  const [system, entity] = spec.pipeline.split(".") as [string, string];
  return {
    file,
    folder: dirname(file),
    system,
    entity,
    spec,
    ...(connection ? { connection } : {}),
    hash: specHash(spec),
  };
}

/** Short forms spelled out: after this every field is a map with its defaults. */
function spellOut(raw: Tree, named: NamedValidators, connection: AnyConnection | undefined): Pipeline {
  const spec = structuredClone(raw) as unknown as Pipeline;
  const withDefaults = schemaValidator("pipeline", "field");
  const zone = connection?.type === "database" ? connection.time_zone : undefined;
  for (const { mapping } of targetsOf(spec)) {
    for (const [column, value] of Object.entries(mapping as Record<string, string | Field>)) {
      const field = typeof value === "string" ? ({ from: value } as Field) : value;
      withDefaults(field);
      if (field.validate !== undefined) field.validate = validatorUses(field.validate, named);
      if (zone !== undefined && takesZone.test(field.type)) field.time_zone ??= zone;
      mapping[column] = field;
    }
  }
  if (spec.source.type === "api" && typeof spec.source.records === "string") {
    spec.source.records = { from: spec.source.records, missing: "fail" };
  }
  if (spec.source.type === "database" && spec.source.delta) spellOutDelta(spec.source.delta, zone);
  return spec;
}

/** Types whose values may need a zone. */
const takesZone = /^(?:timestamp|date|time)$/;

/** Field and columns of a database's delta: either gives the other. The zone is the connection's. */
function spellOutDelta(delta: NonNullable<DatabaseSource["delta"]>, zone: string | undefined): void {
  const names = delta.columns?.map((column) => column.replace(/^.*\./, "").replace(/["`]/g, ""));
  const quoted = names?.map((name) => (/^[A-Za-z_]\w*$/.test(name) ? name : `\`${name}\``));
  // The first that is not NULL: a NULL is missing to an expression.
  delta.field ??= quoted!.reduceRight((rest, name) => `$exists(${name}) ? ${name} : ${rest}`);
  delta.columns ??= delta.local ? [] : [delta.field.replaceAll("`", "")];
  delta.order ??= "value";
  if (zone !== undefined && delta.type !== "integer") delta.time_zone ??= zone;
}
