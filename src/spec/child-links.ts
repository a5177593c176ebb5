/** Which columns of a child's rows name the record that they hang on: its key, taken from `$parent`. */
import { list, tree } from "./tree.ts";

export interface ChildLink {
  table: string;
  /** A column of the child for each of the parent's upsert keys, in their order; undefined where one cannot be told. */
  columns: readonly string[] | undefined;
  /** Columns of the key that no column of the child is mapped from. */
  missing: readonly string[];
}

/** The links of a pipeline's children; works on data that the schema has not accepted, too. */
export function childLinks(data: unknown): ChildLink[] {
  const spec = tree(data);
  const keys = list(tree(spec["upsert"])["keys"]).map(String);
  return list(spec["children"]).map((value): ChildLink => {
    const child = tree(value);
    const mapping = tree(child["mapping"]);
    const columns = keys.map((key) => {
      const wanted = `$parent.${expressionOf(tree(spec["mapping"])[key])}`;
      return Object.keys(mapping).find((column) => expressionOf(mapping[column]) === wanted);
    });
    const missing = keys.filter((_, index) => columns[index] === undefined);
    const table = String(tree(child["sink"])["table"]);
    return { table, columns: missing.length > 0 ? undefined : (columns as string[]), missing };
  });
}

function expressionOf(field: unknown): string {
  const text = typeof field === "string" ? field : tree(field)["from"];
  return typeof text === "string" ? text.trim() : "";
}
