import type { ApiSource, Connection, Request } from "../../spec/types.ts";
import { instantFromDate, isoOf } from "../../values/instant.ts";
import type { Bound, SourceContext } from "../contract.ts";
import type { HttpClient } from "../http/index.ts";
import { compileRequest } from "./build-request.ts";
import { type EffectiveSource, effectiveSource } from "./effective-source.ts";
import { PageReader } from "./page-reader.ts";
import { RefusedBatch } from "./refused-batch.ts";
import { type Slice, type SliceScope, slicesOf } from "./slices/index.ts";
import { sampleParents } from "./slices/parent-sample.ts";

export interface CheckOptions {
  spec: ApiSource;
  context: SourceContext;
  connection: Connection;
  client: HttpClient;
}

/** One cheap call: the connection's `check`, else the source's first request for one record. `200 in 84 ms`. */
export async function checkCall({ spec, context, connection, client }: CheckOptions): Promise<string> {
  const started = performance.now();
  const took = (): string => `${Math.round(performance.now() - started)} ms`;
  if (connection.check) {
    const request = { method: "GET", ...connection.check } as Request;
    const scope = { values: { vars: connection.vars ?? {}, now: boundOf(new Date()) } };
    const { status } = await client.text(compileRequest(request, connection.base_url)(scope, { place: () => {} }));
    return `${status} in ${took()}`;
  }
  const window = { since: boundOf(new Date(0)), until: boundOf(new Date()) };
  const source = effectiveSource(spec, false);
  if (source.job) {
    return "nothing that is cheap to ask: its pipeline makes an export. Give the connection a check (connection.yml, check: { path: … })";
  }
  const values = { ...window, params: context.params, vars: connection.vars ?? {} };
  const { slice, missing } = await firstSlice(source, context, { values });
  if (slice === undefined) return `nothing to ask: ${missing}`;
  const reader = new PageReader({
    source,
    slice,
    context,
    connection,
    client,
    window,
    pageSize: 1,
  });
  try {
    const { answer } = await reader.fetch(reader.paginator.first(), { resumed: false });
    return `${answer.status} in ${took()}`;
  } catch (error) {
    // The system is there, and one id that it refuses stops no run.
    if (error instanceof RefusedBatch) return `${error.status} in ${took()}`;
    throw error;
  }
}

/** One parent is enough for a check. */
async function firstSlice(
  { slices }: EffectiveSource,
  context: SourceContext,
  scope: SliceScope,
): Promise<{ slice?: Slice; missing?: string }> {
  if (slices?.by === "parent") {
    const { slice, problem } = await sampleParents(slices, context, 1);
    return { slice, missing: problem ?? `${slices.pipeline} has no rows` };
  }
  const [slice] = slicesOf(slices, scope);
  return { slice, missing: "source.slices has no window" };
}

function boundOf(date: Date): Bound {
  const instant = instantFromDate(date);
  return { text: isoOf(instant), instant };
}
