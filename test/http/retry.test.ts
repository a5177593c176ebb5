import { describe, expect, it } from "vitest";
import { FatalError, TransientError } from "../../src/errors.ts";
import { compileWait, retries, retryAfterMs, waitMs } from "../../src/sources/http/retry.ts";
import type { Retry } from "../../src/spec/types.ts";
import { clientTo, fakeTime, json, rejection, serve } from "./server.ts";

const retry: Retry = {
  attempts: 6,
  on: [408, 429, "5xx", "network"],
  backoff: "exponential",
  wait: "1s",
  max_wait: "60s",
};
const clock = { now: Date.parse("2025-01-01T00:00:00Z"), random: 0.5 };

describe("what is retried", () => {
  it.each<[Retry["on"], number | undefined, boolean]>([
    [retry.on, 429, true],
    [retry.on, 408, true],
    [retry.on, 500, true],
    [retry.on, 599, true],
    [retry.on, 404, false],
    [retry.on, undefined, true],
    [["4xx"], 404, true],
    [["4xx"], 500, false],
    [[503], undefined, false],
    [[], 500, false],
  ])("%j: %s -> %s", (on, status, expected) => expect(retries(on, status)).toBe(expected));
});

describe("Retry-After", () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "1.5" }, 1_500],
    [{ "retry-after": "86400" }, 600_000],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "Wed, 01 Jan 2025 00:00:30 GMT" }, 30_000],
    [{ "retry-after": "Wed, 01 Jan 2025 00:00:30 GMT", date: "Wed, 01 Jan 2025 00:00:10 GMT" }, 20_000],
    [{ "retry-after": "Wed, 01 Jan 2020 00:00:30 GMT" }, 0],
    [{ "retry-after": "Fri, 01 Jan 2027 00:00:30 GMT" }, 600_000],
  ])("%j -> %s", (headers, expected) => expect(retryAfterMs(headers, clock.now)).toBe(expected));
});

describe("the wait", () => {
  const answer = (status: number, headers = {}) => ({ status, headers, url: "" });
  it.each<[string, Parameters<typeof waitMs>[1], Partial<Retry>, number]>([
    ["grows, with full jitter", { attempt: 1 }, {}, 500],
    ["doubles", { attempt: 4, response: answer(500) }, {}, 4_000],
    ["has a limit", { attempt: 30 }, {}, 30_000],
    ["stays, when constant", { attempt: 5 }, { backoff: "constant" }, 750],
    [
      "is what a rule asks for",
      { attempt: 1, askedMs: 9_000, response: answer(429, { "retry-after": "3" }) },
      {},
      9_000,
    ],
    [
      "is what Retry-After asks for, above max_wait too",
      { attempt: 1, response: answer(503, { "retry-after": "120" }) },
      {},
      120_000,
    ],
    [
      "is what Retry-After asks for, where a rule asks for less",
      { attempt: 1, askedMs: 1_000, response: answer(429, { "retry-after": "3" }) },
      {},
      3_000,
    ],
    [
      "is the reset of the budget that is spent, where nothing else is said",
      { attempt: 1, resetMs: 2_500, response: answer(429) },
      {},
      2_500,
    ],
    [
      "is what a rule asks for, before that reset",
      { attempt: 1, askedMs: 1_000, resetMs: 2_500, response: answer(429) },
      {},
      1_000,
    ],
    ["is a minute after a silent 429", { attempt: 1, response: answer(429) }, {}, 60_000],
    ["is never longer than ten minutes", { attempt: 1, askedMs: 3_600_000 }, {}, 600_000],
  ])("%s", (_name, failure, over, expected) => {
    // A limit comes before the jitter: half of 60 s.
    expect(waitMs({ ...retry, ...over }, failure, clock)).toBe(expected);
  });
});

describe("the wait of a rule", () => {
  it.each<[string, Record<string, string>, number | undefined]>([
    ["500ms", {}, 500],
    ["10s", { "x-retry-in": "3" }, 10_000],
    ["header:X-Retry-In", { "x-retry-in": "3" }, 3_000],
    ["header:X-Retry-In", { "x-retry-in": String(clock.now / 1000 + 5) }, 5_000],
    ["header:X-Retry-In", {}, undefined],
    ["header:X-Retry-In", { "x-retry-in": "soon" }, undefined],
  ])("%s %j -> %s", (wait, headers, expected) => expect(compileWait(wait)({ headers }, clock.now)).toBe(expected));
});

describe("a call", () => {
  it("that failed at first and came through is counted as recovered", async () => {
    const server = await serve((_request, response, index) =>
      index < 2 ? json(response, {}, { status: 503 }) : json(response, { ok: 1 }),
    );
    const { client, metrics } = clientTo(server.url);
    expect((await client.text({ method: "GET", url: server.url })).text).toBe('{"ok":1}');
    expect(metrics).toMatchObject({ apiCalls: 3, retries: 2, recovered: 1 });
  });

  it("that is answered 429 six times gives up, and says over how long", async () => {
    const slowDown = { message: "slow down", policyName: "SECONDLY" };
    const server = await serve((_request, response) =>
      json(response, slowDown, { status: 429, headers: { "retry-after": "12" } }),
    );
    const time = fakeTime();
    const { client, metrics } = clientTo(server.url, { time });
    const error = await rejection(
      client.text({ method: "GET", url: `${server.url}/crm/v3/objects/contacts?after=200` }),
    );
    expect(error).toBeInstanceOf(TransientError);
    expect(error.message).toBe(
      `GET ${server.url}/crm/v3/objects/contacts?after=200 answered 429 six times over 60 s: "slow down"; giving up. The run can be resumed.`,
    );
    expect(time.slept).toEqual([12_000, 12_000, 12_000, 12_000, 12_000]);
    const { clock: _, ...counts } = metrics;
    expect(counts).toEqual({
      apiCalls: 6,
      retries: 5,
      recovered: 0,
      rateLimitWaitSeconds: 60,
      bytesIn: 6 * JSON.stringify(slowDown).length,
    });
  });

  it("waits a minute after a silent 429", async () => {
    const server = await serve((_request, response, index) =>
      index === 0 ? json(response, {}, { status: 429 }) : json(response, {}),
    );
    const time = fakeTime();
    const { client, lines } = clientTo(server.url, { time });
    await client.text({ method: "GET", url: `${server.url}/x` });
    expect(time.slept).toEqual([60_000]);
    expect(lines).toEqual([`warn GET ${server.url}/x answered 429; attempt 2 of 6 follows in 60.0 s`]);
  });

  it("that fails in different ways says the last", async () => {
    const server = await serve((_request, response, index) =>
      index === 0 ? response.destroy() : json(response, "oops", { status: 502 }),
    );
    const { client } = clientTo(server.url, { connection: { retry: { attempts: 2, wait: "1ms" } } });
    expect((await rejection(client.text({ method: "GET", url: `${server.url}/x` }))).message).toMatch(
      /^GET \S+ failed twice over \d+ ms, at last with 502: "oops"; giving up\. The run can be resumed\.$/,
    );
  });

  it("is retried by a rule, with its wait", async () => {
    const server = await serve((_request, response, index) => json(response, { ready: index === 2 }));
    const time = fakeTime();
    const { client } = clientTo(server.url, { time });
    const answer = await client.text({ method: "GET", url: server.url }, ({ text }) =>
      text.includes("true") ? { do: "accept" } : { do: "retry", waitMs: 3_000, message: "not ready" },
    );
    expect(answer.text).toBe('{"ready":true}');
    expect(time.slept).toEqual([3_000, 3_000]);
  });

  it("that a rule refuses fails with the rule's words", async () => {
    const server = await serve((_request, response) => json(response, {}, { status: 429 }));
    const { client, metrics } = clientTo(server.url);
    const error = await rejection(
      client.text({ method: "GET", url: `${server.url}/x` }, () => ({
        do: "fail",
        message: "the daily quota is spent",
      })),
    );
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(`GET ${server.url}/x answered 429: the daily quota is spent`);
    expect(metrics.apiCalls).toBe(1);
  });

  it("that is refused is not retried", async () => {
    const server = await serve((_request, response) =>
      json(response, { status: "error", message: "resource not found" }, { status: 404 }),
    );
    const { client } = clientTo(server.url);
    const error = await rejection(client.text({ method: "GET", url: `${server.url}/x` }));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(`GET ${server.url}/x answered 404: "resource not found"`);
    expect(server.seen).toHaveLength(1);
  });

  it("stops waiting when the run is stopped", async () => {
    const server = await serve((_request, response) =>
      json(response, {}, { status: 429, headers: { "retry-after": "60" } }),
    );
    const stop = new AbortController();
    const { client } = clientTo(server.url, { signal: stop.signal });
    const call = rejection(client.text({ method: "GET", url: server.url }));
    setTimeout(() => stop.abort(new Error("stopped")), 50);
    const started = performance.now();
    expect((await call).message).toBe("stopped");
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
