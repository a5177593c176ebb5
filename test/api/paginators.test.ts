import { describe, expect, it } from "vitest";
import { FatalError } from "../../src/errors.ts";
import { type PageFacts, paginatorOf, type Step } from "../../src/sources/api/paginators/index.ts";
import type { Pagination } from "../../src/spec/types.ts";

const base = "https://api.example.com/v1";
const facts = (over: Partial<PageFacts>): PageFacts => ({
  count: 10,
  read: 10,
  stop: false,
  url: `${base}/items?page=1`,
  ...over,
});
const of = (pagination: object) => paginatorOf({ max_pages: 100, ...pagination } as Pagination, { base_url: base });

const cursor = { type: "cursor", cursor: "next" };
const none = { type: "cursor", cursor: "next", none: "0" };
const page = { type: "page", first: 1 };
const offset = { type: "offset", first: 0 };
const nextUrl = { type: "next_url", url: "next" };
const nested = { type: "nested", over: "results", key: "id", cursor: "next", send_as: "slice.inputs.after" };
const lastId = { type: "last_id", id: "id", first: "0" };

describe("the first step", () => {
  it.each<[object, Step, unknown]>([
    [{ type: "none" }, {}, undefined],
    [cursor, {}, undefined],
    [page, { number: 1 }, 1],
    [{ type: "page", first: 0 }, { number: 0 }, 0],
    [offset, { offset: 0 }, 0],
    [nextUrl, {}, undefined],
    [lastId, { after: "0" }, "0"],
    [{ type: "last_id", id: "id" }, {}, undefined],
    [nested, {}, undefined],
  ])("of %j is %j and sends %s", (pagination, step, sent) => {
    expect(of(pagination).first()).toEqual(step);
    expect(of(pagination).sent(step)).toBe(sent);
  });
});

describe("the next step", () => {
  it.each<[object, Partial<PageFacts>, Step, Step | undefined]>([
    [{ type: "none" }, { next: "x" }, {}, undefined],
    [cursor, { next: "b" }, { after: "a" }, { after: "b" }],
    [cursor, { next: 7, count: 0 }, {}, { after: 7 }],
    [cursor, { next: { k: 1 } }, {}, { after: { k: 1 } }],
    [cursor, { next: undefined }, { after: "a" }, undefined],
    [cursor, { next: null }, {}, undefined],
    [cursor, { next: "" }, {}, undefined],
    [cursor, { next: false }, {}, undefined],
    [cursor, { next: 0 }, {}, { after: 0 }],
    [none, { next: 0 }, {}, undefined],
    [none, { next: "0" }, {}, undefined],
    [cursor, { next: "b", stop: true }, {}, undefined],
    [nested, { next: [] }, {}, undefined],
    [nested, { next: [{ id: "7", cursor: "b" }] }, {}, { inputs: [{ id: "7", after: "b" }] }],
    [
      { ...nested, send_as: "slice.inputs.from" },
      { next: [{ id: "7", cursor: 4 }] },
      { inputs: [{ id: "7", from: 2 }] },
      { inputs: [{ id: "7", from: 4 }] },
    ],
    [page, {}, { number: 1 }, { number: 2 }],
    [page, { count: 1 }, { number: 4 }, { number: 5 }],
    [page, { count: 0 }, { number: 4 }, undefined],
    [page, { stop: true }, { number: 1 }, undefined],
    [page, { pages: 4 }, { number: 3 }, { number: 4 }],
    [page, { pages: 4 }, { number: 4 }, undefined],
    [{ type: "page", first: 0 }, { pages: 4 }, { number: 3 }, undefined],
    [page, { pages: 0 }, { number: 1 }, undefined],
    [page, { total: 21, read: 20 }, { number: 2 }, { number: 3 }],
    [page, { total: 20, read: 20 }, { number: 2 }, undefined],
    [offset, {}, { offset: 0 }, { offset: 10 }],
    [offset, { count: 3 }, { offset: 10 }, { offset: 13 }],
    [offset, { count: 0 }, { offset: 10 }, undefined],
    [offset, { total: 20, read: 20 }, { offset: 10 }, undefined],
    [offset, { stop: true }, { offset: 10 }, undefined],
    [nextUrl, { next: `${base}/items?page=2` }, {}, { url: `${base}/items?page=2` }],
    [nextUrl, { next: "/v1/items?page=2" }, {}, { url: `${base}/items?page=2` }],
    [nextUrl, { next: "?page=2", count: 0 }, {}, { url: `${base}/items?page=2` }],
    [nextUrl, { next: "http://api.example.com/v1/items?page=2" }, {}, { url: `${base}/items?page=2` }],
    [nextUrl, { next: null }, {}, undefined],
    [nextUrl, { next: "" }, {}, undefined],
    [nextUrl, { next: "?page=2", stop: true }, {}, undefined],
    [lastId, { next: "11" }, { after: "0" }, { after: "11" }],
    [lastId, { next: "11", count: 3 }, { after: "0" }, { after: "11" }],
    [lastId, { count: 0 }, { after: "11" }, undefined],
    [lastId, { next: "11", total: 10 }, { after: "0" }, undefined],
    [lastId, { next: "11", total: 11 }, { after: "0" }, { after: "11" }],
    [lastId, { next: "11", stop: true }, { after: "0" }, undefined],
  ])("%j, %j after %j", (pagination, over, step, expected) =>
    expect(of(pagination).next(facts(over), step)).toEqual(expected),
  );
});

describe("a step that leads nowhere is an error", () => {
  it.each<[object, Partial<PageFacts>, Step, RegExp]>([
    [cursor, { next: "a" }, { after: "a" }, /the cursor does not move: the page after "a"/],
    [cursor, { next: { k: 1 }, count: 0 }, { after: { k: 1 } }, /does not move/],
    [
      nested,
      { next: [{ id: "7", cursor: "b" }] },
      { inputs: [{ id: "7", after: "b" }] },
      /the cursor of record "7" does not move: the page after "b"/,
    ],
    [lastId, { next: "11" }, { after: "11" }, /the last id does not move/],
    [lastId, { next: undefined }, { after: "0" }, /has no id at pagination\.id \(id\)/],
    [nextUrl, { next: `${base}/items?page=1` }, {}, /does not move/],
    [
      nextUrl,
      { next: "https://evil.example.com/items?page=2" },
      {},
      /leads to https:\/\/evil\.example\.com, but the connection is https:\/\/api\.example\.com/,
    ],
    [nextUrl, { next: "//evil.example.com/items" }, {}, /leads to/],
    [nextUrl, { next: "http://api.example.com:8080/items" }, {}, /leads to/],
    [nextUrl, { next: "https://api.example.com:8443/items" }, {}, /leads to/],
    [nextUrl, { next: 7 }, {}, /the next URL 7 is not a URL/],
    [nextUrl, { next: "http://" }, {}, /is not a URL/],
  ])("%j, %j after %j", (pagination, over, step, message) => {
    expect(() => of(pagination).next(facts(over), step)).toThrow(FatalError);
    expect(() => of(pagination).next(facts(over), step)).toThrow(message);
  });
});

describe("the step that is guessed before its page is there", () => {
  it.each<[object, Partial<PageFacts>, Step, Step | undefined]>([
    [page, {}, { number: 1 }, undefined],
    [page, { total: 31 }, { number: 3 }, { number: 4 }],
    [page, { total: 31 }, { number: 4 }, undefined],
    [page, { total: 30 }, { number: 3 }, undefined],
    [page, { pages: 3, total: 500 }, { number: 2 }, { number: 3 }],
    [page, { pages: 3, total: 500 }, { number: 3 }, undefined],
    [{ type: "page", first: 0 }, { pages: 3 }, { number: 1 }, { number: 2 }],
    [{ type: "page", first: 0 }, { pages: 3 }, { number: 2 }, undefined],
    [page, { total: 0 }, { number: 1 }, undefined],
    [offset, {}, { offset: 0 }, undefined],
    [offset, { total: 21 }, { offset: 10 }, { offset: 20 }],
    [offset, { total: 20 }, { offset: 10 }, undefined],
    [{ type: "offset", first: 1 }, { total: 20 }, { offset: 1 }, { offset: 11 }],
    [{ type: "offset", first: 1 }, { total: 20 }, { offset: 11 }, undefined],
  ])("%j, told %j, after %j: %j", (pagination, over, step, expected) => {
    expect(of(pagination).guess!(step, facts(over))).toEqual(expected);
  });

  it.each([cursor, nextUrl, lastId, { type: "none" }])("is none for %j", (pagination) => {
    expect(of(pagination).guess).toBeUndefined();
  });
});
