import { layOver } from "./lay-over.ts";
import { tree } from "./tree.ts";

const requestKeys = ["method", "path", "url", "query", "headers", "body", "form", "text", "content_type", "cost"];

/**
 * Lays `incremental.job` over the job, part by part. A part that names its own path or url stands alone as a request;
 * what else it has (`id`, `every`, …) is laid over. A pagination that names its own type stands alone. Undefined where
 * `over` is null. Whether the result is a job is for the schema to say.
 */
export function layInJob(base: unknown, over: unknown): unknown {
  if (over === null) return undefined;
  const laid = new Map(Object.entries(tree(base)));
  for (const [name, part] of Object.entries(tree(over))) {
    if (part === null) laid.delete(name);
    else laid.set(name, layInPart(laid.get(name), part));
  }
  return Object.fromEntries(laid);
}

function layInPart(base: unknown, over: unknown): unknown {
  const { path, url, pagination } = tree(over);
  const alone = [
    ...(path === undefined && url === undefined ? [] : requestKeys),
    ...(tree(pagination)["type"] === undefined ? [] : ["pagination"]),
  ];
  return layOver(Object.fromEntries(Object.entries(tree(base)).filter(([key]) => !alone.includes(key))), over);
}
