/** Slices by parent: what they need beside them, and what stands in them alone. */
import { incrementalRequest, incrementalSlices } from "./check-slices.ts";
import { checkDuration } from "./check-times.ts";
import type { Path, SpecDocument } from "./document.ts";
import { layOver } from "./lay-over.ts";
import { list, tree, type Tree } from "./tree.ts";

/** What the runs of one kind ask, and where each part of it is written. */
interface Asked {
  slices: Tree;
  pagination: Tree;
  request: unknown;
  responses: unknown;
  at: { slices: Path; pagination: Path; responses: Path };
}

/** Checks the slices of a spec, and those that `incremental` makes of them. */
export function checkParents(document: SpecDocument, spec: Tree): void {
  const source = tree(spec["source"]);
  if (source["type"] !== "api") return;
  const incremental = tree(source["incremental"]);
  const own = askedOf(source);
  for (const asked of Object.keys(incremental).length > 0 ? [own, askedSince(source, incremental)] : [own]) {
    if (asked.slices["by"] === "parent") {
      for (const key of ["overlap", "full_every"])
        checkDuration(document, [...asked.at.slices, key], asked.slices[key]);
      checkFullEvery(document, asked);
    }
    checkNested(document, asked);
    checkParts(document, asked);
  }
  // What is asked for deletes is not asked by parents.
  const deletes = tree(spec["deletes"]);
  for (const asked of [askedOf(deletes, ["deletes"]), askedOf(tree(deletes["lookup"]), ["deletes", "lookup"])]) {
    checkNested(document, asked);
    checkParts(document, asked);
  }
}

/** All of them now and then, where it is not all of them in every run. */
function checkFullEvery(document: SpecDocument, { slices, at }: Asked): void {
  const { full_every: every, changed } = slices;
  if (every === undefined || every === null || changed === true) return;
  document.add(
    [...at.slices, "full_every"],
    "E454",
    "full_every says how often all rows are asked for where a run asks for those that changed, and here every run asks for all: write changed: true beside it, or take it away",
    { target: "key" },
  );
}

function askedOf({ slices, pagination, request, responses }: Tree, base: Path = ["source"]): Asked {
  const at = (key: string): Path => [...base, key];
  return {
    slices: tree(slices),
    pagination: tree(pagination),
    request,
    responses,
    at: { slices: at("slices"), pagination: at("pagination"), responses: at("responses") },
  };
}

/** What is not written in `incremental` is looked at where the source has it. */
function askedSince(source: Tree, incremental: Tree): Asked {
  const at = (key: string): Path => (incremental[key] === undefined ? ["source", key] : ["source", "incremental", key]);
  const { pagination, responses = source["responses"] } = incremental;
  const standsAlone = tree(pagination)["type"] !== undefined;
  return {
    slices: incrementalSlices(source) ?? {},
    pagination: tree(standsAlone ? pagination : layOver(source["pagination"] ?? {}, pagination ?? {})),
    request: incremental["request"] === undefined ? source["request"] : incrementalRequest(source),
    responses,
    at: { slices: at("slices"), pagination: at("pagination"), responses: at("responses") },
  };
}

/** Pages of each record of a batch: there must be a batch, and the request must say which of its records it wants. */
function checkNested(document: SpecDocument, { slices, pagination, request, at }: Asked): void {
  if (pagination["type"] !== "nested") return;
  if (slices["by"] !== "parent") {
    document.add(
      document.has([...at.pagination, "type"]) ? [...at.pagination, "type"] : at.pagination,
      "E453",
      "nested pages are those of each parent in a batch, and there are none: give slices: { by: parent, … }, or another pagination",
    );
    return;
  }
  if (request === undefined || /\{\{[^}]*\bslice\.inputs\b/.test(JSON.stringify(request))) return;
  document.add(
    at.pagination,
    "E412",
    "the request never says which records have more pages, and would ask for the first ones again: write {{slice.inputs}} in it",
    { target: "key" },
  );
}

/** Parts of a batch are asked for where there is one. */
function checkParts(document: SpecDocument, { slices, responses, at }: Asked): void {
  if (slices["by"] === "parent") return;
  list(responses).forEach((rule, index) => {
    const { do: action } = tree(rule);
    if (action !== "split" && action !== "lookup") return;
    document.add(
      [...at.responses, index, "do"],
      "E453",
      `${action} asks for parts of a batch of parents, and there is none: give slices: { by: parent, … }, or another rule`,
    );
  });
}
