/** A pipeline's source, opened with all it is handed. */
import { newMetrics, type Source, type SourceMetrics } from "../sources/contract.ts";
import type { LoadedPipeline } from "../spec/load.ts";
import { mappedNames } from "../spec/mapped-names.ts";
import type { Engine } from "./engine.ts";
import { parentReader } from "./parents.ts";
import { credentialStoreOf } from "./state/credentials.ts";

export interface OpenSourceInput {
  pipeline: LoadedPipeline;
  engine: Engine;
  params: Record<string, unknown>;
  /** Counts of the run; absent where nobody reads them. */
  metrics?: SourceMetrics;
  /** Canonical instant: of parents, those that changed since; absent: all. */
  parentsSince?: string;
}

/** Opens the source. The caller closes it. */
export async function openPipelineSource(input: OpenSourceInput, signal: AbortSignal): Promise<Source> {
  const { pipeline, engine, params } = input;
  const kind = await engine.sourceKind(pipeline.spec.source.type);
  // Taken from the expressions once: every page's request asks for them again.
  const names = new Map<string, string[]>();
  const parents = parentReader(engine, input.parentsSince);
  const source = await kind.open({
    spec: pipeline.spec.source,
    connection: pipeline.connection,
    folder: pipeline.folder,
    params,
    mapped(path) {
      const known = names.get(path) ?? mappedNames(pipeline.spec, path).names;
      names.set(path, known);
      return known;
    },
    log: engine.log,
    credentials: credentialStoreOf(engine),
    secret: (value) => engine.secret?.(value),
    metrics: input.metrics ?? newMetrics(),
    parents: (query) => parents.open(query),
    signal,
  });
  const closeSource = source.close.bind(source);
  source.close = async (ending) => {
    try {
      await closeSource(ending);
    } finally {
      await parents.close();
    }
  };
  return source;
}
