/** Pages of one slice that are asked for side by side: the same records in the same order, and the same proofs. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { FatalError } from "../../src/errors.ts";
import type { Page, ReadRequest } from "../../src/sources/contract.ts";
import { type Handler, json, rejection, type Seen } from "../http/server.ts";
import { openApi, readPages, readRequest, recordsOf } from "./harness.ts";
import { type Item, items, kinds, type PagedData, specOf } from "./paged-server.ts";
import { recordsBySlice, slowServer } from "./slices-server.ts";

type PagesAtOnce = ReadRequest["pagesAtOnce"];

/** Numbers between 0 and 1, the same ones for the same seed. */
function chances(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Told {
  name: string;
  pagination: Record<string, unknown>;
  /** Where a request starts in the list. */
  start(query: URLSearchParams): number;
}

const number = (query: URLSearchParams, name: string): number => Number(query.get(name));
const byPage = {
  type: "page",
  send_as: "query.page",
  size: 10,
  size_as: "query.limit",
};
const pageStart: Told["start"] = (query) => (number(query, "page") - 1) * number(query, "limit");
const told: Told[] = [
  { name: "page, total", pagination: { ...byPage, total: "total" }, start: pageStart },
  { name: "page, number of pages", pagination: { ...byPage, pages: "pages" }, start: pageStart },
  {
    name: "page from 0, both",
    pagination: { ...byPage, first: 0, pages: "pages", total: "total" },
    start: (query) => number(query, "page") * number(query, "limit"),
  },
  {
    name: "offset, total",
    pagination: { type: "offset", send_as: "query.skip", size: 10, size_as: "query.limit", total: "total" },
    start: (query) => number(query, "skip"),
  },
];

interface Opened {
  kind?: Told;
  list: Item[];
  /** Before an answer is made. */
  before?: (request: Seen, index: number) => void;
  instead?: Handler;
  delayMs?: (request: Seen) => number;
  over?: Record<string, unknown>;
  spec?: Record<string, unknown>;
  connection?: object;
}

/** A server over a list that `before` may change, and the source on it. */
async function open({ kind = told[0]!, list, before, instead, delayMs = () => 4, over, spec, connection }: Opened) {
  const server = await slowServer((request, response, index) => {
    before?.(request, index);
    if (instead?.(request, response, index)) return;
    const { query } = request;
    const [start, size] = [kind.start(query), number(query, "limit")];
    json(response, {
      items: list.slice(start, start + size),
      total: list.length,
      pages: Math.ceil(list.length / size),
    });
  }, delayMs);
  const opened = await openApi(
    server.url,
    { pagination: { ...kind.pagination, ...over }, ...spec },
    { connection: { concurrency: 8, ...connection } },
  );
  return { server, ...opened, read: (pagesAtOnce?: PagesAtOnce) => readPages(opened.source, { pagesAtOnce }) };
}

const urls = (seen: readonly Seen[]): string[] => seen.map(({ url }) => url).sort();
const broken = (response: Parameters<Handler>[1]): true => {
  json(response, { error: "broken" }, { status: 400 });
  return true;
};

describe.each(told)("$name", (kind) => {
  it.each<[PagesAtOnce, number]>([
    [undefined, 1],
    [1, 1],
    [4, 4],
    [8, 8],
    ["concurrency", 8],
    [20, 8],
  ])("asked for %s pages side by side asks for %i", async (pagesAtOnce, atOnce) => {
    const list = items(195);
    // The later the page, the sooner it is there; those that are asked for at once are all there before the first is answered.
    const slowest = atOnce === 1 ? 12 : 120;
    const delayMs = ({ query }: Seen): number => slowest * (1 - kind.start(query) / 250);
    const { server, read } = await open({ kind, list, delayMs });
    const pages = await read(pagesAtOnce);
    expect(pages.map(({ records }) => records.length)).toEqual([...Array<number>(19).fill(10), 5]);
    expect(recordsOf(pages)).toEqual(list);
    expect(server.mostAtOnce).toBe(atOnce);
    expect(pages.map(({ last }) => last)).toEqual([...Array<boolean>(19).fill(false), true]);
    expect(pages.every(({ position }) => position === undefined)).toBe(true);
    // No call more than one after the other.
    expect(server.seen).toHaveLength("total" in kind.pagination ? 21 : 20);
  });

  it("is read as one after the other would, whatever the server does", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const read = async (pagesAtOnce: number) => {
        const chance = chances(seed);
        const list = items(Math.floor(chance() * 130));
        const size = 3 + Math.floor(chance() * 12);
        const opened = await open({ kind, list, over: { size }, delayMs: () => Math.random() * 4 });
        return { pages: await opened.read(pagesAtOnce), asked: urls(opened.server.seen) };
      };
      const alone = await read(1);
      for (const pagesAtOnce of [2, 5]) expect(await read(pagesAtOnce), `seed ${seed}`).toEqual(alone);
    }
  });

  it("holds all that is there in the end, when rows come or go meanwhile", async () => {
    if (!("total" in kind.pagination)) return;
    for (let seed = 1; seed <= 16; seed++) {
      for (const pagesAtOnce of [1, 3, 6]) {
        const chance = chances(seed);
        const list = items(30 + Math.floor(chance() * 60));
        // Two changes spoil two passes at the most: there are three. Some rows leave, or come, at either end.
        const moments = [1 + Math.floor(chance() * 8), 4 + Math.floor(chance() * 14)];
        const how = Math.floor(chance() * 3);
        let next = 1_000;
        const before = (_request: Seen, index: number): void => {
          if (!moments.includes(index)) return;
          // A whole page in front would make the next one repeat the last: that is refused.
          const count = 1 + Math.floor(chance() * 4);
          const come = Array.from({ length: count }, () => ({ id: next++ }));
          if (how === 0) list.splice(Math.floor(chance() * 20), count);
          else if (how === 1) list.push(...come);
          else list.unshift(...come);
        };
        const { read } = await open({ kind, list, before, delayMs: () => Math.random() * 3 });
        const pages = await read(pagesAtOnce);
        const { total, distinct } = pages.at(-1)!.completeness!;
        expect(total, `seed ${seed}`).toBe(list.length);
        expect(distinct).toBeGreaterThanOrEqual(total);
        const held = new Set(recordsOf(pages).map((record) => (record as Item).id));
        expect(
          list.filter(({ id }) => !held.has(id)),
          `seed ${seed}`,
        ).toEqual([]);
      }
    }
  });
});

describe("pages side by side", () => {
  it("have no more waiting than were asked for", async () => {
    const { server, source } = await open({ list: items(300), delayMs: () => 0 });
    const pages = source.read(readRequest({ pagesAtOnce: 4 }))[Symbol.asyncIterator]();
    for (let taken = 1; taken <= 10; taken++) {
      await pages.next();
      await sleep(15);
      expect(server.seen.length).toBe(taken === 1 ? 1 : taken + 3);
    }
    await pages.return?.();
  });

  it("share their room where slices are read side by side", async () => {
    const { server, source } = await open({
      list: items(300),
      delayMs: () => 0,
      spec: { slices: { by: "list", values: ["a", "b"] }, request: { path: "/items/{{slice.value}}" } },
    });
    const pages = source.read(readRequest({ pagesAtOnce: 4 }))[Symbol.asyncIterator]();
    for (let taken = 0; taken < 6; taken++) await pages.next();
    await sleep(25);
    // What was taken, one of each slice that waits for its turn, and three that came before theirs.
    expect(server.seen.length).toBeLessThanOrEqual(6 + 2 + 3);
    await pages.return?.();
  });

  it("give every slice its own pages in order", async () => {
    const { server, source } = await open({
      list: items(95),
      delayMs: () => Math.random() * 5,
      spec: { slices: { by: "list", values: ["a", "b", "c"] }, request: { path: "/items/{{slice.value}}" } },
      connection: { concurrency: 5 },
    });
    const held = recordsBySlice<Item>(await readPages(source, { pagesAtOnce: 5 }));
    expect([...held.values()]).toEqual([items(95), items(95), items(95)]);
    expect(server.mostAtOnce).toBeLessThanOrEqual(5);
  });

  it("end at the page that fails, with all before it and nothing after", async () => {
    const instead: Handler = ({ query }, response) => query.get("page") === "5" && broken(response);
    // The page that fails is there long before those that come first.
    const delayMs = ({ query }: Seen): number => (query.get("page") === "5" ? 0 : 20);
    const { server, source, lines } = await open({ list: items(200), instead, delayMs });
    const pages: Page[] = [];
    const error = await rejection(
      (async () => {
        for await (const page of source.read(readRequest({ pagesAtOnce: 4 }))) pages.push(page);
      })(),
    );
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/page=5&limit=10 answered 400/);
    expect(recordsOf(pages)).toEqual(items(40));
    const asked = server.seen.length;
    expect(asked).toBe(5);
    await sleep(30);
    expect(server.seen).toHaveLength(asked);
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  it("are asked for no more when the reader leaves", async () => {
    const { server, source, lines } = await open({ list: items(400), delayMs: () => 10 });
    for await (const page of source.read(readRequest({ pagesAtOnce: 6 }))) if ((page.records[0] as Item).id > 20) break;
    const asked = server.seen.length;
    await sleep(60);
    expect(server.seen).toHaveLength(asked);
    expect(lines).toEqual([]);
  });

  it("are tried again where the server failed, and come in their order", async () => {
    const failed = new Set<string>();
    const instead: Handler = ({ query, url }, response) => {
      if (number(query, "page") % 3 !== 0 || failed.has(url)) return false;
      failed.add(url);
      json(response, { error: "busy" }, { status: 503, headers: { "retry-after": "0" } });
      return true;
    };
    const { read, metrics } = await open({ list: items(150), instead });
    expect(recordsOf(await read(5))).toEqual(items(150));
    expect(metrics).toMatchObject({ retries: 5, recovered: 5 });
  });

  it("do not mind a page beyond the end that fails", async () => {
    // The first answer tells too much: what the pages themselves say later ends the read.
    const list = items(60);
    const instead: Handler = ({ query }, response, index) => {
      if (index === 0) {
        json(response, { items: list.slice(0, 10), pages: 40 });
        return true;
      }
      return number(query, "page") > 6 && broken(response);
    };
    const { server, read } = await open({ kind: told[1]!, list, instead });
    expect(recordsOf(await read(8))).toEqual(list);
    expect(server.seen.length).toBeLessThanOrEqual(6 + 7);
  });

  it("are not waited for after the last one", async () => {
    // Pages after the third, which is the last, take for ever.
    const delayMs = ({ query }: Seen): number => (number(query, "page") > 3 ? 20_000 : 1);
    const { read } = await open({ list: items(200), delayMs, over: { stop_when: "items[-1].id = 30" } });
    const started = performance.now();
    const pages = await read(6);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(recordsOf(pages).slice(-30)).toEqual(items(30));
    expect(pages.at(-1)!.completeness).toEqual({ total: 200, distinct: 30 });
  });

  it("read on where there are more than the first answer told", async () => {
    const list = items(50);
    const before = (_request: Seen, index: number): void => {
      if (index === 4) for (let id = 51; id <= 83; id++) list.push({ id });
    };
    for (const kind of told) {
      list.length = 50;
      const { read } = await open({ kind, list, before });
      expect(recordsOf(await read(3)), kind.name).toEqual(list);
    }
  });

  it("end at an empty page before the end that was told, and say how many are missing", async () => {
    const list = items(40);
    const instead: Handler = ({ query }, response) => {
      const start = pageStart(query);
      json(response, { items: list.slice(start, start + 10), total: 90 });
      return true;
    };
    const { read, lines } = await open({ list, instead });
    const pages = await read(4);
    expect(recordsOf(pages)).toEqual(list);
    expect(pages.at(-1)!.completeness).toEqual({ total: 90, distinct: 40 });
    expect(lines.filter((line) => line.includes("40 distinct records came, and the API has 90"))).toHaveLength(3);
  });

  it("are no more than max_pages", async () => {
    const { server, read } = await open({ list: items(200), over: { max_pages: 5 } });
    expect((await rejection(read(8))).message).toMatch(/is page 5 of a read, and there are more/);
    expect(server.seen).toHaveLength(5);
  });

  it("stop the run where they repeat themselves", async () => {
    const instead: Handler = (_request, response) => {
      json(response, { items: items(10), total: 100 });
      return true;
    };
    const { read } = await open({ list: [], instead });
    expect((await rejection(read(4))).message).toMatch(/gave the same 10 records as page 1 of this read/);
  });

  it("are asked for anew where one was shorter than the first", async () => {
    const kind = kinds.find(({ name }) => name === "offset")!;
    for (const [lengths, calls] of [
      // One short page: those after it start elsewhere than was guessed.
      [new Map([[30, 4]]), 12 + 3],
      // Every page is: from the fourth time on they are read one after the other.
      [new Map(Array.from({ length: 95 }, (_each, start) => [start, start === 0 ? 10 : 7])), 15 + 3 * 3],
    ] as const) {
      const data: PagedData = { items: items(95), lengths: lengths as Map<number, number> };
      const server = await slowServer(kind.handler(data));
      const { source } = await openApi(server.url, specOf(kind), {});
      expect(recordsOf(await readPages(source, { pagesAtOnce: 4 }))).toEqual(items(95));
      expect(server.seen.length).toBeLessThanOrEqual(calls);
    }
  });
});

describe("a log line says", () => {
  it.each<[string, object, string]>([
    ["cursor", { type: "cursor", cursor: "next" }, "each page names the next one (pagination: cursor)"],
    ["none", { type: "none" }, "there is one page (pagination: none)"],
    ["page", byPage, "nothing tells how many pages there are (pagination.total, pagination.pages)"],
  ])("that it makes no difference to %s", async (_name, pagination, why) => {
    const { read, lines } = await open({ list: items(5), spec: { pagination } });
    await read(4);
    expect(lines).toEqual([`debug pages are read one after the other: ${why}`]);
    lines.length = 0;
    await read(1);
    expect(lines).toEqual([]);
  });

  it("that the connection allows fewer", async () => {
    const { read, lines } = await open({ list: items(5) });
    await read(20);
    expect(lines).toEqual(['info 8 pages are asked for at once, not 20: the concurrency of connection "test"']);
  });
});
