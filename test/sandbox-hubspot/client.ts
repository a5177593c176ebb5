/** A plain caller of the sandbox: fetch, JSON, and the two ways of paging. */
import type { HubspotSandbox, RecordJson } from "../../sandbox/hubspot/index.ts";

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // The tests read what they expect to be there; a missing key is undefined and fails its assertion.
  body: Body;
}

export interface Body {
  [key: string]: unknown;
  total?: number;
  results: RecordJson[];
  paging?: { next: { after: string; link?: string } };
  message?: string;
  category?: string;
  correlationId?: string;
}

export async function call(
  sandbox: HubspotSandbox,
  path: string,
  options: { method?: string; json?: unknown; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await fetch(`${sandbox.url}${path}`, {
    method: options.method ?? (options.json === undefined ? "GET" : "POST"),
    headers: {
      authorization: `Bearer ${sandbox.token}`,
      ...(options.json === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson ? JSON.parse(text) : {}) as Body,
  };
}

export function search(sandbox: HubspotSandbox, body: object, type = "contacts"): Promise<Reply> {
  return call(sandbox, `/crm/v3/objects/${type}/search`, { json: body });
}

/** One filter. */
export function where(propertyName: string, operator: string, value?: unknown, more: object = {}): object {
  return { filterGroups: [{ filters: [{ propertyName, operator, value, ...more }] }] };
}

/** The ids that one filter finds, at most 200. */
export async function idsWhere(sandbox: HubspotSandbox, ...filter: Parameters<typeof where>): Promise<string[]> {
  const reply = await search(sandbox, { ...where(...filter), limit: 200 });
  if (reply.status !== 200) throw new Error(reply.text);
  return reply.body.results.map((record) => record.id);
}

/** Every record of a list, page by page. */
export async function listAll(sandbox: HubspotSandbox, query = "", type = "contacts"): Promise<RecordJson[]> {
  const records: RecordJson[] = [];
  for (let after = ""; ;) {
    const reply = await call(
      sandbox,
      `/crm/v3/objects/${type}?limit=100${query}${after && `&after=${encodeURIComponent(after)}`}`,
    );
    if (reply.status !== 200) throw new Error(reply.text);
    records.push(...reply.body.results);
    if (!reply.body.paging) return records;
    after = reply.body.paging.next.after;
  }
}

export const byIdAscending = [{ propertyName: "hs_object_id", direction: "ASCENDING" }];

/** Everything after an id, page by page, by the keyset that does not shift. */
export async function searchByKeyset(
  sandbox: HubspotSandbox,
  filters: object[],
  onPage?: () => void,
): Promise<string[]> {
  const ids: string[] = [];
  for (let last = "0"; ;) {
    const reply = await search(sandbox, {
      filterGroups: [{ filters: [...filters, { propertyName: "hs_object_id", operator: "GT", value: last }] }],
      sorts: byIdAscending,
      limit: 200,
    });
    if (reply.status !== 200) throw new Error(reply.text);
    if (reply.body.results.length === 0) return ids;
    ids.push(...reply.body.results.map((record) => record.id));
    last = ids.at(-1) ?? last;
    onPage?.();
  }
}
