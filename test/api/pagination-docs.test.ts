/** The examples of docs/api-source.md about pagination, as they stand there, each against a server that answers so. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Handler, json, type Seen, serve } from "../http/server.ts";
import { openApi, readPages, recordsOf } from "./harness.ts";

const page = readFileSync(new URL("../../docs/api-source.md", import.meta.url), "utf8");
const section = /^## How the next page follows[\s\S]*?(?=^## |$(?![\s\S]))/m.exec(page)?.[0] ?? "";
const examples = [...section.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
  ([, yaml]) => (parse(yaml!) as { source: { connection: string } }).source,
);

interface Case {
  /** The records that there are. */
  list: Record<string, unknown>[];
  answer(list: Case["list"], request: Seen): { body: unknown; headers?: Record<string, string> };
  /** How many requests it takes. */
  requests: number;
}

const of = (count: number, name = "id"): Case["list"] =>
  Array.from({ length: count }, (_each, index) => ({ [name]: String(index + 1) }));
const asked = ({ query }: Seen, name: string): number => Number(query.get(name));
/** The records from an index on, and the index after them where there are more. */
const cut = (list: Case["list"], start: number, size: number) => ({
  records: list.slice(start, start + size),
  next: start + size < list.length ? start + size : undefined,
});

const cases: Record<string, Case> = {
  hubspot: {
    list: of(250),
    answer(list, request) {
      const { records, next } = cut(list, asked(request, "after"), asked(request, "limit"));
      return { body: { results: records, ...(next === undefined ? {} : { paging: { next: { after: `${next}` } } }) } };
    },
    requests: 3,
  },
  salesforce_bulk: {
    list: of(5),
    answer(list, request) {
      const { records, next } = cut(list, asked(request, "locator"), asked(request, "maxRecords"));
      return { body: records, headers: { "sforce-locator": String(next ?? null) } };
    },
    requests: 3,
  },
  salesforce: {
    list: of(4500, "Id"),
    answer(list, { path }) {
      const start = Number(/\/query\/01g-(\d+)$/.exec(path)?.[1] ?? 0);
      const { records, next } = cut(list, start, 2000);
      const more = next === undefined ? {} : { nextRecordsUrl: `/services/data/v62.0/query/01g-${next}` };
      return { body: { totalSize: list.length, done: next === undefined, records, ...more } };
    },
    // And the total once more.
    requests: 4,
  },
  github: {
    list: of(230, "sha"),
    answer(list, request) {
      const number = Number(request.query.get("page") ?? 1);
      const { records, next } = cut(list, (number - 1) * 100, asked(request, "per_page"));
      const base = `http://${request.headers.host}${request.path}?per_page=100&page=`;
      const links = [`<${base}1>; rel="first"`, ...(next === undefined ? [] : [`<${base}${number + 1}>; rel="next"`])];
      return { body: records, headers: { link: links.join(", ") } };
    },
    requests: 3,
  },
  callrail: {
    list: of(600),
    answer(list, request) {
      const size = asked(request, "per_page");
      const { records } = cut(list, (asked(request, "page") - 1) * size, size);
      return { body: { calls: records, total_pages: Math.ceil(list.length / size), total_records: list.length } };
    },
    requests: 4,
  },
  salesrabbit: {
    list: of(2000),
    answer(list, request) {
      const size = asked(request, "perPage");
      const { records, next } = cut(list, (asked(request, "page") - 1) * size, size);
      return { body: { data: records, meta: { morePages: next !== undefined } } };
    },
    requests: 2,
  },
  arrivy: {
    list: of(1000),
    answer(list, request) {
      const size = asked(request, "items_per_page");
      return { body: cut(list, (Number(request.path.split("/").at(-1)) - 1) * size, size).records };
    },
    requests: 3,
  },
  search: {
    list: of(120),
    answer(list, { body }) {
      const { query, from, size } = JSON.parse(body) as { query: string; from: number; size: number };
      expect(query).toBe("status:open");
      return { body: { hits: { docs: cut(list, from, size).records, total: list.length } } };
    },
    requests: 4,
  },
  dynamics: {
    list: of(250, "contactid"),
    answer(list, request) {
      expect(request.query.get("$orderby")).toBe("contactid");
      const { records } = cut(list, asked(request, "$skip"), asked(request, "$top"));
      return { body: { "@odata.count": list.length, value: records } };
    },
    requests: 4,
  },
  hubspot_search: {
    list: of(250),
    answer(list, { body }) {
      const { filterGroups, limit } = JSON.parse(body) as {
        filterGroups: [{ filters: [{ value: string }] }];
        limit: number;
      };
      const after = Number(filterGroups[0].filters[0].value);
      const left = list.filter(({ id }) => Number(id) > after);
      return { body: { total: left.length, results: left.slice(0, limit) } };
    },
    requests: 4,
  },
};

describe("the examples of pagination", () => {
  it("have a server each", () => expect(examples.map(({ connection }) => connection)).toEqual(Object.keys(cases)));

  it.each(examples.map((example) => [example.connection, example] as const))("%s", async (name, example) => {
    const { list, answer, requests } = cases[name]!;
    const handler: Handler = (request, response) => {
      const { body, headers } = answer(list, request);
      json(response, body, { headers: headers ?? {} });
    };
    const server = await serve(handler);
    const { source } = await openApi(server.url, { ...example, connection: "test" });
    expect(recordsOf(await readPages(source))).toEqual(list);
    expect(server.seen).toHaveLength(requests);
  });
});
