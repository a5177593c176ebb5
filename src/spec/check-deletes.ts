/** What a pipeline deletes: keys that go together, rows that can be told apart, and a read that can miss something. */
import { didYouMean } from "../suggest.ts";
import { childLinks } from "./child-links.ts";
import { comparableKeys } from "./comparable-keys.ts";
import { checkDecode, checkLaidOver, checkRequest } from "./check-source.ts";
import type { Path, SpecDocument } from "./document.ts";
import { unknownKeys } from "./schema.ts";
import { list, tree, type Tree } from "./tree.ts";
import type { AnyConnection } from "./types.ts";

/** Types whose values have no one text: they cannot be told apart by it. */
const withoutText = /^(double|json|interval|time)$/;
const takesSince = /\{\{[^}]*\bsince\b/;

/** Checks what the schema cannot say about `deletes`. */
export function checkDeletes(document: SpecDocument, spec: Tree, connection?: AnyConnection): void {
  const deletes = tree(spec["deletes"]);
  const { detect } = deletes;
  if (detect === undefined) return;
  if (spec["mapping"] === undefined && list(spec["children"]).length > 0) {
    document.add(
      ["deletes"],
      "E430",
      "deletes are about the rows of records, and only their children are rows here: rows of a set go with replace_within",
      { target: "key" },
    );
    return;
  }
  checkChildren(document, spec);
  checkKeys(document, spec, deletes);
  checkApi(document, spec, deletes);
  if (detect !== "missing") return;
  // Of Athena each question is a scan that is paid for.
  const compares =
    comparableKeys(spec) !== undefined && !(connection?.type === "database" && connection.dialect === "athena");
  checkMissing(document, spec, { deletes, compares });
}

/** The children of a row that goes must go with it. */
function checkChildren(document: SpecDocument, spec: Tree): void {
  childLinks(spec).forEach(({ missing }, index) => {
    if (missing.length === 0) return;
    document.add(
      ["children", index, "mapping"],
      "E433",
      `which of these rows hang on a row that is deleted cannot be told: map a column from $parent and the expression of the key (${missing.join(", ")}), as the mapping has it`,
      { target: "key" },
    );
  });
}

/** Rows are found by the text of their key. */
function checkKeys(document: SpecDocument, spec: Tree, deletes: Tree): void {
  const keys = list(tree(spec["upsert"])["keys"]);
  const mapping = tree(spec["mapping"]);
  keys.forEach((key, index) => {
    const type = tree(mapping[String(key)])["type"];
    if (typeof type !== "string" || !withoutText.test(type)) return;
    document.add(
      ["upsert", "keys", index],
      "E431",
      `with deletes, rows are found by their key, and "${String(key)}" is of type ${type}, whose values can be written in several ways: take a key of another type`,
    );
  });
  for (const name of ["merged", "lookup"]) {
    if (deletes[name] === undefined || keys.length < 2) continue;
    document.add(
      ["deletes", name],
      "E431",
      `${name} goes by ids, and the upsert key has ${keys.length} columns (${keys.join(", ")}): it needs a key of one`,
      { target: "key" },
    );
  }
}

/** A list and a lookup are asked of an API. */
function checkApi(document: SpecDocument, spec: Tree, deletes: Tree): void {
  const source = tree(spec["source"]);
  const { detect, lookup } = deletes;
  if (source["type"] !== "api") {
    const asked = detect === "listed" ? "detect" : lookup === undefined ? undefined : "lookup";
    if (asked !== undefined)
      document.add(
        ["deletes", asked],
        "E430",
        `${asked === "detect" ? "a list of what was deleted" : "a lookup"} is asked of an API, and the source is of type ${String(source["type"])}: detect: missing or flag, without a lookup`,
        { target: "key" },
      );
    return;
  }
  if (detect === "listed") {
    checkDecode(document, ["deletes", "decode"], deletes["decode"]);
    if (source["job"] !== undefined) checkBesideJob(document, deletes);
    else if (deletes["request"] === tree(deletes["request"]))
      checkLaidOver(document, ["deletes"], { source, over: deletes });
  }
  if (lookup === tree(lookup)) checkLookup(document, tree(lookup));
}

/** A list is no export: nothing of the source's job can be laid under it. */
function checkBesideJob(document: SpecDocument, deletes: Tree): void {
  const { request, records } = deletes;
  const { path, url } = tree(request);
  if (request === tree(request) && path === undefined && url === undefined)
    document.add(
      ["deletes", "request"],
      "E430",
      "the source asks by a job, which a list cannot be laid over: give the request a path or a url",
      { target: "key" },
    );
  else if (request !== undefined) checkLaidOver(document, ["deletes"], { source: {}, over: deletes });
  if (records === undefined)
    document.add(
      ["deletes"],
      "E430",
      "the source asks by a job, so the list needs records of its own: where an answer has what was deleted",
      { target: "key" },
    );
}

function checkLookup(document: SpecDocument, lookup: Tree): void {
  const at: Path = ["deletes", "lookup"];
  const { request, found, gone, batch = 100 } = lookup;
  checkDecode(document, [...at, "decode"], lookup["decode"]);
  checkRequest(document, [...at, "request"], request);
  if (found === undefined && gone === undefined && unknownKeys("pipeline", "deletes_lookup", lookup).length === 0)
    document.add(at, "E430", "a lookup needs found (the keys that exist) or gone (those that do not)", {
      target: "key",
    });
  if (found !== undefined && gone !== undefined)
    document.add([...at, "gone"], "E430", "a lookup has one of found and gone: take one away", { target: "key" });
  if (request === undefined) return;
  const text = JSON.stringify(request);
  const takes = (name: string): boolean => new RegExp(`\\{\\{[^}]*\\blookup\\.${name}\\b`).test(text);
  if (!takes("(?:keys?|inputs)"))
    document.add(
      [...at, "request"],
      "E430",
      `the request never says which keys it asks for: write {{lookup.${batch === 1 ? "key" : "keys"}}} in it`,
      { target: "key" },
    );
  else if (takes("key") && batch !== 1)
    document.add(
      [...at, "request"],
      "E430",
      `{{lookup.key}} is one key, and a request asks for ${String(batch)}: write batch: 1, or {{lookup.keys}}`,
      { target: "key" },
    );
}

/** What is not read counts as missing: the read must be of all that the rows in its scope come from. */
function checkMissing(
  document: SpecDocument,
  spec: Tree,
  { deletes, compares }: { deletes: Tree; compares: boolean },
): void {
  const source = tree(spec["source"]);
  const scope = tree(deletes["scope"]);
  const mapping = tree(spec["mapping"]);
  const columns = Object.keys(mapping);
  for (const [column, value] of Object.entries(scope)) {
    if (columns.length > 0 && !columns.includes(column)) {
      document.add(
        ["deletes", "scope", column],
        "E432",
        `"${column}" is not a mapped column.${didYouMean(column, columns)}`,
        { target: "key" },
      );
    } else if (value === "slice") checkSliceScope(document, column, { source, type: tree(mapping[column])["type"] });
  }
  checkParts(document, spec, scope);
  if ([source["slices"], tree(source["incremental"])["slices"]].some((slices) => tree(slices)["by"] === "parent"))
    document.add(
      ["deletes", "detect"],
      "E432",
      "slices by parent ask for some parents at a time, and the rows of the others would count as missing: rows of a parent go with replace_within",
    );
  if (deletes["on"] === "every" && !compares) checkEvery(document, source, Object.values(scope).includes("slice"));
}

function checkSliceScope(
  document: SpecDocument,
  column: string,
  { source, type }: { source: Tree; type: unknown },
): void {
  const at: Path = ["deletes", "scope", column];
  if (tree(source["slices"])["by"] !== "date")
    document.add(
      at,
      "E432",
      "slice stands for the date slices that were read, and the source has none (source.slices)",
    );
  else if (type !== "timestamp" && type !== "date")
    document.add(
      at,
      "E432",
      `"${column}" is of type ${typeof type === "string" ? type : "text"}: only a timestamp or a date lies in a date slice`,
    );
}

/** Each value of such a param reads a part of the whole, and the rows of the others are not in it. */
function checkParts(document: SpecDocument, spec: Tree, scope: Tree): void {
  for (const [name, param] of Object.entries(tree(spec["params"]))) {
    const { scope: isScope, required, narrows } = tree(param);
    // A required address of the whole says that it does not narrow.
    if (isScope !== true && (required !== true || narrows === false)) continue;
    if (new RegExp(`\\{\\{[^}]*\\bparams\\.${name}\\b`).test(JSON.stringify(scope))) continue;
    document.add(
      ["deletes"],
      "E432",
      `a run reads what belongs to one ${name}, and the rows of the others would count as missing: name the column that holds it, scope: { …: "{{params.${name}}}" }${isScope === true ? "" : `, or give ${name} narrows: false`}`,
      { target: "key" },
    );
  }
}

function checkEvery(document: SpecDocument, source: Tree, bySlice: boolean): void {
  const incremental = tree(source["incremental"]);
  const { slices, ...asked } = incremental;
  // A database source adds the condition itself.
  const isFiltered = source["type"] === "database" && source["delta"] !== undefined;
  if (isFiltered || takesSince.test(JSON.stringify([source["request"], source["job"], asked])))
    document.add(
      ["deletes", "on"],
      "E432",
      isFiltered
        ? "a run with a watermark asks for what changed, and everything else would count as missing: on: full, or a table whose keys can be compared (each upsert key one of its columns, of type integer, bigint, decimal, text or uuid)"
        : "a run with a watermark asks for what changed ({{since}}), and everything else would count as missing: on: full",
    );
  else if (!bySlice && takesSince.test(JSON.stringify([slices, source["slices"]])))
    document.add(
      ["deletes", "on"],
      "E432",
      "a run with a watermark reads the slices from {{since}} on, and what lies before would count as missing: on: full, or a scope with slice",
    );
}
