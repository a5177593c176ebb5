/** Opening the csv source on real files, as the runtime does. */
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { csvSource } from "../../src/sources/csv/index.ts";
import {
  newMetrics,
  type Page,
  type Position,
  type ReadRequest,
  type Source,
  type SourceContext,
  type SourceReject,
} from "../../src/sources/contract.ts";
import type { Connection, CsvSource } from "../../src/spec/types.ts";

const schema = JSON.parse(readFileSync(new URL("../../schemas/pipeline.schema.json", import.meta.url), "utf8")) as {
  $defs: { csv_source: { properties: Record<string, { default?: unknown }> } };
};

/** The defaults that the schema fills in. */
const defaults = Object.fromEntries(
  Object.entries(schema.$defs.csv_source.properties).flatMap(([key, { default: value }]) =>
    value === undefined ? [] : [[key, value]],
  ),
);

/** A spec as the loader hands it on: the keys given, the schema's defaults for the rest. */
export function csvSpec(keys: Partial<CsvSource>): CsvSource {
  return { type: "csv", ...defaults, ...keys } as CsvSource;
}

export interface Opened {
  source: Source;
  context: SourceContext;
  abort: AbortController;
}

export async function openCsv(
  keys: Partial<CsvSource>,
  options: { folder?: string; params?: Record<string, unknown>; connection?: Connection } = {},
): Promise<Opened> {
  const abort = new AbortController();
  const context: SourceContext = {
    spec: csvSpec(keys),
    folder: options.folder ?? tmpdir(),
    params: options.params ?? {},
    ...(options.connection && { connection: options.connection }),
    mapped: () => [],
    log: pino({ level: "silent" }),
    metrics: newMetrics(),
    signal: abort.signal,
  };
  return { source: await csvSource.open(context), context, abort };
}

export function readRequest(
  keys: { resume?: ReadRequest["resume"]; unchangedSince?: Position; pageSize?: number } = {},
): ReadRequest {
  const bound = { text: "1970-01-01T00:00:00.000000Z", instant: "1970-01-01T00:00:00.000000Z" };
  return { incremental: false, window: { since: bound, until: bound, observeClock: () => false }, resume: {}, ...keys };
}

export interface Everything {
  pages: Page[];
  records: unknown[];
  lines: number[];
  rejects: SourceReject[];
}

export async function readAll(source: Source, request: ReadRequest = readRequest()): Promise<Everything> {
  const pages = await Array.fromAsync(source.read(request));
  return {
    pages,
    records: pages.flatMap((page) => page.records),
    lines: pages.flatMap((page) => page.lines ?? []),
    rejects: pages.flatMap((page) => page.rejects ?? []),
  };
}

/** A folder of its own, gone after `use`. Files by their path in it. */
export async function withFiles<T>(
  files: Record<string, string | Uint8Array>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), "etl-csv-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), content);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads one file of this content whole. */
export async function readText(content: string | Uint8Array, keys: Partial<CsvSource> = {}): Promise<Everything> {
  return withFiles({ "data.csv": content }, async (folder) => {
    const { source } = await openCsv({ path: "data.csv", ...keys }, { folder });
    try {
      return await readAll(source);
    } finally {
      await source.close();
    }
  });
}
