/** The job of a source, at one place of its file: what its runs ask by, and what templates know of it. */
import type { Path } from "./document.ts";
import { layInJob } from "./lay-in-job.ts";
import { tree, type Tree } from "./tree.ts";

/** The job of the runs that a path of the source is about; undefined where they have none. */
export function jobAt(source: Tree, incremental: boolean): Tree | undefined {
  const over = incremental ? tree(source["incremental"])["job"] : undefined;
  const job = over === undefined ? source["job"] : layInJob(source["job"], over);
  return job === undefined || job === null ? undefined : tree(job);
}

/** True for a path inside a request of a job. */
export function isJobPart(path: Path): boolean {
  return path[0] === "source" && path[path[1] === "incremental" ? 2 : 1] === "job";
}

/** Names below `job` in a template at a path; undefined where there is no job yet. */
export function jobNames(source: Tree, path: Path): string[] | undefined {
  if (!isJobPart(path) || path.includes("create")) return undefined;
  const job = jobAt(source, path[1] === "incremental") ?? {};
  const names = ["id", ...Object.keys(tree(tree(job["create"])["keep"]))];
  return path.includes("results") && tree(job["results"])["each"] !== undefined ? [...names, "item"] : names;
}
