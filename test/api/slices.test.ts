/** Slices against servers that behave like CallRail, Arrivy and Pipedrive. */
import { describe, expect, it } from "vitest";
import { FatalError, SpecError, TransientError } from "../../src/errors.ts";
import type { Page, ReadRequest } from "../../src/sources/contract.ts";
import { RunWindow } from "../../src/runtime/window.ts";
import { json, rejection, type Seen } from "../http/server.ts";
import { fixedWindow, openApi, readPages, readRequest } from "./harness.ts";
import {
  type Call,
  callRail,
  callRailConnection,
  callsBetween,
  checkpointAfter,
  cursorPage,
  recordsBySlice,
  slowServer,
} from "./slices-server.ts";

const since = "2026-01-20T00:00:00.000000Z";
const until = "2026-02-10T12:30:00.000000Z";
const window = fixedWindow(since, until);

const callSpec = {
  request: {
    path: "/a/{{params.account}}/calls.json",
    query: {
      start_date: "{{iso slice.from}}",
      end_date: "{{iso slice.to}}",
      company_id: "{{params.company}}",
      fields: "{{join (mapped) ','}}",
    },
  },
  slices: { by: "date", from: "-25 months", step: "30d" },
  records: "calls",
  pagination: {
    type: "page",
    send_as: "query.page",
    size: 20,
    size_as: "query.per_page",
    pages: "total_pages",
    total: "total_records",
  },
  delta: { field: "start_time", type: "timestamp", overlap: "7d" },
  incremental: { slices: { from: "{{since}}" } },
};
const callOptions = {
  connection: callRailConnection,
  params: { account: "ACC1" },
  mapped: () => ["id", "start_time"],
};

/** More than the windows hold on both sides. */
const calls = callsBetween("2023-12-01T00:00:00Z", "2026-03-01T00:00:00Z", 17);
const within = (from: string, to: string): Call[] => calls.filter(({ start_time: at }) => at >= from && at < to);

async function openCalls(over: object = {}, connection: object = {}) {
  const server = await slowServer(callRail(calls));
  const api = await openApi(
    server.url,
    { ...callSpec, ...over },
    { ...callOptions, connection: { ...callRailConnection, ...connection } },
  );
  return { server, ...api };
}

const windowsOf = (seen: readonly Seen[]): string[] => [
  ...new Set(seen.map(({ query }) => `${query.get("start_date")}/${query.get("end_date")}`)),
];
const idsOf = (pages: readonly Page[]): string[] =>
  [...recordsBySlice<{ id: string }>(pages).values()].flat().map(({ id }) => id);

describe("windows of dates, as CallRail wants them", () => {
  it("are contiguous, cut at their end, and give each record once", async () => {
    const { server, source } = await openCalls();
    const pages = await readPages(source, { window });
    const expected = within("2024-01-10T12:30:00.000Z", "2026-02-10T12:30:00.000Z");
    expect(expected.length).toBeGreaterThan(1000);
    expect(idsOf(pages).sort()).toEqual(expected.map(({ id }) => id).sort());
    const windows = windowsOf(server.seen).sort();
    expect(windows).toHaveLength(26);
    expect(windows[0]).toBe("2024-01-10T12:30:00Z/2024-02-09T12:30:00Z");
    expect(windows.at(-1)).toBe("2026-01-29T12:30:00Z/2026-02-10T12:30:00Z");
    for (const [index, name] of windows.entries())
      if (index > 0) expect(name.split("/")[0]).toBe(windows[index - 1]!.split("/")[1]);
    // What was not given is dropped, and every window proves its own total.
    expect(server.seen.every(({ query }) => !query.has("company_id") && query.get("fields") === "id,start_time")).toBe(
      true,
    );
    const lasts = pages.filter(({ last }) => last);
    expect(lasts.map(({ slice }) => slice).sort()).toEqual(windows);
    for (const { slice, completeness } of lasts) {
      const count = recordsBySlice(pages).get(slice)!.length;
      expect(completeness).toEqual({ total: count, distinct: count });
    }
  });

  it("are read side by side, up to the connection's concurrency, each in its order", async () => {
    for (const [concurrency, most] of [
      [1, 1],
      [3, 3],
      [undefined, 4],
    ] as const) {
      const { server, source } = await openCalls({}, concurrency ? { concurrency } : {});
      const pages = await readPages(source, { window });
      expect(server.mostAtOnce).toBe(most);
      for (const records of recordsBySlice<Call>(pages).values())
        expect(records).toEqual(records.toSorted((a, b) => a.start_time.localeCompare(b.start_time)));
      const turns = pages.map(({ slice }) => slice).filter((slice, index, all) => slice !== all[index - 1]);
      if (most > 1) expect(turns.length).toBeGreaterThan(26);
      else expect(turns).toHaveLength(26);
    }
  });

  it("start at since where incremental says so, and keep their step", async () => {
    const { server, source } = await openCalls();
    const pages = await readPages(source, { window, incremental: true });
    expect(windowsOf(server.seen)).toEqual(["2026-01-20T00:00:00Z/2026-02-10T12:30:00Z"]);
    expect(idsOf(pages)).toEqual(within("2026-01-20T00:00:00.000Z", "2026-02-10T12:30:00.000Z").map(({ id }) => id));
  });

  it("stand alone where incremental names its own by, and are gone where it says null", async () => {
    const request = {
      path: "/a/ACC1/calls.json",
      query: { start_date: "{{iso since}}", end_date: "{{iso until}}", tag: "{{slice.value}}" },
    };
    const alone = await openCalls({ incremental: { request, slices: { by: "list", values: ["x", 2] } } });
    const pages = await readPages(alone.source, { window, incremental: true });
    expect([...recordsBySlice(pages).keys()].sort()).toEqual(['"x"', "2"]);
    const { tag: _, ...query } = request.query;
    const none = await openCalls({ incremental: { request: { ...request, query }, slices: null } });
    expect((await readPages(none.source, { window, incremental: true })).every(({ slice }) => slice === "")).toBe(true);
  });

  it("are none where from is not before to: no request, and a success", async () => {
    for (const slices of [
      { by: "date", from: "{{until}}", step: "1d" },
      { by: "date", from: "2026-03-01", step: "1d" },
      { by: "date", from: "2026-02-01", to: "-1 month", step: "1d" },
    ]) {
      const { server, source } = await openCalls({ slices });
      expect(await readPages(source, { window })).toEqual([]);
      expect(server.seen).toHaveLength(0);
    }
  });

  it("may not be more than 10,000", async () => {
    const { server, source } = await openCalls({
      slices: { by: "date", from: "{{since}}", to: "{{until}}", step: "3m" },
    });
    const error = await rejection(readPages(source, { window }));
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toBe(
      "source.slices gives more than 10,000 windows of 3m from 2026-01-20T00:00:00Z to 2026-02-10T12:30:00Z: take a longer step, or begin later",
    );
    expect(server.seen).toHaveLength(0);
  });

  it.each([
    ["2026-01-31", "2026-05-01", "1 month", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-01"]],
    ["-1 year", "-10 months", "30 days", ["2025-02-10", "2025-03-12", "2025-04-10"]],
    ["-2d", "+36h", "1d", ["2026-02-08", "2026-02-09", "2026-02-10", "2026-02-11", "2026-02-12"]],
    ["{{params.start}}", "{{params.end}}", "1w", ["2026-01-01", "2026-01-08", "2026-01-10"]],
  ])("from %s to %s by %s", async (from, to, step, days) => {
    const server = await slowServer((_request, response) => json(response, { items: [] }), 0);
    const { source } = await openApi(
      server.url,
      {
        slices: { by: "date", from, to, step },
        request: {
          path: "/items",
          query: {
            from: '{{format slice.from "yyyy-MM-dd"}}',
            to: '{{format slice.to "yyyy-MM-dd"}}',
            ms: "{{epochMs slice.to}}",
          },
        },
      },
      { params: { start: "2026-01-01", end: "2026-01-10T06:00:00Z" } },
    );
    await readPages(source, { window });
    const bounds = server.seen.map(({ query }) => `${query.get("from")} ${query.get("to")}`).sort();
    expect(bounds).toEqual(days.slice(1).map((day, index) => `${days[index]} ${day}`));
    expect(server.seen.every(({ query }) => Number(query.get("ms")) > 1.7e12)).toBe(true);
  });

  it("start at the instant of a since that the source writes in its own way", async () => {
    const { server, source } = await openCalls();
    const own = { since: { text: "01/20/2026", instant: since }, until: window.until, observeClock: () => false };
    await readPages(source, { window: own, incremental: true });
    expect(windowsOf(server.seen)).toEqual(["2026-01-20T00:00:00Z/2026-02-10T12:30:00Z"]);
  });

  it("cannot start at a param that was not given", async () => {
    const { source } = await openCalls({ slices: { by: "date", from: "{{params.begin}}", step: "1d" } });
    const error = await rejection(readPages(source, { window }));
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toBe("source.slices.from ({{params.begin}}) stands on a param that was not given");
  });

  it("cannot start at a since that is no instant", async () => {
    const { source } = await openCalls();
    const numbers = { since: { text: "4711" }, until: window.until, observeClock: () => false };
    expect((await rejection(readPages(source, { window: numbers, incremental: true }))).message).toBe(
      "source.slices cannot begin or end at {{since}}: it is no instant, because the delta is neither a timestamp nor a date",
    );
  });
});

describe("a rolling window, as Arrivy wants it", () => {
  it("ends each slice at its empty page, and binds $slice", async () => {
    const tasks = callsBetween("2025-12-01T00:00:00Z", "2026-07-01T00:00:00Z", 5);
    const server = await slowServer(({ query }, response) => {
      const [from, to] = [Date.parse(query.get("from")!), Date.parse(query.get("to")!)];
      const found = tasks.filter(({ start_time: at }) => Date.parse(at) >= from && Date.parse(at) < to);
      const [page, size] = [Number(query.get("page")), Number(query.get("items_per_page"))];
      json(response, found.slice((page - 1) * size, page * size));
    });
    const { source } = await openApi(server.url, {
      slices: { by: "date", from: "-30 days", to: "+90 days", step: "7d" },
      request: { path: "/tasks", query: { from: "{{iso slice.from}}", to: "{{iso slice.to}}" } },
      records: "$.$merge([$, { 'window': $slice.from & ' ' & $slice.to }])",
      pagination: { type: "page", send_as: "query.page", size: 10, size_as: "query.items_per_page" },
    });
    // $merge over no page at all gives no value.
    const { source: reading } = await openApi(server.url, {
      slices: { by: "date", from: "-30 days", to: "+90 days", step: "7d" },
      request: { path: "/tasks", query: { from: "{{iso slice.from}}", to: "{{iso slice.to}}" } },
      records: { from: "$.$merge([$, { 'window': $slice.from & ' ' & $slice.to }])", missing: "empty" },
      pagination: { type: "page", send_as: "query.page", size: 10, size_as: "query.items_per_page" },
    });
    expect((await rejection(readPages(source, { window }))).message).toMatch(
      /^slice 2026-.*there is nothing at records/,
    );
    const pages = await readPages(reading, { window });
    const held = recordsBySlice<Call & { window: string }>(pages);
    const expected = tasks.filter(
      ({ start_time: at }) => at >= "2026-01-11T12:30:00.000Z" && at < "2026-05-11T12:30:00.000Z",
    );
    expect(
      [...held.values()]
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(expected.map(({ id }) => id).sort());
    expect(held.size).toBe(18);
    for (const [slice, records] of held) {
      expect(pages.filter((page) => page.slice === slice).at(-1)).toMatchObject({ last: true, records: [] });
      for (const record of records) expect(record.window).toBe(slice.replace("/", " "));
    }
  });
});

const dealSpec = {
  slices: {
    by: "list",
    values: [
      { path: "/api/v2/deals", cost: 10 },
      { path: "/api/v2/deals/archived", cost: 20 },
    ],
  },
  request: {
    path: "{{{slice.path}}}",
    cost: "{{slice.cost}}",
    query: { limit: 50, sort_by: "update_time", updated_since: "{{format since \"yyyy-MM-dd'T'HH:mm:ss'Z'\"}}" },
  },
  records: "data",
  pagination: { type: "cursor", cursor: "additional_data.next_cursor", send_as: "query.cursor" },
};
const deals = Array.from({ length: 230 }, (_, index) => ({ id: index }));
const archived = Array.from({ length: 120 }, (_, index) => ({ id: 1000 + index }));
const active = '{"cost":10,"path":"/api/v2/deals"}';
const shelved = '{"cost":20,"path":"/api/v2/deals/archived"}';

async function openDeals(connection: object = {}, fail?: (request: Seen) => boolean) {
  const server = await slowServer((request, response) => {
    if (fail?.(request)) return json(response, { error: "broken" }, { status: 400 });
    const { data, next } = cursorPage(request.path.endsWith("archived") ? archived : deals, request);
    return json(response, { data, additional_data: { next_cursor: next } });
  });
  return { server, ...(await openApi(server.url, dealSpec, { connection })) };
}

describe("two lists that make one whole, as Pipedrive has them", () => {
  it("reads both, each at its own cost", async () => {
    const { server, source, metrics } = await openDeals({ rate_limits: [{ name: "tokens", cost: 1000, per: "2s" }] });
    const pages = await readPages(source, { window });
    expect(recordsBySlice(pages)).toEqual(
      new Map([
        [active, deals],
        [shelved, archived],
      ]),
    );
    expect(server.seen.map(({ path }) => path).filter((path) => path.endsWith("archived"))).toHaveLength(3);
    expect(server.seen[0]!.query.get("updated_since")).toBe("2026-01-20T00:00:00Z");
    expect(metrics.quotaUsed).toMatchObject({ tokens: { charged: 5 * 10 + 3 * 20 } });
    expect(pages.filter(({ last }) => last)).toHaveLength(2);
  });

  it("goes on wherever a run was killed, and reads no page twice", async () => {
    const whole = await readPages((await openDeals()).source, { window });
    for (let count = 1; count <= whole.length; count++) {
      const kept = whole.slice(0, count);
      const { server, source } = await openDeals();
      const rest = await readPages(source, { window, resume: checkpointAfter(kept) });
      expect(rest.some(({ restarted }) => restarted)).toBe(false);
      expect(server.seen).toHaveLength(whole.length - count);
      const both = recordsBySlice([...kept, ...rest]);
      expect(both.get(active)).toEqual(deals);
      expect(both.get(shelved)).toEqual(archived);
    }
  });
});

describe("a run that was killed", () => {
  it("finds its windows again by the bounds of its first attempt, and begins those anew that have no position", async () => {
    const whole = await readPages((await openCalls()).source, { window });
    for (const count of [1, 2, 7, 30, 31, 32, whole.length - 1, whole.length]) {
      const kept = whole.slice(0, count);
      const resume = checkpointAfter(kept);
      const { server, source } = await openCalls();
      const rest = await readPages(source, { window, resume });
      const done = new Set(kept.filter(({ last }) => last).map(({ slice }) => slice));
      expect(windowsOf(server.seen).some((name) => done.has(name))).toBe(false);
      const begun = Object.keys(resume).filter((slice) => !done.has(slice));
      expect([...new Set(rest.filter(({ restarted }) => restarted).map(({ slice }) => slice))].sort()).toEqual(
        begun.sort(),
      );
      expect(idsOf([...kept, ...rest]).sort()).toEqual(idsOf(whole).sort());
    }
  });
});

describe("a slice that fails", () => {
  it("ends the others, is named, and what came before it is kept", async () => {
    const { server, source } = await openDeals(
      {},
      ({ path, query }) => path.endsWith("archived") && query.has("cursor"),
    );
    const pages: Page[] = [];
    const error = await rejection(
      (async () => {
        for await (const page of source.read(readRequest({ window }))) pages.push(page);
      })(),
    );
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/^slice \{"cost":20,"path":"\/api\/v2\/deals\/archived"\}: GET .*answered 400/);
    // What was on its way arrives; nothing is asked after it.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const arrived = server.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.seen).toHaveLength(arrived);
    // The next run goes on from there.
    const { source: again } = await openDeals();
    const rest = await readPages(again, { window, resume: checkpointAfter(pages) });
    expect(recordsBySlice([...pages, ...rest])).toEqual(
      new Map([
        [active, deals],
        [shelved, archived],
      ]),
    );
  });

  it("does not wait for a request of another that takes long", async () => {
    const server = await slowServer(
      ({ path }, response) =>
        path.endsWith("/b") ? json(response, {}, { status: 400 }) : json(response, { items: [] }),
      ({ path }) => (path.endsWith("/slow") ? 20_000 : 5),
    );
    const { source } = await openApi(server.url, {
      slices: { by: "list", values: ["a", "slow", "b"] },
      request: { path: "/{{slice.value}}" },
    });
    const started = performance.now();
    expect((await rejection(readPages(source))).message).toMatch(/^slice "b": GET .*\/b answered 400/);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("keeps the class of what it throws", async () => {
    const server = await slowServer((_request, response) => json(response, {}, { status: 503 }));
    const { source } = await openApi(
      server.url,
      { slices: { by: "list", values: ["a", "b"] }, request: { path: "/{{slice.value}}" } },
      { connection: { retry: { attempts: 1 } } },
    );
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/^slice "a": /);
  });
});

describe("a read of slices", () => {
  it("lets no more than one page a slice wait", async () => {
    const { server, source } = await openDeals();
    const pages = source.read(readRequest({ window }));
    await pages[Symbol.asyncIterator]().next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    // The page in hand, which was read alone, and one each that waits.
    expect(server.seen).toHaveLength(3);
  });

  it("stops with the run", async () => {
    const stop = new AbortController();
    const server = await slowServer(callRail(calls), 20);
    const { source } = await openApi(server.url, callSpec, { ...callOptions, signal: stop.signal });
    const reading = (async () => {
      let count = 0;
      for await (const _page of source.read(readRequest({ window })))
        if (++count === 6) stop.abort(new Error("stopped"));
    })();
    expect((await rejection(reading)).message).toBe("stopped");
    const seen = server.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.seen).toHaveLength(seen);
  });

  it("ends its requests when it is left", async () => {
    const server = await slowServer(
      ({ path }, response) => json(response, { items: [path] }),
      ({ path }) => (path.endsWith("/1") ? 5 : 20_000),
    );
    const { source } = await openApi(server.url, {
      slices: { by: "list", values: [1, 2, 3] },
      request: { path: "/{{slice.value}}" },
    });
    const started = performance.now();
    let taken = 0;
    for await (const _page of source.read(readRequest())) if (++taken === 1) break;
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("tells what to expect once all have told, and that nothing changed when all say so", async () => {
    const totals: Record<string, number> = { "/a": 3, "/b": 4, "/c": 5 };
    const server = await slowServer(({ path }, response) =>
      json(response, { items: Array.from({ length: totals[path]! }, (_, id) => ({ id, path })), total: totals[path] }),
    );
    const { source } = await openApi(server.url, {
      slices: { by: "list", values: ["a", "b", "c"] },
      request: { path: "/{{slice.value}}" },
      pagination: { type: "cursor", cursor: "next", send_as: "query.after", total: "total" },
    });
    const pages = await readPages(source);
    expect(pages.flatMap(({ expected }) => expected ?? [])).toEqual([12]);
    for (const [unchanged, status] of [
      [true, () => 304],
      [false, (path: string) => (path === "/b" ? 200 : 304)],
    ] as const) {
      const quiet = await slowServer(({ path }, response) => {
        response.writeHead(status(path));
        response.end(status(path) === 304 ? undefined : '{"items":[]}');
      });
      const api = await openApi(quiet.url, {
        slices: { by: "list", values: ["a", "b"] },
        request: { path: "/{{slice.value}}" },
      });
      await readPages(api.source);
      expect(api.source.unchanged!()).toEqual({ unchanged });
    }
  });

  it("is checked by the first request of its first slice", async () => {
    const { server, source } = await openCalls();
    expect(await source.check!()).toMatch(/^200 in \d+ ms$/);
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]!.query.get("per_page")).toBe("1");
  });
});

describe("the source's clock", () => {
  const startedAt = new Date("2026-02-10T12:30:00.000Z");
  const epoch = { text: "1970-01-01", instant: "1970-01-01T00:00:00.000000Z" };
  const runWindow = (): RunWindow => new RunWindow(epoch, startedAt, { now: () => startedAt });

  async function openAt(date: string, slices: object) {
    const server = await slowServer((request, response) =>
      json(response, { items: [{ id: request.url }] }, { headers: { date: new Date(date).toUTCString() } }),
    );
    const { source } = await openApi(server.url, {
      slices,
      request: {
        path: "/items",
        query: { from: "{{iso slice.from}}", to: "{{iso slice.to}}", until: "{{iso until}}" },
      },
    });
    return { server, source };
  }

  it("moves every window that hangs on now, and only the first answer is asked for again", async () => {
    const { server, source } = await openAt("2026-02-10T11:30:00Z", { by: "date", from: "-3d", step: "1d" });
    const bounds = runWindow();
    const pages = await readPages(source, { window: bounds });
    expect(bounds.until.instant).toBe("2026-02-10T11:30:00.000000Z");
    expect(server.seen).toHaveLength(4);
    expect(server.seen[0]!.query.get("from")).toBe("2026-02-07T12:30:00Z");
    expect(new Set(pages.map(({ slice }) => slice))).toEqual(
      new Set([
        "2026-02-07T11:30:00Z/2026-02-08T11:30:00Z",
        "2026-02-08T11:30:00Z/2026-02-09T11:30:00Z",
        "2026-02-09T11:30:00Z/2026-02-10T11:30:00Z",
      ]),
    );
    expect(pages).toHaveLength(3);
    expect(JSON.stringify(pages)).not.toContain("12%3A30");
    // What a resumed run gets is the moved bound: it finds the same slices.
    const resumed = new RunWindow(epoch, new Date("2026-02-11T09:00:00Z"), { resumed: bounds, now: () => startedAt });
    expect(await readPages(source, { window: resumed, resume: checkpointAfter(pages) })).toEqual([]);
  });

  it("moves the end alone where the start is a date", async () => {
    const { server, source } = await openAt("2026-02-10T11:30:00Z", { by: "date", from: "2026-02-08", step: "2d" });
    const pages = await readPages(source, { window: runWindow() });
    expect(pages.map(({ slice }) => slice)).toEqual([
      "2026-02-08T00:00:00Z/2026-02-10T00:00:00Z",
      "2026-02-10T00:00:00Z/2026-02-10T11:30:00Z",
    ]);
    // The first request said until, too.
    expect(server.seen.map(({ query }) => query.get("until"))).toEqual([
      "2026-02-10T12:30:00Z",
      "2026-02-10T11:30:00Z",
      "2026-02-10T11:30:00Z",
    ]);
  });

  it("may leave nothing to read", async () => {
    const { server, source } = await openAt("2026-02-10T11:30:00Z", {
      by: "date",
      from: "2026-02-10T12:00:00Z",
      step: "1d",
    });
    expect(await readPages(source, { window: runWindow() })).toEqual([]);
    expect(server.seen).toHaveLength(1);
  });

  it("is not asked in a run that is resumed", async () => {
    const { server, source } = await openAt("2026-02-10T11:30:00Z", { by: "date", from: "-3d", step: "1d" });
    const resume: ReadRequest["resume"] = { "2026-02-07T12:30:00Z/2026-02-08T12:30:00Z": { done: true } };
    const bounds = new RunWindow(epoch, startedAt, {
      resumed: { until: { text: "x", instant: until }, start: until },
      now: () => startedAt,
    });
    const pages = await readPages(source, { window: bounds, resume });
    expect(pages.map(({ slice }) => slice).sort()).toEqual([
      "2026-02-08T12:30:00Z/2026-02-09T12:30:00Z",
      "2026-02-09T12:30:00Z/2026-02-10T12:30:00Z",
    ]);
    expect(server.seen).toHaveLength(2);
  });
});
