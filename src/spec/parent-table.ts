/** The table whose rows stand for a pipeline's records. */
import { readExtended } from "./extend.ts";
import { targetTrees } from "./targets.ts";
import { tree } from "./tree.ts";

/**
 * The table that a pipeline's file names for its records; of one whose children alone are rows, the first of theirs.
 * Undefined where it names none.
 */
export function tableOfFile(file: string): string | undefined {
  const tables = targetTrees(tree(readExtended(file).data)).map(({ target }) => tree(target["sink"])["table"]);
  return tables.find((table) => typeof table === "string");
}
