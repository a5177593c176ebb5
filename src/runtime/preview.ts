/** What a pipeline makes of the first records of its source, by the same engine as a run; nothing is written. */
import type { LoadedPipeline } from "../spec/load.ts";
import { FatalError, messageOf } from "../errors.ts";
import { compile } from "../jsonata/index.ts";
import { compileDelta, noDeltaStart } from "./delta.ts";
import type { Engine } from "./engine.ts";
import { compileMapping, rowObject, type Failure, type Warning } from "./mapping/index.ts";
import { openPipelineSource } from "./open-source.ts";
import { ThrownValue } from "./mapping/field.ts";
import { resolveParams } from "./params.ts";
import { RunWindow } from "./window.ts";

export interface Preview {
  record: unknown;
  /** Absent for a filtered record. */
  row?: Record<string, unknown>;
  filtered: boolean;
  rejects: Pick<Failure, "field" | "rule" | "message">[];
  warnings: Pick<Warning, "field" | "rule" | "message">[];
}

export interface PreviewInput {
  pipeline: LoadedPipeline;
  engine: Engine;
  params: Record<string, string>;
  /** How many records. */
  count: number;
}

/** Reads and maps the first records. Throws what the source throws. */
export async function previewPipeline({ pipeline, engine, params, count }: PreviewInput): Promise<Preview[]> {
  const { spec } = pipeline;
  const values = resolveParams(spec, params, engine.variables).values;
  const mapping = compileMapping(spec, { validation: engine.validation, skipValidation: false, params: values });
  const filter = spec.source.filter === undefined ? undefined : compile(spec.source.filter);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  engine.signal.addEventListener("abort", onAbort, { once: true });
  const source = await openPipelineSource({ pipeline, engine, params: values }, stop.signal);
  const previews: Preview[] = [];
  try {
    const window = new RunWindow(
      spec.source.delta ? compileDelta(spec.source.delta).start : noDeltaStart,
      new Date(),
      {},
    );
    for await (const page of source.read({ incremental: false, window, pageSize: count, resume: {} })) {
      for (const { record, rule, message } of page.rejects ?? [])
        previews.push({ record, filtered: false, rejects: [{ field: "", rule, message }], warnings: [] });
      for (const record of page.records) {
        if (previews.length >= count) break;
        const prepared = await mapping.prepare(record);
        const passed = filter === undefined || (await mapping.evaluate(filter, prepared));
        if (passed instanceof ThrownValue) throw new FatalError(`source.filter failed: ${messageOf(passed.error)}`);
        if (passed !== true) {
          previews.push({ record, filtered: true, rejects: [], warnings: [] });
          continue;
        }
        const mapped = await mapping.map(prepared);
        previews.push({
          record,
          row: rowObject(mapping.columns, mapped.row),
          filtered: false,
          rejects: mapped.failures,
          warnings: mapped.warnings,
        });
      }
      if (previews.length >= count) break;
    }
  } finally {
    stop.abort();
    engine.signal.removeEventListener("abort", onAbort);
    await source.close();
  }
  return previews.slice(0, count);
}
