import { describe, expect, it } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import { compilePlace } from "../../src/sources/api/place.ts";
import { json, rejection, serve } from "../http/server.ts";
import { fixedWindow, openApi, type OpenOptions, readPages } from "./harness.ts";

/** What the server saw of the first request of a source. */
async function requestOf(source: object, options: OpenOptions & { incremental?: boolean; base?: string } = {}) {
  const server = await serve((_request, response) => json(response, { items: [] }));
  const { source: api } = await openApi(`${server.url}${options.base ?? ""}`, source, options);
  await readPages(api, { incremental: options.incremental ?? false });
  const { method, url, headers, body } = server.seen[0]!;
  return { method, url, headers, body };
}

describe("a request", () => {
  it.each<[string, object, OpenOptions & { base?: string }, string]>([
    ["path below the base URL", { request: { path: "/items" } }, { base: "/v3" }, "/v3/items"],
    ["one slash between them", { request: { path: "items" } }, { base: "/v3/" }, "/v3/items"],
    [
      "values in a path are encoded",
      { request: { path: "/a/{{params.account}}/calls.json" } },
      { params: { account: "x/../y z" } },
      "/a/x%2F..%2Fy%20z/calls.json",
    ],
    ["a query in the path stays", { request: { path: "/items?fixed=1", query: { a: 2 } } }, {}, "/items?fixed=1&a=2"],
    [
      "a list repeats its name",
      { request: { path: "/items", query: { id: [1, 2], tag: "{{mapped 'tags'}}" } } },
      { mapped: (path) => [`${path}a`, `${path}b`] },
      "/items?id=1&id=2&tag=tagsa&tag=tagsb",
    ],
    [
      "a param that was not given drops its item",
      { request: { path: "/items", query: { company: "{{params.company}}", since: "{{iso since}}", n: null } } },
      {},
      "/items?since=2025-01-01T00%3A00%3A00Z",
    ],
    [
      "names and values are encoded",
      { request: { path: "/items", query: { "filter[name]": "a&b=c+d é", on: true } } },
      {},
      "/items?filter%5Bname%5D=a%26b%3Dc%2Bd%20%C3%A9&on=true",
    ],
    [
      "the page's number, size and vars",
      {
        request: { path: "/items", query: { p: "{{page.number}}", v: "{{vars.portal}}" } },
        pagination: { type: "page", first: 3, size: 7, size_as: "query.per_page" },
      },
      { connection: { vars: { portal: "p1" } } },
      "/items?p=3&v=p1&per_page=7",
    ],
    [
      "send_as with a dot in a query",
      { pagination: { type: "page", send_as: "query.page.number" } },
      {},
      "/items?page.number=1",
    ],
  ])("%s", async (_name, source, options, url) => expect((await requestOf(source, options)).url).toBe(url));

  it("has a JSON body with its types kept", async () => {
    const { method, headers, body } = await requestOf(
      {
        request: {
          method: "POST",
          path: "/search",
          body: {
            limit: "{{page.size}}",
            since: "{{epochMs since}}",
            company: "{{params.company}}",
            fields: "{{mapped 'properties'}}",
            deep: [{ after: "{{page.after}}", on: true, none: null }],
          },
        },
        pagination: { type: "last_id", id: "id", first: "0", size: 200 },
      },
      { mapped: () => ["email", "phone"] },
    );
    expect(method).toBe("POST");
    expect(headers["content-type"]).toBe("application/json");
    expect(JSON.parse(body)).toEqual({
      limit: 200,
      since: 1735689600000,
      fields: ["email", "phone"],
      deep: [{ after: "0", on: true, none: null }],
    });
  });

  it("has a form body", async () => {
    const { headers, body } = await requestOf({
      request: { method: "POST", path: "/token", form: { a: "x y", list: [1, "&"], gone: "{{params.gone}}" } },
    });
    expect(headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(body).toBe("a=x%20y&list=1&list=%26");
  });

  it("has a text body, escaped where it is XML", async () => {
    const xml = await requestOf(
      {
        request: {
          method: "POST",
          path: "/soap",
          content_type: "text/xml; charset=utf-8",
          text: "<v>{{params.v}}</v>",
        },
      },
      { params: { v: "<&>" } },
    );
    expect(xml.headers["content-type"]).toBe("text/xml; charset=utf-8");
    expect(xml.body).toBe("<v>&lt;&amp;&gt;</v>");
    expect(
      (
        await requestOf(
          { request: { method: "POST", path: "/t", content_type: "text/plain", text: "{{params.v}}" } },
          { params: { v: "<&>" } },
        )
      ).body,
    ).toBe("<&>");
  });

  it("has headers, with templates", async () => {
    const { headers } = await requestOf({
      request: {
        path: "/items",
        headers: {
          "If-Modified-Since": "{{format since \"EEE, dd MMM yyyy HH:mm:ss 'GMT'\"}}",
          "X-None": "{{params.none}}",
        },
      },
      pagination: { type: "page", send_as: "headers.X-Page", first: 1 },
    });
    expect(headers).toMatchObject({ "if-modified-since": "Wed, 01 Jan 2025 00:00:00 GMT", "x-page": "1" });
    expect(headers).not.toHaveProperty("x-none");
  });

  it("puts positions into a body, maps made on the way", async () => {
    const { body } = await requestOf({
      request: { method: "POST", path: "/q", body: { paging: { size: 5 } } },
      pagination: { type: "offset", first: 0, send_as: "body.paging.from", size: 10, size_as: "body.page.limit" },
    });
    expect(JSON.parse(body)).toEqual({ paging: { size: 5, from: 0 }, page: { limit: 10 } });
  });

  it("to a url of its own on another host carries no credentials", async () => {
    const server = await serve((_request, response) => json(response, { items: [] }));
    const { source } = await openApi(
      "http://127.0.0.1:1",
      { request: { url: `${server.url}/other` } },
      { connection: { auth: { type: "bearer", token: "s3cret" } } },
    );
    await readPages(source);
    expect(server.seen[0]!.url).toBe("/other");
    expect(JSON.stringify(server.seen[0])).not.toContain("s3cret");
  });

  it.each<[string, object, RegExp]>([
    ["a value that is not there", { request: { path: "/{{vars.nothing}}" } }, /vars\.nothing has no value/],
    [
      "a param that a path needs",
      { request: { path: "/{{params.account}}" } },
      /the request's path stands on a value that is not there/,
    ],
    [
      "a map in a query",
      { request: { path: "/x", query: { a: { b: 1 } } } },
      /request\.query\.a must be a text or a number, not a map/,
    ],
    [
      "a page size that nobody gave",
      { request: { path: "/x", query: { n: "{{page.size}}" } } },
      /page\.size has no value/,
    ],
    ["an expression with bad syntax", { records: "items[" }, /records \(items\[\)/],
    ["a cursor that is nowhere", { pagination: { type: "cursor" } }, /pagination cursor needs cursor: or header:/],
    ["neither path nor url", { request: {} }, /a request needs a path or a url/],
  ])("is refused: %s", async (_name, source, message) => {
    const { source: api } = await openApi("http://127.0.0.1:1", source);
    const error = await rejection(readPages(api));
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toMatch(message);
  });
});

describe("a place", () => {
  it.each(["page", "query", "query.", "cookie.x", "body.a..b", "body.__proto__.x"])("cannot be %s", (place) => {
    expect(() => compilePlace(place)).toThrow(SpecError);
    expect(() => compilePlace(place)).toThrow(`"${place}" is not a place in a request`);
  });

  it("below a list is refused when it is used", () => {
    expect(() => compilePlace("body.after")({ query: {}, headers: {}, body: [] }, 1)).toThrow(
      "the request's body is not a map",
    );
  });
});

describe("incremental", () => {
  const source = {
    request: { path: "/items", query: { limit: 10, archived: "false" }, headers: { "X-A": "1" } },
    pagination: { type: "page", send_as: "query.page", size: 50, size_as: "query.per_page" },
  };

  it("is laid over the request: maps merge, null removes", async () => {
    const { url, headers } = await requestOf(
      {
        ...source,
        incremental: { request: { query: { since: "{{iso since}}", archived: null }, headers: { "X-B": "2" } } },
      },
      { incremental: true },
    );
    expect(url).toBe("/items?limit=10&since=2025-01-01T00%3A00%3A00Z&page=1&per_page=50");
    expect(headers).toMatchObject({ "x-a": "1", "x-b": "2" });
  });

  it("is not laid over a full run", async () => {
    const { url } = await requestOf({ ...source, incremental: { request: { query: { since: "{{iso since}}" } } } });
    expect(url).toBe("/items?limit=10&archived=false&page=1&per_page=50");
  });

  it("a request that names its own path stands alone, with the schema's defaults", async () => {
    const { method, url, headers } = await requestOf(
      { ...source, incremental: { request: { path: "/changed" } } },
      { incremental: true },
    );
    expect({ method, url }).toEqual({ method: "GET", url: "/changed?page=1&per_page=50" });
    expect(headers).not.toHaveProperty("x-a");
  });

  it("a pagination that names its own type stands alone, another is laid over", async () => {
    const alone = await requestOf(
      { ...source, incremental: { pagination: { type: "offset", send_as: "query.offset" } } },
      { incremental: true },
    );
    expect(alone.url).toBe("/items?limit=10&archived=false&offset=0");
    const over = await requestOf(
      { ...source, incremental: { pagination: { size: 5, first: 0 } } },
      { incremental: true },
    );
    expect(over.url).toBe("/items?limit=10&archived=false&page=0&per_page=5");
  });

  it("may find its records elsewhere", async () => {
    const server = await serve((_request, response) => json(response, { items: [1], changed: [2, 3] }));
    const { source: api } = await openApi(server.url, { incremental: { records: "changed" } });
    expect((await readPages(api))[0]!.records).toEqual([1]);
    expect((await readPages(api, { incremental: true }))[0]!.records).toEqual([2, 3]);
  });

  it("that makes no sense is a SpecError", async () => {
    const { source: api } = await openApi("http://127.0.0.1:1", {
      ...source,
      incremental: { pagination: { type: "page", sise: 5 } },
    });
    const error = await rejection(readPages(api, { incremental: true }));
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toContain("pagination_page");
  });
});

describe("the source's clock", () => {
  const date = new Date("2025-01-15T00:00:00Z");
  const serveClock = () =>
    serve((_request, response) => {
      response.setHeader("date", date.toUTCString());
      json(response, { items: [{ id: 1 }], next: null });
    });
  const moving = () => {
    const window = fixedWindow();
    const seen: Date[] = [];
    return {
      seen,
      window: {
        ...window,
        until: window.until,
        observeClock(now: Date) {
          seen.push(now);
          this.until = { text: "earlier", instant: now.toISOString().replace("Z", "000Z") };
          return true;
        },
      },
    };
  };
  const asksUntil = {
    request: { path: "/items", query: { until: "{{iso until}}" } },
    pagination: { type: "page", send_as: "query.page", pages: "2" },
  };

  it("is told once, and a request made with the wrong one is made again", async () => {
    let id = 0;
    const server = await serve((_request, response) => {
      response.setHeader("date", date.toUTCString());
      json(response, { items: [{ id: id++ }] });
    });
    const { source } = await openApi(server.url, asksUntil);
    const { window, seen } = moving();
    const pages = await readPages(source, { window });
    expect(seen).toEqual([date]);
    expect(server.seen.map(({ query }) => [query.get("page"), query.get("until")])).toEqual([
      ["1", "2025-02-01T00:00:00Z"],
      ["1", "2025-01-15T00:00:00Z"],
      ["2", "2025-01-15T00:00:00Z"],
    ]);
    // The first answer is not used.
    expect(pages.flatMap(({ records }) => records)).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it("costs no call where the request does not change with it", async () => {
    const server = await serveClock();
    const { source } = await openApi(server.url, {});
    const { window, seen } = moving();
    await readPages(source, { window });
    expect(seen).toHaveLength(1);
    expect(server.seen).toHaveLength(1);
  });

  it("is not asked by a run that is resumed", async () => {
    const server = await serveClock();
    const { source } = await openApi(server.url, {
      pagination: { type: "cursor", cursor: "next", send_as: "query.after" },
    });
    const { window, seen } = moving();
    await readPages(source, { window, resume: { "": { position: { after: "x" }, done: false } } });
    expect(server.seen[0]!.query.get("after")).toBe("x");
    expect(seen).toEqual([]);
  });
});

describe("check", () => {
  it("makes the connection's cheap call", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { source } = await openApi(
      server.url,
      {},
      { connection: { check: { path: "/account", query: { limit: 1 } }, auth: { type: "bearer", token: "t" } } },
    );
    expect(await source.check!()).toMatch(/^200 in \d+ ms$/);
    expect(server.seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ["/account?limit=1", "Bearer t"],
    ]);
  });

  it("else asks for one record", async () => {
    const server = await serve((_request, response) => json(response, { items: [] }));
    const { source } = await openApi(server.url, {
      pagination: { type: "page", send_as: "query.page", size: 100, size_as: "query.limit" },
    });
    expect(await source.check!()).toMatch(/^200 in \d+ ms$/);
    expect(server.seen[0]!.url).toBe("/items?page=1&limit=1");
  });

  it("throws what went wrong", async () => {
    const server = await serve((_request, response) => json(response, { message: "no" }, { status: 401 }));
    const { source } = await openApi(server.url, {}, { connection: { check: { path: "/account" } } });
    const error = await rejection(source.check!());
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/answered 401: "no"\. Check the credentials of connection "test"\./);
  });
});
