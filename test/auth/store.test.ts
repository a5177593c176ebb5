/** The credential store on both warehouses: what lies there, who can read it, and what two writers do. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import { credentialCipher } from "../../src/runtime/state/credential-cipher.ts";
import {
  credentialStoreOf,
  deleteCredential,
  listCredentials,
  rotateCredentials,
  setCredential,
} from "../../src/runtime/state/credentials.ts";
import { migrateState } from "../../src/runtime/state/tables.ts";
import { openSink } from "../../src/sinks/index.ts";
import type { Sink } from "../../src/sinks/contract.ts";
import type { CredentialStore } from "../../src/sources/contract.ts";
import { rejection } from "../http/server.ts";
import { type TestWarehouse, warehouses } from "../support/warehouses.ts";

const key = (): string => randomBytes(32).toString("base64");
const name = "shop.refresh_token";

describe("the cipher", () => {
  it.each([
    ["base64", randomBytes(32).toString("base64"), "raw"],
    ["base64url", randomBytes(32).toString("base64url"), "raw"],
    ["hex", randomBytes(32).toString("hex"), "raw"],
    ["a passphrase", "correct horse battery staple", "scrypt"],
  ])("takes a key as %s", (_name, text, form) => {
    const ciphertext = credentialCipher(text, "K").encrypt(name, "s3cret é");
    expect(ciphertext.split(".")[1]).toBe(form);
    expect(ciphertext).not.toContain(Buffer.from("s3cret").toString("base64url"));
    // Another process: nothing but the key is left.
    expect(credentialCipher(text, "K").decrypt(name, ciphertext)).toBe("s3cret é");
    expect(credentialCipher(text, "K").encrypt(name, "s3cret é")).not.toBe(ciphertext);
  });

  it("reads nothing with another key, under another name, or of a text that was changed", () => {
    const mine = credentialCipher(key(), "ETL_CREDENTIALS_KEY");
    const ciphertext = mine.encrypt(name, "s3cret");
    const changed = ciphertext.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    for (const attempt of [
      () => credentialCipher(key(), "ETL_CREDENTIALS_KEY").decrypt(name, ciphertext),
      () => credentialCipher("a long passphrase", "ETL_CREDENTIALS_KEY").decrypt(name, ciphertext),
      () => mine.decrypt("shop.other", ciphertext),
      () => mine.decrypt(name, changed),
    ])
      expect(attempt).toThrow(/cannot be decrypted: ETL_CREDENTIALS_KEY is not the key that it was stored with/);
    expect(() => mine.decrypt(name, "v2.raw.x")).toThrow(/in a form that this version cannot read/);
  });

  it("refuses a key that anybody could guess", () => {
    expect(() => credentialCipher("hunter2", "ETL_CREDENTIALS_KEY")).toThrow(SpecError);
  });
});

describe.each(warehouses)("the store in $name", ({ open }) => {
  let warehouse: TestWarehouse;
  beforeEach(async () => {
    warehouse = await open();
  });
  afterEach(() => warehouse.close());

  const storeWith = (secret: string): CredentialStore =>
    credentialStoreOf({ openSink, warehouse: warehouse.address, variables: { ETL_CREDENTIALS_KEY: secret } })!;
  const withSink = async <T>(action: (sink: Sink) => Promise<T>): Promise<T> => {
    const sink = await openSink(warehouse.address, { readOnly: false });
    return action(sink).finally(() => sink.close());
  };
  const signal = new AbortController().signal;

  it("is not there without a key; reading makes nothing", async () => {
    expect(credentialStoreOf({ openSink, warehouse: warehouse.address, variables: {} })).toBeUndefined();
    const store = storeWith(key());
    expect(await store.get(name)).toBeUndefined();
    await store.exclusive(name, async () => {}, signal);
    if (warehouse.address.startsWith("sqlite:")) expect(existsSync(warehouse.address.slice(7))).toBe(false);
    else
      expect(
        await warehouse.query("select 1 from information_schema.tables where table_name = 'api_credentials'"),
      ).toEqual([]);
  });

  it("keeps a secret encrypted, and gives it back to who has the key", async () => {
    const secret = key();
    const store = storeWith(secret);
    expect(await store.replace(name, undefined, "first-token")).toBe(true);
    expect(await store.replace(name, "first-token", "second-token")).toBe(true);
    expect(await storeWith(secret).get(name)).toBe("second-token");
    const [row, ...others] = await warehouse.query("select * from api_credentials");
    expect(others).toEqual([]);
    expect(row).toMatchObject({ crm_source: "shop", name: "refresh_token" });
    const whole = JSON.stringify(row, (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
    expect(whole).not.toMatch(/second-token|c2Vjb25kLXRva2Vu/);
    const error = await rejection(storeWith(key()).get(name));
    expect(error).toBeInstanceOf(FatalError);
    expect(error.message).toBe(
      "the credential shop.refresh_token cannot be decrypted: ETL_CREDENTIALS_KEY is not the key that it was stored with, or the stored text was changed",
    );
  });

  it("comes to a warehouse that was made before there was one", async () => {
    await withSink(async (sink) => {
      await migrateState(sink);
      // As the first migration alone leaves it: what the later ones did is taken back, the newest first.
      const { database } = sink;
      await database.schema.dropIndex("sync_rejects_open").execute();
      await database.schema.alterTable("sync_rejects").dropColumn("table_name").execute();
      await database.schema.dropTable("sync_seen").execute();
      await database.schema.dropTable("api_credentials").execute();
      const open = ["crm_source", "sync_type", "record_key", "stage", "field", "rule"];
      await database.schema.createIndex("sync_rejects_open").unique().on("sync_rejects").columns(open).execute();
      await database.deleteFrom("sync_migration").where("name", ">", "002").execute();
    });
    const store = storeWith(key());
    expect(await store.get(name)).toBeUndefined();
    expect(await store.replace(name, undefined, "first")).toBe(true);
    expect(await warehouse.query("select count(*) as n from sync_history")).toHaveLength(1);
  });

  it("compares before it swaps: of many at once one wins, and what it put in stays", async () => {
    const secret = key();
    const store = storeWith(secret);
    await store.replace(name, undefined, "old");
    expect(await store.replace(name, undefined, "x")).toBe(false);
    expect(await store.replace(name, "another", "x")).toBe(false);
    const swaps = await Promise.all(
      Array.from({ length: 8 }, (_, index) => storeWith(secret).replace(name, "old", `new-${index}`)),
    );
    expect(swaps.filter(Boolean)).toHaveLength(1);
    expect(await store.get(name)).toBe(`new-${swaps.indexOf(true)}`);
    const inserts = await Promise.all(
      Array.from({ length: 8 }, (_, index) => storeWith(secret).replace("shop.first", undefined, `n-${index}`)),
    );
    expect(inserts.filter(Boolean)).toHaveLength(1);
  });

  it("lets one at a time in, and a wait can be ended", async () => {
    const store = storeWith(key());
    await store.replace(name, undefined, "old");
    let inside = 0;
    let most = 0;
    const body = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 30));
      inside--;
    };
    await Promise.all(Array.from({ length: 4 }, () => store.exclusive(name, body, signal)));
    expect(most).toBe(1);
    const stop = new AbortController();
    let letGo = (): void => {};
    const held = store.exclusive(name, () => new Promise<void>((resolve) => (letGo = resolve)), signal);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const waiting = rejection(store.exclusive(name, async () => {}, stop.signal));
    setTimeout(() => stop.abort(), 20);
    expect((await waiting).name).toBe("AbortError");
    letGo();
    await held;
  });

  it("is listed without secrets, encrypted anew as a whole or not at all, and emptied", async () => {
    const [one, two] = [credentialCipher(key(), "OLD"), credentialCipher("a new passphrase", "NEW")];
    await withSink(async (sink) => {
      expect(await listCredentials(sink)).toEqual([]);
      expect(await setCredential(sink, { name: "shop.b", secret: "bbbb", cipher: one })).toBe(true);
      expect(await setCredential(sink, { name: "shop.a", secret: "aaaa", cipher: one })).toBe(true);
      expect(await setCredential(sink, { name: "shop.a", secret: "a2a2", cipher: one })).toBe(false);
      expect((await listCredentials(sink)).map((entry) => Object.keys(entry).sort())).toEqual([
        ["created_at", "name", "updated_at"],
        ["created_at", "name", "updated_at"],
      ]);
      expect(await rotateCredentials(sink, { from: one, to: two })).toBe(2);
    });
    const before = await warehouse.query("select name, ciphertext from api_credentials order by name");
    expect(before.map(({ name: each, ciphertext }) => two.decrypt(`shop.${String(each)}`, String(ciphertext)))).toEqual(
      ["a2a2", "bbbb"],
    );
    // One of them is of another key: none is touched.
    await withSink((sink) => setCredential(sink, { name: "shop.b", secret: "b2b2", cipher: one }));
    const mixed = await warehouse.query("select name, ciphertext from api_credentials order by name");
    expect((await rejection(withSink((sink) => rotateCredentials(sink, { from: two, to: one })))).message).toMatch(
      /shop\.b cannot be decrypted: NEW is not/,
    );
    expect(await warehouse.query("select name, ciphertext from api_credentials order by name")).toEqual(mixed);
    await withSink(async (sink) => {
      expect([await deleteCredential(sink, "shop.b"), await deleteCredential(sink, "shop.b")]).toEqual([true, false]);
      expect((await listCredentials(sink)).map((entry) => entry.name)).toEqual(["shop.a"]);
    });
  });
});
