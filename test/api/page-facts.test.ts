/** What an answer says of the pages that follow, by each form of a pagination. */
import { describe, expect, it } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import type { Answer } from "../../src/sources/api/answer.ts";
import { compileFacts } from "../../src/sources/api/page-facts.ts";
import type { Pagination } from "../../src/spec/types.ts";
import { rejection } from "../http/server.ts";

const answer = (body: unknown, headers: Record<string, string> = {}): Answer =>
  ({
    status: 200,
    headers,
    body,
    request: { method: "GET", url: "https://api.example.com/items", body: undefined },
    shown: "GET /items",
    length: 1,
  }) as Answer;
const factsOf = (pagination: object, given: Answer, records: unknown[] = []) =>
  compileFacts({ max_pages: 100, ...pagination } as Pagination).facts(given, records);

const cursor = { type: "cursor", cursor: "paging.next.after" };
const locator = { type: "cursor", header: "Sforce-Locator", none: "null" };
const nextUrl = { type: "next_url", url: "nextRecordsUrl" };
const odata = { type: "next_url", url: "`@odata.nextLink`" };
const link = { type: "next_url", link_header: "next" };
const lastId = { type: "last_id", id: "id" };

describe("what comes next", () => {
  it.each<[object, unknown, Record<string, string>, unknown]>([
    [cursor, { paging: { next: { after: "200" } } }, {}, "200"],
    [cursor, { results: [] }, {}, undefined],
    [cursor, { paging: { next: { after: null } } }, {}, null],
    [locator, [], { "sforce-locator": "MTAw" }, "MTAw"],
    [locator, [], { "sforce-locator": "null" }, "null"],
    [locator, [], {}, undefined],
    [nextUrl, { nextRecordsUrl: "/services/data/v62.0/query/01g-2000" }, {}, "/services/data/v62.0/query/01g-2000"],
    [nextUrl, { done: true }, {}, undefined],
    [
      odata,
      { "@odata.nextLink": "https://api.example.com/items?$skiptoken=2" },
      {},
      "https://api.example.com/items?$skiptoken=2",
    ],
    [
      link,
      [],
      { link: '<https://api.example.com/items?page=2>; rel="next", <?page=9>; rel="last"' },
      "https://api.example.com/items?page=2",
    ],
    [link, [], { link: '<?page=1>; rel="prev"' }, undefined],
    [link, [], {}, undefined],
    [lastId, { items: "not looked at" }, {}, 9],
    [{ type: "page" }, { next: "not looked at" }, {}, undefined],
    [{ type: "offset" }, { next: "not looked at" }, {}, undefined],
  ])("%j of %j with headers %j: %j", async (pagination, body, headers, next) => {
    expect((await factsOf(pagination, answer(body, headers), [{ id: 7 }, { id: 9 }])).next).toEqual(next);
  });

  it("is no id where no record came", async () => {
    expect((await factsOf(lastId, answer([]))).next).toBeUndefined();
  });
});

describe("how many there are", () => {
  const page = { type: "page", pages: "meta.pages", total: "meta.total" };

  it.each<[unknown, number | undefined, number | undefined]>([
    [{ meta: { pages: 4, total: 31 } }, 4, 31],
    [{ meta: { pages: "4", total: "31" } }, 4, 31],
    [{ meta: { pages: 0, total: 0 } }, 0, 0],
    [{ meta: { pages: null } }, undefined, undefined],
    [{}, undefined, undefined],
  ])("in %j: %s pages, %s records", async (body, pages, total) => {
    expect(await factsOf(page, answer(body))).toMatchObject({ pages, total, stop: false });
  });

  it.each([-1, 1.5, "many", true, [31], "-1", ""])("%j is no count", async (total) => {
    const error = await rejection(factsOf(page, answer({ meta: { total } })));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(`GET /items: pagination.total is ${JSON.stringify(total)}, which is not a count`);
  });
});

describe("the last page by a flag", () => {
  it.each<[string, unknown, boolean]>([
    ["$not(meta.morePages)", { meta: { morePages: true } }, false],
    ["$not(meta.morePages)", { meta: { morePages: false } }, true],
    // A flag that is not there ends nothing: the empty page after it does.
    ["$not(meta.morePages)", {}, false],
    ["more_items_in_collection = false", { more_items_in_collection: false }, true],
    ["more_items_in_collection = false", {}, false],
    ["$headers.`x-last` = 'yes'", {}, true],
    ["$status = 204", {}, false],
  ])("%s in %j: %s", async (stop_when, body, stop) => {
    const facts = await factsOf({ type: "page", stop_when }, answer(body, { "x-last": "yes" }));
    expect(facts.stop).toBe(stop);
  });
});

describe("a pagination that says nothing", () => {
  it.each([
    [{ type: "cursor" }, "pagination cursor needs cursor: or header:, where the next cursor is"],
    [{ type: "next_url" }, "pagination next_url needs url: or link_header:, where the next URL is"],
  ])("%j is refused", (pagination, message) => {
    expect(() => compileFacts({ max_pages: 1, ...pagination } as Pagination)).toThrow(new SpecError(message));
  });
});
