import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import type { HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { call, search } from "./client.ts";

let sandbox: HubspotSandbox;
beforeAll(async () => {
  sandbox = await startHubspotSandbox({ records: 200, limits: false });
});
afterAll(() => sandbox.close());
afterEach(() => {
  sandbox.removeFaults();
  sandbox.resetStats();
});

const list = "/crm/v3/objects/contacts?limit=100";
const statuses = async (count: number, path = list) => {
  const seen: number[] = [];
  for (let at = 0; at < count; at++) seen.push((await call(sandbox, path)).status);
  return seen;
};

describe("which requests are struck", () => {
  test("the first N", async () => {
    const fault = sandbox.addFault({ status: 500, times: 2 });
    expect(await statuses(4)).toEqual([500, 500, 200, 200]);
    expect(fault).toMatchObject({ hits: 2, matched: 4 });
  });

  test("each Nth", async () => {
    sandbox.addFault({ status: 503, every: 3 });
    expect(await statuses(6)).toEqual([200, 200, 503, 200, 200, 503]);
  });

  test("so many after so many", async () => {
    sandbox.addFault({ status: 502, skip: 2, times: 1 });
    expect(await statuses(4)).toEqual([200, 200, 502, 200]);
  });

  test("those of a path and a method", async () => {
    sandbox.addFault({ status: 504, match: "/deals/search$", method: "POST" });
    expect((await search(sandbox, {}, "deals")).status).toBe(504);
    expect((await search(sandbox, {})).status).toBe(200);
    expect(await statuses(1, "/crm/v3/objects/deals")).toEqual([200]);
  });

  test("two rules strike one after the other", async () => {
    sandbox.addFault({ status: 500, times: 1 });
    sandbox.addFault({ status: 503, times: 1 });
    expect(await statuses(3)).toEqual([500, 503, 200]);
  });
});

describe("what becomes of them", () => {
  test("a status comes with HubSpot's body for it", async () => {
    sandbox.addFault({ status: 429, policy: "DAILY", retryAfter: 7, times: 1 });
    const limited = await call(sandbox, list);
    expect(limited.headers.get("retry-after")).toBe("7");
    expect(limited.body).toMatchObject({
      status: "error",
      errorType: "RATE_LIMIT",
      policyName: "DAILY",
      message: "You have reached your daily limit.",
    });
    sandbox.addFault({ status: 401, times: 1 });
    expect((await call(sandbox, list)).body.category).toBe("INVALID_AUTHENTICATION");
    sandbox.addFault({ status: 423, times: 1 });
    expect((await call(sandbox, list)).body).toMatchObject({ status: "error", category: "LOCKED" });
  });

  test("477 comes with the seconds to wait, 423 without; one rule may say otherwise", async () => {
    sandbox.addFault({ status: 477, times: 1 });
    const moving = await call(sandbox, list);
    expect([moving.status, moving.headers.get("retry-after")]).toEqual([477, "2"]);
    expect(moving.body.category).toBe("MIGRATION_IN_PROGRESS");
    sandbox.addFault({ status: 477, retryAfter: 86_400, times: 1 });
    expect((await call(sandbox, list)).headers.get("retry-after")).toBe("86400");
    sandbox.addFault({ status: 423, times: 1 });
    expect((await call(sandbox, list)).headers.get("retry-after")).toBeNull();
    sandbox.addFault({ status: 403, match: "/deals", times: 1 });
    expect((await call(sandbox, "/crm/v3/objects/deals")).body.category).toBe("MISSING_SCOPES");
  });

  test("a good status with an error body", async () => {
    sandbox.addFault({ status: 200, times: 1 });
    const reply = await call(sandbox, list);
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ status: "error", message: "internal error" });
    expect(reply.body["results"]).toBeUndefined();
  });

  test("half of a batch: the other half is errors that say nothing about the records", async () => {
    sandbox.addFault({ partial: true, times: 2 });
    const ids = sandbox
      .all("contacts", [])
      .slice(0, 5)
      .map((record) => record.id);
    const json = { inputs: [...ids, "77"].map((id) => ({ id })) };
    const batch = await call(sandbox, "/crm/v3/objects/contacts/batch/read", { json });
    expect(batch.status).toBe(207);
    expect(batch.body.results.map((record) => record.id)).toEqual(ids.slice(3));
    const failed = ids.slice(0, 3).map((id) => ({ category: "INTERNAL_ERROR", context: { ids: [id] } }));
    expect(batch.body).toMatchObject({
      status: "COMPLETE",
      numErrors: 4,
      errors: [{ category: "OBJECT_NOT_FOUND", context: { ids: ["77"] } }, ...failed],
    });
    // A list is no batch.
    expect((await call(sandbox, list)).status).toBe(200);
    sandbox.addFault({ partial: true });
    const [pair] = sandbox.associations("contacts", "deals");
    const pairs = await call(sandbox, "/crm/v4/associations/contacts/deals/batch/read", {
      json: { inputs: [{ id: pair?.fromId }] },
    });
    expect(pairs.body).toMatchObject({ results: [], errors: [{ context: { ids: [pair?.fromId] } }] });
  });

  test("a body of one's own, also with status 200, and headers", async () => {
    sandbox.addFault({
      body: { status: "error", message: "odd" },
      headers: { "X-Odd": "1" },
      times: 1,
    });
    const reply = await call(sandbox, list);
    expect([reply.status, reply.headers.get("x-odd"), reply.body]).toEqual([
      200,
      "1",
      { status: "error", message: "odd" },
    ]);
    sandbox.addFault({ body: "not json {", times: 1 });
    const response = await fetch(`${sandbox.url}${list}`);
    await expect(response.json()).rejects.toThrow(SyntaxError);
  });

  test("a header is added to a good answer", async () => {
    sandbox.addFault({
      headers: { Deprecation: "@1790000000", Sunset: "Wed, 30 Sep 2026 00:00:00 GMT" },
    });
    const reply = await call(sandbox, list);
    expect([reply.status, reply.headers.get("deprecation"), reply.body.results.length]).toEqual([
      200,
      "@1790000000",
      100,
    ]);
  });

  test("a page of HTML", async () => {
    sandbox.addFault({ html: true, times: 1 });
    const reply = await call(sandbox, list);
    expect([reply.status, reply.headers.get("content-type"), reply.text.slice(0, 15)]).toEqual([
      502,
      "text/html; charset=utf-8",
      "<!DOCTYPE html>",
    ]);
    sandbox.addFault({ html: true, status: 200 });
    expect((await call(sandbox, list)).status).toBe(200);
  });

  test("a delay, after which the answer is as ever", async () => {
    sandbox.addFault({ delayMs: 300, times: 1 });
    const start = performance.now();
    expect((await call(sandbox, list)).body.results).toHaveLength(100);
    expect(performance.now() - start).toBeGreaterThanOrEqual(295);
    expect(sandbox.stats().requests[0]?.tookMs).toBeGreaterThanOrEqual(295);
  });

  test("a delay that nobody waits for ends with the caller", async () => {
    sandbox.addFault({ delayMs: 60_000 });
    await expect(fetch(`${sandbox.url}${list}`, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    await expect.poll(() => sandbox.stats().requests[0]?.tookMs).toBeGreaterThan(50);
    expect(sandbox.stats().byStatus).toEqual({ 0: 1 });
  });

  test("a connection that is cut without a byte", async () => {
    sandbox.addFault({ drop: true, times: 1 });
    await expect(fetch(`${sandbox.url}${list}`)).rejects.toMatchObject({
      cause: { code: "UND_ERR_SOCKET" },
    });
    expect(sandbox.stats().byStatus).toEqual({ 0: 1 });
    expect(await statuses(1)).toEqual([200]);
  });

  test("half a body, then a cut", async () => {
    const whole = (await call(sandbox, list)).text.length;
    sandbox.resetStats();
    sandbox.addFault({ truncate: true, times: 1 });
    const response = await fetch(`${sandbox.url}${list}`, {
      headers: { authorization: `Bearer ${sandbox.token}` },
    });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow("terminated");
    expect(sandbox.stats().bytes).toBeGreaterThan(whole / 3);
    expect(sandbox.stats().bytes).toBeLessThan(whole);
  });

  test("half a body, a wait, the rest", async () => {
    sandbox.addFault({ stallMs: 250, times: 1 });
    const start = performance.now();
    expect((await call(sandbox, list)).body.results).toHaveLength(100);
    expect(performance.now() - start).toBeGreaterThanOrEqual(245);
  });
});

describe("in a request's own header", () => {
  const withFault = (fault: string) => call(sandbox, list, { headers: { "x-sandbox-fault": fault } });

  test.each([
    ["503", 503],
    ["status=429, retryAfter=2", 429],
    ["html", 502],
    ['{"status":418,"body":{"message":"teapot"}}', 418],
  ])("%s", async (fault, status) => {
    expect((await withFault(fault)).status).toBe(status);
    expect(await statuses(1)).toEqual([200]);
  });

  test("drop and delay", async () => {
    await expect(withFault("drop")).rejects.toThrow();
    const start = performance.now();
    expect((await withFault("delayMs=200")).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThanOrEqual(195);
  });

  test("times counts the attempts of one request", async () => {
    expect([
      (await withFault("status=500, times=2")).status,
      (await withFault("status=500, times=2")).status,
      (await withFault("status=500, times=2")).status,
    ]).toEqual([500, 500, 200]);
  });

  test("one that makes no sense is a 400 that says so", async () => {
    const reply = await withFault("dorp");
    expect(reply.status).toBe(400);
    expect(reply.body.message).toContain('unknown key "dorp"');
  });
});

describe("the control endpoints", () => {
  const control = (path: string, json?: unknown, method?: string) =>
    call(sandbox, `/__sandbox/${path}`, {
      ...(json === undefined ? {} : { json }),
      ...(method ? { method } : {}),
      headers: { authorization: "" },
    });

  test("faults come and go", async () => {
    const { id } = (await control("faults", { match: "contacts", status: 500 })).body;
    expect(await statuses(1)).toEqual([500]);
    expect((await control("faults")).body.results).toMatchObject([{ id, hits: 1, rule: { status: 500 } }]);
    expect((await control(`faults/${String(id)}`, undefined, "DELETE")).body).toEqual({
      removed: 1,
    });
    expect(await statuses(1)).toEqual([200]);
  });

  test.each<[string, unknown]>([
    ["a misspelt key", { stats: 500 }],
    ["a wrong type", { status: "500" }],
    ["a broken expression", { match: "(" }],
    ["no object", []],
  ])("%s in a fault is a 400", async (_, rule) => {
    expect((await control("faults", rule)).status).toBe(400);
  });

  test("calls are counted by route and status, control calls are not", async () => {
    await statuses(3);
    await search(sandbox, {});
    await call(sandbox, "/crm/v3/owners", { headers: { authorization: "" } });
    const { body } = await control("stats?requests=true");
    expect(body).toMatchObject({
      total: 5,
      byRoute: { "list contacts": 3, "search contacts": 1, owners: 1 },
      byStatus: { 200: 4, 401: 1 },
      maxPerSecond: 5,
    });
    expect(body["requests"]).toHaveLength(5);
    expect((await control("stats")).body["requests"]).toBeUndefined();
    await control("stats", undefined, "DELETE");
    expect((await control("stats")).body).toMatchObject({ total: 0 });
  });

  test("records are changed, made, archived, brought back and taken away", async () => {
    const ids = async (path: string, json: object) => (await control(path, json)).body["ids"] as string[];
    const [touched = ""] = await ids("touch", {
      type: "contacts",
      count: 1,
      properties: { city: "Newtown" },
    });
    expect(
      (await control("records/contacts?properties=city")).body.results.find((record) => record.id === touched)
        ?.properties["city"],
    ).toBe("Newtown");
    const created = await ids("create", { type: "0-3", count: 2 });
    expect(await ids("archive", { type: "deals", ids: created })).toEqual(created);
    expect(
      (await control("records/deals")).body.results.filter((record) => record.archived).map((record) => record.id),
    ).toEqual(created);
    expect(await ids("restore", { type: "deals", ids: created })).toEqual(created);
    expect(await ids("remove", { type: "deals", ids: created })).toEqual(created);
    expect((await control("restore", { type: "deals", ids: created })).status).toBe(400);
    expect((await control("touch", { tpye: "deals" })).body.message).toContain('unknown key "tpye"');
    expect((await control("nothing")).status).toBe(404);
  });

  test("churn starts and stops", async () => {
    expect((await control("churn", { touchesPerSecond: 50, archivePerRun: 1 })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const [summary] = (await control("churn", undefined, "DELETE")).body.results as unknown as Array<{
      touched: string[];
      archived: string[];
    }>;
    expect(summary?.archived).toHaveLength(1);
    expect(summary?.touched.length).toBeGreaterThan(3);
    expect((await control("churn")).body.results).toEqual([]);
  });
});
