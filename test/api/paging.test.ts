/** One suite of behaviours, run against every paginator. */
import { describe, expect, it } from "vitest";
import { FatalError } from "../../src/errors.ts";
import { json, rejection, serve } from "../http/server.ts";
import { openApi, readPages, readRequest, recordsOf } from "./harness.ts";
import { type Item, items, kinds, type PagedData, type PagedKind, specOf } from "./paged-server.ts";

async function open(kind: PagedKind, data: PagedData, over?: Record<string, unknown>, connection: object = {}) {
  const server = await serve(kind.handler(data));
  return { server, ...(await openApi(server.url, specOf(kind, over), { connection })) };
}

const isByNumber = ({ spec }: PagedKind): boolean => spec.pagination["type"] === "page";
const withoutTotal = { total: undefined };

describe.each(kinds)("$name", (kind) => {
  it.each([1, 9, 10, 11, 20, 95])("reads the whole of %i, each once, and marks the last page", async (count) => {
    for (const over of [{}, withoutTotal]) {
      const { source } = await open(kind, { items: items(count) }, over);
      const pages = await readPages(source);
      expect(recordsOf(pages)).toEqual(items(count));
      expect(pages.map(({ last }) => last)).toEqual([...pages.slice(1).map(() => false), true]);
      expect(pages.every(({ slice, bytes }) => slice === "" && bytes > 0)).toBe(true);
      expect(pages[0]!.expected).toBe("total" in over ? undefined : count);
      expect(pages.at(-1)!.completeness).toEqual("total" in over ? undefined : { total: count, distinct: count });
    }
  });

  it("reads nothing as one empty last page", async () => {
    const { source } = await open(kind, { items: [] });
    expect(await readPages(source)).toMatchObject([
      { records: [], last: true, completeness: { total: 0, distinct: 0 } },
    ]);
  });

  it("goes on after a short page in the middle", async () => {
    // Page numbers leave behind what a short page lacks; the others start where it ended.
    const hidden = ({ id }: Item): boolean => isByNumber(kind) && id > 14 && id <= 20;
    const { source } = await open(
      kind,
      { items: items(35), hidden, lengths: new Map(isByNumber(kind) ? [] : [[10, 4]]) },
      withoutTotal,
    );
    const pages = await readPages(source);
    expect(pages[1]!.records).toHaveLength(4);
    expect(recordsOf(pages)).toEqual(items(35).filter((item) => !hidden(item)));
  });

  if (kind.atEmpty === "goes on")
    it("goes on after an empty page that names a next one", async () => {
      const { source } = await open(kind, { items: items(35), hidden: ({ id }) => id > 10 && id <= 20 }, withoutTotal);
      const pages = await readPages(source);
      expect(pages.map(({ records }) => records.length)).toEqual([10, 0, 10, 5]);
      expect(recordsOf(pages)).toEqual([...items(10), ...items(35).slice(20)]);
    });

  if (kind.atEmpty === "ends")
    it("ends at an empty page", async () => {
      const { server, source } = await open(kind, { items: items(20) }, withoutTotal);
      const pages = await readPages(source);
      expect(pages.map(({ records }) => records.length)).toEqual([10, 10, 0]);
      expect(server.seen).toHaveLength(3);
    });

  if (kind.atEmpty === "ends")
    it("needs no empty page where the total is told", async () => {
      const { server, source } = await open(kind, { items: items(20) });
      await readPages(source);
      // Two pages, and the total once more.
      expect(server.seen).toHaveLength(3);
    });

  it("makes no further call where the first page is also the last", async () => {
    const { server, source } = await open(kind, { items: items(7) });
    await readPages(source);
    expect(server.seen).toHaveLength(1);
  });

  it("stops at stop_when", async () => {
    const { source } = await open(kind, { items: items(50) }, { ...withoutTotal, stop_when: "items[-1].id = 20" });
    expect(recordsOf(await readPages(source))).toEqual(items(20));
  });

  it("stops with an error at a page that was there before", async () => {
    const { server, source } = await open(kind, { items: items(50), startAt: () => 0, total: () => 50 });
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(FatalError);
    // What ignores a cursor repeats the next one too: either guard may see it first.
    expect(error.message).toMatch(/gave the same 10 records as page 1 of this read|does not move/);
    expect(server.seen.length).toBeLessThanOrEqual(2);
  });

  it("stops with an error after max_pages", async () => {
    const { source } = await open(kind, { items: items(50) }, { max_pages: 3 });
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(
      /is page 3 of a read, and there are more: that is the limit \(pagination\.max_pages\)/,
    );
  });

  it.each<[number | undefined, object, number]>([
    [undefined, {}, 10],
    [4, {}, 4],
    [50, {}, 10],
    [50, { max_size: 20 }, 20],
  ])("asked for a page size of %s with %j sends %i", async (pageSize, over, sent) => {
    const { server, source } = await open(kind, { items: items(45) }, { ...over });
    const pages = await readPages(source, { pageSize });
    expect(recordsOf(pages)).toEqual(items(45));
    expect(pages[0]!.records).toHaveLength(sent);
    expect(server.seen[0]!.query.get(kind.sizeName ?? "limit")).toBe(String(sent));
  });

  if (kind.stable)
    it("goes on from every position that it gave", async () => {
      const data = { items: items(45) };
      const { source } = await open(kind, data);
      const pages = await readPages(source);
      expect(pages.slice(0, -1).every(({ position }) => position !== undefined)).toBe(true);
      for (const [index, { position }] of pages.slice(0, -1).entries()) {
        // As the checkpoint keeps it.
        const kept = JSON.parse(JSON.stringify(position));
        const rest = await readPages(source, { resume: { "": { position: kept, done: false } } });
        expect(recordsOf(rest)).toEqual(items(45).slice((index + 1) * 10));
        expect(rest.some(({ restarted }) => restarted)).toBe(false);
        expect(rest.at(-1)).toMatchObject({ last: true, completeness: { total: 45, distinct: 45 } });
      }
    });

  if (!kind.stable)
    it("gives no positions, and starts again after a break", async () => {
      const { source } = await open(kind, { items: items(25) });
      const pages = await readPages(source, { resume: { "": { done: false } } });
      expect(pages.every(({ position }) => position === undefined)).toBe(true);
      expect(pages.map(({ restarted }) => restarted === true)).toEqual([true, false, false]);
      expect(recordsOf(pages)).toEqual(items(25));
    });

  if (kind.stable)
    it.each([400, 404, 410, 422])("starts again where its position is answered with %i", async (status) => {
      const data: PagedData = { items: items(25) };
      const { server, source, lines } = await open(
        kind,
        data,
        {},
        { responses: [{ when: "$status = 400", do: "fail", message: "bad" }] },
      );
      const [first] = await readPages(source);
      const before = server.seen.length;
      data.instead = (_request, response) =>
        server.seen.length === before + 1
          ? (json(response, { message: "unknown cursor" }, { status }), true)
          : undefined;
      const pages = await readPages(source, { resume: { "": { position: first!.position, done: false } } });
      expect(pages.map(({ restarted }) => restarted === true)).toEqual([true, false, false]);
      expect(recordsOf(pages)).toEqual(items(25));
      expect(pages.at(-1)!.completeness).toEqual({ total: 25, distinct: 25 });
      expect(lines.filter((line) => line.startsWith("warn"))).toEqual([
        expect.stringMatching(
          new RegExp(
            `answered ${status} to the position that an earlier run came to; reading starts from the beginning`,
          ),
        ),
      ]);
    });

  it("does not take a refusal of its first page for a lost position", async () => {
    const { source } = await open(kind, {
      items: [],
      instead: (_request, response) => (json(response, { message: "bad filter" }, { status: 400 }), true),
    });
    expect((await rejection(readPages(source))).message).toMatch(/answered 400: "bad filter"/);
  });

  it("reads nothing where the slice was done", async () => {
    const { server, source } = await open(kind, { items: items(25) });
    expect(await readPages(source, { resume: { "": { done: true } } })).toEqual([]);
    expect(server.seen).toHaveLength(0);
  });

  it("reads again, twice at most, where fewer came than there are, and says so", async () => {
    // One more than any page gives.
    const { source, lines } = await open(kind, { items: items(25), total: () => 26 });
    const pages = await readPages(source);
    expect(pages.filter(({ restarted }) => restarted)).toHaveLength(2);
    expect(pages.filter(({ last }) => last)).toHaveLength(1);
    expect(pages.at(-1)).toMatchObject({ last: true, completeness: { total: 26, distinct: 25 } });
    expect(recordsOf(pages)).toEqual(items(25));
    expect(lines.filter((line) => line.includes("25 distinct records came, and the API has 26"))).toHaveLength(3);
  });

  if (kind.stable)
    it("is content where fewer are left at the end than were read", async () => {
      const data: PagedData = { items: items(25), total: () => 25 };
      const { source } = await open(kind, data);
      const pages = [];
      for await (const page of source.read(readRequest())) {
        pages.push(page);
        data.total = () => 20;
      }
      expect(recordsOf(pages)).toEqual(items(25));
      expect(pages.at(-1)!.completeness).toEqual({ total: 20, distinct: 25 });
    });

  if (!kind.stable)
    it("reads again where the total shrank: a record left, and one slipped past", async () => {
      const data: PagedData = { items: items(35) };
      const { source } = await open(kind, data, { stop_when: "$count(items) < 10" });
      const pages = [];
      for await (const page of source.read(readRequest())) {
        pages.push(page);
        // After the second page one of its records leaves: what was at index 20 is at 19 now.
        if (pages.length === 2) data.items = data.items.filter(({ id }) => id !== 5);
      }
      const firstPass = pages
        .slice(
          0,
          pages.findIndex(({ restarted }) => restarted),
        )
        .flatMap(({ records }) => records);
      expect(firstPass).not.toContainEqual({ id: 21 });
      expect(recordsOf(pages)).toEqual(items(35).filter(({ id }) => id !== 5));
      expect(pages.filter(({ restarted }) => restarted)).toHaveLength(1);
      expect(pages.at(-1)).toMatchObject({ last: true, completeness: { total: 34, distinct: 34 } });
    });

  it("counts a record once however often it comes", async () => {
    const twice = [...items(14), ...items(25).slice(9)];
    const { source } = await open(
      kind,
      kind.spec.pagination["type"] === "last_id" ? { items: items(25) } : { items: twice, total: () => 30 },
    );
    expect((await readPages(source)).at(-1)!.completeness).toMatchObject({ distinct: 25 });
  });

  it("stops with the run", async () => {
    const stop = new AbortController();
    const server = await serve(kind.handler({ items: items(50) }));
    const { source } = await openApi(server.url, specOf(kind), { signal: stop.signal });
    const reading = (async () => {
      for await (const _page of source.read(readRequest())) stop.abort(new Error("stopped"));
    })();
    expect((await rejection(reading)).message).toBe("stopped");
    expect(server.seen).toHaveLength(1);
  });
});
