/** What a read would take, told from one cheap call at the most, and held against the read itself. */
import { describe, expect, it } from "vitest";
import { json, serve } from "../http/server.ts";
import { openApi, readPages, readRequest } from "./harness.ts";

const perSlice: Record<string, number> = { a: 95, b: 95, c: 95 };

/** A list for each path, and how many there are. */
async function open(spec: object, { counts = perSlice, connection = {} } = {}) {
  const server = await serve(({ path, query }, response) => {
    const count = counts[path.slice(1)] ?? 0;
    const size = Number(query.get("limit") ?? 10);
    const start = (Number(query.get("page") ?? 1) - 1) * size;
    const items = Array.from({ length: Math.max(0, Math.min(size, count - start)) }, (_, at) => ({ id: start + at }));
    json(response, { items, total: count, pages: Math.ceil(count / size) });
  });
  const { source } = await openApi(
    server.url,
    { request: { path: "/{{slice.value}}" }, slices: { by: "list", values: ["a", "b", "c"] }, ...spec },
    { connection },
  );
  return { server, source, forecast: () => source.forecast!(readRequest()) };
}

const byPage = { type: "page", send_as: "query.page", size: 10, size_as: "query.limit" };

describe("the forecast of a read in slices", () => {
  it("takes every slice to be like the first, whose total it asks for", async () => {
    const { server, source, forecast } = await open({ pagination: { ...byPage, total: "total" } });
    const told = await forecast();
    // Ten pages and the total once more, three times.
    expect(told).toMatchObject({ calls: 33, slices: 3, asked: 1, isSampled: true });
    expect(told.records).toBeUndefined();
    expect(told.request).toMatchObject({ method: "GET", url: `${server.url}/a?page=1&limit=10` });
    expect(server.seen.map(({ url }) => url)).toEqual(["/a?page=1&limit=1"]);
    await readPages(source);
    expect(server.seen).toHaveLength(1 + told.calls!);
  });

  it("goes by the number of pages of the first", async () => {
    const { server, source, forecast } = await open({ pagination: { ...byPage, pages: "pages" } });
    const told = await forecast();
    expect(told).toMatchObject({ calls: 30, slices: 3, asked: 1, isSampled: true });
    expect(server.seen.map(({ url }) => url)).toEqual(["/a?page=1&limit=10"]);
    await readPages(source);
    expect(server.seen).toHaveLength(1 + told.calls!);
  });

  it("is one call at least for each, where the first is empty", async () => {
    const { forecast } = await open({ pagination: { ...byPage, total: "total" } }, { counts: {} });
    expect(await forecast()).toMatchObject({ calls: 3, slices: 3, asked: 1, isSampled: true });
  });

  it("asks nothing, and is exact, where each slice is one page", async () => {
    const { server, forecast } = await open({ pagination: { type: "none" } });
    const told = await forecast();
    expect(told).toMatchObject({ calls: 3, slices: 3, asked: 0 });
    expect(told.isSampled).toBeUndefined();
    expect(server.seen).toHaveLength(0);
  });

  it("tells no calls where nothing tells how many there are, and asks nothing", async () => {
    const { server, forecast } = await open({ pagination: byPage });
    const told = await forecast();
    expect(told).toMatchObject({ slices: 3, asked: 0 });
    expect(told.calls).toBeUndefined();
    expect(server.seen).toHaveLength(0);
  });

  it("is exact for one slice", async () => {
    const { forecast } = await open({
      slices: { by: "list", values: ["b"] },
      pagination: { ...byPage, total: "total" },
    });
    const told = await forecast();
    expect(told).toMatchObject({ calls: 11, records: 95, asked: 1 });
    expect(told).not.toHaveProperty("slices");
    expect(told).not.toHaveProperty("isSampled");
  });

  it("charges what the slices cost in the mean", async () => {
    const values = [
      { path: "a", cost: 10 },
      { path: "b", cost: 20 },
    ];
    const { forecast } = await open(
      {
        slices: { by: "list", values },
        request: { path: "/{{{slice.path}}}", cost: "{{slice.cost}}" },
        pagination: { ...byPage, total: "total" },
      },
      { connection: { rate_limits: [{ name: "points", cost: 1000, per: "1m" }] } },
    );
    expect(await forecast()).toMatchObject({ calls: 22, budgets: [{ name: "points", unit: "cost", charged: 15 }] });
  });

  it("of windows of dates asks for the first one", async () => {
    const { server, forecast } = await open({
      slices: { by: "date", from: "-30 days", to: "now", step: "7d" },
      request: { path: "/a", query: { from: "{{iso slice.from}}" } },
      pagination: { ...byPage, total: "total" },
    });
    expect(await forecast()).toMatchObject({ calls: 55, slices: 5, asked: 1 });
    expect(server.seen.map(({ query }) => query.get("from"))).toEqual(["2025-01-02T00:00:00Z"]);
  });
});
