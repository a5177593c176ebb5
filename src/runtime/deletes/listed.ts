/** Reads the list of what was deleted, to its end. */
import type { Source, SourceMetrics, Window } from "../../sources/contract.ts";
import type { LoadedPipeline } from "../../spec/load.ts";
import type { ApiSource, DeletesListed } from "../../spec/types.ts";
import type { Engine } from "../engine.ts";
import type { Mapping } from "../mapping/index.ts";
import { openPipelineSource } from "../open-source.ts";
import type { SeenKey } from "../state/seen-keys.ts";
import { incompleteText } from "../tell.ts";
import { reduced, type Watch } from "./watch.ts";

export interface ListInput {
  pipeline: LoadedPipeline;
  engine: Engine;
  params: Record<string, unknown>;
  metrics: SourceMetrics;
  window: Window;
  pageSize?: number;
  /** `--max-records`; 0: all. */
  maxRecords: number;
  mapping: Mapping;
  watch: Watch;
  signal: AbortSignal;
}

/** One page of the list. */
export interface ListedPage {
  keys: SeenKey[];
  records: number;
  /** Records whose key cannot be read: they delete nothing. */
  unreadable: number;
  /** The list has more than was read. */
  incomplete?: string;
}

/** A pipeline that reads what another one deletes, and of each record no more than its key. */
export function listedPipeline(pipeline: LoadedPipeline, deletes: DeletesListed): LoadedPipeline {
  const { spec } = pipeline;
  const { request, decode, records, pagination, responses } = deletes;
  const standsAlone = request["path"] !== undefined || request["url"] !== undefined;
  const slices = deletes.slices === undefined && standsAlone ? null : deletes.slices;
  // An export gives the records that there are: whatever it gave would count as deleted.
  const over = { job: null, request, decode, records, pagination, responses, slices };
  const source: ApiSource = {
    ...(spec.source as ApiSource),
    incremental: Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined)),
  };
  return { ...pipeline, spec: { ...reduced(spec), source } };
}

/** Pages of the list. Throws what stopped the reading; what came before is no list then. */
export async function* readListed(input: ListInput, deletes: DeletesListed): AsyncGenerator<ListedPage> {
  const { engine, params, metrics, signal, window, pageSize, maxRecords, mapping, watch } = input;
  const pipeline = listedPipeline(input.pipeline, deletes);
  const stop = new AbortController();
  const source: Source = await openPipelineSource(
    { pipeline, engine, params, metrics },
    AbortSignal.any([signal, stop.signal]),
  );
  let read = 0;
  try {
    for await (const page of source.read({ incremental: true, window, pageSize, resume: {} })) {
      signal.throwIfAborted();
      if (maxRecords > 0) page.records.splice(Math.max(0, maxRecords - read));
      read += page.records.length;
      const listed: ListedPage = { keys: [], records: page.records.length, unreadable: page.rejects?.length ?? 0 };
      for (const record of page.records) {
        const { key, newer } = await watch.look(await mapping.prepare(record));
        if (key === undefined) listed.unreadable++;
        else listed.keys.push({ kind: "gone", key, detail: newer });
      }
      const { completeness } = page;
      if (completeness && completeness.total > completeness.distinct)
        listed.incomplete = incompleteText(page.slice, completeness);
      yield listed;
      if (maxRecords > 0 && read >= maxRecords) return;
    }
  } finally {
    stop.abort();
    await source.close();
  }
}
