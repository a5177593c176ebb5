/** Slices by parent against servers that answer for one id, for several, in pages, late, and not at all. */
import { describe, expect, it } from "vitest";
import { FatalError, SpecError, TransientError } from "../../src/errors.ts";
import type { Page } from "../../src/sources/contract.ts";
import { RunWindow } from "../../src/runtime/window.ts";
import { type Handler, json, rejection, type Seen } from "../http/server.ts";
import { openApi, type OpenOptions, readPages, readRequest } from "./harness.ts";
import { answeredOf, fakeParents, idsFrom, parentCheckpoint, refusedOf } from "./parents-support.ts";
import { batchServer, inputsOf, type Note, notesOf, notesServer } from "./parents-server.ts";
import { slowServer } from "./slices-server.ts";

const ofOne = {
  slices: { by: "parent", pipeline: "shop.contacts" },
  request: { path: "/contacts/{{slice.id}}/notes", query: { limit: 2 } },
  records: { from: "notes.$merge([$, { 'asked': $slice.id }])", missing: "empty" },
  pagination: { type: "cursor", cursor: "next", send_as: "query.after" },
};

const ofMany = {
  slices: { by: "parent", pipeline: "shop.contacts", batch: 10 },
  request: { method: "POST", path: "/notes/batch", body: { inputs: "{{slice.inputs}}" } },
  records: "results",
  pagination: { type: "nested", over: "results", key: "id", cursor: "next", send_as: "slice.inputs.after" },
  responses: [{ when: "$status = 400 and code = 'BAD_ID'", do: "split" }],
};

interface Options extends OpenOptions {
  delayMs?: number | ((request: Seen) => number);
}

async function open(handler: Handler, spec: object, ids: readonly string[], { delayMs = 0, ...options }: Options = {}) {
  const server = await slowServer(handler, delayMs);
  const rows = fakeParents(ids);
  const reopen = () => openApi(server.url, spec, { parents: rows.parents, ...options });
  return { server, rows, reopen, ...(await reopen()) };
}

const shown = ({ contact, note }: Note): string => `${contact}/${note}`;
/** What `records: notes` gave. */
const notesIn = (pages: readonly Page[]): string[] =>
  pages.flatMap(({ records }) => (records as Note[]).map(shown)).sort();
/** What `records: results` gave, pages that came twice once. */
const nestedIn = (pages: readonly Page[]): string[] =>
  [
    ...new Set(
      pages.flatMap(({ records }) => (records as { notes: Note[] }[]).flatMap(({ notes }) => notes.map(shown))),
    ),
  ].sort();
const some = (id: string): number => Number(id) % 6;

describe("one id a call, in pages", () => {
  const ids = idsFrom(101, 130);
  const notes = notesOf(ids, some);

  it("comes whole, in the order of the ids; every page but a batch's last is open", async () => {
    const { source, server } = await open(notesServer(notes), ofOne, ids);
    const pages = await readPages(source);
    expect(notesIn(pages)).toEqual(notes.map(shown).sort());
    expect(answeredOf(pages)).toEqual(ids);
    // Pages of contact 104, which has two notes less than 106 would: 4 notes, 2 a page; before it all up to 103 are in.
    const own = pages.filter(({ sliceValue }) => (sliceValue as { id?: string } | undefined)?.id === "106");
    expect(own).toMatchObject([
      {
        slice: "parents",
        last: false,
        open: true,
        position: { after: "105" },
        sliceValue: { ids: ["106"], id: "106" },
      },
      { slice: "parents", last: false, position: { after: "106" }, answered: ["106"] },
    ]);
    expect(own[1]).not.toHaveProperty("open");
    expect(own[0]).not.toHaveProperty("answered");
    expect(own.flatMap(({ records }) => records)).toContainEqual({ contact: "106", note: 3, asked: "106" });
    expect(pages.at(-1)).toEqual({ slice: "parents", records: [], last: true, bytes: 0 });
    expect(pages.filter(({ last }) => last)).toHaveLength(1);
    expect(server.seen.every(({ query }) => query.get("limit") === "2")).toBe(true);
  });

  it("goes on wherever a run was killed; what a batch had before comes again, nothing else", async () => {
    const opened = await open(notesServer(notes), ofOne, ids);
    const whole = await readPages(opened.source);
    for (let count = 0; count <= whole.length; count++) {
      const kept = whole.slice(0, count);
      const { source } = await opened.reopen();
      const rest = await readPages(source, { resume: parentCheckpoint(kept) });
      expect([...new Set(notesIn([...kept, ...rest]))]).toEqual(notes.map(shown).sort());
      expect(answeredOf([...kept, ...rest])).toEqual(ids);
      expect(rest.some(({ restarted }) => restarted)).toBe(false);
      const again = kept.length + rest.length - whole.length;
      // A batch has three pages at the most: two of them may come again.
      expect(again).toBeLessThanOrEqual(2);
    }
  });

  it("reads side by side, up to the connection's concurrency, whichever answers first", async () => {
    for (const [concurrency, most] of [
      [1, 1],
      [3, 3],
      [undefined, 4],
    ] as const) {
      const late = ({ path }: Seen): number => (Number(/\d+/.exec(path)![0]) % 3 === 0 ? 12 : 2);
      const { source, server } = await open(notesServer(notes), ofOne, ids, {
        delayMs: late,
        connection: concurrency ? { concurrency } : {},
      });
      const pages = await readPages(source);
      expect(answeredOf(pages)).toEqual(ids);
      expect(notesIn(pages)).toEqual(notes.map(shown).sort());
      expect(server.mostAtOnce).toBe(most);
    }
  });

  it("asks for no more than a few batches ahead of one that nobody takes", async () => {
    const long = "x".repeat(300_000);
    const { source, server } = await open(
      (_request, response) => json(response, { notes: [{ long }], next: undefined }),
      ofOne,
      idsFrom(1, 100),
    );
    const pages = source.read(readRequest());
    await pages[Symbol.asyncIterator]().next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.seen.length).toBeLessThanOrEqual(5);
  });

  it("may be left early, and asks nothing afterwards", async () => {
    const { source, server } = await open(notesServer(notes), ofOne, ids, { delayMs: 5 });
    for await (const page of source.read(readRequest())) if (answeredOf([page])[0] === "105") break;
    const asked = server.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(server.seen).toHaveLength(asked);
  });

  it("reads ids in blocks, not one by one", async () => {
    const { source, rows } = await open(batchServer([]), ofMany, idsFrom(1, 2300));
    expect(answeredOf(await readPages(source))).toHaveLength(2300);
    expect(rows.blocks).toEqual([
      [undefined, 1000],
      ["1000", 1000],
      ["2000", 1000],
      ["2300", 1000],
    ]);
  });
});

describe("where a batch fails", () => {
  const ids = idsFrom(1, 40);
  const notes = notesOf(ids, some);

  it("all before it comes, then what went wrong, with the ids; nothing is asked afterwards", async () => {
    for (const concurrency of [1, 4]) {
      const { source, server } = await open(notesServer(notes, { gone: ["17"] }), ofOne, ids, {
        connection: { concurrency },
        delayMs: ({ path }) => (path.includes("/15/") ? 30 : 1),
      });
      const pages: Page[] = [];
      const error = await rejection(
        (async () => {
          for await (const page of source.read(readRequest())) pages.push(page);
        })(),
      );
      expect(error).toBeInstanceOf(FatalError);
      expect(error.message).toMatch(
        /^slice parent 17: GET http.*\/contacts\/17\/notes.* answered 404: "there is no contact 17"$/,
      );
      expect(answeredOf(pages)).toEqual(idsFrom(1, 16));
      expect(pages.at(-1)!.position).toEqual({ after: "16" });
      const asked = server.seen.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(server.seen).toHaveLength(asked);
    }
  });

  it("a transient failure stays one", async () => {
    const { source } = await open((_request, response) => json(response, {}, { status: 503 }), ofOne, ["1", "2"], {
      connection: { retry: { attempts: 1 } },
    });
    expect(await rejection(readPages(source))).toBeInstanceOf(TransientError);
  });

  it("a batch that says that nothing has changed answers for nobody", async () => {
    const { source } = await open(
      ({ path }, response) => {
        if (!path.includes("/2/")) return json(response, { notes: [] });
        response.writeHead(304);
        return response.end();
      },
      ofOne,
      ["1", "2", "3"],
    );
    expect(answeredOf(await readPages(source))).toEqual(["1", "3"]);
    expect(source.unchanged!()).toEqual({ unchanged: false });
  });
});

describe("pages of each record in a batch", () => {
  const ids = idsFrom(1, 55);
  const notes = notesOf(ids, some);

  it("asks for those that have more, alone", async () => {
    const { source, server } = await open(batchServer(notes), ofMany, ids, { connection: { concurrency: 1 } });
    const pages = await readPages(source);
    expect(nestedIn(pages)).toEqual(notes.map(shown).sort());
    expect(answeredOf(pages)).toEqual(ids);
    // 1 to 10 have 1, 2, 3, 4, 5, 0, 1, 2, 3, 4 notes.
    expect(server.seen.slice(0, 3).map(inputsOf)).toEqual([
      idsFrom(1, 10).map((id) => ({ id })),
      ["3", "4", "5", "9", "10"].map((id) => ({ id, after: "2" })),
      [{ id: "5", after: "4" }],
    ]);
    expect(pages.slice(0, 3)).toMatchObject([
      { open: true, position: { after: null }, sliceValue: { ids: idsFrom(1, 10) } },
      { open: true, position: { after: null }, sliceValue: { ids: idsFrom(1, 10) } },
      { position: { after: "10" }, answered: idsFrom(1, 10) },
    ]);
    expect(pages[0]!.sliceValue).not.toHaveProperty("id");
  });

  it("writes the cursor under the name that send_as gives, and $slice.inputs is what was asked", async () => {
    const spec = {
      ...ofMany,
      records: "results.$merge([$, { 'inputs': $count($slice.inputs) }])",
      pagination: { ...ofMany.pagination, send_as: "slice.inputs.from" },
    };
    const { source, server } = await open(
      (request, response) => {
        const [first] = inputsOf(request) as { id: string; from?: number }[];
        json(response, { results: [{ id: first!.id, notes: [], ...(first!.from === 7 ? {} : { next: 7 }) }] });
      },
      spec,
      ["a", "b"],
    );
    const pages = await readPages(source);
    expect(server.seen.map(inputsOf)).toEqual([[{ id: "a" }, { id: "b" }], [{ id: "a", from: 7 }]]);
    expect(pages.flatMap(({ records }) => records)).toMatchObject([{ inputs: 2 }, { inputs: 1 }]);
  });

  it.each<[string, object, Handler, RegExp]>([
    [
      "a cursor that does not move",
      {},
      (request, response, at) =>
        json(response, { results: inputsOf(request).map(({ id }) => ({ id, at, next: "x" })) }),
      /^slice parents 1 to 3: the cursor of record "1" does not move: the page after "x" names the same one again/,
    ],
    [
      "records that nobody asked for",
      {},
      (_request, response) => json(response, { results: [{ id: 77, next: "x" }, { id: 78 }] }),
      /record "77" has more pages, but no such record was asked for, nor any other of the 2 that came\. Is pagination\.key \(id\) its id\?$/,
    ],
    [
      "a record that has more and no id",
      {},
      (_request, response) => json(response, { results: [{ id: "1" }, { id: { a: 1 }, next: "x" }] }),
      /a record has more pages \("x"\), but pagination\.key \(id\) gives an object for its id$/,
    ],
    [
      "nothing where records should be",
      { records: "rows" },
      (_request, response) => json(response, { rows: [{ id: "1" }] }),
      /there is nothing at pagination\.over \(results\), so it cannot be told which of the 1 records have more pages$/,
    ],
    [
      "pages without an end",
      { pagination: { ...ofMany.pagination, max_pages: 4 } },
      (request, response) =>
        json(response, {
          results: inputsOf(request).map(({ id, after = "0" }) => ({ id, after, next: String(Number(after) + 1) })),
        }),
      /is page 4 of a read, and there are more: that is the limit \(pagination\.max_pages\)/,
    ],
    [
      "a page that was there before",
      {},
      (request, response, index) =>
        json(response, {
          results: inputsOf(request).map(({ id }) => ({ id, next: ["a", "b", "a", "b", "a"][index] })),
        }),
      /gave the same 3 records as page 1 of this read/,
    ],
  ])("stops at %s", async (_name, over, handler, message) => {
    const { source } = await open(handler, { ...ofMany, ...over }, ["1", "2", "3"]);
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(message);
  });

  it("a page that one batch has may be there in another one", async () => {
    const { source } = await open(
      (_request, response) => json(response, { results: [{ id: "0", notes: [] }] }),
      ofMany,
      idsFrom(1, 30),
    );
    expect(answeredOf(await readPages(source))).toHaveLength(30);
  });
});

describe("a batch that is refused", () => {
  const ids = idsFrom(1, 64);
  const notes = notesOf(ids, some);

  it.each<[string, string[]]>([
    ["the first", ["1"]],
    ["the last", ["64"]],
    ["two side by side", ["7", "8"]],
    ["some in both batches", ["1", "33", "64"]],
    ["a whole half of a half", idsFrom(17, 24)],
    ["all", ids],
  ])("is asked for in halves: bad is %s", async (_name, bad) => {
    const spec = { ...ofMany, slices: { ...ofMany.slices, batch: 32 } };
    for (const concurrency of [1, 3]) {
      const opened = await open(batchServer(notes, { bad }), spec, ids, { connection: { concurrency } });
      const pages = await readPages(opened.source);
      expect(refusedOf(pages)).toEqual(bad);
      expect(answeredOf(pages)).toEqual(ids.filter((id) => !bad.includes(id)));
      expect(nestedIn(pages)).toEqual(
        notes
          .filter(({ contact }) => !bad.includes(contact))
          .map(shown)
          .sort(),
      );
      // Positions only ever move on.
      const positions = pages
        .slice(0, -1)
        .map(({ position }) => Number((position as { after?: string } | undefined)?.after ?? 0));
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      if (concurrency > 1) continue;
      for (const count of [1, 3, 5, 8, pages.length - 2]) {
        const kept = pages.slice(0, count);
        const { source } = await opened.reopen();
        const rest = await readPages(source, { resume: parentCheckpoint(kept) });
        expect(refusedOf([...kept, ...rest])).toEqual(bad);
        expect(answeredOf([...kept, ...rest])).toEqual(ids.filter((id) => !bad.includes(id)));
      }
    }
  });

  it("is asked for one by one where the rule says lookup, once each", async () => {
    const responses = [{ when: "$status = 400", do: "lookup", message: "no such contact" }];
    const { source, server } = await open(
      batchServer(notes, { bad: ["3", "9"] }),
      { ...ofMany, responses, pagination: { type: "none" } },
      idsFrom(1, 20),
      { connection: { concurrency: 1 } },
    );
    const pages = await readPages(source);
    expect(refusedOf(pages)).toEqual(["3", "9"]);
    expect(answeredOf(pages)).toHaveLength(18);
    expect(server.seen.map((request) => inputsOf(request).length)).toEqual([10, ...Array(10).fill(1), 10]);
    expect(pages.flatMap(({ rejects = [] }) => rejects)[0]).toEqual({
      rule: "refused_id",
      message: `POST ${server.url}/notes/batch answered 400: no such contact`,
      record: { id: "3" },
    });
  });

  it("with one id in hand rejects it, and goes on", async () => {
    const responses = [{ when: "$status = 404", do: "split" }];
    const { source } = await open(notesServer(notes, { gone: ["2", "5"] }), { ...ofOne, responses }, idsFrom(1, 6));
    const pages = await readPages(source);
    expect(refusedOf(pages)).toEqual(["2", "5"]);
    expect(answeredOf(pages)).toEqual(["1", "3", "4", "6"]);
    expect(pages.find(({ rejects }) => rejects)).toEqual({
      slice: "parents",
      records: [],
      rejects: [
        {
          rule: "refused_id",
          message: expect.stringMatching(/^GET http.* answered 404: "there is no contact 2"$/),
          record: { id: "2" },
        },
      ],
      position: { after: "2" },
      last: false,
      bytes: expect.any(Number),
      sliceValue: { ids: ["2"], id: "2" },
      answered: [],
    });
  });

  it("in the middle of its pages is asked for anew, in parts", async () => {
    // 5 is gone once its first page was read.
    const bad: string[] = [];
    const serve = batchServer(notes, { bad });
    const { source } = await open(
      (request, response, index) => {
        if (index === 1) bad.push("5");
        return serve(request, response, index);
      },
      ofMany,
      idsFrom(1, 10),
    );
    const pages = await readPages(source);
    expect(refusedOf(pages)).toEqual(["5"]);
    expect(answeredOf(pages)).toEqual(idsFrom(1, 10).filter((id) => id !== "5"));
    // Nobody else lost a page.
    const expected = notes.filter(({ contact, note }) => Number(contact) <= 10 && (contact !== "5" || note < 2));
    expect(nestedIn(pages)).toEqual(expected.map(shown).sort());
  });

  it("may be one that is too large: halves fit", async () => {
    const responses = [{ when: "$status = 413", do: "split" }];
    const { source } = await open(batchServer(notes, { most: 4 }), { ...ofMany, responses }, ids);
    const pages = await readPages(source);
    expect(refusedOf(pages)).toEqual([]);
    expect(nestedIn(pages)).toEqual(notes.map(shown).sort());
  });

  it("at the first try says that the connection works, and nothing of the other batches", async () => {
    const pagination = { type: "page", send_as: "query.page", pages: "pages" };
    const { source, server } = await open(
      batchServer(notes, { bad: ["1"] }),
      { ...ofMany, pagination },
      idsFrom(1, 30),
    );
    expect(await source.check!()).toMatch(/^400 in \d+ ms$/);
    const forecast = await source.forecast!(readRequest());
    expect(forecast).toMatchObject({ slices: 3, asked: 1 });
    expect(forecast.calls).toBeUndefined();
    expect(server.seen.map((request) => inputsOf(request).length)).toEqual([1, 10]);
  });

  it("is what it is where there is no rule", async () => {
    const { source } = await open(batchServer(notes, { bad: ["3"] }), { ...ofMany, responses: [] }, ids);
    expect((await rejection(readPages(source))).message).toMatch(
      /^slice parents 1 to 10: POST .* answered 400: "an id is bad"$/,
    );
  });
});

describe("the parents", () => {
  it("may be none: a success with nothing asked", async () => {
    const { source, server } = await open(() => {}, ofOne, []);
    expect(await readPages(source)).toEqual([{ slice: "parents", records: [], last: true, bytes: 0 }]);
    expect(server.seen).toHaveLength(0);
    expect(await source.check!()).toBe("nothing to ask: shop.contacts has no rows");
    expect(await source.forecast!(readRequest())).toEqual({ calls: 0, slices: 0, asked: 0, budgets: [] });
  });

  it("are not asked for again by a run that had come to the end", async () => {
    const { source, rows } = await open(() => {}, ofOne, ["1"]);
    expect(await readPages(source, { resume: { parents: { done: true } } })).toEqual([]);
    expect(rows.blocks).toEqual([]);
  });

  it("are read anew from a position that cannot be read", async () => {
    const { source } = await open((_request, response) => json(response, { notes: [] }), ofOne, ["1", "2"]);
    const pages = await readPages(source, { resume: { parents: { position: "soon", done: false } } });
    expect(answeredOf(pages)).toEqual(["1", "2"]);
    expect(pages.map(({ restarted }) => restarted)).toEqual([true, undefined, undefined]);
  });

  it("are named by the spec, with its defaults, and by incremental where it lays over", async () => {
    const spec = {
      ...ofOne,
      incremental: { slices: { changed: true, overlap: "1h", full_every: "7d", column: "contact_id" } },
    };
    const { source, rows } = await open((_request, response) => json(response, { notes: [] }), spec, ["1"]);
    await readPages(source);
    await readPages(source, { incremental: true });
    expect(rows.queries).toEqual([
      { pipeline: "shop.contacts", column: "id", changed: false, overlap: "15m" },
      { pipeline: "shop.contacts", column: "contact_id", changed: true, overlap: "1h", full_every: "7d" },
    ]);
  });

  it("need a table, which a run asks for and a plan can do without", async () => {
    const parents = async (): Promise<never> => {
      throw new SpecError("there is no table shop_contact yet: run shop.contacts first");
    };
    const { source, lines } = await open(() => {}, ofOne, [], { parents });
    expect((await rejection(readPages(source))).message).toMatch(/^there is no table shop_contact yet/);
    expect(await source.check!()).toBe("nothing to ask: there is no table shop_contact yet: run shop.contacts first");
    expect(await source.forecast!(readRequest())).toEqual({ asked: 0, budgets: [] });
    expect(lines).toContain(
      "warn what a run would ask cannot be told: there is no table shop_contact yet: run shop.contacts first",
    );
    const { source: nowhere } = await openApi("http://127.0.0.1:9", ofOne);
    const error = await rejection(readPages(nowhere));
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toBe(
      "source.slices asks for the rows of shop.contacts, and there is no warehouse to read them in",
    );
  });

  it("must be unique", async () => {
    const { source } = await open((_request, response) => json(response, { notes: [] }), ofOne, ["1", "2", "2"]);
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe('shop.contacts has the id "2" twice: source.slices.column must be unique');
  });

  it("are text, wherever a request takes them", async () => {
    const spec = {
      slices: { by: "parent", pipeline: "shop.contacts", batch: 2 },
      request: {
        method: "POST",
        path: "/notes",
        query: { id: "{{slice.ids}}", all: "{{join slice.ids ','}}" },
        body: { ids: "{{slice.ids}}", inputs: "{{slice.inputs}}" },
      },
      records: { from: "notes", missing: "empty" },
    };
    const { source, server } = await open((_request, response) => json(response, {}), spec, [
      "1",
      "a b",
      "9007199254740993",
    ]);
    await readPages(source);
    const first = server.seen.find(({ url }) => url.includes("a%20b"))!;
    expect(first.query.getAll("id")).toEqual(["1", "a b"]);
    expect(first.query.get("all")).toBe("1,a b");
    expect(JSON.parse(first.body)).toEqual({ ids: ["1", "a b"], inputs: [{ id: "1" }, { id: "a b" }] });
    expect(server.seen.some(({ body }) => body.includes('"9007199254740993"'))).toBe(true);
  });

  it("are forecast by their number where a batch is a page, and by the first batch where it tells a total", async () => {
    const spec = { ...ofMany, slices: { ...ofMany.slices, batch: 4 } };
    const nested = await open(batchServer([]), spec, idsFrom(1, 10));
    expect(await nested.source.forecast!(readRequest())).toMatchObject({ calls: 3, slices: 3, asked: 0 });
    expect(nested.server.seen).toHaveLength(0);
    const paged = await open(notesServer([]), ofOne, idsFrom(1, 10));
    const forecast = await paged.source.forecast!(readRequest());
    expect(forecast).toMatchObject({ slices: 10, asked: 0 });
    expect(forecast.calls).toBeUndefined();
    expect(forecast.request!.url).toMatch(/\/contacts\/1\/notes\?limit=2$/);
  });
});

describe("other paginations in a batch", () => {
  const ids = idsFrom(1, 9);
  const notes = notesOf(ids, some);
  const list = { records: "notes", slices: ofOne.slices };
  const own = ({ path }: Seen): Note[] => notes.filter(({ contact }) => path === `/contacts/${contact}/notes`);

  it.each<[string, object, (request: Seen) => object]>([
    [
      "page, with a total that is proved for each",
      { type: "page", send_as: "query.page", size: 2, size_as: "query.size", total: "total" },
      (request) => {
        const [page, size] = [Number(request.query.get("page")), Number(request.query.get("size"))];
        return { notes: own(request).slice((page - 1) * size, page * size), total: own(request).length };
      },
    ],
    [
      "offset, to the empty page",
      { type: "offset", send_as: "query.offset" },
      (request) => {
        const offset = Number(request.query.get("offset"));
        return { notes: own(request).slice(offset, offset + 2) };
      },
    ],
    [
      "last_id",
      { type: "last_id", id: "note", first: -1, send_as: "query.after" },
      (request) => ({
        notes: own(request)
          .filter(({ note }) => note > Number(request.query.get("after")))
          .slice(0, 2),
      }),
    ],
    [
      "next_url",
      { type: "next_url", url: "next" },
      (request) => {
        const start = Number(request.query.get("start") ?? 0);
        const next = start + 2 < own(request).length ? `${request.path}?start=${start + 2}` : null;
        return { notes: own(request).slice(start, start + 2), next };
      },
    ],
    ["none", { type: "none" }, (request) => ({ notes: own(request) })],
  ])("%s", async (_name, pagination, answer) => {
    const request = { path: "/contacts/{{slice.id}}/notes" };
    const { source, reopen } = await open(
      (seen, response) => json(response, answer(seen)),
      { ...list, request, pagination },
      ids,
    );
    const pages = await readPages(source);
    expect(notesIn(pages)).toEqual(notes.map(shown).sort());
    expect(answeredOf(pages)).toEqual(ids);
    for (const count of [1, 4, 9, pages.length - 1]) {
      const kept = pages.slice(0, count);
      const rest = await readPages((await reopen()).source, { resume: parentCheckpoint(kept) });
      expect([...new Set(notesIn([...kept, ...rest]))]).toEqual(notes.map(shown).sort());
    }
  });

  it("a batch that is read again, because fewer came than there are, voids nothing before it", async () => {
    let hidden = true;
    const { source } = await open(
      (seen, response) => {
        const found = own(seen);
        const isShort = hidden && seen.path.includes("/3/") && seen.query.get("page") === "2";
        if (isShort) hidden = false;
        const page = Number(seen.query.get("page"));
        json(response, { notes: isShort ? [] : found.slice((page - 1) * 2, page * 2), total: found.length });
      },
      {
        ...list,
        request: { path: "/contacts/{{slice.id}}/notes" },
        pagination: { type: "page", send_as: "query.page", total: "total" },
      },
      ids,
      { connection: { concurrency: 1 } },
    );
    const pages = await readPages(source);
    expect([...new Set(notesIn(pages))]).toEqual(notes.map(shown).sort());
    expect(pages.some(({ restarted }) => restarted)).toBe(false);
    expect(
      pages
        .filter(({ sliceValue }) => (sliceValue as { id: string } | undefined)?.id === "3")
        .map(({ open: isOpen }) => isOpen),
    ).toEqual([true, true, true, undefined]);
    expect(answeredOf(pages)).toEqual(ids);
  });
});

it("the source's clock moves the window before a second batch is asked for", async () => {
  const startedAt = new Date("2026-02-10T12:30:00.000Z");
  const epoch = { text: "1970-01-01", instant: "1970-01-01T00:00:00.000000Z" };
  const { source, server } = await open(
    (_request, response) =>
      json(response, { notes: [] }, { headers: { date: new Date("2026-02-10T11:30:00Z").toUTCString() } }),
    { ...ofOne, request: { path: "/contacts/{{slice.id}}/notes", query: { until: "{{iso until}}" } } },
    idsFrom(1, 5),
  );
  await readPages(source, { window: new RunWindow(epoch, startedAt, { now: () => startedAt }) });
  expect(server.seen.map(({ path, query }) => `${path} ${query.get("until")}`).sort()).toEqual([
    "/contacts/1/notes 2026-02-10T11:30:00Z",
    "/contacts/1/notes 2026-02-10T12:30:00Z",
    ...idsFrom(2, 5).map((id) => `/contacts/${id}/notes 2026-02-10T11:30:00Z`),
  ]);
});

describe("207", () => {
  const body = { results: [{ id: 1 }], errors: [{ message: "2 is locked" }] };
  const answer: Handler = (_request, response) => json(response, body, { status: 207 });
  const spec = { request: { path: "/items" }, records: "results" };

  it("is no success unless a rule says so", async () => {
    const { source, server } = await open(answer, spec, []);
    expect((await rejection(readPages(source))).message).toBe(
      `GET ${server.url}/items answered 207: a part of it failed: "2 is locked". Say in responses which of these are a success ({ when: $status = 207 and …, do: ignore }) and what becomes of the rest`,
    );
  });

  it.each([
    ["ignore", [{ id: 1 }]],
    ["empty", []],
  ])("is one by a rule that says %s", async (action, records) => {
    const { source } = await open(answer, { ...spec, responses: [{ when: "$status = 207", do: action }] }, []);
    expect((await readPages(source)).flatMap((page) => page.records)).toEqual(records);
  });
});
