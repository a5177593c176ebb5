/** Templates of a spec: their syntax, and the names that they use. */
import { checkTemplate } from "../template/index.ts";
import { isJobPart, jobNames } from "./job-at.ts";
import { sliceNames } from "./check-slices.ts";
import type { Path, SpecDocument } from "./document.ts";
import { connectionTemplates, pipelineTemplates } from "./expression-sites.ts";
import { tree, type Tree } from "./tree.ts";

const requestNames = ["since", "until", "now", "page", "params", "vars"];
/** Slices are made before there is a request. */
const sliceBoundNames: string[] = ["since", "until", "params", "vars"];
const recordNames = ["record", "vars", "params"];

/**
 * Checks the templates of a pipeline.
 * @param vars names of the connection's vars; undefined where they are not known.
 */
export function checkTemplates(document: SpecDocument, spec: Tree, vars: readonly string[] | undefined): void {
  const params = Object.keys(tree(spec["params"]));
  for (const { path, text, where } of pipelineTemplates(spec)) {
    const slice = sliceNames(spec, path);
    const job = jobNames(tree(spec["source"]), path);
    const names = where === "record_url" ? recordNames : namesAt(path, { slices: slice !== undefined, job });
    for (const { kind, message, offset } of checkTemplate(text, {
      names,
      params,
      ...(vars ? { vars } : {}),
      ...(slice === undefined || slice === "any" ? {} : { slice }),
      ...(job ? { job } : {}),
      where: where === "record_url" ? "value" : where,
    })) {
      document.add(path, kind === "syntax" ? "E301" : "E302", message, { offset, length: lengthAt(text, offset) });
    }
  }
}

function namesAt(path: Path, { slices, job }: { slices: boolean; job: readonly string[] | undefined }): string[] {
  if (path.includes("slices")) return sliceBoundNames;
  // Which files there are does not depend on the window.
  if (path[0] === "source" && path[1] === "path") return ["params"];
  if (path[0] === "deletes" && path[1] === "scope") return ["params", "vars"];
  // A lookup asks about keys, not for pages of what changed.
  if (path[0] === "deletes" && path[1] === "lookup") return ["now", "params", "vars", "lookup"];
  // Only the results of a job have pages.
  const names = isJobPart(path) && !path.includes("results") ? requestNames.filter(isNotPage) : requestNames;
  return [...names, ...(slices ? ["slice"] : []), ...(job ? ["job"] : [])];
}

const isNotPage = (name: string): boolean => name !== "page";

/** How long the name or the `{{…}}` at an offset is. */
function lengthAt(text: string, offset: number): number {
  return /^(?:\{\{.*?\}\}+|\{\{.*|[\w.$-]+|.)/.exec(text.slice(offset))?.[0].length ?? 1;
}

/** Checks the templates of a connection, as they stand in the file: what the environment gives is no template. */
export function checkConnectionTemplates(document: SpecDocument, data: Tree): void {
  const vars = Object.keys(tree(data["vars"]));
  const authVars = Object.keys(tree(tree(data["auth"])["vars"]));
  for (const { path, text } of connectionTemplates(data)) {
    const names = ["now", "vars", ...(path[0] === "auth" ? authVars : [])];
    for (const { kind, message, offset } of checkTemplate(text, { names, params: [], vars, where: "value" })) {
      document.add(path, kind === "syntax" ? "E301" : "E302", message, { offset, length: lengthAt(text, offset) });
    }
  }
}

/** Where a text may hold `${` for itself: words for people, and what the tests are about. */
const free = new Set(["description", "message", "tests"]);

/** `${VAR}` in a pipeline is not replaced: it would go out as it stands. */
export function checkEnvironmentReferences(
  document: SpecDocument,
  value: unknown,
  path: readonly (string | number)[] = [],
): void {
  if (typeof value === "string") {
    const found = /\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}/.exec(value);
    if (found)
      document.add(
        path,
        "E406",
        `${found[0]} is read in connection files and etl.yml alone: put it into the connection's vars ({{vars.name}}), or declare a param with env`,
        { offset: found.index, length: found[0].length },
      );
    return;
  }
  if (Array.isArray(value))
    value.forEach((item, index) => checkEnvironmentReferences(document, item, [...path, index]));
  else
    for (const [key, item] of Object.entries(tree(value)))
      if (!free.has(key)) checkEnvironmentReferences(document, item, [...path, key]);
}
