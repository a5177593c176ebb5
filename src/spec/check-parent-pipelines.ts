/** The pipelines whose rows slices by parent ask for: they are there, and their tables have the column. */
import { didYouMean } from "../suggest.ts";
import { incrementalSlices } from "./check-slices.ts";
import type { Path, SpecDocument } from "./document.ts";
import { readExtended } from "./extend.ts";
import type { LoadResult } from "./load.ts";
import type { Problem } from "./problem.ts";
import { targetTrees } from "./targets.ts";
import { list, tree } from "./tree.ts";

/** Slices by parent as they stand somewhere in a spec, whole. */
interface Site {
  path: Path;
  pipeline: string;
  column: unknown;
}

/** True where a pipeline asks for the rows of another one. */
export function hasParents({ document }: LoadResult): boolean {
  return sitesOf(document).length > 0;
}

/**
 * Checks what the loaded pipelines ask for.
 * @param files of all pipelines of the project, by name.
 */
export function checkParentPipelines(results: readonly LoadResult[], files: ReadonlyMap<string, string>): Problem[] {
  const loaded = new Map(results.flatMap(({ name, document }) => (name === undefined ? [] : [[name, document]])));
  const problems: Problem[] = [];
  for (const { document } of results) {
    const before = document.problems.length;
    for (const site of sitesOf(document)) {
      const file = files.get(site.pipeline);
      const parent = loaded.get(site.pipeline) ?? (file === undefined ? undefined : readExtended(file));
      if (parent) {
        checkOrder(document, site);
        checkColumn(document, site, parent);
      } else {
        document.add(
          placeOf(document, site, "pipeline"),
          "E450",
          `there is no pipeline "${site.pipeline}" whose rows could be asked for.${didYouMean(site.pipeline, [...loaded.keys(), ...files.keys()])}`,
        );
      }
    }
    problems.push(...document.problems.slice(before));
  }
  return problems;
}

function sitesOf({ data }: SpecDocument): Site[] {
  const source = tree(tree(data)["source"]);
  const since = tree(source["incremental"])["slices"] === undefined ? undefined : incrementalSlices(source);
  return [
    { path: ["source", "slices"], slices: tree(source["slices"]) },
    { path: ["source", "incremental", "slices"], slices: since ?? {} },
  ].flatMap(({ path, slices: { by, pipeline, column = "id" } }) =>
    by === "parent" && typeof pipeline === "string" ? [{ path, pipeline, column }] : [],
  );
}

/** Where a key is written; the map where it is a default, or laid over by something else. */
function placeOf(document: SpecDocument, { path }: Site, key: string): Path {
  return document.has([...path, key]) ? [...path, key] : path;
}

/** The rows must be there: the pipeline that brings them runs before. */
function checkOrder(document: SpecDocument, site: Site): void {
  const others = list(tree(document.data)["depends_on"]);
  // A list that holds something else is a problem of its own, and names them perhaps.
  if (others.includes(site.pipeline) || !others.every((name) => typeof name === "string")) return;
  document.add(
    placeOf(document, site, "pipeline"),
    "E451",
    `the rows of "${site.pipeline}" are asked for, so it must have run before: write depends_on: [${[...others, site.pipeline].join(", ")}]`,
  );
}

function checkColumn(document: SpecDocument, site: Site, parent: SpecDocument): void {
  const { pipeline, column } = site;
  // Of a parent whose children alone are rows it is the first table of theirs.
  const rows = targetTrees(tree(parent.data)).find(({ target }) => target["sink"] !== undefined);
  const columns = Object.keys(tree(rows?.target["mapping"]));
  // What is no text, and a parent that cannot be read, are problems of their own.
  if (typeof column !== "string" || columns.includes(column) || parent.broken) return;
  const known = columns.length > 0 && columns.length <= 10 ? ` Mapped: ${columns.join(", ")}.` : "";
  document.add(
    placeOf(document, site, "column"),
    "E452",
    `"${pipeline}" maps no column "${column}" to take the ids from.${didYouMean(column, columns) || known}`,
  );
}
