import { describe, expect, it } from "vitest";
import { clientTo, json, serve, type Seen } from "./server.ts";

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
