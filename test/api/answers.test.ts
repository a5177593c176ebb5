import { describe, expect, it } from "vitest";
import { FatalError, TransientError } from "../../src/errors.ts";
import { canonicalJson } from "../../src/values/json-text.ts";
import { json, rejection, serve } from "../http/server.ts";
import { openApi, type OpenOptions, readPages } from "./harness.ts";

/** The records of a source whose server always answers the same. */
async function recordsFrom(
  source: object,
  body: unknown,
  { status = 200, headers = {}, ...options }: OpenOptions & { status?: number; headers?: Record<string, string> } = {},
): Promise<unknown[]> {
  const server = await serve((_request, response) => json(response, body, { status, headers }));
  const { source: api } = await openApi(server.url, source, options);
  return (await readPages(api)).flatMap(({ records }) => records);
}

describe("records", () => {
  it.each<[string, unknown, unknown, unknown[]]>([
    ["a list", "items", { items: [{ id: 1 }, { id: 2 }] }, [{ id: 1 }, { id: 2 }]],
    ["a list of one", "items", { items: [{ id: 1 }] }, [{ id: 1 }]],
    ["an empty list", "items", { items: [] }, []],
    ["a list below", "data.items", { data: { items: [{ id: 1 }] } }, [{ id: 1 }]],
    ["one map", "item", { item: { id: 1 } }, [{ id: 1 }]],
    ["a list at the root", "$", [{ id: 1 }, { id: 2 }], [{ id: 1 }, { id: 2 }]],
    ["a list of one at the root", "$", [{ id: 1 }], [{ id: 1 }]],
    ["an empty list at the root", "$", [], []],
    ["a list of lists stays one", "values", { values: [[1, 2]] }, [[1, 2]]],
    ["lists in records stay", "items", { items: [{ tags: ["a"] }, { tags: [] }] }, [{ tags: ["a"] }, { tags: [] }]],
    ["a filter with one match", "items[type='a']", { items: [{ type: "a" }, { type: "b" }] }, [{ type: "a" }]],
    [
      "a map of lists, keyed by the parent",
      "$each(data, function($events, $lead) { $events.$merge([$, { 'lead': $lead }]) }).$",
      { data: { "7": [{ e: 1 }], "8": [{ e: 2 }, { e: 3 }] } },
      [
        { e: 1, lead: "7" },
        { e: 2, lead: "8" },
        { e: 3, lead: "8" },
      ],
    ],
    ["nothing, where that means none", { from: "items", missing: "empty" }, { other: 1 }, []],
    ["null, where that means none", { from: "items", missing: "empty" }, { items: null }, []],
    [
      "with $status, $headers and $request",
      "items.$merge([$, { 's': $status, 'h': $headers.`x-a`, 'm': $request.method }])",
      { items: [{ id: 1 }] },
      [{ id: 1, s: 200, h: "v", m: "GET" }],
    ],
  ])("%s", async (_name, records, body, expected) =>
    expect(JSON.parse(JSON.stringify(await recordsFrom({ records }, body, { headers: { "x-a": "v" } })))).toEqual(
      expected,
    ),
  );

  it("keep every digit", async () => {
    const text = '{"items":[{"id":9223372036854775807,"amount":0.1234567890123456789,"n":5000.00}]}';
    const [record] = await recordsFrom({}, text);
    expect(record).toEqual({ id: "9223372036854775807", amount: "0.1234567890123456789", n: 5000 });
    expect(canonicalJson(record)).toBe('{"amount":0.1234567890123456789,"id":9223372036854775807,"n":5000}');
  });

  it.each<[string, unknown, RegExp]>([
    [
      "an error body with status 200",
      { status: "error", message: "quota spent", items: null },
      /answered 200, but there is nothing at records \(items\): the body has status, message, items \(null\), and says "quota spent"\. If that means no records, write records: \{ from: …, missing: empty \}\.$/,
    ],
    ["another map", { data: [], total: 0 }, /the body has data, total\./],
    ["an empty map", {}, /the body is an empty map/],
    ["a list", [1, 2], /the body is a list of 2/],
    ["nothing at all", "", /the body is empty/],
    ["a text", '"nope"', /the body is "nope"/],
  ])("never come from %s", async (_name, body, message) => {
    const error = await rejection(recordsFrom({}, body));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(message);
  });

  it("in pages of bare lists, never from a map", async () => {
    const paged = { records: "$", pagination: { type: "page", send_as: "query.page" } };
    const error = await rejection(recordsFrom(paged, { message: "try later" }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(
      /answered 200, but the body is no list of records \(records: \$, in pages\): the body has message, and says "try later"$/,
    );
    // One page may be one record.
    expect(await recordsFrom({ records: "$" }, { id: 1 })).toEqual([{ id: 1 }]);
  });

  it("an expression that fails names itself", async () => {
    const error = await rejection(recordsFrom({ records: "$number(items)" }, { items: "x" }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/records \(\$number\(items\)\) failed: Unable to cast value to a number/);
  });
});

describe("what is no JSON", () => {
  it("is described", async () => {
    const error = await rejection(recordsFrom({}, "<!doctype html><html><title>Sign in</title></html>"));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(/answered 200: an HTML page titled "Sign in", where JSON was expected$/);
  });

  it("but began as JSON was cut on its way, and is asked for again", async () => {
    const server = await serve((_request, response, index) =>
      json(response, index === 0 ? '{"items":[{"id":1},{"i' : { items: [{ id: 1 }] }),
    );
    const { source, metrics } = await openApi(server.url, {});
    expect((await readPages(source))[0]!.records).toEqual([{ id: 1 }]);
    expect(metrics).toMatchObject({ retries: 1, recovered: 1 });
  });

  it("for good is given up", async () => {
    const error = await rejection(
      recordsFrom({}, '{"items":[', { connection: { retry: { attempts: 2, wait: "1ms" } } }),
    );
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/answered 200 twice over .*: not JSON at 1:11: the text ends too soon; giving up/);
  });
});

describe("responses", () => {
  const rule = (when: string, action: string, more: object = {}) => ({ when, do: action, ...more });

  it.each<[string, object, unknown, number, unknown[]]>([
    [
      "ignore: as if it were a success",
      { responses: [rule("$status = 207", "ignore")] },
      { items: [{ id: 1 }] },
      207,
      [{ id: 1 }],
    ],
    [
      "ignore a refusal with records",
      { responses: [rule("$status = 400", "ignore")] },
      { items: [{ id: 1 }] },
      400,
      [{ id: 1 }],
    ],
    [
      "empty: a page without records",
      { responses: [rule("$status = 404 and code = 'NONE'", "empty")] },
      { code: "NONE" },
      404,
      [],
    ],
    ["when is cast to boolean", { responses: [rule("errors", "empty")] }, { errors: [{ a: 1 }] }, 200, []],
    ["an empty list is not true", { responses: [rule("errors", "fail")] }, { errors: [], items: [1] }, 200, [1]],
    [
      "headers by their names in lower case",
      { responses: [rule("$headers.`x-state` = 'none'", "empty")] },
      {},
      200,
      [],
    ],
    [
      "a text that is no JSON can be looked at",
      { responses: [rule("$contains($string($), 'nothing here')", "empty")] },
      "<html>nothing here</html>",
      200,
      [],
    ],
  ])("%s", async (_name, source, body, status, expected) =>
    expect(await recordsFrom(source, body, { status, headers: { "x-state": "none" } })).toEqual(expected),
  );

  it("the pipeline's come before the connection's, and the first that is true wins", async () => {
    const responses = [rule("$status = 200", "fail", { message: "by the connection" })];
    expect(
      await recordsFrom(
        { responses: [rule("false", "fail"), rule("$status = 200", "ignore")] },
        { items: [1] },
        { connection: { responses } },
      ),
    ).toEqual([1]);
    expect((await rejection(recordsFrom({}, { items: [1] }, { connection: { responses } }))).message).toMatch(
      /answered 200: by the connection$/,
    );
  });

  it("fail stops at once, with its message", async () => {
    const server = await serve((_request, response) => json(response, { policyName: "DAILY" }, { status: 429 }));
    const { source } = await openApi(
      server.url,
      {},
      {
        connection: {
          responses: [rule("$status = 429 and policyName = 'DAILY'", "fail", { message: "the daily quota is spent" })],
        },
      },
    );
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(`GET ${server.url}/items answered 429: the daily quota is spent`);
    expect(server.seen).toHaveLength(1);
  });

  it("retry waits as it says", async () => {
    const server = await serve((_request, response, index) =>
      json(response, index < 2 ? { pending: true } : { items: [1] }),
    );
    const { source, metrics } = await openApi(server.url, { responses: [rule("pending", "retry", { wait: "60ms" })] });
    expect((await readPages(source))[0]!.records).toEqual([1]);
    expect(metrics).toMatchObject({ retries: 2, recovered: 1, apiCalls: 3 });
    expect(server.seen[1]!.at - server.seen[0]!.at).toBeGreaterThanOrEqual(55);
  });

  it("retry without end says its message", async () => {
    const error = await rejection(
      recordsFrom(
        { responses: [rule("true", "retry", { wait: "1ms", message: "still being made" })] },
        {},
        { connection: { retry: { attempts: 3 } } },
      ),
    );
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toMatch(/answered 200 three times over .*: still being made; giving up/);
  });

  it.each<[string, object, number]>([
    ["304", {}, 304],
    ["a rule", { responses: [rule("$status = 200 and same", "unchanged")] }, 200],
  ])("unchanged by %s: nothing fetched, and the source says so", async (_name, spec, status) => {
    const server = await serve((_request, response) =>
      status === 304 ? response.writeHead(304).end() : json(response, { same: true }),
    );
    const { source } = await openApi(server.url, {
      ...spec,
      pagination: { type: "page", send_as: "query.page", total: "total" },
    });
    expect(source.unchanged!()).toEqual({ unchanged: false });
    expect(await readPages(source)).toMatchObject([{ records: [], last: true }]);
    expect(source.unchanged!()).toEqual({ unchanged: true });
    expect(server.seen).toHaveLength(1);
  });

  it("unchanged in the middle of a read is an error", async () => {
    const server = await serve((_request, response, index) =>
      index === 0 ? json(response, { items: [1] }) : response.writeHead(304).end(),
    );
    const { source } = await openApi(server.url, { pagination: { type: "page", send_as: "query.page" } });
    expect((await rejection(readPages(source))).message).toMatch(/nothing has changed, in the middle of a read/);
  });

  it("in pages of bare lists, never from a map", async () => {
    const paged = { records: "$", pagination: { type: "page", send_as: "query.page" } };
    const error = await rejection(recordsFrom(paged, { message: "try later" }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(
      /answered 200, but the body is no list of records \(records: \$, in pages\): the body has message, and says "try later"$/,
    );
    // One page may be one record.
    expect(await recordsFrom({ records: "$" }, { id: 1 })).toEqual([{ id: 1 }]);
  });

  it("an expression that fails names itself", async () => {
    expect(
      (await rejection(recordsFrom({ responses: [rule("$number(message) > 1", "fail")] }, { message: "x" }))).message,
    ).toMatch(/responses\.when \(\$number\(message\) > 1\) failed/);
  });
});

describe("a next page that nobody would ask for", () => {
  it.each<[string, unknown, Record<string, string>, string]>([
    ["HubSpot's", { items: [1], paging: { next: { after: "100" } } }, {}, "paging.next"],
    ["a next URL", { items: [1], next: "https://api.example.com/items?page=2" }, {}, "next"],
    ["a next path", { items: [1], next: "/items?page=2" }, {}, "next"],
    ["OData's", { items: [1], "@odata.nextLink": "https://x/y" }, {}, "@odata.nextLink"],
    ["JSON:API's", { items: [1], links: { next: { href: "/x" } } }, {}, "links.next"],
    ["a token", { items: [1], nextPageToken: "abc" }, {}, "nextPageToken"],
    ["a Link header", { items: [1] }, { link: '<https://x/?page=2>; rel="next"' }, 'a Link header with rel="next"'],
  ])("%s stops the run", async (_name, body, headers, place) => {
    const error = await rejection(recordsFrom({}, body, { headers }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toContain(`has more pages (${place}), but pagination is none: the rest would be lost`);
  });

  it.each<[string, unknown]>([
    ["no next page", { items: [1], paging: {}, next: null, next_url: "", links: { next: null } }],
    ["a field that is only called next", { items: [1], next: "Tuesday" }],
    ["a list", [1, 2]],
  ])("%s does not", async (_name, body) => {
    await expect(recordsFrom({ records: Array.isArray(body) ? "$" : "items" }, body)).resolves.toHaveLength(
      Array.isArray(body) ? 2 : 1,
    );
  });
});

describe("next URLs", () => {
  it("to another host are refused, before anything is sent there", async () => {
    const other = await serve((_request, response) => json(response, { items: [] }));
    const server = await serve((_request, response) => json(response, { items: [1], next: `${other.url}/items` }));
    const { source } = await openApi(
      server.url,
      { pagination: { type: "next_url", url: "next" } },
      { connection: { auth: { type: "bearer", token: "t" } } },
    );
    const error = await rejection(readPages(source));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toContain(`the next URL leads to ${other.url}`);
    expect(other.seen).toHaveLength(0);
  });

  it("that repeat the credentials leave none in a position", async () => {
    const server = await serve((request, response, index) =>
      json(response, {
        items: [index],
        next: index < 2 ? `/items?page=${index + 2}&api_key=${request.query.get("api_key")}` : null,
      }),
    );
    const { source } = await openApi(
      server.url,
      { pagination: { type: "next_url", url: "next" } },
      { connection: { auth: { type: "query", query: { api_key: "s3cret" } } } },
    );
    const pages = await readPages(source);
    expect(pages.flatMap(({ records }) => records)).toEqual([0, 1, 2]);
    expect(server.seen.map(({ query }) => query.get("api_key"))).toEqual(["s3cret", "s3cret", "s3cret"]);
    expect(JSON.stringify(pages)).not.toContain("s3cret");
    expect(pages[0]!.position).toEqual({ url: `${server.url}/items?page=2`, distinct: 0 });
  });
});

it("a total that is no count is an error, one that is not told a warning", async () => {
  const paged = { pagination: { type: "page", send_as: "query.page", total: "total" } };
  expect((await rejection(recordsFrom(paged, { items: [], total: "many" }))).message).toMatch(
    /pagination\.total is "many", which is not a count/,
  );
  const server = await serve((_request, response, index) => json(response, { items: index === 0 ? [1] : [] }));
  const { source, lines } = await openApi(server.url, paged);
  expect((await readPages(source)).at(-1)!.completeness).toBeUndefined();
  expect(lines.filter((line) => line.startsWith("warn"))).toEqual([
    expect.stringContaining("tells no total at pagination.total"),
  ]);
});
