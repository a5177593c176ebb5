import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { documentedLimits, oneTimestampMs, startHubspotSandbox } from "../../sandbox/hubspot/index.ts";
import type { HubspotSandboxOptions } from "../../sandbox/hubspot/index.ts";
import { call, idsWhere, listAll, search, using } from "./client.ts";

const list = "/crm/v3/objects/contacts?limit=1";

describe("rate limits", () => {
  test("are HubSpot's unless told otherwise, and stand in the headers", () =>
    using({ records: 10 }, async (sandbox) => {
      const first = (await call(sandbox, list)).headers;
      expect(documentedLimits.requestsPer10s).toBe(190);
      expect(first.get("x-hubspot-ratelimit-max")).toBe("190");
      expect(first.get("x-hubspot-ratelimit-remaining")).toBe("189");
      expect(first.get("x-hubspot-ratelimit-interval-milliseconds")).toBe("10000");
      expect(first.get("x-hubspot-ratelimit-daily-remaining")).toBe("649999");
      expect((await call(sandbox, list)).headers.get("x-hubspot-ratelimit-remaining")).toBe("188");
    }));

  test("so many calls in ten seconds, then 429 with the documented body", () =>
    using({ records: 10, limits: { requestsPer10s: 5 } }, async (sandbox) => {
      for (let at = 0; at < 5; at++) expect((await call(sandbox, list)).status).toBe(200);
      const refused = await call(sandbox, list);
      expect(refused.status).toBe(429);
      expect(refused.headers.get("x-hubspot-ratelimit-remaining")).toBe("0");
      expect(refused.headers.get("retry-after")).toBeNull();
      expect(refused.body).toMatchObject({
        status: "error",
        message: "You have reached your ten_secondly_rolling limit.",
        errorType: "RATE_LIMIT",
        policyName: "TEN_SECONDLY_ROLLING",
      });
      expect((await search(sandbox, {})).status).toBe(200);
      expect(sandbox.stats().byStatus).toEqual({ 200: 6, 429: 1 });
    }));

  test("so many searches in a second, which is over a second later", () =>
    using({ records: 10 }, async (sandbox) => {
      const replies = await Promise.all(Array.from({ length: 8 }, () => search(sandbox, {})));
      const refused = replies.filter((reply) => reply.status === 429);
      expect(refused).toHaveLength(3);
      expect(refused[0]?.body).toMatchObject({
        policyName: "SECONDLY",
        message: "You have reached your secondly limit.",
      });
      expect(replies.every((reply) => reply.headers.get("x-hubspot-ratelimit-max") === null)).toBe(true);
      expect(sandbox.stats().maxPerSecondByRoute).toEqual({ "search contacts": 8 });
      await new Promise((resolve) => setTimeout(resolve, 1_050));
      expect((await search(sandbox, {})).status).toBe(200);
    }));

  test("so many calls a day, searches too", () =>
    using({ records: 10, limits: { requestsPerDay: 2 } }, async (sandbox) => {
      expect([(await call(sandbox, list)).status, (await search(sandbox, {})).status]).toEqual([200, 200]);
      expect((await call(sandbox, list)).body).toMatchObject({ policyName: "DAILY" });
      expect((await search(sandbox, {})).body).toMatchObject({ policyName: "DAILY" });
    }));

  test("the day's rest goes down by one a call, searches and errors too, and the usage agrees", () =>
    using({ records: 10, limits: { requestsPerDay: 1_000 } }, async (sandbox) => {
      const left = async (path: string) =>
        Number((await call(sandbox, path)).headers.get("x-hubspot-ratelimit-daily-remaining"));
      expect(await left(list)).toBe(999);
      for (let at = 0; at < 3; at++) await search(sandbox, {});
      expect(await left("/crm/v3/objects/contacts/77")).toBe(995);
      expect(await left("/crm/v3/owners")).toBe(994);
      // A token that is refused costs nothing.
      await call(sandbox, list, { headers: { authorization: "" } });
      const usage = await call(sandbox, "/account-info/v3/api-usage/daily/private-apps");
      expect(usage.headers.get("x-hubspot-ratelimit-daily")).toBe("1000");
      expect(usage.body.results).toMatchObject([{ currentUsage: 7, usageLimit: 1_000, fetchStatus: "SUCCESS" }]);
    }));

  test("the window's rest comes back ten seconds after each call", { timeout: 20_000 }, () =>
    using({ records: 10, limits: { requestsPer10s: 3 } }, async (sandbox) => {
      const left = async () => (await call(sandbox, list)).headers.get("x-hubspot-ratelimit-remaining");
      expect([await left(), await left(), await left(), await left()]).toEqual(["2", "1", "0", "0"]);
      await new Promise((resolve) => setTimeout(resolve, 10_100));
      expect(await left()).toBe("2");
    }),
  );

  test("can be left out", () =>
    using({ records: 10, limits: false }, async (sandbox) => {
      const replies = await Promise.all(Array.from({ length: 200 }, () => search(sandbox, { limit: 1 })));
      expect(replies.every((reply) => reply.status === 200)).toBe(true);
      expect((await call(sandbox, list)).headers.get("x-hubspot-ratelimit-max")).toBeNull();
    }));
});

describe("what the server saw", () => {
  test("is counted by route, and apart for searches and all the rest", () =>
    using({ records: 20, limits: false }, async (sandbox) => {
      const all = (count: number, act: () => Promise<unknown>) => Promise.all(Array.from({ length: count }, act));
      await all(7, () => call(sandbox, list));
      await all(3, () => search(sandbox, {}));
      await all(2, () => search(sandbox, {}, "0-421"));
      await call(sandbox, "/crm/v4/associations/contacts/2-37778609/batch/read", { json: { inputs: [] } });
      await call(sandbox, "/crm/v3/objects/2-42119425");
      sandbox.addFault({ status: 500, times: 1 });
      await call(sandbox, list);
      expect(sandbox.stats()).toMatchObject({
        total: 15,
        byRoute: {
          "list contacts": 8,
          "search contacts": 3,
          "search appointments": 2,
          "associations contacts/divisions": 1,
          "list genius_users": 1,
        },
        byBudget: {
          general: { total: 10, maxPerSecond: 10, maxPerTenSeconds: 10 },
          search: { total: 5, maxPerSecond: 5, maxPerTenSeconds: 5 },
        },
        maxPerTenSecondsByRoute: { "list contacts": 8, "search contacts": 3 },
      });
    }));

  test("a window is one second wherever it begins", () =>
    using({ records: 5, limits: false }, async (sandbox) => {
      for (let at = 0; at < 4; at++) {
        await search(sandbox, {});
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
      const { search: seen } = sandbox.stats().byBudget;
      expect(seen.maxPerSecond).toBeLessThanOrEqual(3);
      expect(seen.maxPerTenSeconds).toBe(4);
    }));
});

describe("the same seed and counts", () => {
  const everything = async (options: HubspotSandboxOptions) => {
    let text = "";
    await using({ ...options, limits: false }, async (sandbox) => {
      text = JSON.stringify([
        await listAll(
          sandbox,
          `&properties=${[...new Set(sandbox.all("contacts").flatMap((record) => Object.keys(record.properties)))].join(",")}`,
        ),
        sandbox.all("deals"),
      ]);
    });
    return text;
  };

  test("give the same records, byte for byte; another seed gives others", async () => {
    const once = await everything({ records: 300, seed: 7 });
    expect(once.length).toBeGreaterThan(300_000);
    expect((await everything({ records: 300, seed: 7 })) === once).toBe(true);
    expect((await everything({ records: 300, seed: 8 })) === once).toBe(false);
  });

  test("change the same records at the start, as of now, and leave the others as they were", async () => {
    const states = async (options: HubspotSandboxOptions) => {
      let found: Array<[string, string, string]> = [];
      await using({ records: 300, limits: false, ...options }, async (sandbox) => {
        found = (await listAll(sandbox)).map((record) => [record.id, record.updatedAt, JSON.stringify(record)]);
      });
      return found;
    };
    const now = new Date("2026-04-01T12:00:00.000Z");
    const base = await states({});
    const changed = await states({ touched: 20, created: 5, now: () => now });
    const again = await states({ touched: 20, created: 5, now: () => now });
    expect(again).toEqual(changed);
    expect(changed).toHaveLength(305);
    const fresh = changed.filter(([, updatedAt]) => updatedAt === now.toISOString()).map(([id]) => id);
    expect(fresh).toHaveLength(25);
    const untouched = changed.filter(([id]) => !fresh.includes(id));
    expect(untouched).toEqual(base.filter(([id]) => !fresh.includes(id)));
    expect(fresh.filter((id) => base.some(([known]) => known === id))).toHaveLength(20);
  });
});

test("contacts are clearly nobody: example domains and 555-01xx numbers, but for the ugly ones", () =>
  using({ records: 500, limits: false }, async (sandbox) => {
    const neat = (await listAll(sandbox, "&properties=email,phone,mobilephone")).slice(21);
    const emails = neat.flatMap((record) => record.properties["email"] ?? []);
    const phones = neat.flatMap((record) =>
      [record.properties["phone"] ?? [], record.properties["mobilephone"] ?? []].flat(),
    );
    expect(emails.length).toBeGreaterThan(400);
    expect(emails.filter((email) => !/^[a-z.]+\.\d+@(mail\.)?example\.(com|org)$/.test(email))).toEqual([]);
    expect(phones.filter((phone) => !/555-?01\d\d$/.test(phone))).toEqual([]);
    expect(new Set(emails).size).toBe(emails.length);
  }));

describe("30,000 contacts", () => {
  test("start within two seconds, 12,000 of them with one last-modified instant", async () => {
    const start = performance.now();
    await using({ records: 30_000, limits: false }, async (sandbox) => {
      expect(performance.now() - start).toBeLessThan(2_000);
      const shared = await search(sandbox, {
        filterGroups: [
          {
            filters: [{ propertyName: "lastmodifieddate", operator: "EQ", value: String(oneTimestampMs) }],
          },
        ],
        limit: 200,
      });
      expect(shared.body.total).toBe(12_000);
      expect(
        (
          await search(sandbox, {
            filterGroups: [
              {
                filters: [
                  {
                    propertyName: "lastmodifieddate",
                    operator: "NEQ",
                    value: String(oneTimestampMs),
                  },
                ],
              },
            ],
          })
        ).body.total,
      ).toBe(18_000);
      expect(sandbox.all("contacts", []).every((record) => record.createdAt <= record.updatedAt)).toBe(true);
    });
  });
});

test("50,000 contacts, 20,000 deals and their associations start in two seconds and 250 MB", async () => {
  // In a process of its own: this one's memory is the tests'.
  const index = new URL("../../sandbox/hubspot/index.ts", import.meta.url).href;
  const script = `
    const { startHubspotSandbox } = await import(${JSON.stringify(index)});
    const start = performance.now();
    const sandbox = await startHubspotSandbox({ records: 50_000, deals: 20_000 });
    const startMs = performance.now() - start;
    const bytes = process.memoryUsage.rss();
    const pairs = [["contacts", "deals"], ["appointments", "contacts"], ["contacts", "divisions"]]
      .map(([from, to]) => sandbox.associations(from, to).length);
    console.log(JSON.stringify({ startMs, bytes, pairs }));
    await sandbox.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  const { startMs, bytes, pairs } = JSON.parse(stdout) as { startMs: number; bytes: number; pairs: number[] };
  expect(startMs).toBeLessThan(2_000);
  expect(bytes).toBeLessThan(250_000_000);
  expect(pairs.reduce((sum, count) => sum + count)).toBeGreaterThan(60_000);
});

describe("churn", () => {
  test("touches two a second and archives one, however short the run", () =>
    using({ records: 200, limits: false }, async (sandbox) => {
      const churn = sandbox.churn({ touchesPerSecond: 2, archivePerRun: 1 });
      await new Promise((resolve) => setTimeout(resolve, 1_700));
      const summary = churn.stop();
      expect(summary.archived).toHaveLength(1);
      expect(summary.touched).toHaveLength(3);
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(churn.stop()).toEqual(summary);
      const changed = await idsWhere(sandbox, "lastmodifieddate", "GTE", String(Date.now() - 60_000));
      const stillThere = [...new Set(summary.touched)].filter((id) => !summary.archived.includes(id));
      expect(changed.toSorted()).toEqual(stillThere.toSorted());
      expect((await listAll(sandbox, "&archived=true")).map((record) => record.id)).toEqual(summary.archived);
    }));

  test("makes records come and go while a list is read; those that were there throughout are read once each", () =>
    using({ records: 2_000, limits: false }, async (sandbox) => {
      const before = sandbox.all("contacts", []).map((record) => record.id);
      const churn = sandbox.churn({
        touchesPerSecond: 200,
        createsPerSecond: 100,
        archivesPerSecond: 100,
        removesPerSecond: 50,
      });
      const read: string[] = [];
      for (let after = ""; ;) {
        const { body } = await call(sandbox, `/crm/v3/objects/contacts?limit=20${after && `&after=${after}`}`);
        read.push(...body.results.map((record) => record.id));
        if (!body.paging) break;
        after = body.paging.next.after;
      }
      const { archived, removed, created, touched } = churn.stop();
      for (const done of [archived, removed, created, touched]) expect(done.length).toBeGreaterThan(0);
      expect(new Set(read).size).toBe(read.length);
      const gone = new Set([...archived, ...removed]);
      const seen = new Set(read);
      expect(before.filter((id) => !gone.has(id) && !seen.has(id))).toEqual([]);
    }));

  test("ends by itself when nothing is left to change", () =>
    using({ records: 3, limits: false }, async (sandbox) => {
      const churn = sandbox.churn({ removesPerSecond: 200 });
      await expect.poll(() => churn.summary().exhausted).toBe(true);
      expect(sandbox.all("contacts")).toHaveLength(0);
    }));
});

test("a closed sandbox is gone at once, and its port is free for the next", async () => {
  const first = await startHubspotSandbox({ records: 1 });
  first.addFault({ delayMs: 60_000 });
  const waiting = call(first, list).then(
    () => "answered",
    () => "cut",
  );
  await expect.poll(() => first.stats().total).toBe(1);
  await first.close();
  expect(await waiting).toBe("cut");
  const second = await startHubspotSandbox({ records: 1, port: first.port });
  expect(second.url).toBe(`http://127.0.0.1:${first.port}`);
  await expect(startHubspotSandbox({ records: 1, port: second.port })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
  await expect(startHubspotSandbox({ records: -1 })).rejects.toThrow("records must be a whole number");
  await second.close();
});

test("the Date header and the changes follow the clock that was given", () =>
  using({ records: 5, limits: false, now: () => new Date("2026-02-03T04:05:06.789Z") }, async (sandbox) => {
    const [id = ""] = sandbox.touch();
    const reply = await call(sandbox, `/crm/v3/objects/contacts/${id}`);
    expect(reply.headers.get("date")).toBe("Tue, 03 Feb 2026 04:05:06 GMT");
    expect(reply.body).toMatchObject({
      updatedAt: "2026-02-03T04:05:06.789Z",
      properties: { lastmodifieddate: "2026-02-03T04:05:06.789Z" },
    });
  }));
