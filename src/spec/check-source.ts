/** Keys of a source that go together, or do not. */
import { jobAt } from "./job-at.ts";
import { jobParts } from "./expression-sites.ts";
import { layOver } from "./lay-over.ts";
import type { Path, SpecDocument } from "./document.ts";
import { checkSchema, schemaValidator, unknownKeys } from "./schema.ts";
import { tree, type Tree } from "./tree.ts";

/** Checks what the schema cannot say about a source's files, requests and pages. */
export function checkSource(document: SpecDocument, spec: Tree): void {
  const source = tree(spec["source"]);
  if (source["type"] === "csv") checkCsv(document, source);
  if (source["type"] !== "api") return;
  const incremental = tree(source["incremental"]);
  checkDecode(document, ["source", "decode"], source["decode"]);
  checkDecode(document, ["source", "incremental", "decode"], incremental["decode"]);
  checkJobParts(document, ["source", "job"], { job: source["job"], whole: source["job"] });
  checkJobParts(document, ["source", "incremental", "job"], { job: incremental["job"], whole: jobAt(source, true) });
  checkRequest(document, ["source", "request"], source["request"]);
  checkPagination(document, ["source", "pagination"], tree(source["pagination"]));
  checkPosition(document, ["source", "pagination"], {
    pagination: tree(source["pagination"]),
    request: source["request"],
  });
  if (Object.keys(incremental).length > 0)
    checkLaidOver(document, ["source", "incremental"], { source, over: incremental });
}

/** An unknown key may be what seems to be missing: it is a problem already. */
function hasTypo(definition: string, map: Tree): boolean {
  return unknownKeys("pipeline", definition, map).length > 0;
}

function checkCsv(document: SpecDocument, source: Tree): void {
  const { path, url } = source;
  if (path === undefined && url === undefined && !hasTypo("csv_source", source))
    document.add(["source"], "E412", "a csv source needs path or url: where its file is", { target: "key" });
  if (path !== undefined && url !== undefined)
    document.add(["source", "url"], "E412", "a csv source has a path or a url, not both: take one away", {
      target: "key",
    });
  if (source["header"] === false && source["columns"] === undefined && !hasTypo("csv_source", source)) {
    document.add(["source", "header"], "E412", "without a header the columns have no names: list them in columns", {
      target: "key",
    });
  }
}

/** What a body is, said once; and names for what has no header. */
export function checkDecode(document: SpecDocument, path: Path, value: unknown): void {
  const decode = tree(value);
  const [first, ...more] = ["json", "jsonl", "csv", "xml"].filter((format) => decode[format] !== undefined);
  for (const second of more)
    document.add([...path, second], "E412", `a body is one of ${first} and ${second}: take one away`, {
      target: "key",
    });
  const csv = tree(decode["csv"]);
  const { header, columns, quote } = csv;
  if (header !== undefined && header !== true && columns === undefined && !hasTypo("decode_csv", csv)) {
    document.add(
      [...path, "csv", "header"],
      "E412",
      header === "first_page"
        ? "only the first page names the columns: list them in columns"
        : "without a header the columns have no names: list them in columns",
      { target: "key" },
    );
  }
  if (quote === true)
    document.add([...path, "csv", "quote"], "E412", "quote is one character, or false where the text does not quote");
  if (tree(decode["xml"])["attributes"] === true)
    document.add(
      [...path, "xml", "attributes"],
      "E412",
      "attributes is what stands before an attribute's name, or false to leave attributes out",
    );
}

/** Checks a request that stands by itself. */
export function checkRequest(document: SpecDocument, path: Path, value: unknown, definition = "request"): void {
  const request = tree(value);
  if (value === undefined || value !== request) return;
  if (request["path"] === undefined && request["url"] === undefined && !hasTypo(definition, request))
    document.add(path, "E412", "a request needs a path (below the connection's base_url) or a url", { target: "key" });
  const both = (first: string, second: string): void => {
    if (request[first] !== undefined && request[second] !== undefined)
      document.add([...path, second], "E412", `a request has one of ${first} and ${second}: take one away`, {
        target: "key",
      });
  };
  both("path", "url");
  both("body", "form");
  both("body", "text");
  both("form", "text");
}

/** The requests of a job, and how its results are read; `whole` is what it is laid over, with it. */
function checkJobParts(document: SpecDocument, at: Path, { job, whole }: { job: unknown; whole: unknown }): void {
  const isOver = job !== whole;
  for (const [name, part] of Object.entries(tree(job)).filter(([key]) => jobParts.includes(key))) {
    const path = [...at, name];
    const { path: own, url, pagination } = tree(part);
    if (!isOver || own !== undefined || url !== undefined) checkRequest(document, path, part, `job_${name}`);
    checkDecode(document, [...path, "decode"], tree(part)["decode"]);
    if (name !== "results" || pagination === undefined) continue;
    const results = tree(tree(whole)["results"]);
    const laid = tree(results["pagination"]);
    checkPagination(document, [...path, "pagination"], laid);
    checkPosition(document, [...path, "pagination"], { pagination: laid, request: results });
  }
}

function checkPagination(document: SpecDocument, path: Path, pagination: Tree): void {
  const { type, size, max_size: maximum } = pagination;
  const oneOf = type === "cursor" ? ["cursor", "header"] : type === "next_url" ? ["url", "link_header"] : [];
  if (
    oneOf.length > 0 &&
    oneOf.every((key) => pagination[key] === undefined) &&
    !hasTypo(`pagination_${String(type)}`, pagination)
  ) {
    document.add(
      path,
      "E412",
      `pagination of type ${String(type)} needs ${oneOf.join(" or ")}: where the response says what comes next`,
      { target: "key" },
    );
  }
  if (typeof size === "number" && typeof maximum === "number" && size > maximum) {
    document.add([...path, "size"], "E412", `size ${size} is beyond max_size ${maximum}`);
  }
}

/** A position that no request carries would fetch the first page for ever. */
function checkPosition(
  document: SpecDocument,
  path: Path,
  { pagination, request }: { pagination: Tree; request: unknown },
): void {
  const { type } = pagination;
  const names =
    type === "page"
      ? "number"
      : type === "offset"
        ? "offset"
        : type === "cursor" || type === "last_id"
          ? "after"
          : undefined;
  if (
    names === undefined ||
    pagination["send_as"] !== undefined ||
    request === undefined ||
    hasTypo(`pagination_${String(type)}`, pagination)
  )
    return;
  if (/\{\{[^}]*\bpage\.(after|number|offset)\b/.test(JSON.stringify(request))) return;
  document.add(
    path,
    "E412",
    `the request never says which page it wants: give send_as (query.name, body.name), or write {{page.${names}}} in the request`,
    { target: "key" },
  );
}

/**
 * What is asked whole where some keys are laid over the source (`incremental`, `deletes`), as the source itself does it.
 * @param at where these keys stand.
 */
export function checkLaidOver(document: SpecDocument, at: Path, { source, over }: { source: Tree; over: Tree }): void {
  const request =
    over["request"] === undefined
      ? source["request"]
      : checkRequestOver(document, [...at, "request"], source["request"], over["request"]);
  const pagination =
    over["pagination"] === undefined
      ? source["pagination"]
      : checkPaginationOver(document, [...at, "pagination"], source["pagination"], over["pagination"]);
  const place = over["pagination"] === undefined ? "request" : "pagination";
  if (over[place] !== undefined && isSound("pagination", pagination))
    checkPosition(document, [...at, place], { pagination: tree(pagination), request });
}

function checkRequestOver(document: SpecDocument, at: Path, base: unknown, over: unknown): unknown {
  const standsAlone = tree(over)["path"] !== undefined || tree(over)["url"] !== undefined;
  const whole = standsAlone ? over : layOver(base, over);
  if (!standsAlone && !isSound("request", base)) return whole;
  checkWhole(document, "request", at, whole);
  if (standsAlone) checkRequest(document, at, whole);
  return whole;
}

function checkPaginationOver(document: SpecDocument, at: Path, base: unknown, over: unknown): unknown {
  const standsAlone = tree(over)["type"] !== undefined;
  const whole = standsAlone ? over : layOver(base ?? { type: "none" }, over);
  if (!standsAlone && base !== undefined && !isSound("pagination", base)) return whole;
  if (checkWhole(document, "pagination", at, whole)) checkPagination(document, at, tree(whole));
  return whole;
}

/** Checks a copy: the defaults that the schema fills in are no part of the spec. */
function checkWhole(document: SpecDocument, definition: string, at: Path, whole: unknown): boolean {
  return typeof whole !== "object" || checkSchema(document, "pipeline", structuredClone(whole), { definition, at });
}

function isSound(definition: string, value: unknown): boolean {
  return schemaValidator("pipeline", definition)(structuredClone(value));
}
