/** What only SQLite does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import type { Row } from "../../src/sinks/contract.ts";
import { openSink } from "../../src/sinks/index.ts";
import { lockFile } from "../../src/sinks/sqlite/lock.ts";
import { affinityOf, keeps, storedAs } from "../../src/sinks/sqlite/storage.ts";
import { counts, inputOf, list, opened, readBack, run, tableOf, write } from "./targets.ts";

const people = tableOf({ id: "integer", name: "text" });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etl-sqlite-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const address = (): string => `sqlite:${join(folder, "warehouse.db")}`;

describe("reading alone", () => {
  test("does not create the file, and finds nothing in it", async () => {
    await using sink = await opened(address(), true);
    expect((await sink.plan(people)).creates).toBe(true);
    expect(counts(await sink.compare(inputOf(sink, people, list([1, "a"], [2, "b"]))))).toEqual([2, 0, 0, 0, 0]);
    expect(await sink.lock("run")).toBeDefined();
    expect(sink.address).toBe(address());
    expect(readdirSync(folder)).toEqual([]);
  });

  test("leaves no files beside the one that is there", async () => {
    const writer = await opened(address());
    await write(writer, inputOf(writer, people, [[1, "a"]]));
    await writer.close();
    const reader = await opened(address(), true);
    expect(counts(await reader.compare(inputOf(reader, people, [[1, "b"]])))).toEqual([0, 1, 0, 0, 0]);
    await reader.close();
    expect(readdirSync(folder)).toEqual(["warehouse.db"]);
  });

  test("sees a lock that is held", async () => {
    await using writer = await opened(address());
    const lock = await writer.lock("run");
    await using reader = await opened(address(), true);
    expect(await reader.lock("run")).toBeUndefined();
    await lock?.release();
    expect(await reader.lock("run")).toBeDefined();
  });
});

describe("opening", () => {
  test("a file that is no database", async () => {
    writeFileSync(join(folder, "warehouse.db"), "id,name\n".repeat(1000));
    await expect(openSink(address(), { readOnly: false })).rejects.toThrow(FatalError);
    await expect(openSink(address(), { readOnly: true })).rejects.toThrow(/not an SQLite database/);
  });

  test("a file in a folder that is not there", async () => {
    const failing = openSink(`sqlite:${join(folder, "none", "warehouse.db")}`, { readOnly: false });
    await expect(failing).rejects.toThrow(FatalError);
    await expect(failing).rejects.toThrow(/Does its folder exist/);
  });

  test.each(["sqlite:", "sqlite://warehouse.db"])("%s names no file", async (wrong) => {
    await expect(openSink(wrong, { readOnly: false })).rejects.toThrow(SpecError);
  });

  test("an address of no known kind says which are known, and not the password", async () => {
    const failing = openSink("mysql://me:hunter2@host/db", { readOnly: false });
    await expect(failing).rejects.toThrow(SpecError);
    await expect(failing).rejects.toThrow(
      "no sink takes mysql: Known are sqlite:FILE and postgres://user@host/database.",
    );
    await expect(openSink("warehouse.db", { readOnly: false })).rejects.toThrow(/an address without a scheme/);
  });

  test("a database in memory", async () => {
    await using sink = await opened("sqlite::memory:");
    expect(counts(await write(sink, inputOf(sink, people, [[1, "a"]])))).toEqual([1, 0, 0, 0, 0]);
    const lock = await sink.lock("run");
    expect(await sink.lock("run")).toBeUndefined();
    await lock?.release();
    expect(await sink.lock("run")).toBeDefined();
    await using other = await opened("sqlite::memory:");
    expect(await other.lock("run")).toBeDefined();
    expect((await other.plan(people)).creates).toBe(true);
  });
});

describe("locks", () => {
  test("their files are named for them, whatever the name, and two names never share one", () => {
    expect(lockFile("/d/w.db", "hubspot.contacts")).toBe("/d/w.db.hubspot.contacts.lock");
    expect(lockFile("/d/w.db", "../../etc")).toMatch(/^\/d\/w\.db\.\.\._\.\._etc-[0-9a-f]{8}\.lock$/);
    expect(lockFile("w", "a/b")).not.toBe(lockFile("w", "a:b"));
    expect(lockFile("w", "x".repeat(300)).length).toBeLessThan(150);
  });

  test("a link and the file it leads to are one warehouse", async () => {
    await using sink = await opened(address());
    symlinkSync(join(folder, "warehouse.db"), join(folder, "link.db"));
    await using linked = await opened(`sqlite:${join(folder, "link.db")}`);
    expect(await sink.lock("run")).toBeDefined();
    expect(await linked.lock("run")).toBeUndefined();
  });
});

describe("another writer", () => {
  test("in another process is waited for, and the event loop goes on meanwhile", async () => {
    await using sink = await opened(address());
    await sink.apply(await sink.plan(people));
    const script = `import { DatabaseSync } from "node:sqlite";
      const database = new DatabaseSync(process.argv[1]);
      database.exec("BEGIN IMMEDIATE; INSERT INTO thing (id) VALUES (99)");
      process.stdout.write("writing\\n");
      setTimeout(() => database.exec("COMMIT"), 400);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, join(folder, "warehouse.db")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    await once(child.stdout, "data");
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    // One through the transaction, one through the database on its own.
    expect(counts(await sink.transaction(() => sink.merge(inputOf(sink, people, [[1, "a"]]))))).toEqual([
      1, 0, 0, 0, 0,
    ]);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
    await exited;
    expect((await readBack(sink, people)).length).toBe(2);
  });

  test("in this process is waited for by statements outside a transaction too", async () => {
    await using first = await opened(address());
    await using second = await opened(address());
    await first.apply(await first.plan(people));
    const slow = first.transaction(async () => {
      await first.merge(inputOf(first, people, [[1, "a"]]));
      await sleep(300);
    });
    await sleep(20);
    await second.database.insertInto("thing").values({ id: 2, name: "b" }).execute();
    await slow;
    expect(await readBack(second, people)).toEqual(list([1, "a"], [2, "b"]));
  });
});

test("a number that is bound to a text column stays as it is written", async () => {
  await using sink = await opened(address());
  await write(sink, inputOf(sink, people, [[1, "a"]]));
  await sink.database.insertInto("thing").values({ id: 2, name: 5 }).execute();
  await sink.database.insertInto("thing").values({ id: 3, name: 1.5 }).execute();
  expect(await readBack(sink, people)).toEqual(list([1, "a"], [2, "5"], [3, "1.5"]));
});

test("a full disk is fatal, and nothing of the batch stays", async () => {
  await using sink = await opened(address());
  await write(sink, inputOf(sink, people, [[1, "a"]]));
  await run(sink, "PRAGMA max_page_count = 30");
  const rows = Array.from({ length: 1000 }, (_, id): Row => [id, "x".repeat(1000)]);
  const failing = sink.transaction(() => sink.merge(inputOf(sink, people, rows)));
  await expect(failing).rejects.toThrow(FatalError);
  await expect(failing).rejects.toThrow(/SQLITE_FULL/);
  expect(await readBack(sink, people)).toEqual([[1, "a"]]);
  await run(sink, "PRAGMA max_page_count = 100000");
  expect(counts(await sink.transaction(() => sink.merge(inputOf(sink, people, rows))))).toEqual([999, 1, 0, 0, 0]);
});

describe("plan", () => {
  test("two names that differ in case alone are one to SQLite", async () => {
    await using sink = await opened(address());
    const { problems } = await sink.plan(tableOf({ id: "integer", Email: "text", email: "text" }));
    expect(problems).toEqual([
      {
        message:
          'table "thing": "Email" and "email" are one column name to SQLite, which does not look at case: rename one in the mapping',
        sql: "",
      },
    ]);
  });

  test("a table and columns that were there in another case are adopted", async () => {
    await using sink = await opened(address());
    await run(sink, "CREATE TABLE Thing (ID integer PRIMARY KEY, NAME text, SYNC_RUN_ID integer)");
    expect((await sink.plan(people)).statements).toHaveLength(2);
    expect(counts(await write(sink, inputOf(sink, people, [[1, "a"]])))).toEqual([1, 0, 0, 0, 0]);
    expect(counts(await sink.compare(inputOf(sink, people, [[1, "a"]])))).toEqual([0, 0, 1, 0, 0]);
  });

  test("a column that SQLite computes, and a key of another type, with the SQL that changes them", async () => {
    await using sink = await opened(address());
    await run(sink, "CREATE TABLE thing (id text PRIMARY KEY, raw text, name text AS (upper(raw)))");
    const { problems } = await sink.plan(people);
    expect(problems.map((problem) => problem.sql.split("\n")[0])).toEqual([
      'ALTER TABLE "thing" RENAME TO "thing_old"',
      'ALTER TABLE "thing" RENAME COLUMN "name" TO "name_old";',
    ]);
    await run(sink, problems[0]?.sql ?? "");
    expect((await sink.plan(people)).creates).toBe(true);
  });

  test.each([
    ["VARCHAR(20)", "TEXT"],
    ["CLOB", "TEXT"],
    ["BIGINT", "INTEGER"],
    ["FLOATING POINT", "INTEGER"],
    ["DOUBLE PRECISION", "REAL"],
    ["DECIMAL(12,2)", "NUMERIC"],
    ["DATETIME", "NUMERIC"],
    ["", "BLOB"],
  ])("%s has affinity %s", (declared, affinity) => expect(affinityOf(declared)).toBe(affinity));

  test.each([
    ["decimal(12,2)", "DECIMAL(12,2)", false],
    ["decimal(12,2)", "TEXT", true],
    ["text", "VARCHAR(20)", true],
    ["text", "", true],
    ["text", "NUMERIC", false],
    ["timestamp", "DATETIME", true],
    ["date", "DATE", true],
    ["timestamp", "INTEGER", false],
    ["boolean", "BOOLEAN", true],
    ["bigint", "BIGINT", true],
    ["bigint", "REAL", false],
    ["double", "FLOAT", true],
    ["json", "JSON", false],
    ["uuid", "UUID", true],
  ])("%s in %s: %s", (type, declared, kept) => {
    expect(keeps(declared, type)).toBe(kept);
    expect(keeps(storedAs(type), type)).toBe(true);
  });
});

describe("strict tables", () => {
  test("refuse a value of another type as a reject", async () => {
    await using sink = await opened(address());
    await run(sink, "CREATE TABLE thing (id TEXT PRIMARY KEY, size REAL, count INT) STRICT");
    const table = tableOf({ id: "text", size: "double", count: "integer" });
    expect((await sink.plan(table)).problems).toEqual([]);
    const result = await write(sink, inputOf(sink, table, list(["a", 1.5, 1], ["b", 1, 1.5], ["c", null, 2])));
    expect(result.rejects).toMatchObject([{ index: 1, code: "SQLITE_CONSTRAINT_DATATYPE" }]);
    expect(counts(result)).toEqual([2, 0, 0, 0, 1]);
  });
});

test("the lock file stays, and the warehouse has no other file once it is closed", async () => {
  const sink = await opened(address());
  await write(sink, inputOf(sink, people, [[1, "a"]]));
  await sink.lock("hubspot.contacts");
  await sink.close();
  expect(readdirSync(folder).sort()).toEqual(["warehouse.db", "warehouse.db.hubspot.contacts.lock"]);
  expect(existsSync(join(folder, "warehouse.db-wal"))).toBe(false);
});
