/** What a read would ask, and how much of it, from one cheap request at the most. */
import type { Connection } from "../../spec/types.ts";
import { compileTemplate, type Scope } from "../../template/index.ts";
import { instantFromDate, isoOf } from "../../values/instant.ts";
import type { Forecast, ForecastRequest } from "../contract.ts";
import { addQuery, type HttpClient, showUrl } from "../http/index.ts";
import type { BuiltRequest } from "./build-request.ts";
import type { PageReader } from "./page-reader.ts";
import { RefusedBatch } from "./refused-batch.ts";
import type { Slice } from "./slices/index.ts";

/** The slices of a read, as far as they are known before it. */
export interface SlicesAhead {
  count: number;
  /** Those that can be told without reading what slices are made of: the first one at least, where there is any. */
  known: readonly Slice[];
}

export interface ForecastOptions {
  connection: Connection;
  client: HttpClient;
  /** Makes a reader of pages of this size. */
  reader(pageSize?: number): PageReader;
  pageSize?: number;
  slices: SlicesAhead;
  /** The request that makes the export of a slice, where one is made. It is shown, never sent. */
  create?(slice: Slice): BuiltRequest;
}

/**
 * The first request of a read and what can be told of the rest: where the pagination tells a total, the source is asked
 * for it with a page of one record; where it tells the number of pages, for the first page. Of several slices only the
 * first one is asked, and the others are taken to be like it.
 */
export async function forecast(options: ForecastOptions): Promise<Forecast> {
  const { connection, client, reader, pageSize, slices, create } = options;
  const { count, known } = slices;
  const [slice] = known;
  if (slice === undefined) return { calls: 0, slices: 0, asked: 0, budgets: [] };
  const full = reader(pageSize).forSlice(slice);
  const requestOf = (each: Slice): BuiltRequest => create?.(each) ?? firstRequest(full.forSlice(each));
  const first = requestOf(slice);
  // How often an export is looked at, nobody knows.
  const expected = create ? { asked: 0 } : await expectUnlessRefused(full, () => reader(1).forSlice(slice));
  const costs = known.map((each) => (each === slice ? first : requestOf(each)).cost ?? 1);
  const cost = costs.reduce((sum, each) => sum + each, 0) / costs.length;
  return {
    request: shownRequest(first, connection),
    ...(count === 1 ? expected : ofAll(expected, count)),
    // After the request: its answer may have told how the budgets stand.
    budgets: client.budgets({ ...first, cost }),
  };
}

function firstRequest(reader: PageReader): BuiltRequest {
  return reader.request(reader.paginator.first());
}

type Expected = Pick<Forecast, "records" | "calls" | "asked">;

/** What one slice takes, for as many. Without having asked it is known exactly: each is one call. */
function ofAll({ calls, asked }: Expected, slices: number): Omit<Forecast, "budgets"> {
  return {
    slices,
    asked,
    ...(calls === undefined ? {} : { calls: calls * slices, ...(asked > 0 ? { isSampled: true } : {}) }),
  };
}

/** A first batch of parents that is refused says nothing of the others. */
async function expectUnlessRefused(full: PageReader, single: () => PageReader): Promise<Expected> {
  try {
    return await expect(full, single);
  } catch (error) {
    if (error instanceof RefusedBatch) return { asked: 1 };
    throw error;
  }
}

async function expect(full: PageReader, single: () => PageReader): Promise<Expected> {
  const { pagination, size } = full;
  // Records that have pages of their own take more; how many, only they could tell.
  if (pagination.type === "none" || pagination.type === "nested") return { calls: 1, asked: 0 };
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
