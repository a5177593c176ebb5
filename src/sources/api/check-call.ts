import type { ApiSource, Connection, Request } from "../../spec/types.ts";
import { instantFromDate, isoOf } from "../../values/instant.ts";
import type { Bound, SourceContext } from "../contract.ts";
import type { HttpClient } from "../http/index.ts";
import { compileRequest } from "./build-request.ts";
import { effectiveSource } from "./effective-source.ts";
import { PageReader } from "./page-reader.ts";
import { slicesOf } from "./slices/index.ts";

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
  const values = { ...window, params: context.params, vars: connection.vars ?? {} };
  const [slice] = slicesOf(source.slices, { values });
  if (slice === undefined) return "nothing to ask: source.slices has no window";
  const reader = new PageReader({
    source,
    slice,
    context,
    connection,
    client,
    window,
    pageSize: 1,
  });
  const { answer } = await reader.fetch(reader.paginator.first(), { resumed: false });
  return `${answer.status} in ${took()}`;
}

function boundOf(date: Date): Bound {
  const instant = instantFromDate(date);
  return { text: isoOf(instant), instant };
}
