/** A plain caller of the sandbox: fetch, JSON, and the two ways of paging. */
import { startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import type { HubspotSandbox, HubspotSandboxOptions, RecordJson } from "../../sandbox/hubspot/index.ts";

/** A sandbox of one's own, closed whatever happens. */
export async function using(
  options: HubspotSandboxOptions,
  act: (sandbox: HubspotSandbox) => Promise<void>,
): Promise<void> {
  const sandbox = await startHubspotSandbox(options);
  try {
    await act(sandbox);
  } finally {
    await sandbox.close();
  }
}

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

export interface AssociationResult {
  from: { id: string };
  to: AssociatedTo[];
  paging?: { next: { after: string; link: string } };
}

export interface AssociatedTo {
  toObjectId: string | number;
  associationTypes: Array<{ category: string; typeId: number; label: string | null }>;
}

export interface AssociationError {
  category: string;
  subCategory: string;
  message: string;
  context: { fromObjectId: string[]; fromObjectType: string[]; toObjectType: string[] };
}

/** A batch of associations, with its body as it is documented. */
export async function readPairs(
  sandbox: HubspotSandbox,
  types: string,
  inputs: ReadonlyArray<{ id: string; after?: string }>,
): Promise<{ status: number; results: AssociationResult[]; errors: AssociationError[]; body: Body }> {
  const { status, body } = await call(sandbox, `/crm/v4/associations/${types}/batch/read`, { json: { inputs } });
  return {
    status,
    results: (body.results ?? []) as unknown as AssociationResult[],
    errors: (body["errors"] ?? []) as AssociationError[],
    body,
  };
}

/** Every association of these records, by batches, each record's pages to their end: as `from/to/typeIds`. */
export async function readAllPairs(
  sandbox: HubspotSandbox,
  types: string,
  ids: readonly string[],
): Promise<{ pairs: string[]; calls: number; empty: string[] }> {
  const pairs: string[] = [];
  const empty: string[] = [];
  let calls = 0;
  let pending: Array<{ id: string; after?: string }> = ids.map((id) => ({ id }));
  while (pending.length > 0) {
    const { status, results, errors } = await readPairs(sandbox, types, pending.splice(0, 1_000));
    calls++;
    if (status !== 200 && status !== 207) throw new Error(`answered ${status}`);
    for (const { from, to, paging } of results) {
      for (const one of to)
        pairs.push(`${from.id}/${one.toObjectId}/${one.associationTypes.map((type) => type.typeId).join()}`);
      if (paging) pending = [...pending, { id: from.id, after: paging.next.after }];
    }
    empty.push(...errors.flatMap((error) => error.context.fromObjectId));
  }
  return { pairs, calls, empty };
}
