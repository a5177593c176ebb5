/** Jobs of an api source: parts that go together, and requests that say which job they mean. */
import { parseDuration } from "../values/duration.ts";
import { checkDuration, specRefusal } from "./check-times.ts";
import type { Path, SpecDocument } from "./document.ts";
import { jobParts } from "./expression-sites.ts";
import { incrementalSlices } from "./check-slices.ts";
import { jobAt } from "./job-at.ts";
import { checkSchema, schemaValidator } from "./schema.ts";
import { tree, type Tree } from "./tree.ts";

/** What stands in `job.results` where there is a job. */
const insteadOf = ["request", "decode", "records", "pagination"];

/** Checks what the schema cannot say about `source.job`, and about the whole that `incremental` makes of it. */
export function checkJob(document: SpecDocument, spec: Tree): void {
  const source = tree(spec["source"]);
  if (source["type"] !== "api") return;
  if (source["job"] !== undefined) {
    for (const key of insteadOf.filter((name) => source[name] !== undefined)) {
      const where = key === "request" ? "an export is asked for in job.create" : "write it into job.results";
      document.add(["source", key], "E423", `a source with a job has no ${key} of its own: ${where}`, {
        target: "key",
      });
    }
    checkWhole(document, ["source", "job"], { source, job: tree(source["job"]), incremental: false });
  }
  const incremental = tree(source["incremental"]);
  const over = incremental["job"];
  checkBeside(document, source, incremental);
  if (over === null && source["job"] === undefined)
    document.add(["source", "incremental", "job"], "E423", "there is no job to take away", { target: "key" });
  if (over === undefined || over === null) return;
  const at = ["source", "incremental", "job"];
  const laid = tree(jobAt(source, true));
  // What is laid over a mistake shows it again.
  if (source["job"] !== undefined && !schemaValidator("pipeline", "job")(structuredClone(source["job"]))) return;
  if (checkSchema(document, "pipeline", structuredClone(laid), { definition: "job", at }))
    checkWhole(document, at, { source, job: laid, incremental: true });
}

/** What `incremental` lays over a request while its runs ask by a job, or the other way round. */
function checkBeside(document: SpecDocument, source: Tree, incremental: Tree): void {
  const at = ["source", "incremental"];
  if (jobAt(source, true) !== undefined) {
    for (const key of insteadOf.filter((name) => incremental[name] !== undefined))
      document.add(
        [...at, key],
        "E423",
        `a run with a watermark asks by the job, and would never look at ${key} here: lay it over the parts of job, or take the job away (job: null)`,
        { target: "key" },
      );
  } else if (source["job"] !== undefined) {
    for (const key of ["request", "records"].filter((name) => incremental[name] === undefined))
      document.add([...at, "job"], "E423", `without the job a run with a watermark needs ${key} in incremental`, {
        target: "key",
        mistake: key,
      });
  }
}

interface Whole {
  source: Tree;
  job: Tree;
  incremental: boolean;
}

function checkWhole(document: SpecDocument, at: Path, { source, job, incremental }: Whole): void {
  const slices = tree(incremental ? incrementalSlices(source) : source["slices"]);
  if (slices["by"] === "parent")
    document.add(
      at,
      "E423",
      "a job is made for the whole or for each slice by date or list, not for parents: take one of the two away",
      { target: "key" },
    );
  checkNames(document, at, job);
  checkWaits(document, [...at, "poll"], tree(job["poll"]));
  checkDelta(document, at, { source, job, incremental });
}

/** Templates of a request, as they stand. */
function slotsOf(request: unknown): string {
  return [...(JSON.stringify(request) ?? "").matchAll(/\{\{[^}]*\}\}/g)].map(([slot]) => slot).join(" ");
}

function checkNames(document: SpecDocument, at: Path, job: Tree): void {
  for (const name of Object.keys(tree(tree(job["create"])["keep"])).filter((key) => ["id", "item"].includes(key)))
    document.add([...at, "create", "keep", name], "E423", `job.${name} has a value already: choose another name`, {
      target: "key",
    });
  for (const part of jobParts.slice(1)) {
    const request = job[part];
    if (request === undefined || request !== tree(request)) continue;
    const slots = slotsOf(request);
    const hasItems = part === "results" && tree(request)["each"] !== undefined;
    if (hasItems && !/\bjob\.item\b/.test(slots))
      document.add(
        [...at, part],
        "E423",
        "the results are several files, and the request never says which: write {{job.item}} in it",
        { target: "key" },
      );
    else if (!/\bjob\.\w/.test(slots))
      document.add([...at, part], "E423", `the request never says which job it means: write {{job.id}} in ${part}`, {
        target: "key",
      });
  }
}

function checkWaits(document: SpecDocument, at: Path, poll: Tree): void {
  const { every = "5s", max_every: most, for: limit = "1h" } = poll;
  for (const key of ["every", "max_every", "for"]) checkDuration(document, [...at, key], poll[key]);
  const [first, longest, whole] = [every, most ?? every, limit].map(millisecondsOf);
  if (first === undefined || longest === undefined || whole === undefined) return;
  if (longest < first)
    document.add(
      [...at, "max_every"],
      "E423",
      `max_every ${String(most)} is less than every ${String(every)}: the wait grows`,
    );
  else if (first > whole)
    document.add(
      document.has([...at, "for"]) ? [...at, "for"] : [...at, "every"],
      "E423",
      `the time limit (for: ${String(limit)}) would be over before the first look (every: ${String(every)})`,
    );
}

function millisecondsOf(text: unknown): number | undefined {
  if (typeof text !== "string" || !/^\d+(ms|s|m|h|d)$/.test(text)) return undefined;
  return specRefusal(() => parseDuration(text)) === undefined ? parseDuration(text) : undefined;
}

/** A run with a watermark that asks for everything is a full run that nobody asked for. */
function checkDelta(document: SpecDocument, at: Path, { source, job, incremental }: Whole): void {
  const delta = tree(source["delta"]);
  const over = tree(source["incremental"]);
  if (source["delta"] === undefined || delta["local"] === true || delta["order"] === "cursor") return;
  // Where `incremental` says more, it is that whole that such a run asks.
  if (!incremental && (over["job"] !== undefined || over["slices"] !== undefined)) return;
  if (/\b(since|slice)\b/.test(slotsOf(job["create"]))) return;
  document.add(
    [...at, "create"],
    "E423",
    "a run with a watermark would export everything again: write {{iso since}} in create, or delta.local: true to filter here",
    { target: "key" },
  );
}
