/** `record_url`: the page of a record in its system, for errors and rejects. */
import type { LoadedPipeline } from "../spec/load.ts";
import { compileTemplate } from "../template/index.ts";

/** Compiles a pipeline's template: a row as a map in, its page out; undefined where the row lacks what it takes. */
export function compileRecordUrl(
  pipeline: LoadedPipeline,
  params: Record<string, unknown>,
): ((row: Record<string, unknown>) => string | undefined) | undefined {
  if (pipeline.spec.record_url === undefined) return undefined;
  const template = compileTemplate(pipeline.spec.record_url);
  return (row) => {
    try {
      const values = { record: row, vars: pipeline.connection?.vars ?? {}, params };
      return String(template.render({ values }, { mode: "path" }));
    } catch {
      // A record without a key has no page.
      return undefined;
    }
  };
}
