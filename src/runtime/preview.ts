/** What a pipeline makes of the first records of its source, by the same engine as a run; nothing is written. */
import type { LoadedPipeline } from "../spec/load.ts";
import { FatalError, messageOf } from "../errors.ts";
import { compile } from "../jsonata/index.ts";
import { compileDelta, noDeltaStart } from "./delta.ts";
import type { Engine } from "./engine.ts";
import type { Column } from "../sinks/contract.ts";
import {
  compileMapping,
  rowObject,
  type Failure,
  type Mapped,
  type Mapping,
  type Prepared,
  type Warning,
} from "./mapping/index.ts";
import { openPipelineSource } from "./open-source.ts";
import { ThrownValue } from "./mapping/field.ts";
import { resolveParams } from "./params.ts";
import { RunWindow } from "./window.ts";

/** What a record, or a part of it, becomes. */
export interface PreviewedRow {
  /** Absent for a filtered record, and where only children are rows. */
  row?: Record<string, unknown>;
  rejects: Pick<Failure, "field" | "rule" | "message">[];
  warnings: Pick<Warning, "field" | "rule" | "message">[];
}

export interface Preview extends PreviewedRow {
  record: unknown;
  filtered: boolean;
  /** Rows of its children, by table; absent where the pipeline has none. */
  children?: Record<string, PreviewedRow[]>;
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
  const tables = (spec.children ?? []).map(({ sink }) => sink.table);
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
        const prepared = await mapping.prepare(record, page.sliceValue);
        const passed = filter === undefined || (await mapping.evaluate(filter, prepared));
        if (passed instanceof ThrownValue) throw new FatalError(`source.filter failed: ${messageOf(passed.error)}`);
        if (passed !== true) {
          previews.push({ record, filtered: true, rejects: [], warnings: [] });
          continue;
        }
        previews.push(await previewOf(record, { prepared, mapping, tables }));
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

async function previewOf(
  record: unknown,
  { prepared, mapping, tables }: { prepared: Prepared; mapping: Mapping; tables: readonly string[] },
): Promise<Preview> {
  const mapped = await mapping.main?.map(prepared);
  const { problem } = prepared;
  const own: PreviewedRow = mapped
    ? rowOf(mapping.main!.columns, mapped)
    : { rejects: problem ? [problem] : [], warnings: [] };
  const children: Record<string, PreviewedRow[]> = {};
  for (const [index, child] of mapping.children.entries()) {
    if (problem || mapped?.failures.length) break;
    const set = await child.expand(prepared);
    if (set.failure) own.rejects.push({ ...set.failure, field: tables[index]! });
    children[tables[index]!] = set.children.map((one) => rowOf(child.columns, one.mapped));
  }
  return { record, filtered: false, ...own, ...(tables.length > 0 ? { children } : {}) };
}

function rowOf(columns: readonly Column[], { row, failures, warnings }: Mapped): PreviewedRow {
  return { row: rowObject(columns, row), rejects: [...failures], warnings: [...warnings] };
}
