/** Where a spec holds JSONata and templates. Works on data that the schema has not accepted, too. */
import type { Path } from "./document.ts";
import { targetTrees } from "./targets.ts";
import { list, tree, type Tree } from "./tree.ts";

export interface ExpressionSite {
  path: Path;
  expression: string;
  /** What the expression is evaluated over. */
  over: "record" | "child" | "response" | "row" | "header";
  /** True where a JSON value is taken as it came. */
  wholeJson?: boolean;
}

export interface TemplateSite {
  path: Path;
  text: string;
  where: "path" | "value" | "record_url";
}

function texts(over: ExpressionSite["over"], path: Path, from: Tree, keys: readonly string[]): ExpressionSite[] {
  return keys.flatMap((key) => {
    const value = from[key];
    return typeof value === "string" ? [{ path: [...path, key], expression: value, over }] : [];
  });
}

function responses(path: Path, value: unknown): ExpressionSite[] {
  return list(value).flatMap((rule, index) => texts("response", [...path, index], tree(rule), ["when"]));
}

/** Nested pages have a cursor in each record, the others one in the answer. */
function pagination(path: Path, from: Tree): ExpressionSite[] {
  const isNested = from["type"] === "nested";
  return [
    ...texts("response", path, from, ["stop_when", "total", "pages", "url", ...(isNested ? ["over"] : ["cursor"])]),
    ...texts("record", path, from, isNested ? ["key", "cursor"] : ["id"]),
  ];
}

/** JSONata of one part of an api source: the source itself, or its `incremental`. */
function sourcePart(path: Path, part: Tree): ExpressionSite[] {
  const records = part["records"];
  return [
    ...texts("response", [...path, "decode", "rows"], tree(tree(part["decode"])["rows"]), ["from", "names"]),
    ...texts("response", path, part, ["records"]),
    ...texts("response", [...path, "records"], tree(records), ["from"]),
    ...pagination([...path, "pagination"], tree(part["pagination"])),
    ...responses([...path, "responses"], part["responses"]),
    ...(part["job"] === undefined ? [] : jobExpressions([...path, "job"], tree(part["job"]))),
  ];
}

function jobExpressions(path: Path, job: Tree): ExpressionSite[] {
  const create = tree(job["create"]);
  const keep = tree(create["keep"]);
  return [
    ...texts("response", [...path, "create"], create, ["id"]),
    ...texts("response", [...path, "create", "keep"], keep, Object.keys(keep)),
    ...texts("response", [...path, "poll"], tree(job["poll"]), ["done", "failed", "message"]),
    ...texts("response", [...path, "results"], tree(job["results"]), ["each"]),
    ...sourcePart([...path, "results"], tree(job["results"])),
  ];
}

/** Every JSONata expression of a pipeline. */
export function pipelineExpressions(data: unknown): ExpressionSite[] {
  const spec = tree(data);
  const source = tree(spec["source"]);
  const sites = [
    ...texts("record", ["source"], source, ["filter"]),
    ...texts("record", ["source", "delta"], tree(source["delta"]), ["field"]),
    ...sourcePart(["source"], source),
    ...sourcePart(["source", "incremental"], tree(source["incremental"])),
  ];
  const deletes = tree(spec["deletes"]);
  const lookup = tree(deletes["lookup"]);
  sites.push(
    ...texts("record", ["deletes"], deletes, ["when", "merged"]),
    ...sourcePart(["deletes"], deletes),
    ...texts("response", ["deletes", "lookup"], lookup, ["found", "gone"]),
    ...sourcePart(["deletes", "lookup"], lookup),
  );
  for (const { at, target } of targetTrees(spec)) {
    const over = at.length === 0 ? "record" : "child";
    if (over === "child") sites.push(...texts("record", at, target, ["each"]));
    sites.push(...targetExpressions(at, target, over));
  }
  return sites;
}

/** JSONata of what makes rows: the pipeline itself, or one of its children. */
function targetExpressions(at: Path, target: Tree, over: "record" | "child"): ExpressionSite[] {
  const sites: ExpressionSite[] = [];
  for (const [name, value] of Object.entries(tree(target["let"]))) {
    if (typeof value === "string") sites.push({ path: [...at, "let", name], expression: value, over });
  }
  for (const [column, value] of Object.entries(tree(target["mapping"]))) {
    const path = [...at, "mapping", column];
    if (typeof value === "string") sites.push({ path, expression: value, over });
    const field = tree(value);
    const wholeJson = field["type"] === "json";
    if (typeof field["from"] === "string")
      sites.push({ path: [...path, "from"], expression: field["from"], over, wholeJson });
  }
  list(target["rules"]).forEach((rule, index) =>
    sites.push(...texts("row", [...at, "rules", index], tree(rule), ["check"])),
  );
  return sites;
}

/** Every JSONata expression of a connection. */
export function connectionExpressions(data: unknown): ExpressionSite[] {
  const auth = tree(tree(data)["auth"]);
  const ofToken =
    auth["type"] === "oauth2"
      ? texts("response", ["auth"], auth, ["token_field", "expires_field", "base_url", "refresh_on"])
      : [];
  const ofBudgets = list(tree(data)["rate_limits"]).flatMap((limit, index) =>
    texts("header", ["rate_limits", index], tree(limit), ["used"]),
  );
  return [...ofToken, ...ofBudgets, ...responses(["responses"], tree(data)["responses"])];
}

function leaves(path: Path, value: unknown): TemplateSite[] {
  if (typeof value === "string") return [{ path, text: value, where: "value" }];
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves([...path, index], item));
  return Object.entries(tree(value)).flatMap(([key, item]) => leaves([...path, key], item));
}

/** Keys of a request whose texts are templates. */
const templateKeys = ["path", "url", "query", "headers", "body", "form", "text", "cost"];

function requestTemplates(path: Path, value: unknown): TemplateSite[] {
  const request = tree(value);
  return Object.entries(request).flatMap(([key, part]): TemplateSite[] => {
    if (!templateKeys.includes(key)) return [];
    if ((key === "path" || key === "url") && typeof part === "string")
      return [{ path: [...path, key], text: part, where: "path" }];
    return leaves([...path, key], part);
  });
}

/** The requests of a job, in the order in which they are made. */
export const jobParts = ["create", "poll", "results", "cleanup"];

function jobTemplates(path: Path, value: unknown): TemplateSite[] {
  return jobParts.flatMap((part) => requestTemplates([...path, part], tree(value)[part]));
}

/** The bounds of windows; the values of a list are no templates. */
function sliceTemplates(path: Path, value: unknown): TemplateSite[] {
  const { from, to } = tree(value);
  return leaves(path, { from, to });
}

/** Every template of a pipeline. */
export function pipelineTemplates(data: unknown): TemplateSite[] {
  const spec = tree(data);
  const source = tree(spec["source"]);
  const sites = [
    ...requestTemplates(["source", "request"], source["request"]),
    ...requestTemplates(["source", "incremental", "request"], tree(source["incremental"])["request"]),
    ...jobTemplates(["source", "job"], source["job"]),
    ...jobTemplates(["source", "incremental", "job"], tree(source["incremental"])["job"]),
    ...sliceTemplates(["source", "slices"], source["slices"]),
    ...sliceTemplates(["source", "incremental", "slices"], tree(source["incremental"])["slices"]),
  ];
  const deletes = tree(spec["deletes"]);
  sites.push(
    ...requestTemplates(["deletes", "request"], deletes["request"]),
    ...sliceTemplates(["deletes", "slices"], deletes["slices"]),
    ...leaves(["deletes", "scope"], deletes["scope"]),
    ...requestTemplates(["deletes", "lookup", "request"], tree(deletes["lookup"])["request"]),
  );
  if (source["type"] === "csv" && typeof source["path"] === "string")
    sites.push({ path: ["source", "path"], text: source["path"], where: "value" });
  if (typeof source["url"] === "string") sites.push({ path: ["source", "url"], text: source["url"], where: "path" });
  if (typeof spec["record_url"] === "string")
    sites.push({ path: ["record_url"], text: spec["record_url"], where: "record_url" });
  return sites;
}

/** Every template of a connection: its headers. */
export function connectionTemplates(data: unknown): TemplateSite[] {
  return [
    ...leaves(["auth", "headers"], tree(tree(data)["auth"])["headers"]),
    ...leaves(["headers"], tree(data)["headers"]),
  ];
}
