/** `etl run` over OAuth as a user starts it: two processes at once, and nothing secret in anything that is left behind. */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { credentialStoreOf } from "../../src/runtime/state/credentials.ts";
import { openSink } from "../../src/sinks/index.ts";
import { runsOf, startEtl } from "../support/hubspot-project.ts";
import { type TestWarehouse, warehouses } from "../support/warehouses.ts";
import { type RotatingServer, rotatingServer } from "./rotating-server.ts";

const key = randomBytes(32).toString("base64");
const clientSecret = `client-${randomBytes(16).toString("hex")}`;

/** A connection over a stored refresh token, whose address only the token's reply tells, and a pipeline each. */
function project(world: RotatingServer, entities: readonly string[]): { folder: string; env: Record<string, string> } {
  const folder = mkdtempSync(join(tmpdir(), "etl-auth-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "pipelines/shop"), { recursive: true });
  writeFileSync(
    join(folder, "etl.yml"),
    "warehouse: ${ETL_WAREHOUSE:-sqlite:warehouse.db}\nenvironment: test\nenvironments: { test: { log_level: debug } }\n",
  );
  writeFileSync(
    join(folder, "pipelines/shop/connection.yml"),
    `connection: shop
type: api
auth:
  type: oauth2
  grant: refresh_token
  token_url: \${SHOP_URL}/token
  client_id: shop
  client_secret: \${SHOP_CLIENT_SECRET}
  send_as: basic
  refresh_token: { stored: shop.refresh_token }
  base_url: "'${world.url}/api'"
retry: { attempts: 2, wait: 1ms }
`,
  );
  for (const entity of entities)
    writeFileSync(
      join(folder, `pipelines/shop/${entity}.yml`),
      `pipeline: shop.${entity}
source:
  type: api
  connection: shop
  request: { path: /${entity}, query: { limit: "{{page.size}}" } }
  records: items
  pagination: { type: cursor, cursor: next, send_as: query.after, size: 1 }
mapping:
  id: { from: id, type: bigint }
  name: name
upsert: { keys: [id] }
sink: { table: shop_${entity} }
`,
    );
  return {
    folder,
    env: { SHOP_URL: world.url, SHOP_CLIENT_SECRET: clientSecret, ETL_CREDENTIALS_KEY: key, ETL_ENV: "test" },
  };
}

async function put(warehouse: TestWarehouse, token: string): Promise<void> {
  const store = credentialStoreOf({ openSink, warehouse: warehouse.address, variables: { ETL_CREDENTIALS_KEY: key } })!;
  await store.replace("shop.refresh_token", await store.get("shop.refresh_token"), token);
}

/** Pages of one record each. */
function page(query: URLSearchParams, pages: number): object {
  const id = Number(query.get("after") ?? 0) + 1;
  return { items: [{ id, name: `item ${id}` }], ...(id < pages ? { next: String(id) } : {}) };
}

describe.each(warehouses)("etl run into $name", ({ open }) => {
  it("twice at once, over tokens that expire all the time: both read everything, no token is used twice", async () => {
    const pages = 12;
    const world = await rotatingServer({
      expires_in: 1,
      data: async ({ query }) => {
        await sleep(200);
        return page(query, pages);
      },
    });
    const warehouse = await open();
    onTestFinished(() => warehouse.close());
    await put(warehouse, world.refreshToken);
    const { folder, env } = project(world, ["orders", "items"]);
    const started = ["orders", "items"].map((entity) =>
      startEtl(["run", `shop.${entity}`, "--warehouse", warehouse.address, "--output", "json"], { cwd: folder, env }),
    );
    for (const output of await Promise.all(started.map(({ ended }) => ended)))
      expect(runsOf(output)[0]).toMatchObject({ status: "success", fetched: pages });
    expect(world.stolen).toEqual([]);
    expect(world.rotations).toBeGreaterThan(4);
    for (const entity of ["orders", "items"])
      expect(await warehouse.query(`select count(*) as n from shop_${entity}`)).toEqual([
        { n: expect.toSatisfy((n: unknown) => Number(n) === pages) },
      ]);
  });

  it("leaves no secret in logs, errors, history or rejects, whatever the servers echo", async () => {
    let failing = false;
    let refusals = 1;
    const world = await rotatingServer({
      data: ({ query, headers }) => {
        if (failing) return { message: `no list for ${headers.authorization}` };
        if (refusals-- > 0) return { error: `try ${headers.authorization} again` };
        return page(query, 3);
      },
    });
    const warehouse = await open();
    onTestFinished(() => warehouse.close());
    await put(warehouse, world.refreshToken);
    const { folder, env } = project(world, ["orders"]);
    const outputs: string[] = [];
    const run = async (format: string): Promise<number | null> => {
      const { ended } = startEtl(["run", "shop.orders", "--debug", "--warehouse", warehouse.address], {
        cwd: folder,
        env: { ...env, ETL_LOG_FORMAT: format },
      });
      const { stdout, stderr, code } = await ended;
      outputs.push(stdout, stderr);
      return code;
    };
    // An answer that is no list and repeats the token; then a whole run; then a token server that says no.
    expect(await run("text")).toBe(1);
    expect(await run("json")).toBe(0);
    failing = true;
    expect(await run("json")).toBe(1);
    const before = world.refreshToken;
    await put(warehouse, "a-refresh-token-that-is-no-good");
    expect(await run("text")).toBe(1);
    const tested = startEtl(["connections", "test", "shop", "--debug"], {
      cwd: folder,
      env: { ...env, ETL_WAREHOUSE: warehouse.address },
    });
    outputs.push(...Object.values(await tested.ended).map(String));
    const tables = ["sync_history", "sync_rejects", "api_credentials", "shop_orders"];
    for (const table of tables)
      outputs.push(
        JSON.stringify(await warehouse.query(`select * from ${table}`), (_key, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        ),
      );
    const all = outputs.join("\n");
    // What was written about is there; only the secrets are not.
    expect(all).toContain("***");
    expect(all).toMatch(/answered 400: \\*"invalid_grant: \*\*\* is not good/);
    expect(all).toContain("no list for");
    expect(all).toContain(`POST ${world.url}/token`);
    const basic = Buffer.from(`shop:${clientSecret}`).toString("base64");
    const secrets = [...world.secrets, before, "a-refresh-token-that-is-no-good", clientSecret, key, basic];
    expect(secrets.length).toBeGreaterThan(8);
    for (const secret of secrets)
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")])
        expect(all.includes(form), form).toBe(false);
  });
});
