/** The delta: a value that a column is mapped from, in a form that can be read and compared. */
import { referencesOf, syntaxProblems } from "../jsonata/index.ts";
import { closest } from "../suggest.ts";
import { compileTimestampParser } from "../values/instant.ts";
import { checkDuration, checkFormats, checkZone, refusal } from "./check-times.ts";
import type { SpecDocument } from "./document.ts";
import { pipelineExpressions } from "./expression-sites.ts";
import { tree, type Tree } from "./tree.ts";

const at = ["source", "delta"];

/** Checks what the schema cannot say about `source.delta`. */
export function checkDelta(document: SpecDocument, spec: Tree): void {
  const source = tree(spec["source"]);
  if (source["delta"] === undefined) {
    if (source["incremental"] !== undefined)
      document.add(
        ["source", "incremental"],
        "E412",
        "incremental needs a delta: without one no run has a watermark, and it is never used",
        { target: "key" },
      );
    return;
  }
  const delta = tree(source["delta"]);
  // A table is asked for the columns that are named, and says which of them it does not have.
  if (source["table"] === undefined) checkField(document, spec, delta["field"]);
  const { type = "timestamp", order, overlap } = delta;
  if (type === "text" && order !== "cursor") {
    document.add(
      [...at, "type"],
      "E403",
      "a text does not say which of two values is later: take type timestamp, date or integer, or order: cursor",
    );
    return;
  }
  checkOverlap(document, type, overlap);
  const zoneIsSound = checkZone(document, [...at, "time_zone"], delta["time_zone"]);
  const isTime = (type === "timestamp" || type === "date") && order !== "cursor";
  for (const key of ["format", "time_zone"]) {
    if (delta[key] !== undefined && !isTime && zoneIsSound)
      document.add(
        [...at, key],
        "E417",
        `a delta ${order === "cursor" ? "with order: cursor" : `of type ${String(type)}`} takes no ${key}`,
        { target: "key" },
      );
  }
  if (!isTime) {
    if (type === "integer" && typeof delta["start"] === "string" && !/^\s*[+-]?\d+\s*$/.test(delta["start"]))
      document.add([...at, "start"], "E418", `start "${delta["start"]}" is not an integer, and the delta is one`);
    return;
  }
  checkFormats(document, [...at, "format"], delta["format"], (formats) => compileTimestampParser({ formats }));
  checkStart(document, delta["start"], zoneIsSound ? delta["time_zone"] : undefined);
}

/** Where the first run starts is written as ISO 8601, whatever format the source has. */
function checkStart(document: SpecDocument, start: unknown, zone: unknown): void {
  if (typeof start !== "string" && typeof start !== "number") return;
  const parse = compileTimestampParser(typeof zone === "string" ? { timeZone: zone } : {});
  const said = refusal(() => parse(String(start))) ?? (String(start).trim() === "" ? "it is empty" : undefined);
  if (said !== undefined)
    document.add([...at, "start"], "E418", `start must be a date such as 2024-01-31, or ISO 8601 with a time: ${said}`);
}

function checkOverlap(document: SpecDocument, type: unknown, overlap: unknown): void {
  const path = [...at, "overlap"];
  if (type === "integer" && typeof overlap === "string")
    document.add(path, "E105", `overlap "${overlap}" must be a count, such as 100: the delta is an integer`);
  else if (type !== "integer" && typeof overlap === "number")
    document.add(path, "E105", `overlap ${overlap} needs a unit: 500ms, 30s, 10m, 2h, 7d`);
  else checkDuration(document, path, overlap);
}

/** A mistyped field would read as "nothing ever changes". */
function checkField(document: SpecDocument, spec: Tree, field: unknown): void {
  if (typeof field !== "string" || isBroken(field)) return;
  // A child's expressions read another record: what they take of ours cannot be told as names.
  const sites = pipelineExpressions(spec).filter(({ path }) => path[0] === "mapping" || path[0] === "let");
  if (spec["mapping"] === undefined) return;
  // What a broken expression would have read cannot be told.
  if (sites.length === 0 || sites.some(({ expression }) => isBroken(expression))) return;
  const found = sites.map(({ expression }) => referencesOf(expression));
  if (found.some(({ wildcards }) => wildcards.length > 0)) return;
  const mapped = new Set(found.flatMap(({ paths }) => paths.map((path) => path.join("."))));
  const missing = referencesOf(field).reads.find(({ path }) => !mapped.has(path.join(".")));
  if (!missing) return;
  const name = missing.path.join(".");
  const near = closest(name, mapped);
  document.add(
    [...at, "field"],
    "E403",
    `delta.field reads "${name}", which no column is mapped from.${near ? ` Did you mean "${near}"?` : " Map a column from it."}`,
    missing.position < 0 ? {} : { offset: missing.position, length: name.length },
  );
}

function isBroken(expression: string): boolean {
  return syntaxProblems(expression).some(({ kind }) => kind === "syntax");
}
