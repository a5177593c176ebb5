/** Opens the database source as the runtime does, and reads it without a warehouse. */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Bound, Page, ReadRequest, Source, SourceMetrics, Window } from "../../src/sources/contract.ts";
import { databaseSource } from "../../src/sources/database/index.ts";
import { loadPipeline, type LoadedPipeline } from "../../src/spec/load.ts";
import { mappedNames } from "../../src/spec/mapped-names.ts";
import { loadProject } from "../../src/spec/project.ts";
import { keepLog, newMetrics } from "../http/server.ts";
import { databaseProject } from "./project.ts";

export interface Opened {
  source: Source;
  metrics: SourceMetrics;
  lines: string[];
  stop: AbortController;
  pipeline: LoadedPipeline;
}

/** A pipeline over a connection; `columns` are mapped as they are, all of type text, and the first is the key. */
export function loadOne(
  connection: object,
  { source, columns, more = {} }: { source: object; columns: readonly string[]; more?: object },
): LoadedPipeline {
  const project = databaseProject(connection);
  onTestFinished(() => project.remove());
  project.write("thing", {
    source: { type: "database", connection: "shop", ...source },
    mapping: Object.fromEntries(columns.map((name) => [name.toLowerCase(), { from: name, type: "json" }])),
    upsert: { keys: [columns[0]!.toLowerCase()] },
    sink: { table: "thing" },
    ...more,
  });
  const loaded = loadPipeline(
    join(project.folder, "pipelines/shop/thing.yml"),
    loadProject(project.folder, { variables: { values: {}, secrets: new Set() } }),
  );
  if (!loaded.pipeline) throw new Error(loaded.problems.map(({ code, message }) => `${code} ${message}`).join("\n"));
  return loaded.pipeline;
}

export async function openDatabase(pipeline: LoadedPipeline, params: Record<string, unknown> = {}): Promise<Opened> {
  const metrics = newMetrics();
  const { log, lines } = keepLog();
  const stop = new AbortController();
  const source = await databaseSource.open({
    spec: pipeline.spec.source,
    connection: pipeline.connection,
    folder: pipeline.folder,
    params,
    mapped: (path) => mappedNames(pipeline.spec, path).names,
    log,
    metrics,
    signal: stop.signal,
  });
  onTestFinished(() => source.close());
  return { source, metrics, lines: lines as unknown as string[], stop, pipeline };
}

const instant = (text: string): Bound => ({ text, instant: text });

/** A window that does not move; integers have no instant. */
export function windowOf(since: string, until = "2030-01-01T00:00:00.000000Z"): Window {
  const isInstant = since.includes("T");
  return { since: isInstant ? instant(since) : { text: since }, until: instant(until), observeClock: () => false };
}

export async function readPages(source: Source, over: Partial<ReadRequest> = {}): Promise<Page[]> {
  return Array.fromAsync(
    source.read({ incremental: false, window: windowOf("1970-01-01T00:00:00.000000Z"), resume: {}, ...over }),
  );
}

/** The records of a read, in the order in which they came. */
export async function readRecords(source: Source, over: Partial<ReadRequest> = {}): Promise<Record<string, unknown>[]> {
  return (await readPages(source, over)).flatMap(({ records }) => records as Record<string, unknown>[]);
}
