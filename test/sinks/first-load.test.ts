/** A first load of PostgreSQL goes straight into the table by COPY, and comes to what staged batches come to. */
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FirstLoads } from "../../src/sinks/postgres/first-load.ts";
import { type FreshDatabase, freshDatabase } from "../support/postgres.ts";
import { bookkeeping, counts, inputOf, LATER, list, NOW, opened, readBack, tableOf, write } from "./targets.ts";

const people = tableOf({ id: "integer", name: "text" });
const versions = tableOf({ id: "integer", name: "text", changed: "timestamp" }, { newerBy: "changed" });
const at = (hour: number): string => `2025-01-01T${String(hour).padStart(2, "0")}:00:00.000000Z`;

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
beforeEach(async () => {
  await database.query("CREATE TABLE written (n serial, statement text)");
});
afterEach(async () => {
  await database.query("DROP SCHEMA public CASCADE");
  await database.query("CREATE SCHEMA public");
});
afterAll(() => database.drop());

/** Notes each statement that writes to the table. */
async function watch(columns: string): Promise<void> {
  await database.query(`CREATE TABLE thing (${columns})`);
  await database.query(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO written (statement) VALUES (split_part(ltrim(current_query()), ' ', 1)); RETURN NULL; END $$`);
  await database.query("CREATE TRIGGER note AFTER INSERT ON thing EXECUTE FUNCTION note()");
}

async function statements(): Promise<string[]> {
  return (await database.query<{ statement: string }>("SELECT statement FROM written ORDER BY n")).map(
    ({ statement }) => statement,
  );
}

const peopleColumns = "id integer PRIMARY KEY, name text";

describe("a first load", () => {
  test("is staged once, and copied from then on, with the same bookkeeping", async () => {
    await watch(peopleColumns);
    await using sink = await opened(database.url);
    for (const id of [1, 3, 5]) {
      const input = inputOf(sink, people, list([id, "a"], [id + 1, null]), { runId: id, now: id === 5 ? LATER : NOW });
      expect(counts(await write(sink, input))).toEqual([2, 0, 0, 0, 0]);
    }
    expect(await statements()).toEqual(["WITH", "COPY", "COPY"]);
    expect((await bookkeeping(sink, people)).map((row) => row.map(String))).toEqual(
      [1, 1, 3, 3, 5, 5].map((run, index) => {
        const time = run === 5 ? LATER : NOW;
        return [String(index + 1), time, time, String(run)];
      }),
    );
  });

  test("a batch of stored rows, the same and changed and older, is staged, and so is the next", async () => {
    await watch("id integer PRIMARY KEY, name text, changed timestamptz");
    await using sink = await opened(database.url);
    await write(sink, inputOf(sink, versions, list([1, "a", at(5)])));
    await write(sink, inputOf(sink, versions, list([2, "a", at(5)], [3, "a", at(5)])));
    const mixed = list([1, "a", at(5)], [2, "b", at(6)], [3, "b", at(4)], [4, "newer", at(2)]);
    const result = await write(sink, inputOf(sink, versions, mixed));
    expect(counts(result)).toEqual([1, 1, 1, 1, 0]);
    expect(result.staleIndexes).toEqual([2]);
    await write(sink, inputOf(sink, versions, list([5, "a", at(5)])));
    expect(await statements()).toEqual(["WITH", "COPY", "WITH", "WITH"]);
    expect(await readBack(sink, versions)).toEqual(
      list([1, "a", at(5)], [2, "b", at(6)], [3, "a", at(5)], [4, "newer", at(2)], [5, "a", at(5)]),
    );
  });

  test("keys that are equal for the database alone are one row", async () => {
    const padded = tableOf({ id: "text", name: "text" });
    await database.query("CREATE TABLE thing (id character(3) PRIMARY KEY, name text)");
    await using sink = await opened(database.url);
    const plan = await sink.plan(padded);
    if (plan.problems.length > 0) return;
    await write(sink, inputOf(sink, padded, list(["x", "a"])));
    const result = await write(sink, inputOf(sink, padded, list(["y", "a"], ["y ", "b"], ["z", "c"])));
    expect(result.created + result.updated + result.unchanged + result.rejects.length).toBe(3);
    expect(await database.query("SELECT id FROM thing")).toHaveLength(3);
  });

  test("every value arrives as it does by way of staging", async () => {
    const all = tableOf({
      id: "integer",
      text: "text",
      big: "bigint",
      amount: "decimal(12,2)",
      ratio: "double",
      flag: "boolean",
      day: "date",
      clock: "time",
      moment: "timestamp",
      span: "interval",
      data: "json",
      code: "uuid",
    });
    const values = (text: string): (string | number | bigint | boolean)[] => [
      text,
      9_007_199_254_740_993n,
      "-1234567890.10",
      0.1,
      true,
      "2024-02-29",
      "23:59:59.5",
      "1999-12-31T23:59:59.999999Z",
      "P1Y2M3DT4H5M6S",
      JSON.stringify({ a: ["\t\n\\", null, 1e21] }),
      "0b0e7e0c-6f63-4a4b-9c3e-0d7f5f3d2c11",
    ];
    const texts = ["", "\\N", "\\.", "a\tb\nc\rd\\e", "“ü🙂”", "null", " "];
    const nulls = all.columns.slice(1).map(() => null);
    await using sink = await opened(database.url);
    const half = (from: number): ReturnType<typeof list> => [
      ...texts.map((text, index) => [from + index, ...values(text)]),
      [from + texts.length, ...nulls],
    ];
    await write(sink, inputOf(sink, all, half(0)));
    expect(counts(await write(sink, inputOf(sink, all, half(100))))).toEqual([8, 0, 0, 0, 0]);
    const stored = await readBack(sink, all);
    expect(stored.slice(8).map(([, ...row]) => row)).toEqual(stored.slice(0, 8).map(([, ...row]) => row));
    // Whatever was copied is the same as what would be staged: nothing has changed.
    await using other = await opened(database.url);
    expect(counts(await write(other, inputOf(sink, all, half(100))))).toEqual([0, 0, 8, 0, 0]);
  });
});

describe("rows that are refused", () => {
  test("cost themselves alone, each with its reason", async () => {
    await watch(
      "id integer PRIMARY KEY, name varchar(3) NOT NULL, email text UNIQUE DEFERRABLE INITIALLY DEFERRED, age integer CHECK (age > 0)",
    );
    const strict = tableOf({ id: "integer", name: "text", email: "text", age: "integer" });
    await using sink = await opened(database.url);
    const { problems } = await sink.plan(strict);
    const wide = problems.some(({ message }) => message.includes("character varying"));
    if (wide) await database.query("ALTER TABLE thing ALTER name TYPE text");
    await write(sink, inputOf(sink, strict, list([1, "a", "a@x", 1])));
    const rows = list(
      [2, "b", "b@x", 1],
      [3, null, "c@x", 1],
      [4, "d", "a@x", 1],
      [5, "e", "e@x", 0],
      [6, "f\0", "f@x", 1],
      [null, "g", "g@x", 1],
      [7, "h", "h@x", 2 ** 31],
      [8, "i", "i@x", 1],
    );
    const result = await write(sink, inputOf(sink, strict, rows));
    expect(counts(result)).toEqual([2, 0, 0, 0, 6]);
    expect(result.rejects.map(({ index, code }) => [index, code])).toEqual([
      [1, "23502"],
      [2, "23505"],
      [3, "23514"],
      [4, "22021"],
      [5, "23502"],
      [6, "22003"],
    ]);
    expect(await readBack(sink, strict)).toEqual(list([1, "a", "a@x", 1], [2, "b", "b@x", 1], [8, "i", "i@x", 1]));
    // The batch that failed left nothing of its COPY.
    expect((await statements()).every((statement) => statement === "WITH")).toBe(true);
  });
});

describe("a table that is somebody else's", () => {
  test("triggers, defaults and computed columns take part", async () => {
    await watch(
      "id integer PRIMARY KEY, name text, origin text NOT NULL DEFAULT 'etl', twice integer GENERATED ALWAYS AS (id * 2) STORED",
    );
    await database.query(`CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.name = 'skip' THEN RETURN NULL; END IF; NEW.name := upper(NEW.name); RETURN NEW; END $$`);
    await database.query("CREATE TRIGGER tidy BEFORE INSERT ON thing FOR EACH ROW EXECUTE FUNCTION tidy()");
    await using sink = await opened(database.url);
    await write(sink, inputOf(sink, people, list([1, "a"])));
    expect(counts(await write(sink, inputOf(sink, people, list([2, "b"], [3, "skip"], [4, "c"]))))).toEqual([
      2, 0, 1, 0, 0,
    ]);
    expect(await statements()).toEqual(["WITH", "COPY"]);
    expect(await database.query("SELECT id, name, origin, twice FROM thing ORDER BY id")).toEqual([
      { id: 1, name: "A", origin: "etl", twice: 2 },
      { id: 2, name: "B", origin: "etl", twice: 4 },
      { id: 4, name: "C", origin: "etl", twice: 8 },
    ]);
  });

  test("filled by somebody else meanwhile: their rows are updated", async () => {
    await watch(peopleColumns);
    await using sink = await opened(database.url);
    await write(sink, inputOf(sink, people, list([1, "a"])));
    await database.query("INSERT INTO thing (id, name) VALUES (2, 'theirs'), (3, 'ours')");
    expect(counts(await write(sink, inputOf(sink, people, list([2, "ours"], [3, "ours"], [4, "ours"]))))).toEqual([
      1, 1, 1, 0, 0,
    ]);
  });

  test("filled by somebody else in a transaction that is still open: it is waited for", async () => {
    await watch(peopleColumns);
    await using sink = await opened(database.url);
    await write(sink, inputOf(sink, people, list([1, "a"])));
    const other = new pg.Client({ connectionString: database.url });
    await other.connect();
    await other.query("BEGIN");
    await other.query("INSERT INTO thing (id, name) VALUES (2, 'theirs')");
    const writing = write(sink, inputOf(sink, people, list([2, "ours"], [3, "ours"])));
    await expect
      .poll(() => database.query("SELECT 1 FROM pg_locks WHERE NOT granted"), { timeout: 20_000 })
      .toHaveLength(1);
    await other.query("COMMIT");
    await other.end();
    expect(counts(await writing)).toEqual([1, 1, 0, 0, 0]);
    expect(await readBack(sink, people)).toEqual(list([1, "a"], [2, "ours"], [3, "ours"]));
  });

  test("with policies it is never copied into: COPY refuses that", async () => {
    await watch(peopleColumns);
    await database.query("ALTER TABLE thing ENABLE ROW LEVEL SECURITY");
    await using sink = await opened(database.url);
    await write(sink, inputOf(sink, people, list([1, "a"])));
    await write(sink, inputOf(sink, people, list([2, "a"])));
    expect(await statements()).toEqual(["WITH", "WITH"]);
  });
});

test("what failed is tried less and less often", () => {
  const loads = new FirstLoads();
  const tried: number[] = [];
  for (let batch = 0; batch < 100; batch++) {
    if (loads.isLikely("thing")) {
      tried.push(batch);
      loads.failed("thing");
    }
    loads.staged("thing", { isNew: true });
  }
  expect(tried).toEqual([1, 5, 21, 85]);
  expect(loads.isLikely("other")).toBe(false);
});
