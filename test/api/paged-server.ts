/** A server that pages over one list in all the ways there are, and a spec for each of them. */
import type { ServerResponse } from "node:http";
import { type Handler, json, type Seen } from "../http/server.ts";

export interface Item {
  id: number;
}

export interface PagedData {
  items: Item[];
  /** How many items the page that starts at this index holds, instead of `limit`. */
  lengths?: Map<number, number>;
  /** Items that count for positions and are never shown. */
  hidden?: (item: Item) => boolean;
  /** Tells this total instead of how many items there are. */
  total?: (request: Seen) => number;
  /** Answers in place of the page; undefined lets it pass. */
  instead?: (request: Seen, response: ServerResponse) => true | undefined;
  /** Where the request's page starts, instead of where it says. */
  startAt?: (start: number) => number;
}

export interface PagedKind {
  name: string;
  spec: Record<string, unknown> & { pagination: Record<string, unknown> };
  /** Reading can go on in a later run. */
  stable: boolean;
  /** What an empty page is: the end, one like any other, or a page that nothing leads to. */
  atEmpty: "ends" | "goes on" | "never asked";
  /** The name that the page size is sent under: `limit` if not given. */
  sizeName?: string;
  handler(data: PagedData): Handler;
}

const limit = 10;

interface Cut {
  items: Item[];
  /** Index after the page's last item; undefined where nothing is left. */
  next: number | undefined;
  total: number;
}

function paged(
  data: PagedData,
  startOf: (request: Seen) => number,
  answer: (response: ServerResponse, cut: Cut, request: Seen) => void,
): Handler {
  return (request, response) => {
    if (data.instead?.(request, response)) return;
    const asked = startOf(request);
    const start = data.startAt?.(asked) ?? asked;
    const size = data.lengths?.get(start) ?? Number(request.query.get("limit") ?? request.query.get("$top") ?? limit);
    const end = start + size;
    const shown = data.items.slice(start, end).filter((item) => !data.hidden?.(item));
    answer(
      response,
      {
        items: shown,
        next: end < data.items.length ? end : undefined,
        total: data.total?.(request) ?? data.items.length,
      },
      request,
    );
  };
}

const number = (request: Seen, name: string, missing = 0): number => Number(request.query.get(name) ?? missing);
const common = { size: limit, size_as: "query.limit", total: "total" };

export const kinds: PagedKind[] = [
  {
    name: "cursor in the body",
    spec: { pagination: { ...common, type: "cursor", cursor: "paging.next.after", send_as: "query.after" } },
    stable: true,
    atEmpty: "goes on",
    handler: (data) =>
      paged(
        data,
        (request) => number(request, "after"),
        (response, { items, next, total }) =>
          json(response, {
            items,
            total,
            ...(next === undefined ? {} : { paging: { next: { after: String(next) } } }),
          }),
      ),
  },
  {
    name: "cursor in a header, with a text for none",
    spec: {
      pagination: { ...common, type: "cursor", header: "X-Next", none: "null" },
      request: { path: "/items", query: { after: "{{page.after}}" } },
    },
    stable: true,
    atEmpty: "goes on",
    handler: (data) =>
      paged(
        data,
        (request) => number(request, "after"),
        (response, { items, next, total }) =>
          json(response, { items, total }, { headers: { "x-next": String(next ?? null) } }),
      ),
  },
  {
    name: "page",
    spec: { pagination: { ...common, type: "page", send_as: "query.page" } },
    stable: false,
    atEmpty: "ends",
    handler: (data) =>
      paged(
        data,
        (request) => (number(request, "page") - 1) * number(request, "limit", limit),
        (response, { items, total }) => json(response, { items, total }),
      ),
  },
  {
    name: "page, until a flag",
    spec: {
      pagination: { ...common, type: "page", send_as: "query.page", first: 0, stop_when: "meta.more = false" },
    },
    stable: false,
    atEmpty: "never asked",
    handler: (data) =>
      paged(
        data,
        (request) => number(request, "page") * number(request, "limit", limit),
        (response, { items, next, total }) => json(response, { items, total, meta: { more: next !== undefined } }),
      ),
  },
  {
    name: "page, as many as are told",
    spec: { pagination: { ...common, type: "page", pages: "meta.pages" }, request: { path: "/items/{{page.number}}" } },
    stable: false,
    atEmpty: "never asked",
    handler: (data) =>
      paged(
        data,
        ({ path, query }) => (Number(path.split("/").at(-1)) - 1) * Number(query.get("limit")),
        (response, { items, total }, { query }) =>
          json(response, {
            items,
            total,
            meta: { pages: String(Math.ceil(data.items.length / Number(query.get("limit")))) },
          }),
      ),
  },
  {
    name: "offset",
    spec: {
      pagination: { ...common, type: "offset" },
      request: { path: "/items", query: { offset: "{{page.offset}}" } },
    },
    stable: false,
    atEmpty: "ends",
    handler: (data) =>
      paged(
        data,
        (request) => number(request, "offset"),
        (response, { items, total }) => json(response, { items, total }),
      ),
  },
  {
    name: "OData skip and top",
    spec: {
      pagination: {
        ...common,
        type: "offset",
        send_as: "query.$skip",
        size_as: "query.$top",
        total: "`@odata.count`",
      },
      request: { path: "/items", query: { $count: true } },
    },
    stable: false,
    atEmpty: "ends",
    sizeName: "$top",
    handler: (data) =>
      paged(
        data,
        (request) => number(request, "$skip"),
        (response, { items, total }, { query }) =>
          json(response, query.get("$count") === "true" ? { items, "@odata.count": total } : { items }),
      ),
  },
  {
    name: "next URL of OData, a path",
    spec: { pagination: { ...common, type: "next_url", url: "`@odata.nextLink`" } },
    stable: true,
    atEmpty: "goes on",
    handler: (data) =>
      paged(
        data,
        (request) => number(request, "$skiptoken"),
        (response, { items, next, total }, { query }) =>
          json(response, {
            items,
            total,
            ...(next === undefined
              ? {}
              : { "@odata.nextLink": `/items?$skiptoken=${next}&limit=${query.get("limit")}` }),
          }),
      ),
  },
  {
    name: "next URL in the body",
    spec: { pagination: { ...common, type: "next_url", url: "next" } },
    stable: true,
    atEmpty: "goes on",
    handler: (data) =>
      paged(
        data,
        (request) => number(request, "from"),
        (response, { items, next, total }, request) =>
          json(response, {
            items,
            total,
            next:
              next === undefined
                ? null
                : `http://${request.headers.host}/items?from=${next}&limit=${request.query.get("limit")}`,
          }),
      ),
  },
  {
    name: "next URL in a Link header",
    spec: { pagination: { ...common, type: "next_url", link_header: "next" } },
    stable: true,
    atEmpty: "goes on",
    handler: (data) =>
      paged(
        data,
        (request) => number(request, "from"),
        (response, { items, next, total }, request) =>
          json(
            response,
            { items, total },
            next === undefined
              ? {}
              : { headers: { link: `<?from=${next}&limit=${request.query.get("limit")}>; rel="next"` } },
          ),
      ),
  },
  {
    name: "last id",
    spec: {
      pagination: { ...common, type: "last_id", id: "id", first: 0 },
      request: {
        method: "POST",
        path: "/items",
        body: { filter: { greaterThan: "{{page.after}}" }, limit: "{{page.size}}" },
      },
    },
    stable: true,
    atEmpty: "ends",
    handler: (data) =>
      paged(
        data,
        (request) => {
          const { greaterThan } = (JSON.parse(request.body) as { filter: { greaterThan: number } }).filter;
          const start = data.items.findIndex(({ id }) => id > greaterThan);
          return start < 0 ? data.items.length : start;
        },
        // As HubSpot's search does: the total counts what is left after the filter.
        (response, { items, total }, request) => {
          const { greaterThan } = (JSON.parse(request.body) as { filter: { greaterThan: number } }).filter;
          json(response, { items, total: data.total ? total : data.items.filter(({ id }) => id > greaterThan).length });
        },
      ),
  },
  {
    name: "last id in the query, none on the first page",
    spec: { pagination: { ...common, type: "last_id", id: "$string(id)", send_as: "query.after_id" } },
    stable: true,
    atEmpty: "ends",
    handler: (data) =>
      paged(
        data,
        (request) => {
          const start = data.items.findIndex(({ id }) => id > number(request, "after_id"));
          return start < 0 ? data.items.length : start;
        },
        (response, { items, total }, request) => {
          const left = data.items.filter(({ id }) => id > number(request, "after_id")).length;
          json(response, { items, total: data.total ? total : left });
        },
      ),
  },
];

export const items = (count: number): Item[] => Array.from({ length: count }, (_, index) => ({ id: index + 1 }));

/** The spec of a kind with some of its pagination changed; undefined takes a key out. */
export function specOf({ spec }: PagedKind, over: Record<string, unknown> = {}): Record<string, unknown> {
  const pagination = Object.fromEntries(
    Object.entries({ ...spec.pagination, ...over }).filter(([, value]) => value !== undefined),
  );
  return { ...spec, pagination };
}
