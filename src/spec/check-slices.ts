/** Slices: windows that can be, values of one shape, and a request that says which slice it wants. */
import { isoOf } from "../values/instant.ts";
import { maxWindows, parseTimeSpan, readTimeBound, type TimeBound, windowsBetween } from "../values/time-bound.ts";
import { specRefusal } from "./check-times.ts";
import type { Path, SpecDocument } from "./document.ts";
import { layOver } from "./lay-over.ts";
import { jobAt } from "./job-at.ts";
import { checkSchema, schemaValidator } from "./schema.ts";
import { list, tree, type Tree } from "./tree.ts";

const base: Path = ["source", "slices"];
const over: Path = ["source", "incremental", "slices"];
/** Stands for now, so that what is said of a spec does not depend on the day. */
const someDay = "2025-01-01T00:00:00.000000Z";

/** Checks what the schema cannot say about `source.slices`, and about the whole that `incremental` makes of them. */
export function checkSlices(document: SpecDocument, spec: Tree): void {
  const source = tree(spec["source"]);
  if (source["type"] !== "api") return;
  const own = tree(source["slices"]);
  const incremental = tree(source["incremental"]);
  const laid = incrementalSlices(source);
  const before = document.problems.length;
  if (source["slices"] !== undefined) {
    checkKind(document, base, own);
    const request = tree(source["job"])["create"] ?? source["request"];
    checkRequest(document, base, { slices: own, request });
  }
  // What is laid over a mistake shows it again.
  const isSound =
    document.problems.length === before && schemaValidator("pipeline", "slices")(structuredClone(source["slices"]));
  const standsAlone = source["slices"] === undefined || tree(incremental["slices"])["by"] !== undefined;
  if (incremental["slices"] !== undefined && (laid === undefined || standsAlone || isSound)) {
    if (laid !== undefined) {
      if (incremental["slices"] === tree(incremental["slices"]))
        checkSchema(document, "pipeline", structuredClone(laid), { definition: "slices", at: over });
      checkKind(document, over, laid);
    }
    checkRequest(document, over, { slices: laid, request: incrementalRequest(source) });
  }
  if ((source["slices"] !== undefined || laid !== undefined) && tree(source["delta"])["order"] === "cursor") {
    document.add(
      ["source", "delta", "order"],
      "E412",
      "order: cursor takes the last record read for the latest, and slices are read side by side: order: value, or no slices",
    );
  }
}

/** Names below `slice` in templates at a path of a spec; undefined without slices, "any" where they are not known. */
export function sliceNames(spec: Tree, path: Path): readonly string[] | "any" | undefined {
  const source = tree(spec["source"]);
  const slices =
    path[0] === "deletes"
      ? deletesSlices(source, { deletes: tree(spec["deletes"]), part: path[1] })
      : path[1] === "incremental"
        ? incrementalSlices(source)
        : source["slices"];
  return slices === undefined ? undefined : namesOf(tree(slices));
}

/** The slices of a list of what was deleted; its lookups and its scope have none. */
function deletesSlices(source: Tree, { deletes, part }: { deletes: Tree; part: unknown }): unknown {
  if (part === "lookup" || part === "scope") return undefined;
  const { slices, request } = deletes;
  const { path, url } = tree(request);
  if (slices === undefined) return path === undefined && url === undefined ? source["slices"] : undefined;
  return slices === null ? undefined : layOver(source["slices"], slices);
}

/** True where some run reads the source in slices: `$slice` has a value. */
export function hasSlices(source: Tree): boolean {
  return source["slices"] !== undefined || incrementalSlices(source) !== undefined;
}

/** The slices of a run with a watermark. */
export function incrementalSlices(source: Tree): Tree | undefined {
  const own = tree(source["incremental"])["slices"];
  if (own === null) return undefined;
  if (own === undefined) return source["slices"] === undefined ? undefined : tree(source["slices"]);
  return tree(own)["by"] === undefined ? tree(layOver(source["slices"], own)) : tree(own);
}

/** The request of a run with a watermark. */
export function incrementalRequest(source: Tree): unknown {
  const job = jobAt(source, true);
  if (job) return job["create"];
  const own = tree(tree(source["incremental"])["request"]);
  return own["path"] !== undefined || own["url"] !== undefined ? own : layOver(source["request"], own);
}

function namesOf({ by, values, batch = 1 }: Tree): readonly string[] | "any" {
  if (by === "parent") return [...(batch === 1 ? ["id"] : []), "ids", "inputs"];
  if (by === "date") return ["from", "to"];
  if (by !== "list") return "any";
  // Without a value it is not known what they are; that there is none is a problem already.
  if (list(values).length === 0) return "any";
  const names = list(values).map((value) => (value === tree(value) ? Object.keys(tree(value)) : ["value"]));
  // What one of them lacks would have no value there.
  return names[0]!.filter((name) => names.every((known) => known.includes(name)));
}

function checkKind(document: SpecDocument, at: Path, slices: Tree): void {
  if (slices["by"] === "date") checkWindows(document, at, slices);
  if (slices["by"] === "list") checkValues(document, at, list(slices["values"]));
}

function checkWindows(document: SpecDocument, at: Path, slices: Tree): void {
  const { to = "now" } = slices;
  const bounds = { from: slices["from"], to };
  const read = Object.entries(bounds).map(([key, text]) => checkBound(document, [...at, key], text));
  const { step } = slices;
  const said = typeof step === "string" ? specRefusal(() => parseTimeSpan(step)) : "";
  if (said) document.add([...at, "step"], "E105", said);
  const [first, last] = read;
  if (!first || !last || first.relative !== last.relative) return;
  const [start, end] = [first.at(someDay), last.at(someDay)];
  if (start >= end)
    document.add(
      document.has([...at, "from"]) ? [...at, "from"] : at,
      "E412",
      `from (${String(bounds.from)}) is not before to (${String(to)}): there would be no window`,
    );
  else if (said === undefined && hasTooMany(start, end, step as string))
    document.add(
      [...at, "step"],
      "E412",
      `more than ${maxWindows.toLocaleString("en-US")} windows of ${String(step)} ${first.relative ? "" : `from ${isoOf(start)} to ${isoOf(end)} `}are too many: take a longer step`,
    );
}

/** Undefined for a template, whose value only a run has, and for what is a problem. */
function checkBound(document: SpecDocument, path: Path, text: unknown): TimeBound | undefined {
  if (typeof text !== "string" || text === "" || text.includes("{{")) return undefined;
  const said = specRefusal(() => readTimeBound(text));
  if (said === undefined) return readTimeBound(text);
  document.add(path, "E105", said);
  return undefined;
}

function hasTooMany(start: string, end: string, step: string): boolean {
  let count = 0;
  for (const _window of windowsBetween(start, end, parseTimeSpan(step))) if (++count > maxWindows) return true;
  return false;
}

function checkValues(document: SpecDocument, at: Path, values: readonly unknown[]): void {
  const isMap = (value: unknown): boolean => value === tree(value);
  const other = values.findIndex((value) => isMap(value) !== isMap(values[0]));
  if (other > 0)
    document.add(
      [...at, "values", other],
      "E412",
      "some values are maps and some are not: {{slice.value}} has a value for the one, {{slice.key}} for the other",
    );
}

/** A request that takes nothing from its slice asks the same for each; one that takes what is not there cannot be made. */
function checkRequest(
  document: SpecDocument,
  at: Path,
  { slices, request }: { slices: Tree | undefined; request: unknown },
): void {
  if (request === undefined) return;
  const known = slices && namesOf(slices);
  const text = JSON.stringify(request) ?? "";
  const taken = [...text.matchAll(/\{\{[^}]*?\}\}/g)].flatMap(([slot]) =>
    [...slot.matchAll(/\bslice\.(\w+)/g)].map(([, name]) => name!),
  );
  if (slices !== undefined && known !== "any" && taken.length === 0) {
    const example = known?.[0] ?? "value";
    document.add(
      at,
      "E412",
      `the request never says which slice it wants, and would ask the same for each: write {{slice.${example}}} in it`,
      { target: "key" },
    );
  }
  // The source's own request and slices stand in one place: there the template itself is the problem.
  if (at === base || known === "any") return;
  const lost = taken.find((name) => !known?.includes(name));
  if (lost !== undefined)
    document.add(
      at,
      "E412",
      `the request reads {{slice.${lost}}}, which ${known ? "these slices do not have" : "has no value without slices"}: give incremental a request with a path of its own`,
      { target: "key" },
    );
}
