import { describe, expect, it } from "vitest";
import { FatalError } from "../../src/errors.ts";
import { clientTo, fakeTime, json, rejection, serve, type Seen } from "./server.ts";

/** The most requests that any window of `ms`, wherever it begins, has seen. */
function busiest(seen: readonly Seen[], ms: number): number {
  return Math.max(...seen.map(({ at }) => seen.filter((other) => other.at >= at && other.at < at + ms).length));
}

const ask = (client: ReturnType<typeof clientTo>["client"], url: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => client.text({ method: "GET", url })));

describe("budgets, measured at the server", () => {
  it("are never exceeded, wherever the window begins", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client, metrics } = clientTo(server.url, {
      connection: { rate_limits: [{ requests: 10, per: "500ms" }], concurrency: 20 },
    });
    await ask(client, server.url, 25);
    expect(server.seen).toHaveLength(25);
    expect(busiest(server.seen, 500)).toBeLessThanOrEqual(10);
    expect(metrics.rateLimitWaitSeconds).toBeGreaterThan(1);
  });

  const two = [
    { requests: 10, per: "500ms" },
    { requests: 2, per: "500ms", match: { path: "/search$" } },
  ];
  const searches = (seen: readonly Seen[]): Seen[] => seen.filter(({ path }) => path === "/search");

  it("are all charged that match", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, { connection: { rate_limits: two, concurrency: 20 } });
    await Promise.all([ask(client, `${server.url}/list?x=/search`, 15), ask(client, `${server.url}/search`, 5)]);
    expect(busiest(server.seen, 500)).toBeLessThanOrEqual(10);
    expect(busiest(searches(server.seen), 500)).toBeLessThanOrEqual(2);
  });

  it("do not hold up what only needs the fast one", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, { connection: { rate_limits: two, concurrency: 20 } });
    const slow = ask(client, `${server.url}/search`, 6);
    await ask(client, `${server.url}/list`, 5);
    // Five of ten in half a second: by then two of the searches can have gone, or three.
    expect(searches(server.seen).length).toBeLessThanOrEqual(3);
    await slow;
  });

  it("match by method", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, {
      connection: { rate_limits: [{ requests: 1, per: "1h", match: { method: "post" } }] },
    });
    await ask(client, server.url, 5);
    expect(server.seen).toHaveLength(5);
  });

  it("are shared by all clients of a connection", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const connection = { rate_limits: [{ requests: 5, per: "500ms" }] };
    const clients = [1, 2, 3].map(() => clientTo(server.url, { connection }).client);
    await Promise.all(clients.map((client) => ask(client, server.url, 4)));
    expect(busiest(server.seen, 500)).toBeLessThanOrEqual(5);
  });

  it("are charged for attempts that fail, too", async () => {
    const server = await serve((_request, response, index) => json(response, {}, { status: index % 2 ? 200 : 503 }));
    const { client } = clientTo(server.url, {
      connection: { rate_limits: [{ requests: 5, per: "300ms" }], retry: { wait: "1ms" } },
    });
    await ask(client, server.url, 5);
    expect(busiest(server.seen, 300)).toBeLessThanOrEqual(5);
  });
});

it("no more than `concurrency` requests are under way", async () => {
  let underWay = 0;
  let most = 0;
  const server = await serve((_request, response) => {
    most = Math.max(most, ++underWay);
    setTimeout(() => {
      underWay--;
      json(response, {});
    }, 20);
  });
  const { client } = clientTo(server.url, { connection: { concurrency: 3 } });
  await ask(client, server.url, 12);
  expect(most).toBe(3);
});

describe("a 429", () => {
  it("holds back everything that shares its budget, and nothing else", async () => {
    const server = await serve((request, response, index) =>
      index === 0
        ? json(response, {}, { status: 429, headers: { "retry-after": "0.6" } })
        : json(response, { path: request.path }),
    );
    const rate_limits = [{ requests: 1000, per: "1s", match: { path: "^/a" } }];
    const { client } = clientTo(server.url, { connection: { rate_limits } });
    const first = client.text({ method: "GET", url: `${server.url}/a/1` });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all([
      first,
      client.text({ method: "GET", url: `${server.url}/a/2` }),
      client.text({ method: "GET", url: `${server.url}/b` }),
    ]);
    const start = server.seen[0]!.at;
    const after = (path: string) =>
      server.seen.filter((request, index) => index > 0 && request.path === path).map(({ at }) => at - start);
    expect(after("/b")[0]).toBeLessThan(400);
    for (const path of ["/a/1", "/a/2"]) expect(after(path)[0]).toBeGreaterThanOrEqual(590);
  });

  it("holds back everything where there are no budgets", async () => {
    const server = await serve((_request, response, index) =>
      json(response, {}, index === 0 ? { status: 429, headers: { "retry-after": "0.4" } } : {}),
    );
    const { client } = clientTo(server.url);
    const first = client.text({ method: "GET", url: `${server.url}/1` });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all([first, client.text({ method: "GET", url: `${server.url}/2` })]);
    for (const { at } of server.seen.slice(1)) expect(at - server.seen[0]!.at).toBeGreaterThanOrEqual(390);
  });
});

/** The most cost that any window of `ms` has seen, by the request's own `cost` in its query. */
function dearest(seen: readonly Seen[], ms: number): number {
  const within = (from: number) => seen.filter(({ at }) => at >= from && at < from + ms);
  return Math.max(...seen.map(({ at }) => within(at).reduce((sum, { query }) => sum + Number(query.get("cost")), 0)));
}

describe("costs, measured at the server", () => {
  it("are charged to a budget of cost, and count as one request for one of requests", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const rate_limits = [
      { cost: 80, per: "400ms" },
      { requests: 6, per: "400ms" },
    ];
    const { client, metrics } = clientTo(server.url, { connection: { rate_limits, concurrency: 20 } });
    const costs = [10, 20, 20, 10, 30, 10, 20, 5, 5, 5, 5, 10, 20, 10, 20];
    await Promise.all(costs.map((cost) => client.text({ method: "GET", url: `${server.url}/?cost=${cost}`, cost })));
    expect(dearest(server.seen, 400)).toBeLessThanOrEqual(80);
    expect(busiest(server.seen, 400)).toBeLessThanOrEqual(6);
    expect(metrics.quotaUsed).toEqual({
      "80 cost per 400ms": { charged: 200, limit: 80 },
      "6 per 400ms": { charged: 15, limit: 6 },
    });
  });

  it("what costs much is not overtaken for ever by what costs little", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client } = clientTo(server.url, {
      connection: { rate_limits: [{ cost: 20, per: "200ms", burst: 20 }], concurrency: 20 },
    });
    const get = (cost: number) => client.text({ method: "GET", url: `${server.url}/?cost=${cost}`, cost });
    await Promise.all([get(5), get(20), ...Array.from({ length: 10 }, () => get(2))]);
    expect(server.seen.map(({ query }) => query.get("cost")).slice(0, 3)).toEqual(["5", "20", "2"]);
    expect(dearest(server.seen, 200)).toBeLessThanOrEqual(20);
  });
});

/** A server that counts fixed windows as many APIs do, refuses what is over, and tells how it stands. */
async function counting({ limit, windowMs, others = 0 }: { limit: number; windowMs: number; others?: number }) {
  let began = performance.now();
  let used = others;
  let refused = 0;
  const server = await serve((_request, response) => {
    const now = performance.now();
    if (now - began >= windowMs) {
      began = now;
      used = others;
    }
    const over = used >= limit;
    if (over) refused++;
    else used++;
    const reset = Math.max(0, (began + windowMs - now) / 1000).toFixed(3);
    const headers = { "x-limit": String(limit), "x-remaining": String(limit - used), "x-reset": reset };
    json(response, {}, { status: over ? 429 : 200, headers });
  });
  return { server, refused: () => refused };
}

const told = { remaining_header: "X-Remaining", reset_header: "X-Reset", limit_header: "X-Limit" };

describe("a budget that headers tell of", () => {
  it("is slowed down to before it is spent: others use it too, and nobody is refused", async () => {
    const { server, refused } = await counting({ limit: 50, windowMs: 1_000, others: 40 });
    const { client } = clientTo(server.url, { connection: { rate_limits: [{ requests: 50, per: "1s", ...told }] } });
    for (let count = 0; count < 25; count++) await client.text({ method: "GET", url: server.url });
    expect(refused()).toBe(0);
    expect(server.seen).toHaveLength(25);
    // Ten a window are ours, spread over it: no half of a window has many more than half of them.
    expect(busiest(server.seen, 500)).toBeLessThanOrEqual(8);
  });

  it("that turns out smaller than the spec has it is kept to", async () => {
    const { server, refused } = await counting({ limit: 10, windowMs: 500 });
    const { client } = clientTo(server.url, {
      connection: { rate_limits: [{ requests: 100, per: "500ms", ...told }] },
    });
    for (let count = 0; count < 25; count++) await client.text({ method: "GET", url: server.url });
    expect(refused()).toBe(0);
    expect(busiest(server.seen, 500)).toBeLessThanOrEqual(10);
  });

  it("that is spent is waited for until its reset, where a 429 tells nothing else", async () => {
    const server = await serve((_request, response, index) =>
      index === 0
        ? json(response, {}, { status: 429, headers: { "x-remaining": "0", "x-reset": "0.5" } })
        : json(response, {}, { headers: { "x-remaining": "9", "x-reset": "1" } }),
    );
    const { client, metrics } = clientTo(server.url, {
      connection: { rate_limits: [{ requests: 10, per: "1s", ...told }] },
    });
    await client.text({ method: "GET", url: server.url });
    expect(server.seen[1]!.at - server.seen[0]!.at).toBeGreaterThanOrEqual(490);
    expect(server.seen[1]!.at - server.seen[0]!.at).toBeLessThan(1_500);
    expect(metrics.rateLimitWaitSeconds).toBeGreaterThanOrEqual(0.49);
    expect(metrics).toMatchObject({ retries: 1, recovered: 1 });
  });

  it("is counted by ourselves where a header cannot be read, and that is said once", async () => {
    const server = await serve((_request, response) => json(response, {}, { headers: { "x-remaining": "lots" } }));
    const { client, lines } = clientTo(server.url, {
      connection: { rate_limits: [{ requests: 10, per: "200ms", ...told }], concurrency: 20 },
    });
    await ask(client, server.url, 15);
    expect(busiest(server.seen, 200)).toBeLessThanOrEqual(10);
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual([
      'warn budget "10 per 200ms": the header X-Remaining is "lots", which is not a number; our own count is used',
    ]);
  });
});

describe("a quota", () => {
  const daily = { name: "daily", requests: 20, per: "1d", reserve: "20%" };

  it("stops before the reserve is touched, and says what is used, of what, and what to do", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const { client, metrics } = clientTo(server.url, { connection: { rate_limits: [daily], concurrency: 20 } });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 25 }, () => client.text({ method: "GET", url: server.url })),
    );
    expect(server.seen).toHaveLength(16);
    const errors = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
    expect(errors).toHaveLength(9);
    expect(errors[0]).toBeInstanceOf(FatalError);
    expect(errors[0]!.message).toMatch(
      /^the quota "daily" of connection "test" is spent: 16 of 20 requests are used, and 4 are the reserve for others\. By our own count .*\. The run can be resumed after that: run it again$/,
    );
    expect(metrics.quotaUsed).toEqual({ daily: { charged: 16, limit: 20, used: 16 } });
    expect(metrics.rateLimitWaitSeconds).toBe(0);
  });

  it("is one for two pipelines of a process, and the second does not even ask", async () => {
    const server = await serve((_request, response) => json(response, {}));
    const connection = { rate_limits: [daily] };
    const [first, second] = [clientTo(server.url, { connection }), clientTo(server.url, { connection })];
    for (let count = 0; count < 16; count++) await first.client.text({ method: "GET", url: server.url });
    await first.client.close();
    expect((await rejection(second.client.text({ method: "GET", url: server.url }))).message).toContain("16 of 20");
    expect(server.seen).toHaveLength(16);
    expect(second.metrics.apiCalls).toBe(0);
  });

  it("that other programs use up stops the run by what the header says", async () => {
    let used = 11_990;
    const server = await serve((_request, response) =>
      json(response, {}, { headers: { "sforce-limit-info": `api-usage=${(used += 3)}/15000` } }),
    );
    const salesforce = {
      requests: 15_000,
      per: "1d",
      used_header: "Sforce-Limit-Info",
      used: "$number($match(value, /api-usage=([0-9]+)/).groups[0])",
      reserve: "20%",
    };
    const { client, metrics } = clientTo(server.url, { connection: { rate_limits: [salesforce] } });
    const get = () => client.text({ method: "GET", url: server.url });
    for (let count = 0; count < 4; count++) await get();
    expect((await rejection(get())).message).toBe(
      'the quota "15000 per 1d" of connection "test" is spent: 12,002 of 15,000 requests are used, the system says, and 3,000 are the reserve for others. ' +
        "When it is counted anew, no header says. The run can be resumed after that: run it again",
    );
    expect(metrics.quotaUsed).toEqual({ "15000 per 1d": { charged: 4, limit: 15_000, used: 12_002 } });
  });

  it("that a 429 calls spent is not waited for attempt by attempt", async () => {
    const headers = { "x-remaining": "0", "x-reset": String(Math.floor(Date.now() / 1000) + 36_000) };
    const server = await serve((_request, response) => json(response, {}, { status: 429, headers }));
    const { client } = clientTo(server.url, { connection: { rate_limits: [{ ...daily, ...told }] } });
    const error = await rejection(client.text({ method: "GET", url: server.url }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toContain("20 of 20 requests are used, the system says");
    expect(server.seen).toHaveLength(1);
  });
});

it("waits by the clock that it is given: an hour's budget in no time", async () => {
  const server = await serve((_request, response) => json(response, {}));
  const time = fakeTime();
  const began = time.now();
  const { client, metrics } = clientTo(server.url, {
    connection: { rate_limits: [{ name: "hourly", requests: 100, per: "1h", burst: 1 }] },
    time,
  });
  for (let count = 0; count < 101; count++) await client.text({ method: "GET", url: server.url });
  const passed = time.now() - began;
  expect(passed).toBeGreaterThanOrEqual(3_600_000);
  expect(passed).toBeLessThan(3_700_000);
  expect(metrics.rateLimitWaitSeconds).toBeCloseTo(passed / 1000, 0);
});

it("a long wait is told, once for each request", async () => {
  const server = await serve((_request, response) => json(response, {}));
  const { client, lines } = clientTo(server.url, {
    connection: { rate_limits: [{ name: "hourly", requests: 100, per: "1h", burst: 1 }] },
    time: fakeTime(),
  });
  for (let count = 0; count < 3; count++) await client.text({ method: "GET", url: `${server.url}/x` });
  expect(lines).toEqual(Array(2).fill(`info GET ${server.url}/x is waiting 37 s for the budget "hourly"`));
});
