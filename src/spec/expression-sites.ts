/** Where a spec holds JSONata and templates. Works on data that the schema has not accepted, too. */
import type { Path } from "./document.ts";
import { list, tree, type Tree } from "./tree.ts";

export interface ExpressionSite {
  path: Path;
  expression: string;
  /** What the expression is evaluated over. */
  over: "record" | "response" | "row" | "header";
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

/** JSONata of one part of an api source: the source itself, or its `incremental`. */
function sourcePart(path: Path, part: Tree): ExpressionSite[] {
  const records = part["records"];
  return [
    ...texts("response", [...path, "decode", "rows"], tree(tree(part["decode"])["rows"]), ["from", "names"]),
    ...texts("response", path, part, ["records"]),
    ...texts("response", [...path, "records"], tree(records), ["from"]),
    ...texts("response", [...path, "pagination"], tree(part["pagination"]), [
      "cursor",
      "stop_when",
      "total",
      "pages",
      "url",
    ]),
    ...texts("record", [...path, "pagination"], tree(part["pagination"]), ["id"]),
    ...responses([...path, "responses"], part["responses"]),
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
  for (const [name, value] of Object.entries(tree(spec["let"]))) {
    if (typeof value === "string") sites.push({ path: ["let", name], expression: value, over: "record" });
  }
  for (const [column, value] of Object.entries(tree(spec["mapping"]))) {
    if (typeof value === "string") sites.push({ path: ["mapping", column], expression: value, over: "record" });
    const field = tree(value);
    const wholeJson = field["type"] === "json";
    if (typeof field["from"] === "string")
      sites.push({ path: ["mapping", column, "from"], expression: field["from"], over: "record", wholeJson });
  }
  list(spec["rules"]).forEach((rule, index) => sites.push(...texts("row", ["rules", index], tree(rule), ["check"])));
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

function requestTemplates(path: Path, value: unknown): TemplateSite[] {
  const request = tree(value);
  return Object.entries(request).flatMap(([key, part]): TemplateSite[] => {
    if (key === "method" || key === "content_type") return [];
    if ((key === "path" || key === "url") && typeof part === "string")
      return [{ path: [...path, key], text: part, where: "path" }];
    return leaves([...path, key], part);
  });
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
    ...sliceTemplates(["source", "slices"], source["slices"]),
    ...sliceTemplates(["source", "incremental", "slices"], tree(source["incremental"])["slices"]),
  ];
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
