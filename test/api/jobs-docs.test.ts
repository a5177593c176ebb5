/** The examples of docs/api-source.md about jobs, as they stand there, each against a server that answers so. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { type Handler, json, type Seen, serve } from "../http/server.ts";
import { bulkJobs } from "../support/bulk-job-server.ts";
import { send } from "./decode-support.ts";
import { openApi, readPages, recordsOf } from "./harness.ts";

const page = readFileSync(new URL("../../docs/api-source.md", import.meta.url), "utf8");
const section = /^## Exports that are made first[\s\S]*?(?=^## |$(?![\s\S]))/m.exec(page)?.[0] ?? "";
const examples = [...section.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
  ([, yaml]) => (parse(yaml!) as { source: { connection: string } }).source,
);

const contacts = Array.from({ length: 120_000 }, (_, index) => ({
  Id: `003${index}`,
  SystemModstamp: `2025-01-${String((index % 28) + 1).padStart(2, "0")}T00:00:00.000+0000`.replace("+0000", "Z"),
}));
const bulk = bulkJobs({ rows: () => contacts, modified: "SystemModstamp" });

let looks = 0;
const events: Handler = ({ method, path, body, headers }, response) => {
  const base = `http://${headers.host}`;
  if (method === "POST") {
    expect(JSON.parse(body)).toMatchObject({ format: "jsonl", from: "2025-01-01T00:00:00Z" });
    return json(response, { export: { id: 7, links: { status: `${base}/exports/7/state?full=1` } } });
  }
  if (path === "/exports/7/state")
    return json(response, ++looks < 3 ? { status: "working" } : { status: "ready", files: files(base) });
  return send(response, gzipSync(`{"id":${path.slice(-1)}}\n{"id":"${path.slice(-1)}b"}\n`));
};
const files = (base: string): object[] => [1, 2].map((number) => ({ url: `${base}/files/part%20${number}` }));

const shop: Handler = ({ method, path, query }, response) => {
  if (method === "POST") return json(response, {}, { headers: { location: "/bulk/9" } });
  if (path === "/bulk/9") return json(response, { percent: 100 });
  if (path === "/bulk/9/rows") return json(response, { rows: [{ id: Number(query.get("page")) }], pages: 2 });
  expect(query.get("updated_since")).toBe("2025-01-01T00:00:00Z");
  return json(response, { orders: [{ id: 2 }], next: null });
};

interface Case {
  handler: Handler;
  incremental?: boolean;
  records: unknown[];
  asked(seen: readonly Seen[]): void;
}

const cases: Record<string, Case[]> = {
  salesforce: [
    {
      handler: (request, response) => bulk.handler(request, response),
      records: contacts,
      asked: (seen) => {
        expect(seen.map(({ method, query }) => `${method} ${query.get("locator") ?? ""}`.trim())).toEqual([
          "POST",
          "GET",
          "GET",
          "GET",
          "GET NTAwMDA=",
          "GET MTAwMDAw",
          "DELETE",
        ]);
      },
    },
  ],
  events: [
    {
      handler: events,
      records: [{ id: 1 }, { id: "1b" }, { id: 2 }, { id: "2b" }],
      asked: (seen) => expect(seen).toHaveLength(6),
    },
  ],
  shop: [
    { handler: shop, records: [{ id: 1 }, { id: 2 }], asked: (seen) => expect(seen).toHaveLength(4) },
    {
      handler: shop,
      incremental: true,
      records: [{ id: 2 }],
      asked: (seen) => expect(seen.map(({ path }) => path)).toEqual(["/orders"]),
    },
  ],
};

it("has an example for each server", () => {
  expect(examples.map(({ connection }) => connection)).toEqual(Object.keys(cases));
});

it.each(examples.flatMap((source) => cases[source.connection]!.map((one) => ({ ...one, source }))))(
  "$source.connection, incremental: $incremental",
  async ({ source, handler, incremental = false, records, asked }) => {
    const server = await serve(handler);
    // Only the waits are shorter.
    const spec = JSON.parse(JSON.stringify(source).replaceAll(/"((?:max_)?every)":"[^"]+"/g, '"$1":"2ms"')) as object;
    const { source: api } = await openApi(server.url, spec, { mapped: () => ["Id", "SystemModstamp"] });
    const pages = await readPages(api, { incremental });
    for (const { committed } of pages) committed?.();
    await api.close();
    expect(recordsOf(pages)).toEqual(records);
    asked(server.seen);
  },
);
