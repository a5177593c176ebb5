/** A loaded spec as YAML, each value with the place it comes from. */
import { Document, isMap, isScalar, isSeq, type Node } from "yaml";
import type { Path, SpecDocument } from "./document.ts";
import type { LoadedPipeline } from "./load.ts";
import { shownPath } from "./problem.ts";

/**
 * The spec of a pipeline as it is run. Values of the pipeline's own file stand bare; others carry `# file:line`, and
 * `# default` where no file says them. What `incremental` lays over the source stands in it as written.
 */
export function explainPipeline({ spec, file }: LoadedPipeline, document: SpecDocument): string {
  const { tests: _tests, ...shown } = spec;
  const whole = new Document(shown, { aliasDuplicateObjects: false });
  const own = shownPath(file);
  comment(whole.contents, [], (path) => {
    const place = document.placeOf(path) ?? document.placeOf(shortForm(path));
    if (!place) return " default";
    return place.file === own ? undefined : ` ${place.file}:${place.line}`;
  });
  return `# ${own}\n${whole.toString({ lineWidth: 0 })}`;
}

/** A field or `records` that the file writes as one expression has its `from` at the field itself. */
function shortForm(path: Path): Path {
  return path.at(-1) === "from" ? path.slice(0, -1) : path;
}

/** Adds comments to the scalars below a node. */
function comment(node: unknown, path: Path, of: (path: Path) => string | undefined): void {
  if (isMap(node)) {
    for (const { key, value } of node.items) comment(value, [...path, String(isScalar(key) ? key.value : key)], of);
  } else if (isSeq(node)) node.items.forEach((item, index) => comment(item, [...path, index], of));
  else if (isScalar(node)) {
    const text = of(path);
    if (text !== undefined) (node as Node).comment = text;
  }
}
