/** Opens the api source on a test server, and reads it. */
import { onTestFinished } from "vitest";
import { apiSource } from "../../src/sources/api/index.ts";
import type { Bound, Page, ReadRequest, Source, SourceContext, Window } from "../../src/sources/contract.ts";
import { schemaValidator } from "../../src/spec/schema.ts";
import type { ApiSource } from "../../src/spec/types.ts";
import { connectionTo, keepLog, newMetrics } from "../http/server.ts";

export interface OpenOptions {
  connection?: object;
  params?: Record<string, unknown>;
  mapped?: (path: string) => string[];
  signal?: AbortSignal;
  parents?: SourceContext["parents"];
}

/** A source spec with the schema's defaults, as the spec layer hands it over; one with a job has no request. */
export function sourceSpec(over: object): ApiSource {
  const asked = "job" in over ? {} : { request: { path: "/items" }, records: "items" };
  const spec = { type: "api", connection: "test", ...asked, ...over } as Record<string, unknown>;
  const validate = schemaValidator("pipeline", "api_source");
  if (!validate(spec)) throw new Error(JSON.stringify(validate.errors));
  if (typeof spec["records"] === "string") spec["records"] = { from: spec["records"], missing: "fail" };
  return spec as unknown as ApiSource;
}

export async function openApi(
  base_url: string,
  spec: object,
  { connection = {}, params = {}, mapped = () => [], signal = new AbortController().signal, parents }: OpenOptions = {},
) {
  const metrics = newMetrics();
  const { log, lines } = keepLog();
  const source = await apiSource.open({
    spec: sourceSpec(spec),
    connection: connectionTo(base_url, connection),
    folder: ".",
    params,
    mapped,
    ...(parents ? { parents } : {}),
    log,
    metrics,
    signal,
  });
  onTestFinished(() => source.close());
  return { source, metrics, lines };
}

const bound = (instant: string): Bound => ({ text: instant, instant });

/** A window that does not move. */
export function fixedWindow(since = "2025-01-01T00:00:00.000000Z", until = "2025-02-01T00:00:00.000000Z"): Window {
  return { since: bound(since), until: bound(until), observeClock: () => false };
}

export function readRequest(over: Partial<ReadRequest> = {}): ReadRequest {
  return { incremental: false, window: fixedWindow(), resume: {}, ...over };
}

/** All pages of a read. */
export async function readPages(source: Source, over: Partial<ReadRequest> = {}): Promise<Page[]> {
  return Array.fromAsync(source.read(readRequest(over)));
}

/** What a runtime would hold after the read: a page that restarts its slice voids what came before. */
export function recordsOf(pages: readonly Page[]): unknown[] {
  return pages.reduce<unknown[]>((records, page) => [...(page.restarted ? [] : records), ...page.records], []);
}
