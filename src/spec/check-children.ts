/** Children: tables that are several, sets that can be told, and answers that hold a set whole. */
import { referencesOf, syntaxProblems } from "../jsonata/index.ts";
import { didYouMean } from "../suggest.ts";
import { incrementalRequest, incrementalSlices } from "./check-slices.ts";
import type { Path, SpecDocument } from "./document.ts";
import { targetTrees, type TargetTree } from "./targets.ts";
import { list, tree, type Tree } from "./tree.ts";

/** What is no text in a list of names is told of by the schema. */
const isText = (value: unknown): value is string => typeof value === "string";

/** What makes a row of a record; left out together, where only children are rows. */
const ofRow = ["mapping", "upsert", "sink"];
/** What looks at that row. */
const overRow: Readonly<Record<string, string>> = {
  rules: "rules look at the rows of mapping",
  record_url: "record_url is made of a row of mapping",
};

/** Checks what the schema cannot say about `children` and `replace_within`. */
export function checkChildren(document: SpecDocument, spec: Tree): void {
  const targets = targetTrees(spec);
  if (spec["children"] !== undefined) {
    checkOwnRow(document, spec);
    checkTables(document, targets);
  }
  const byParent = asksParents(tree(spec["source"]));
  for (const target of targets) checkSets(document, target, byParent);
  if (byParent && targets.some(({ target }) => replaceWithin(target).length > 0)) checkWhole(document, spec);
  checkExpected(document, spec, targets);
}

/** Columns of `replace_within`; what is no text is the schema's business. */
function replaceWithin(target: Tree): string[] {
  return list(tree(target["upsert"])["replace_within"]).filter((name) => typeof name === "string");
}

function asksParents(source: Tree): boolean {
  return [tree(source["slices"]), incrementalSlices(source)].some((slices) => slices?.["by"] === "parent");
}

function checkOwnRow(document: SpecDocument, spec: Tree): void {
  const missing = ofRow.filter((key) => spec[key] === undefined);
  const there = ofRow.filter((key) => spec[key] !== undefined);
  if (missing.length > 0 && there.length > 0)
    document.add(
      [there[0]!],
      "E460",
      `${there.join(" and ")} without ${missing.join(" and ")}: write all of mapping, upsert and sink, or, where only children are rows, none of them`,
      { target: "key" },
    );
  if (there.length > 0) return;
  for (const [key, why] of Object.entries(overRow)) {
    if (spec[key] !== undefined)
      document.add([key], "E460", `${why}, and there is none: only children are rows here`, { target: "key" });
  }
}

/** SQLite takes two names that differ in case for one. */
function checkTables(document: SpecDocument, targets: readonly TargetTree[]): void {
  const seen = new Map<string, string>();
  for (const { at, target } of targets) {
    const { table } = tree(target["sink"]);
    if (typeof table !== "string") continue;
    const place = at.length === 0 ? "the records themselves" : `children[${at[1]}]`;
    const other = seen.get(table.toLowerCase());
    if (other === undefined) seen.set(table.toLowerCase(), place);
    else
      document.add(
        [...at, "sink", "table"],
        "E462",
        `the table "${table}" is filled by ${other} already: each needs one of its own`,
      );
  }
}

/** A set must be told without its rows: by columns of the key that a parent without children has as well. */
function checkSets(document: SpecDocument, { at, target }: TargetTree, byParent: boolean): void {
  const within = replaceWithin(target);
  if (within.length === 0) return;
  const path = [...at, "upsert", "replace_within"];
  const keys = list(tree(target["upsert"])["keys"]);
  if (at.length === 0 && !byParent) {
    document.add(
      path,
      "E461",
      "replace_within stands in children, or beside slices: { by: parent }: nothing else says when a set has been read whole",
      { target: "key" },
    );
    return;
  }
  if (byParent && within.length > 1)
    document.add(
      path,
      "E461",
      `with slices by parent a set is what belongs to one id: replace_within takes one column, not ${within.length}`,
    );
  within.forEach((name, index) => {
    if (!keys.includes(name))
      document.add(
        [...path, index],
        "E461",
        `replace_within names "${name}", which is not one of upsert.keys.${didYouMean(name, keys.filter(isText)) || ` Keys: ${keys.filter(isText).join(", ")}.`}`,
      );
    else if (at.length > 0) checkFromParent(document, [...at, "mapping", name], tree(target["mapping"])[name]);
  });
}

function checkFromParent(document: SpecDocument, path: Path, field: unknown): void {
  const { from = field } = tree(field);
  if (typeof from !== "string" || syntaxProblems(from).some(({ kind }) => kind === "syntax")) return;
  const { reads, wildcards } = referencesOf(from);
  if (reads.length === 0 && wildcards.length === 0) return;
  const [first] = reads;
  const name = first?.path.join(".") ?? "$";
  document.add(
    field === from ? path : [...path, "from"],
    "E461",
    `replace_within needs this column where there is no child: read it from $parent or $slice, not from the child's "${name}"`,
    first && first.position >= 0 ? { offset: first.position, length: first.path[0]!.length } : {},
  );
}

/** A request that asks for what changed gets a part of a set, and the rest would be deleted. */
function checkWhole(document: SpecDocument, spec: Tree): void {
  const source = tree(spec["source"]);
  const own = JSON.stringify(source["request"] ?? {});
  const since = JSON.stringify(incrementalRequest(source) ?? {});
  const asksForChanges = (request: string): boolean => /\{\{[^}]*\b(since|until)\b/.test(request);
  const at = asksForChanges(own) ? ["source", "request"] : ["source", "incremental", "request"];
  if (!asksForChanges(own) && !asksForChanges(since)) return;
  document.add(
    document.has(at) ? at : ["source", "request"],
    "E463",
    "the request asks for what changed since the last run, and replace_within would delete the rest of each set: ask for all that a parent has, or leave replace_within away",
    { target: "key" },
  );
}

/** Tables and columns that a test expects rows of. */
function checkExpected(document: SpecDocument, spec: Tree, targets: readonly TargetTree[]): void {
  const columns = new Map(
    targets
      .filter(({ at }) => at.length > 0)
      .map(({ target }) => [tree(target["sink"])["table"], Object.keys(tree(target["mapping"]))]),
  );
  list(spec["tests"]).forEach((test, index) => {
    for (const [table, rows] of Object.entries(tree(tree(test)["children"]))) {
      const path = ["tests", index, "children", table];
      const known = columns.get(table);
      if (!known) {
        const tables = [...columns.keys()].filter((name) => typeof name === "string");
        document.add(
          path,
          "E409",
          `the test expects rows of "${table}", which no child fills.${didYouMean(table, tables)}`,
          { target: "key" },
        );
        continue;
      }
      list(rows).forEach((row, number) => {
        for (const column of Object.keys(tree(row)).filter((name) => !known.includes(name)))
          document.add(
            [...path, number, column],
            "E409",
            `the test expects "${column}", which is not a mapped column of ${table}.${didYouMean(column, known)}`,
            { target: "key", mistake: column },
          );
      });
    }
  });
}
