/** `etl plan`, by the process that a user starts: nothing is written, no secret is shown, the numbers hold. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { RunPlan } from "../../src/runtime/plan.ts";
import { json, serve, type Served } from "../http/server.ts";
import { runEtl } from "../support/warm-etl.ts";

const secret = "s3cret-t0ken-of-nobody";

interface Shop {
  server: Served;
  etl(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  plan(...args: string[]): Promise<RunPlan>;
  warehouse: string;
}

/** A project with one pipeline over a shop of so many orders, which tells a total and how its quota stands. */
async function shop({ orders, used = 0 }: { orders: number; used?: number }): Promise<Shop> {
  let calls = used;
  const server = await serve(({ path, query }, response) => {
    const [size, number] = [Number(query.get("limit")), Number(query.get("page") ?? 1)];
    const all = Array.from({ length: orders }, (_each, index) => ({ id: index + 1, changed: "2025-03-01T00:00:00Z" }));
    const from = query.has("after") ? Number(query.get("after")) : (number - 1) * size;
    const items = all.slice(from, from + size);
    calls++;
    json(response, path === "/orders" ? { items, total: orders } : { items }, { headers: { "x-used": String(calls) } });
  });
  const folder = mkdtempSync(join(tmpdir(), "etl-plan-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "pipelines/shop"), { recursive: true });
  writeFileSync(join(folder, "etl.yml"), "warehouse: sqlite:warehouse.db\n");
  writeFileSync(
    join(folder, "pipelines/shop/connection.yml"),
    `connection: shop
type: api
base_url: ${server.url}
auth: { type: bearer, token: "\${SHOP_TOKEN}" }
headers: { X-Account: "\${SHOP_TOKEN}" }
rate_limits:
  - { requests: 10, per: 1s }
  - { name: daily, requests: 1000, per: 1d, used_header: X-Used, reserve: 20% }
`,
  );
  const spec = (name: string, pagination: string): string => `pipeline: shop.${name}
source:
  type: api
  connection: shop
  request: { path: /${name}, query: { limit: "{{page.size}}" } }
  records: items
  pagination: { ${pagination}, size: 50 }
  delta: { field: changed, type: timestamp }
  incremental: { request: { query: { since: "{{iso since}}" } } }
mapping:
  id: { from: id, type: integer }
  changed: { from: changed, type: timestamp }
upsert: { keys: [id] }
sink: { table: shop_${name} }
`;
  writeFileSync(
    join(folder, "pipelines/shop/orders.yml"),
    spec("orders", "type: page, send_as: query.page, total: total"),
  );
  writeFileSync(
    join(folder, "pipelines/shop/silent.yml"),
    spec("silent", "type: last_id, id: id, send_as: query.after"),
  );
  const inSlices = (name: string, pagination: string): string =>
    spec("orders", pagination)
      .replace("pipeline: shop.orders", `pipeline: shop.${name}`)
      .replace('limit: "{{page.size}}"', 'limit: "{{page.size}}", of: "{{slice.value}}"')
      .replace("  records: items", "  slices: { by: list, values: [1, 2, 3] }\n  records: items");
  writeFileSync(
    join(folder, "pipelines/shop/sliced.yml"),
    inSlices("sliced", "type: page, send_as: query.page, total: total"),
  );
  writeFileSync(
    join(folder, "pipelines/shop/silent_slices.yml"),
    inSlices("silent_slices", "type: page, send_as: query.page"),
  );
  const etl: Shop["etl"] = async (...args) => {
    const outcome = await runEtl(args, { cwd: folder, env: { SHOP_TOKEN: secret } });
    expect(outcome.stdout + outcome.stderr).not.toContain(secret);
    return outcome;
  };
  return {
    server,
    etl,
    async plan(...args) {
      const { stdout, stderr } = await etl("plan", ...args, "--output", "json");
      expect(stdout, stderr).not.toBe("");
      return JSON.parse(stdout) as RunPlan;
    },
    warehouse: join(folder, "warehouse.db"),
  };
}

describe("etl plan", () => {
  it("asks for the total alone, and says what a first run would do", async () => {
    const { server, plan, warehouse } = await shop({ orders: 1_230, used: 100 });
    const planned = await plan("shop.orders");
    expect(planned).toMatchObject({
      pipeline: "shop.orders",
      strategy: "initial_full",
      since: null,
      resumes: null,
      request: {
        method: "GET",
        url: `${server.url}/orders?limit=50&page=1`,
        headers: { authorization: "***", "x-account": "***" },
      },
      // 25 pages, and the total once more at the end.
      calls: { expected: 26, records: 1_230, from: "total", slices: null, asked: 1 },
      duration: { observed: null },
      table: "shop_orders",
      problems: [],
    });
    expect(planned.duration.paced).toBeCloseTo(25 * 0.105, 2);
    expect(planned.ddl.join("\n")).toMatch(/^CREATE TABLE "shop_orders"/);
    const [paced, daily] = planned.budgets;
    expect(paced).toMatchObject({ name: "10 per 1s", quota: false, needed: 26, share: null });
    expect(daily).toEqual({
      name: "daily",
      unit: "requests",
      quota: true,
      limit: 1_000,
      used: 101,
      remaining: 899,
      reserved: 200,
      needed: 26,
      share: 0.026,
      enough: true,
    });
    expect(server.seen.map(({ url }) => url)).toEqual(["/orders?limit=1&page=1"]);
    expect(existsSync(warehouse)).toBe(false);
  });

  it("was right: the run makes as many calls", async () => {
    const { server, plan, etl } = await shop({ orders: 230 });
    const { calls } = await plan("shop.orders");
    const before = server.seen.length;
    expect((await etl("run", "shop.orders")).code).toBe(0);
    expect(server.seen.length - before).toBe(calls.expected);
  });

  it("says that a quota would stop the run", async () => {
    const { etl, plan } = await shop({ orders: 3_000, used: 750 });
    expect((await plan("shop.orders")).budgets[1]).toMatchObject({ needed: 61, remaining: 249, enough: false });
    expect((await etl("plan", "shop.orders")).stdout).toMatch(
      /budget {4}daily: takes 61, 6\.1 %; 752 of 1,000 used, 248 left, 200 of them the reserve\. NOT ENOUGH: the run would stop at it and could be resumed/,
    );
  });

  it("says what the run after a quota's end goes on with", async () => {
    const { etl, plan, warehouse } = await shop({ orders: 3_000, used: 780 });
    const { code, stderr } = await etl("run", "shop.silent");
    expect(code).toBe(1);
    expect(stderr).toContain(
      'the quota "daily" of connection "shop" is spent: 800 of 1,000 requests are used, the system says, and 200 are the reserve for others. When it is counted anew, no header says. The run can be resumed after that',
    );
    expect(await plan("shop.silent")).toMatchObject({ strategy: "initial_full", resumes: 1, ddl: [] });
    const database = new DatabaseSync(warehouse, { readOnly: true });
    const { metrics } = database.prepare("select performance_metrics as metrics from sync_history").get() as {
      metrics: string;
    };
    // Twenty calls, and the rows of all of them are there.
    expect(JSON.parse(metrics)).toMatchObject({
      api_calls: 20,
      quota_used: { "10 per 1s": { charged: 20, limit: 10 }, daily: { charged: 20, limit: 1_000, used: 800 } },
    });
    expect(database.prepare("select count(*) as count from shop_silent").get()).toEqual({ count: 1_000 });
    database.close();
  });

  it("takes the calls from the last runs where the source tells no total, and the watermark from the history", async () => {
    const { etl, plan, server } = await shop({ orders: 120 });
    expect(await plan("shop.silent")).toMatchObject({ calls: { expected: null, from: "unknown", asked: 0 } });
    expect((await etl("run", "shop.silent")).code).toBe(0);
    const made = server.seen.length;
    expect(await plan("shop.silent", "--full")).toMatchObject({
      strategy: "full",
      calls: { expected: made, from: "history", asked: 0 },
      ddl: [],
    });
    const delta = await plan("shop.silent");
    expect(delta).toMatchObject({ strategy: "incremental", since: "2025-03-01T00:00:00Z", calls: { from: "unknown" } });
    expect(delta.request!.url).toContain("since=2025-03-01T00%3A00%3A00Z");
    expect(server.seen).toHaveLength(made);
    expect((await etl("history", "shop", "--output", "json")).code).toBe(0);
  });

  it("of slices asks the first, and goes by the runs that were made where there are any", async () => {
    const { etl, plan, server } = await shop({ orders: 130 });
    expect((await etl("plan", "shop.sliced")).stdout).toMatch(
      /calls {5}about 12 for 3 slices \(if all slices are like the first one, which was asked\)\n +1 more was made for this plan/,
    );
    expect((await etl("plan", "shop.silent_slices")).stdout).toMatch(
      /calls {5}unknown, 3 at least, for 3 slices \(the source tells no total, and no run has been made yet\)[^]*duration {2}unknown/,
    );
    expect(server.seen).toHaveLength(1);
    const planned = await plan("shop.sliced");
    expect(planned.calls).toEqual({ expected: 12, records: null, from: "first_slice", slices: 3, asked: 1 });
    expect(planned.deletes).toBeNull();
    expect(planned.budgets.find(({ name }) => name === "daily")).toMatchObject({ needed: 12, share: 0.012 });
    expect((await etl("run", "shop.sliced")).code).toBe(0);
    expect((await plan("shop.sliced", "--full")).calls).toMatchObject({ expected: 12, from: "history", slices: 3 });
  });

  it("of a run with a start date", async () => {
    const { etl } = await shop({ orders: 10 });
    const { stdout, code } = await etl("plan", "shop.orders", "--start-date", "2025-02-01");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^shop\.orders: manual since 2025-02-01T00:00:00Z, until /);
    expect(stdout).toContain("authorization: ***");
  });
});
