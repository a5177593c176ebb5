/** What a spec names must be there: columns, connections, validators, zones, parameters. */
import { referencesOf } from "../jsonata/index.ts";
import { closest, didYouMean } from "../suggest.ts";
import type { Path, SpecDocument } from "./document.ts";
import { pipelineExpressions, pipelineTemplates } from "./expression-sites.ts";
import { mappedNames } from "./mapped-names.ts";

type Tree = Record<string, unknown>;

function tree(value: unknown): Tree {
  return value && typeof value === "object" && !Array.isArray(value) ? (value as Tree) : {};
}

/** Bookkeeping columns that the sink adds to every table. */
const reservedColumns = ["sync_created_at", "sync_updated_at", "sync_run_id", "deleted_at"];

/** Checks a pipeline's names against each other. */
export function checkReferences(document: SpecDocument, data: unknown): void {
  const spec = tree(data);
  const mapping = tree(spec["mapping"]);
  const columns = Object.keys(mapping);
  const upsert = tree(spec["upsert"]);
  if (columns.length) {
    const keys = Array.isArray(upsert["keys"]) ? upsert["keys"].map(String) : [];
    keys.forEach((key, index) => {
      if (!columns.includes(key)) document.add(["upsert", "keys", index], "E401", `upsert key "${key}" is not a mapped column.${didYouMean(key, columns)}`);
    });
    const newerBy = upsert["newer_by"];
    if (typeof newerBy === "string" && !columns.includes(newerBy)) {
      document.add(["upsert", "newer_by"], "E402", `newer_by "${newerBy}" is not a mapped column.${didYouMean(newerBy, columns)}`);
    } else if (typeof newerBy === "string") {
      const type = tree(mapping[newerBy])["type"] ?? "text";
      if (typeof type === "string" && /^(decimal|json|interval|boolean|uuid|time\b)/.test(type)) {
        document.add(["upsert", "newer_by"], "E402", `newer_by "${newerBy}" is of type ${type}, which does not say which of two rows is newer: take a timestamp, date, integer or bigint`);
      }
    }
  }
  for (const column of columns) {
    const reserved = reservedColumns.find((name) => name === column.toLowerCase());
    if (reserved) document.add(["mapping", column], "E410", `"${column}" is a column that the runner keeps itself: choose another name`, { target: "key" });
    const twin = columns.find((other) => other !== column && other.toLowerCase() === column.toLowerCase() && columns.indexOf(other) < columns.indexOf(column));
    if (twin) document.add(["mapping", column], "E410", `"${column}" and "${twin}" are one column in SQLite, which ignores case: rename one`, { target: "key" });
  }
  checkDelta(document, spec);
  checkRules(document, spec, columns);
  checkTests(document, spec, columns);
  checkMapped(document, data);
  checkCsv(document, tree(spec["source"]));
  checkPagination(document, tree(spec["source"]));
}

/** The delta must be a value that a column is mapped from: a mistyped one would read as "nothing ever changes". */
function checkDelta(document: SpecDocument, spec: Tree): void {
  const source = tree(spec["source"]);
  const delta = tree(source["delta"]);
  const field = delta["field"];
  if (typeof field === "string") {
    const mapped = new Set(readPaths(pipelineExpressions(spec).filter((site) => site.path[0] === "mapping" || site.path[0] === "let").map((site) => site.expression)));
    const missing = readPaths([field]).find((path) => !mapped.has(path));
    if (missing !== undefined && mapped.size) {
      const near = closest(missing, mapped);
      document.add(["source", "delta", "field"], "E403", `delta.field reads "${missing}", which no column is mapped from.${near ? ` Did you mean "${near}"?` : " Map a column from it."}`);
    }
  }
  if (delta["type"] === "text" && delta["order"] !== "cursor") {
    document.add(["source", "delta", "type"], "E404", "a text does not say which of two values is later: give type timestamp or integer, or order: cursor");
  }
  if (delta["type"] === "integer" ? typeof delta["overlap"] === "string" : typeof delta["overlap"] === "number") {
    document.add(["source", "delta", "overlap"], "E105", delta["type"] === "integer" ? "overlap of an integer delta is a count, such as 100" : `overlap needs a unit: 500ms, 30s, 10m, 2h, 7d`);
  }
  if (source["incremental"] !== undefined && source["delta"] === undefined) {
    document.add(["source", "incremental"], "E102", `"delta" is missing in source: without it there is no watermark, and incremental is never used`, { target: "key" });
  }
}

function readPaths(expressions: readonly string[]): string[] {
  return expressions.flatMap((expression) => {
    try {
      return referencesOf(expression).paths.map((path) => path.join("."));
    } catch {
      return [];
    }
  });
}

function checkRules(document: SpecDocument, spec: Tree, columns: readonly string[]): void {
  if (!columns.length || !Array.isArray(spec["rules"])) return;
  const names = new Set<unknown>();
  spec["rules"].forEach((rule: unknown, index) => {
    const { name, check } = tree(rule);
    if (typeof name === "string" && names.has(name)) document.add(["rules", index, "name"], "E411", `two rules are named "${name}": counts could not tell them apart`);
    names.add(name);
    if (typeof check !== "string") return;
    for (const path of readPaths([check])) {
      const column = path.split(".")[0]!;
      if (!columns.includes(column)) {
        const offset = check.search(new RegExp(`\\b${column.replace(/[^\w]/g, "\\$&")}\\b`));
        document.add(["rules", index, "check"], "E408", `the rule reads "${column}", which is not a mapped column.${didYouMean(column, columns)}`, offset < 0 ? {} : { offset, length: column.length });
      }
    }
  });
}

function checkTests(document: SpecDocument, spec: Tree, columns: readonly string[]): void {
  if (!columns.length || !Array.isArray(spec["tests"])) return;
  spec["tests"].forEach((test: unknown, index) => {
    const rows = tree(test)["rows"];
    if (!Array.isArray(rows)) return;
    rows.forEach((row: unknown, number) => {
      for (const column of Object.keys(tree(row))) {
        if (columns.includes(column)) continue;
        document.add(["tests", index, "rows", number, column], "E409", `the test expects "${column}", which is not a mapped column.${didYouMean(column, columns)}`, { target: "key" });
      }
    });
  });
}

/** Where a request asks for `mapped` names, no expression may read the map as a whole. */
function checkMapped(document: SpecDocument, data: unknown): void {
  for (const site of pipelineTemplates(data)) {
    for (const [, path] of site.text.matchAll(/\bmapped\s+(?:'([^']*)'|"([^"]*)")/g)) {
      for (const { path: at } of mappedNames(data, path ?? "").whole) {
        document.add(at, "E407", `this reads "${path}" as a whole, so the names to ask the source for cannot be told: list them in source.select`);
      }
    }
  }
}

function checkCsv(document: SpecDocument, source: Tree): void {
  if (source["type"] !== "csv") return;
  if ((source["path"] === undefined) === (source["url"] === undefined)) {
    document.add(["source"], "E412", "a csv source needs one of path and url", { target: "key" });
  }
  if (source["header"] === false && source["columns"] === undefined) {
    document.add(["source", "header"], "E412", "without a header, columns must name the columns");
  }
}

function checkPagination(document: SpecDocument, source: Tree): void {
  const places: Path[] = [["source", "pagination"], ["source", "incremental", "pagination"]];
  for (const path of places) {
    const pagination = tree(path.reduce<unknown>((value, key) => tree(value)[String(key)], { source }));
    const type = pagination["type"];
    const oneOf = type === "cursor" ? ["cursor", "header"] : type === "next_url" ? ["url", "link_header"] : undefined;
    if (oneOf && path.length === 2 && oneOf.every((key) => pagination[key] === undefined)) {
      document.add(path, "E412", `pagination of type ${String(type)} needs ${oneOf.join(" or ")}`, { target: "key" });
    }
    const { size, max_size: maximum } = pagination;
    if (typeof size === "number" && typeof maximum === "number" && size > maximum) {
      document.add([...path, "size"], "E412", `size ${size} is beyond max_size ${maximum}`);
    }
  }
}
