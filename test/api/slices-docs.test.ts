/** The examples of docs/api-source.md about slices, as they stand there, each against a server that answers so. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { type Handler, json } from "../http/server.ts";
import { fixedWindow, openApi, readPages } from "./harness.ts";
import { callRail, callRailConnection, callsBetween, cursorPage, recordsBySlice, slowServer } from "./slices-server.ts";

const page = readFileSync(new URL("../../docs/api-source.md", import.meta.url), "utf8");
const section = /^## Independent parts[\s\S]*?(?=^## |$(?![\s\S]))/m.exec(page)?.[0] ?? "";
const examples = [...section.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(
  ([, yaml]) => (parse(yaml!) as { source: { connection: string } }).source,
);

const calls = callsBetween("2023-12-01T00:00:00Z", "2026-08-01T00:00:00Z", 12);
const callsWithin = (from: string, to: string) => calls.filter(({ start_time: at }) => at >= from && at < to);
const deals = Array.from({ length: 1200 }, (_, id) => ({ id }));

interface Case {
  handler: Handler;
  connection?: object;
  params?: Record<string, unknown>;
  slices: number;
  records: { id: unknown }[];
}

const cases: Record<string, Case> = {
  callrail: {
    handler: callRail(calls),
    connection: callRailConnection,
    params: { account: "ACC1" },
    slices: 26,
    records: callsWithin("2024-01-10T12:30:00.000Z", "2026-02-10T12:30:00.000Z"),
  },
  arrivy: {
    handler: ({ query }, response) => {
      const found = callsWithin(new Date(query.get("from")!).toISOString(), new Date(query.get("to")!).toISOString());
      const [number, size] = [Number(query.get("page")), Number(query.get("items_per_page"))];
      json(response, found.slice((number - 1) * size, number * size));
    },
    slices: 18,
    records: callsWithin("2026-01-11T12:30:00.000Z", "2026-05-11T12:30:00.000Z"),
  },
  pipedrive: {
    handler: (request, response) => {
      const isArchived = request.path === "/api/v2/deals/archived";
      const { data, next } = cursorPage(
        deals.filter(({ id }) => (id % 4 === 0) === isArchived),
        request,
      );
      json(response, { data, additional_data: { next_cursor: next } });
    },
    slices: 2,
    records: deals,
  },
};

it("has an example for each server", () => {
  expect(examples.map(({ connection }) => connection)).toEqual(Object.keys(cases));
});

it.each(examples)("$connection", async (source) => {
  const { handler, connection, params, slices, records } = cases[source.connection]!;
  const server = await slowServer(handler, 1);
  const api = await openApi(server.url, source, { connection, params, mapped: () => ["id", "start_time"] });
  const window = fixedWindow("2026-01-20T00:00:00.000000Z", "2026-02-10T12:30:00.000000Z");
  const held = recordsBySlice<{ id: string | number }>(await readPages(api.source, { window }));
  expect(held.size).toBe(slices);
  const ids = (list: readonly { id: unknown }[]): string[] => list.map(({ id }) => String(id)).sort();
  expect(ids([...held.values()].flat())).toEqual(ids(records));
});
