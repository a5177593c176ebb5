/** Whether the keys of a source can be compared with those of its table without reading its rows. */
import { plainNames } from "../jsonata/index.ts";
import { list, tree, type Tree } from "./tree.ts";

/** Types whose values are asked for in SQL by the text that stands for them. */
const comparable = /^(?:integer|bigint|text|uuid|decimal)\b/;
/** What belongs to a window does not say which rows there are. */
const ofWindow = /\{\{[^}]*\b(?:since|until|delta|keyset)\b/;

/**
 * The source's columns that make the upsert key, in its order. Undefined where they cannot be told: the source is no
 * table of a database, or a key is more than one of its columns.
 */
export function comparableKeys(spec: Tree): string[] | undefined {
  const source = tree(spec["source"]);
  if (source["type"] !== "database" || source["table"] === undefined) return undefined;
  if (ofWindow.test(String(source["where"] ?? ""))) return undefined;
  const mapping = tree(spec["mapping"]);
  const columns = list(tree(spec["upsert"])["keys"]).map((key) => plainColumn(mapping[String(key)]));
  return columns.length > 0 && columns.every((column) => column !== undefined) ? columns : undefined;
}

function plainColumn(field: unknown): string | undefined {
  const { from, type = "text" } = typeof field === "string" ? { from: field } : tree(field);
  if (typeof from !== "string" || !comparable.test(String(type))) return undefined;
  try {
    const names = plainNames(from);
    return names?.length === 1 ? names[0] : undefined;
  } catch {
    // It is reported where expressions are.
    return undefined;
  }
}
