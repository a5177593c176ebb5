/** What a spec names must be there: columns of keys, rules, tests and templates. */
import { functionNames, referencesOf, syntaxProblems } from "../jsonata/index.ts";
import { didYouMean } from "../suggest.ts";
import type { Path, SpecDocument } from "./document.ts";
import { pipelineTemplates } from "./expression-sites.ts";
import { mappedNames } from "./mapped-names.ts";
import { targetTrees } from "./targets.ts";
import { list, tree, type Tree } from "./tree.ts";

/** Columns that the sink keeps in every table. */
const reservedColumns = ["sync_created_at", "sync_updated_at", "sync_run_id", "deleted_at"];

/** Types that do not say which of two rows is newer. */
const unordered = /^(decimal|json|interval|boolean|uuid|time$)/;

/** Checks a pipeline's names against each other. */
export function checkReferences(document: SpecDocument, spec: Tree): void {
  for (const { at, target } of targetTrees(spec)) {
    const mapping = tree(target["mapping"]);
    const columns = Object.keys(mapping);
    checkColumns(document, at, columns);
    checkLets(document, at, target);
    if (columns.length === 0) continue;
    checkUpsert(document, [...at, "upsert"], { upsert: tree(target["upsert"]), mapping });
    checkRules(document, at, { target, columns });
  }
  const columns = Object.keys(tree(spec["mapping"]));
  if (columns.length > 0) {
    checkTests(document, spec, columns);
    checkRecordUrl(document, spec, columns);
  }
  checkMapped(document, spec);
}

function checkColumns(document: SpecDocument, at: Path, columns: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const column of columns) {
    const folded = column.toLowerCase();
    const twin = seen.get(folded);
    if (reservedColumns.includes(folded))
      document.add(
        [...at, "mapping", column],
        "E410",
        `the runner keeps a column "${folded}" of its own: choose another name`,
        { target: "key" },
      );
    else if (twin !== undefined)
      document.add(
        [...at, "mapping", column],
        "E410",
        `"${column}" and "${twin}" are one column in SQLite, which ignores case: rename one`,
        { target: "key" },
      );
    else seen.set(folded, column);
  }
}

function checkLets(document: SpecDocument, at: Path, target: Tree): void {
  for (const name of Object.keys(tree(target["let"]))) {
    const path = [...at, "let", name];
    if (functionNames.has(name))
      document.add(path, "E410", `$${name} is a function of JSONata: choose another name`, { target: "key" });
    else if (["params", "rest", "parent", "slice"].includes(name))
      document.add(path, "E410", `$${name} has a value already: choose another name`, { target: "key" });
  }
}

function checkUpsert(document: SpecDocument, at: Path, { upsert, mapping }: { upsert: Tree; mapping: Tree }): void {
  const columns = Object.keys(mapping);
  list(upsert["keys"]).forEach((key, index) => {
    if (typeof key !== "string" || columns.includes(key)) return;
    document.add(
      [...at, "keys", index],
      "E401",
      `upsert key "${key}" is not a mapped column.${didYouMean(key, columns) || columnsHint(columns)}`,
    );
  });
  const newerBy = upsert["newer_by"];
  if (typeof newerBy !== "string") return;
  if (!columns.includes(newerBy)) {
    document.add(
      [...at, "newer_by"],
      "E402",
      `newer_by "${newerBy}" is not a mapped column.${didYouMean(newerBy, columns) || columnsHint(columns)}`,
    );
    return;
  }
  const type = tree(mapping[newerBy])["type"] ?? "text";
  if (typeof type === "string" && unordered.test(type)) {
    document.add(
      [...at, "newer_by"],
      "E402",
      `newer_by "${newerBy}" is of type ${type}, which does not say which of two rows is newer: take a timestamp, date, integer or bigint`,
    );
  }
}

function columnsHint(columns: readonly string[]): string {
  return columns.length <= 10 ? ` Mapped: ${columns.join(", ")}.` : "";
}

function checkRules(
  document: SpecDocument,
  at: Path,
  { target, columns }: { target: Tree; columns: readonly string[] },
): void {
  const names = new Set<unknown>();
  list(target["rules"]).forEach((rule, index) => {
    const { name, check } = tree(rule);
    if (typeof name === "string" && names.has(name))
      document.add(
        [...at, "rules", index, "name"],
        "E411",
        `two rules are named "${name}", and counts could not tell them apart: rename one`,
      );
    names.add(name);
    if (typeof check !== "string" || syntaxProblems(check).some(({ kind }) => kind === "syntax")) return;
    for (const { path, position } of referencesOf(check).reads) {
      const column = path[0]!;
      if (columns.includes(column)) continue;
      document.add(
        [...at, "rules", index, "check"],
        "E408",
        `the rule reads "${column}", which is not a mapped column.${didYouMean(column, columns) || columnsHint(columns)}`,
        position < 0 ? {} : { offset: position, length: column.length },
      );
    }
  });
}

function checkTests(document: SpecDocument, spec: Tree, columns: readonly string[]): void {
  list(spec["tests"]).forEach((test, index) => {
    list(tree(test)["rows"]).forEach((row, number) => {
      for (const column of Object.keys(tree(row))) {
        if (columns.includes(column)) continue;
        document.add(
          ["tests", index, "rows", number, column],
          "E409",
          `the test expects "${column}", which is not a mapped column.${didYouMean(column, columns) || columnsHint(columns)}`,
          { target: "key", mistake: column },
        );
      }
    });
  });
}

/** `record` is the row there. */
function checkRecordUrl(document: SpecDocument, spec: Tree, columns: readonly string[]): void {
  const url = spec["record_url"];
  if (typeof url !== "string") return;
  for (const slot of url.matchAll(/\{\{.*?\}\}/gs)) {
    for (const { 1: column, index } of slot[0].matchAll(/\brecord\.([A-Za-z_]\w*)/g)) {
      if (columns.includes(column!)) continue;
      document.add(
        ["record_url"],
        "E302",
        `record_url reads "${column}", which is not a mapped column.${didYouMean(column!, columns) || columnsHint(columns)}`,
        { offset: slot.index + index, length: column!.length + 7 },
      );
    }
  }
}

/** Where a request asks for `mapped` names, no expression may read the map as a whole. */
function checkMapped(document: SpecDocument, spec: Tree): void {
  for (const site of pipelineTemplates(spec)) {
    for (const match of site.text.matchAll(/\bmapped\s+(?:'([^']*)'|"([^"]*)")/g)) {
      const path = match[1] ?? match[2] ?? "";
      for (const { path: at } of mappedNames(spec, path).whole) {
        document.add(
          at,
          "E407",
          `this reads "${path}" as a whole, so the names to ask the source for cannot be told: list them in source.select`,
        );
      }
    }
  }
}
