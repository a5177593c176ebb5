/** What a read would ask, and how much of it, from one cheap request at the most. */
import type { Connection } from "../../spec/types.ts";
import { compileTemplate, type Scope } from "../../template/index.ts";
import { instantFromDate, isoOf } from "../../values/instant.ts";
import type { Forecast, ForecastRequest } from "../contract.ts";
import { addQuery, type HttpClient, showUrl } from "../http/index.ts";
import type { BuiltRequest } from "./build-request.ts";
import type { PageReader } from "./page-reader.ts";
import type { Slice } from "./slices/index.ts";

export interface ForecastOptions {
  connection: Connection;
  client: HttpClient;
  /** Makes a reader of pages of this size. */
  reader(pageSize?: number): PageReader;
  pageSize?: number;
  slices: readonly Slice[];
}

/**
 * The first request of a read and what can be told of the rest: where the pagination tells a total, the source is asked
 * for it with a page of one record; where it tells the number of pages, for the first page. Nothing is asked where
 * there are several slices: one says nothing of the others.
 */
export async function forecast({ connection, client, reader, pageSize, slices }: ForecastOptions): Promise<Forecast> {
  const [slice] = slices;
  if (slice === undefined) return { calls: 0, slices: 0, asked: 0, budgets: [] };
  const full = reader(pageSize).forSlice(slice);
  const first = firstRequest(full);
  const expected =
    slices.length === 1
      ? await expect(full, () => reader(1).forSlice(slice))
      : { ...(full.pagination.type === "none" ? { calls: slices.length } : {}), slices: slices.length, asked: 0 };
  const costs = slices.map((each) => (each === slice ? first : firstRequest(full.forSlice(each))).cost ?? 1);
  const cost = costs.reduce((sum, each) => sum + each, 0) / costs.length;
  // After the request: its answer may have told how the budgets stand.
  return { request: shownRequest(first, connection), ...expected, budgets: client.budgets({ ...first, cost }) };
}

function firstRequest(reader: PageReader): BuiltRequest {
  return reader.request(reader.paginator.first());
}

type Expected = Pick<Forecast, "records" | "calls" | "asked">;

async function expect(full: PageReader, single: () => PageReader): Promise<Expected> {
  const { pagination, size } = full;
  if (pagination.type === "none") return { calls: 1, asked: 0 };
  if (full.facts.hasTotal) {
    const records = await single().total();
    if (records === undefined) return { asked: 1 };
    if (size === undefined) return { records, asked: 1 };
    const pages = Math.max(1, Math.ceil(records / size));
    // More than one page, and the total is asked for once more at the end.
    return { records, calls: pages === 1 ? 1 : pages + 1, asked: 1 };
  }
  if (!("pages" in pagination) || pagination.pages === undefined) return { asked: 0 };
  const { facts } = await full.fetch(full.paginator.first(), { resumed: false });
  return { ...(facts.pages === undefined ? {} : { calls: Math.max(1, facts.pages) }), asked: 1 };
}

/** Names of the headers and query items that carry credentials. */
function secretNames({ auth }: Connection): { headers: string[]; query: string[] } {
  switch (auth?.type) {
    case undefined:
      return { headers: [], query: [] };
    case "query":
      return { headers: [], query: Object.keys(auth.query) };
    case "header":
      return { headers: Object.keys(auth.headers), query: [] };
    case "oauth2":
      return { headers: [auth.header.split(":", 1)[0] as string], query: [] };
    default:
      return { headers: ["authorization"], query: [] };
  }
}

/** The request as it would go out, credentials by name only. */
function shownRequest(request: BuiltRequest, connection: Connection): ForecastRequest {
  const { method, url, headers = {}, body, content } = request;
  const secrets = secretNames(connection);
  const hidden = secrets.query.map((name) => [name, "***"] as const);
  return {
    method,
    url: showUrl(addQuery(url, hidden), secrets.query, { value: Infinity, url: Infinity }),
    headers: {
      ...lowerCase(connectionHeaders(connection)),
      ...Object.fromEntries(secrets.headers.map((name) => [name.toLowerCase(), "***"])),
      ...lowerCase(headers),
    },
    ...(body === undefined ? {} : { body: content ?? body }),
  };
}

function connectionHeaders({ headers = {}, vars = {} }: Connection): Record<string, string> {
  const now = instantFromDate(new Date());
  const scope: Scope = { values: { now: { text: isoOf(now), instant: now }, vars } };
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      String(compileTemplate(value).render(scope, { mode: "text" })),
    ]),
  );
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
