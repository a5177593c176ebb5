/** `extends`: one pipeline laid over another file, which may extend a third. */
import { dirname, resolve } from "node:path";
import { SpecDocument } from "./document.ts";
import { layOver } from "./lay-over.ts";
import { shownPath } from "./problem.ts";
import { tree } from "./tree.ts";

/**
 * The document of a pipeline's file with all that it extends below it. A file that cannot be read, or that comes
 * back to itself, is a problem at `extends`; a base that is broken brings its own problems.
 * @param chain absolute files that led here.
 */
export function readExtended(file: string, chain: readonly string[] = []): SpecDocument {
  const document = new SpecDocument(file);
  const spec = tree(document.data);
  const named = spec["extends"];
  if (named === undefined || named === null) return document;
  if (typeof named !== "string") {
    document.add(["extends"], "E103", "extends must be a text: the path of a file, such as ./_crm-object.yml");
    return document;
  }
  const base = resolve(dirname(file), named);
  if (base === file || chain.includes(base)) {
    document.add(
      ["extends"],
      "E422",
      `the files extend each other in a circle: ${[...chain, file, base].map(shownPath).join(" → ")}`,
    );
    return document;
  }
  const below = readExtended(base, [...chain, file]);
  if (below.data === undefined && below.text === "") {
    document.add(
      ["extends"],
      "E422",
      `there is no file ${shownPath(base)} to extend: the path starts at this file's folder`,
    );
    return document;
  }
  const { extends: _own, ...over } = spec;
  return below.extendBy(document, layOver(below.data ?? {}, over));
}
