/** Refresh tokens that a server replaces: none is lost, none is used twice. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import { credentialStoreOf } from "../../src/runtime/state/credentials.ts";
import { openSink } from "../../src/sinks/index.ts";
import type { CredentialStore } from "../../src/sources/contract.ts";
import { rejection } from "../http/server.ts";
import { type TestWarehouse, warehouses } from "../support/warehouses.ts";
import { rotatingServer } from "./rotating-server.ts";
import { oauthClient } from "./support.ts";

const key = randomBytes(32).toString("hex");
const name = "shop.refresh_token";
const stored = { grant: "refresh_token", refresh_token: { stored: name } };
/** Each client keeps its tokens to itself, as another process would. */
let processes = 0;
const anotherProcess = (): object => ({ connection: `shop${++processes}` });

describe.each(warehouses)("a refresh token stored in $name", ({ open }) => {
  let warehouse: TestWarehouse;
  let store: CredentialStore;
  beforeEach(async () => {
    warehouse = await open();
    store = credentialStoreOf({ openSink, warehouse: warehouse.address, variables: { ETL_CREDENTIALS_KEY: key } })!;
  });
  afterEach(() => warehouse.close());

  it("is replaced before the access token is used", async () => {
    const atUse: (string | undefined)[] = [];
    const world = await rotatingServer({ data: async () => ({ stored: (atUse.push(await store.get(name)), true) }) });
    await store.replace(name, undefined, world.refreshToken);
    for (let round = 0; round < 3; round++)
      await oauthClient(world.url, stored, { credentials: store, connection: anotherProcess() }).get();
    expect(world).toMatchObject({ rotations: 3, reads: 3, stolen: [] });
    // What the store held when the data was asked for is what the server had just given.
    expect(atUse).toEqual(world.secrets.filter((secret) => secret.startsWith("refresh-")).slice(1));
  });

  it("two processes that want a token at once use it one after the other", async () => {
    const world = await rotatingServer({ delayMs: 60 });
    await store.replace(name, undefined, world.refreshToken);
    const clients = Array.from({ length: 5 }, () =>
      oauthClient(world.url, stored, { credentials: store, connection: anotherProcess() }),
    );
    const answers = await Promise.all(clients.map(({ get }) => get()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(world).toMatchObject({ rotations: 5, stolen: [] });
    expect(await store.get(name)).toBe(world.refreshToken);
  });

  it("one that a person puts in meanwhile wins", async () => {
    const world = await rotatingServer();
    await store.replace(name, undefined, "an old one");
    let first = true;
    // While the server refuses the old one, a new one is put in.
    const slow: CredentialStore = {
      ...store,
      async get(each) {
        const found = await store.get(each);
        if (first) await store.replace(name, "an old one", world.refreshToken);
        first = false;
        return found;
      },
    };
    expect(
      (await oauthClient(world.url, stored, { credentials: slow, connection: anotherProcess() }).get()).status,
    ).toBe(200);
    expect(await store.get(name)).toBe(world.refreshToken);
  });

  it("kill -9 between the reply and its use loses nothing", async () => {
    const world = await rotatingServer();
    await store.replace(name, undefined, world.refreshToken);
    for (let round = 1; round <= 3; round++) {
      const child = spawn(
        process.execPath,
        [fileURLToPath(new URL("one-token.ts", import.meta.url)), world.url, warehouse.address, name],
        {
          env: { ...process.env, ETL_CREDENTIALS_KEY: key },
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      await once(child.stdout, "data");
      child.kill("SIGKILL");
      await once(child, "exit");
      expect(world).toMatchObject({ rotations: round, reads: 0 });
      expect(await store.get(name)).toBe(world.refreshToken);
    }
    const { get } = oauthClient(world.url, stored, { credentials: store, connection: anotherProcess() });
    expect((await get()).status).toBe(200);
    expect(world.stolen).toEqual([]);
  });

  it("one that the connection holds is followed in the store, until the connection holds another", async () => {
    const world = await rotatingServer();
    const held = { grant: "refresh_token", refresh_token: world.refreshToken };
    const connection = anotherProcess();
    await oauthClient(world.url, held, { credentials: store, connection }).get();
    // Another scope is another set of tokens in memory: what another process would find.
    await oauthClient(world.url, { ...held, scopes: ["again"] }, { credentials: store, connection }).get();
    expect(world).toMatchObject({ rotations: 2, stolen: [] });
    world.refreshToken = "a new one from a person";
    await oauthClient(
      world.url,
      { ...held, refresh_token: world.refreshToken },
      { credentials: store, connection },
    ).get();
    expect(world).toMatchObject({ rotations: 3, stolen: [] });
    const names = (await warehouse.query("select name from api_credentials")).map((row) => String(row["name"]));
    expect(names).toHaveLength(2);
    for (const each of names) expect(each).toMatch(/^refresh_token_[0-9a-f]{12}$/);
  });

  it("that is not there, or refused, says what to do", async () => {
    const world = await rotatingServer();
    const missing = await rejection(
      oauthClient(world.url, stored, { credentials: store, connection: { connection: "shop" } }).get(),
    );
    expect(missing).toBeInstanceOf(FatalError);
    expect(missing.message).toBe(
      `connection "shop": there is no shop.refresh_token in the credential store of ${store.address}. Put it in: etl credentials set shop.refresh_token`,
    );
    await store.replace(name, undefined, "a wrong one");
    const refused = await rejection(
      oauthClient(world.url, stored, { credentials: store, connection: { connection: "shop" } }).get(),
    );
    expect(refused.message).toBe(
      `connection "shop": POST ${world.url}/token answered 400: "invalid_grant: *** is not good". There is no access token without it. Get a new refresh token for connection "shop" and put it in: etl credentials set shop.refresh_token`,
    );
  });

  it("that cannot be stored stops before the access token is used, and says that it may be used up", async () => {
    const world = await rotatingServer();
    await store.replace(name, undefined, world.refreshToken);
    const broken: CredentialStore = { ...store, replace: () => Promise.reject(new Error("the disk is full")) };
    const error = await rejection(
      oauthClient(world.url, stored, { credentials: broken, connection: { connection: "shop" } }).get(),
    );
    expect(error.message).toMatch(
      /the server gave a new refresh token, and it could not be stored as shop\.refresh_token: the disk is full\. The old one may be used up/,
    );
    expect(world.reads).toBe(0);
  });
});

describe("without a store", () => {
  it("a stored refresh token stops before anything is asked", async () => {
    expect(() => oauthClient("http://127.0.0.1:9", stored)).toThrow(SpecError);
    expect(() => oauthClient("http://127.0.0.1:9", stored)).toThrow(
      /its refresh token is stored as shop\.refresh_token, and ETL_CREDENTIALS_KEY, the key of the credential store, is not set/,
    );
  });

  it("a token that is replaced stops before the access token is used, and says what to set", async () => {
    const world = await rotatingServer();
    const error = await rejection(
      oauthClient(
        world.url,
        { grant: "refresh_token", refresh_token: world.refreshToken },
        { connection: { connection: "shop" } },
      ).get(),
    );
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toMatch(
      /^connection "shop": the server replaced the refresh token, and there is no place to keep the new one; .*Set ETL_CREDENTIALS_KEY/,
    );
    for (const secret of world.secrets) expect(error.message).not.toContain(secret);
    expect(world.reads).toBe(0);
  });
});
