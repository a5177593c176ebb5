/** Rows whose records are gone, found by comparing keys: in few statements, on every database, and never by mistake. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DatabaseSync } from "node:sqlite";
import { checksumSql } from "../../src/values/key-checksum.ts";
import { warehouses } from "../support/warehouses.ts";
import { openProxy } from "./proxy.ts";
import { DatabaseRuns } from "./runs.ts";
import { servers, type TestDatabase } from "./servers.ts";

const source = { type: "database", connection: "shop", table: "thing" };
const base = {
  source: {
    ...source,
    pagination: { type: "keyset", keys: ["id"], size: 10_000 },
    delta: { columns: ["changed"], type: "integer" },
  },
  mapping: {
    id: { from: "id", type: "bigint" },
    changed: { from: "changed", type: "integer" },
  },
  upsert: { keys: ["id"] },
  deletes: { detect: "missing", on: "every" },
  sink: { table: "thing" },
};

const pairs = servers
  .filter(({ skip }) => !skip)
  .flatMap((server) =>
    warehouses.map((warehouse) => ({ name: `${server.name} into ${warehouse.name}`, server, warehouse })),
  );

describe.each(pairs)("$name", ({ server, warehouse }) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await server.open();
  });
  afterEach(() => database.close());

  const open = (spec: object = base, connection: object = {}): Promise<DatabaseRuns> =>
    DatabaseRuns.open({ ...database.connection, ...connection }, spec, warehouse.open);
  const later = (runs: DatabaseRuns): void => void (runs.now = new Date(runs.now.getTime() + 60_000));
  const deleted = async (runs: DatabaseRuns, column = "id"): Promise<string[]> => {
    const rows = await runs.warehouse.query(`SELECT ${column} AS k FROM thing WHERE deleted_at IS NOT NULL ORDER BY 1`);
    return rows.map(({ k }) => String(k));
  };
  const fill = async (count: number): Promise<void> => {
    await database.run("CREATE TABLE thing (id BIGINT NOT NULL PRIMARY KEY, changed INTEGER)");
    const values = Array.from({ length: count }, (_, at) => `(${at + 1}, ${at + 1})`);
    await database.run(`INSERT INTO thing VALUES ${values.join(",")}`);
  };

  it("an incremental run and a removal find what is gone, and read the keys of ranges that differ alone", async () => {
    // The largest table once for each source: it is the reading that is tested.
    const isLarge = (server.dialect === "sqlite") === (warehouse.name === "PostgreSQL");
    const count = isLarge ? 100_000 : 25_000;
    await fill(count);
    const runs = await open();
    await runs.run();
    later(runs);
    await database.run(`DELETE FROM thing WHERE id IN (5, 6, 15000); INSERT INTO thing VALUES (900000, 900000)`);
    const first = await runs.run();
    const ranges = Math.ceil((count + 1) / 10_000);
    expect(first).toMatchObject({ mode: "incremental", created: 1, deleted: 3, status: "success" });
    expect(first.fetched).toBeLessThan(10);
    // The delta's page, a checksum for each range, the keys of two, and the question whether three are gone.
    expect(first.api_calls).toBeLessThanOrEqual(ranges + 6);
    expect(first.lines.join("\n")).toContain(`in ${ranges} ranges: 2 differ, 19,997 keys were read`);
    expect(first.lines.join("\n")).not.toContain("the table lacks");
    expect(await deleted(runs)).toEqual(["5", "6", "15000"]);
    later(runs);
    const calm = await runs.remove();
    expect(calm).toMatchObject({
      status: "success",
      fetched: 0,
      deleted: 0,
      api_calls: Math.ceil((count - 2) / 10_000),
    });
    await database.run("DELETE FROM thing WHERE id = 20001");
    expect(await runs.remove({ dryRun: true })).toMatchObject({ deleted: 1, status: "success" });
    expect(await deleted(runs)).toHaveLength(3);
    expect(await runs.remove()).toMatchObject({ deleted: 1, status: "success" });
    expect(await deleted(runs)).toEqual(["5", "6", "15000", "20001"]);
  }, 120_000);

  it("a key of several columns", async () => {
    await database.run("CREATE TABLE thing (shop INTEGER NOT NULL, id INTEGER, changed INTEGER, UNIQUE (shop, id))");
    const keys = [1, 2, 3].flatMap((shop) => Array.from({ length: 4_000 }, (_, id) => `(${shop}, ${id}, 1)`));
    await database.run(`INSERT INTO thing VALUES ${keys.join(",")}`);
    const runs = await open({
      ...base,
      source: { ...base.source, pagination: { type: "keyset", keys: ["shop", "id"], size: 10_000 } },
      mapping: { ...base.mapping, shop: { from: "shop", type: "integer" } },
      upsert: { keys: ["shop", "id"] },
    });
    await runs.run();
    later(runs);
    // A row without a key is none of ours, and keeps nothing from being told.
    await database.run(
      "DELETE FROM thing WHERE shop = 3 AND id IN (2500, 3999); INSERT INTO thing VALUES (3, NULL, 1)",
    );
    expect((await runs.remove()).lines.join("\n")).toContain("in 2 ranges: 1 differ, 1,998 keys");
    const found = await deleted(runs, "shop || ',' || id");
    expect(found).toEqual(["3,2500", "3,3999"]);
  });

  it("texts are told apart by their characters, whatever the database takes for the same", async () => {
    const text = { sqlite: "TEXT", postgres: "TEXT", mysql: "VARCHAR(40)" }[server.dialect];
    await database.run(`CREATE TABLE thing (id ${text} NOT NULL, changed INTEGER)`);
    await database.run(
      `INSERT INTO thing VALUES ('abc', 1), ('\u00e4b,c', 1), ('it''s', 1), ('10', 1), ('pad', 1), ('gone', 1)`,
    );
    const runs = await open({
      ...base,
      source: { ...base.source, pagination: { type: "none" } },
      mapping: { ...base.mapping, id: "id" },
      deletes: { ...base.deletes, max: 10 },
    });
    await runs.run();
    later(runs);
    // Another case or letter is the same to collations of MariaDB, and not to us; a blank at the end never was part of it.
    await database.run(
      "UPDATE thing SET id = 'pad ' WHERE id = 'pad'; UPDATE thing SET id = 'ABC' WHERE id = 'abc'; UPDATE thing SET id = 'ab,c' WHERE id = '\u00e4b,c'; DELETE FROM thing WHERE id = 'gone'",
    );
    const { lines } = await runs.remove();
    expect(lines.join("\n")).toContain("in 1 ranges: 1 differ, 5 keys were read");
    expect(lines.join("\n")).toContain("the source has 2 rows that the table lacks");
    expect((await deleted(runs)).sort()).toEqual(["abc", "gone", "\u00e4b,c"]);
  });

  it("whole numbers to the ends of 64 bits, below nothing, and of other types on this side", async () => {
    const type = server.dialect === "mysql" ? "BIGINT UNSIGNED" : "BIGINT";
    const least = server.dialect === "mysql" ? "0" : "-9223372036854775807";
    await database.run(`CREATE TABLE thing (id ${type} NOT NULL PRIMARY KEY, changed INTEGER)`);
    await database.run(
      `INSERT INTO thing VALUES (${least}, 1), (7, 1), (9007199254740993, 1), (9007199254740995, 1), (9223372036854775807, 1)`,
    );
    const runs = await open({ ...base, deletes: { ...base.deletes, max: 10 } });
    const asText = await open({
      ...base,
      mapping: { ...base.mapping, id: "id" },
      deletes: { ...base.deletes, max: 10 },
    });
    for (const each of [runs, asText]) {
      await each.run();
      later(each);
      expect(await each.remove()).toMatchObject({ status: "success", deleted: 0 });
    }
    await database.run("DELETE FROM thing WHERE id = 9007199254740993");
    if (server.dialect === "mysql") await database.run("INSERT INTO thing VALUES (18446744073709551615, 1)");
    for (const each of [runs, asText]) {
      expect(await each.remove()).toMatchObject({ status: "success", deleted: 1 });
      expect(await deleted(each)).toEqual(["9007199254740993"]);
    }
  });

  it("nothing is deleted beyond the guard, of a source that is empty, or outside of where", async () => {
    await fill(40);
    const runs = await open({ ...base, source: { ...base.source, where: "id <= 30" } });
    await runs.run();
    later(runs);
    await database.run("DELETE FROM thing WHERE id > 30");
    expect(await runs.remove()).toMatchObject({ status: "success", deleted: 0 });
    await database.run("DELETE FROM thing WHERE id < 5");
    const beyond = await runs.remove();
    expect(beyond).toMatchObject({ status: "partial", deleted: 0 });
    expect(beyond.error).toContain("4 of 30 rows would be deleted, and deletes.max allows 5%, 2");
    await database.run("DELETE FROM thing");
    expect((await runs.remove({ allowDeletes: 29 })).error).toContain("the source gave no records at all");
    expect(await deleted(runs)).toEqual([]);
    expect(await runs.remove({ allowDeletes: 30 })).toMatchObject({ status: "success", deleted: 30 });
  });

  it("rows that come and go while it compares: what is there when it is asked again stays", async () => {
    await fill(100);
    const runs = await open();
    await runs.run();
    later(runs);
    await database.run("DELETE FROM thing WHERE id IN (5, 6)");
    runs.afterKeys = async (what) => {
      if (what === "read") await database.run("INSERT INTO thing VALUES (5, 5)");
      else await database.run("DELETE FROM thing WHERE id = 7; INSERT INTO thing VALUES (1000, 1000)");
    };
    const { lines } = await runs.remove();
    expect(lines.join("\n")).toMatch(/asked about [23] rows that seem to be gone, and denies [12] of them/);
    // The seventh went after the checksum: by the view of the data it may be there still, and then goes next time.
    expect((await deleted(runs)).filter((id) => id !== "7")).toEqual(["6"]);
    runs.afterKeys = async () => {};
    later(runs);
    await runs.remove();
    expect(await deleted(runs)).toEqual(["6", "7"]);
  });

  it("texts of several columns are asked about by their parts, commas and backslashes in them", async () => {
    const backslash = server.dialect === "mysql" ? "\\\\" : "\\";
    const text = "VARCHAR(40) NOT NULL";
    await database.run(`CREATE TABLE thing (id ${text}, part ${text}, changed INTEGER)`);
    const back = `('a,b', 'c${backslash}', 1)`;
    await database.run(`INSERT INTO thing VALUES ${back}, ('a', 'b,c${backslash}', 1), ('x', 'y', 1)`);
    const runs = await open({
      ...base,
      source: { ...base.source, pagination: { type: "none" } },
      mapping: { ...base.mapping, id: "id", part: "part" },
      upsert: { keys: ["id", "part"] },
      deletes: { ...base.deletes, max: 2 },
    });
    await runs.run();
    later(runs);
    await database.run("DELETE FROM thing WHERE id <> 'x'");
    runs.afterKeys = () => database.run(`INSERT INTO thing VALUES ${back}`);
    const { lines, deleted: gone } = await runs.remove();
    expect(lines.join("\n")).toContain("asked about 2 rows that seem to be gone, and denies 1 of them");
    expect(gone).toBe(1);
    expect(await deleted(runs)).toEqual(["a"]);
  });

  it("keys that cannot be read as keys of rows could be any row's: nothing is deleted", async () => {
    await database.run("CREATE TABLE thing (id VARCHAR(40) NOT NULL, changed INTEGER)");
    await database.run("INSERT INTO thing VALUES ('1', 1), ('2', 1)");
    const runs = await open({ ...base, source: { ...base.source, pagination: { type: "none" } } });
    await runs.run();
    later(runs);
    await database.run("DELETE FROM thing WHERE id = '2'; INSERT INTO thing VALUES ('two', 1)");
    const { status, error } = await runs.remove();
    expect(status).toBe("partial");
    expect(error).toContain("nothing was deleted: 1 keys of the source cannot be read as id");
    expect(await deleted(runs)).toEqual([]);
  });

  it("rows of another scope are no part of it, hard deletes remove, and history has the count", async () => {
    await database.run("CREATE TABLE thing (id INTEGER NOT NULL PRIMARY KEY, changed INTEGER, shop INTEGER)");
    await database.run("INSERT INTO thing VALUES (1, 1, 1), (2, 1, 2), (3, 1, 1), (4, 1, 2), (5, 1, 1)");
    const mapping = { ...base.mapping, shop: { from: "shop", type: "integer" } };
    const runs = await open({ ...base, mapping });
    await runs.run();
    later(runs);
    await database.run("DELETE FROM thing WHERE id IN (2, 3)");
    runs.write({
      ...base,
      mapping,
      source: { ...base.source, where: "shop = {{params.shop}}" },
      params: { shop: { type: "integer", default: 1 } },
      deletes: { ...base.deletes, scope: { shop: "{{params.shop}}" }, mode: "hard", max: 1 },
    });
    expect(await runs.remove()).toMatchObject({ status: "success", deleted: 1 });
    expect((await runs.rows("id")).map(({ id }) => Number(id))).toEqual([1, 2, 4, 5]);
    const [last] = await runs.warehouse.query("SELECT records_deleted AS n FROM sync_history ORDER BY id DESC LIMIT 1");
    expect(Number(last!["n"])).toBe(1);
  });

  it.skipIf(server.dialect === "sqlite")("a lost connection deletes nothing, or nothing but what is gone", async () => {
    await fill(30_000);
    const runs = await open();
    await runs.run();
    later(runs);
    await database.run("DELETE FROM thing WHERE id IN (5, 29000)");
    const url = new URL(database.connection["url"] as string);
    const proxy = await openProxy({
      host: url.hostname,
      port: Number(url.port || (server.dialect === "mysql" ? 3306 : 5432)),
    });
    url.port = String(proxy.port);
    for (const attempts of [1, 6]) {
      runs.connect({ ...database.connection, url: url.href, retry: { attempts, wait: "20ms", max_wait: "50ms" } });
      // In the middle of the keys of the first range.
      proxy.cutAfter(60_000);
      const { status, deleted: gone, error, retries } = await runs.remove();
      if (attempts === 1) {
        expect(status).toBe("partial");
        expect(error).toMatch(/what is gone could not be told, and nothing was deleted: .*lost/);
        expect(await deleted(runs)).toEqual([]);
      } else expect({ status, gone, retries }).toEqual({ status: "success", gone: 2, retries: 1 });
    }
    expect(proxy.cuts).toBe(2);
    expect(await deleted(runs)).toEqual(["5", "29000"]);
  });
});

describe("a checksum", () => {
  const { before, after } = checksumSql(["x", "y"], (text) => `CAST(${text} AS INTEGER)`);
  const of = (...rows: [bigint, bigint][]): string => {
    const database = new DatabaseSync(":memory:");
    const values = rows.map(([x, y]) => `(${x}, ${y})`).join(",");
    const row = database.prepare(`${before}SELECT column1 AS x, column2 AS y FROM (VALUES ${values})${after}`).get();
    database.close();
    return JSON.stringify(row);
  };
  const keys = (...xs: number[]): string => of(...xs.map((x): [bigint, bigint] => [BigInt(x), 0n]));

  it("is the same in any order, and another for other keys of the same count, sum, squares and cubes", () => {
    expect(keys(1, 5, 6)).toBe(keys(6, 1, 5));
    expect(keys(1, 5, 6)).not.toBe(keys(2, 3, 7));
    expect(keys(0, 4, 7, 11)).not.toBe(keys(1, 2, 9, 10));
    expect(keys(1, 5, 10, 24, 28, 42, 47, 51)).not.toBe(keys(2, 3, 12, 21, 31, 40, 49, 50));
    expect(keys(-1, 1)).not.toBe(keys(-2, 2));
  });

  it("tells apart columns that are swapped, and numbers that one modulus takes for the same", () => {
    expect(of([1n, 2n], [3n, 4n])).not.toBe(of([1n, 4n], [3n, 2n]));
    expect(of([1n, 2n])).not.toBe(of([2n, 1n]));
    expect(of([1n, 0n])).not.toBe(of([1n + 2_147_483_647n, 0n]));
    expect(of([9_223_372_036_854_775_807n, 0n])).not.toBe(of([9_223_372_036_854_775_806n, 0n]));
  });
});
