/** What only PostgreSQL does. */
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import type { Row, Sink } from "../../src/sinks/contract.ts";
import { openSink } from "../../src/sinks/index.ts";
import { keeps, storedAs } from "../../src/sinks/postgres/storage.ts";
import { withoutCredentials } from "../../src/sinks/postgres/session.ts";
import { type FreshDatabase, freshDatabase } from "../support/postgres.ts";
import { counts, inputOf, list, opened, readBack, run, tableOf, write } from "./targets.ts";

const people = tableOf({ id: "integer", name: "text" });

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterEach(async () => {
  await database.query("DROP SCHEMA public CASCADE");
  await database.query("CREATE SCHEMA public");
});
afterAll(() => database.drop());

/** Ends the sink's server process, as an administrator or a restart would. */
async function terminate(sink: Sink): Promise<void> {
  const found = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(sink.database);
  await database.query("SELECT pg_terminate_backend($1)", [found.rows[0]?.pid]);
}

describe("a lost connection", () => {
  test("aborts `lost`, and everything after it is a FatalError", async () => {
    await using sink = await opened(database.url);
    await write(sink, inputOf(sink, people, [[1, "a"]]));
    expect(await sink.lock("run")).toBeDefined();
    expect(sink.lost.aborted).toBe(false);
    await terminate(sink);
    await expect.poll(() => sink.lost.aborted).toBe(true);
    expect(sink.lost.reason).toBeInstanceOf(FatalError);
    await expect(sink.transaction(() => sink.merge(inputOf(sink, people, [[2, "a"]])))).rejects.toThrow(FatalError);
    await expect(sink.plan(people)).rejects.toThrow(/the connection was lost/);
    await expect(sink.database.selectFrom("thing").selectAll().execute()).rejects.toThrow(/the connection was lost/);
    await using other = await opened(database.url);
    expect(await other.lock("run")).toBeDefined();
  });

  test("in the middle of a transaction leaves nothing of it", async () => {
    await using sink = await opened(database.url);
    await sink.apply(await sink.plan(people));
    const failing = sink.transaction(async () => {
      await sink.merge(inputOf(sink, people, [[1, "a"]]));
      await terminate(sink);
      await sink.merge(inputOf(sink, people, [[2, "a"]]));
    });
    await expect(failing).rejects.toThrow(FatalError);
    expect(await database.query("SELECT * FROM thing")).toEqual([]);
  });

  test("while COPY is sending", async () => {
    await using sink = await opened(database.url);
    await sink.apply(await sink.plan(people));
    const rows = Array.from({ length: 300 }, (_, id): Row => [id, "x".repeat(200_000)]);
    const found = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(sink.database);
    const failing = sink.transaction(() => sink.merge(inputOf(sink, people, rows)));
    const killer = (async () => {
      for (;;) {
        const [busy] = await database.query<{ query: string }>("SELECT query FROM pg_stat_activity WHERE pid = $1", [
          found.rows[0]?.pid,
        ]);
        if (busy?.query.startsWith("COPY")) break;
        await sleep(5);
      }
      await database.query("SELECT pg_terminate_backend($1)", [found.rows[0]?.pid]);
    })();
    await expect(failing).rejects.toThrow(FatalError);
    await killer;
    await expect.poll(() => sink.lost.aborted).toBe(true);
  });

  test("closing the sink is not losing it", async () => {
    const sink = await openSink(database.url, { readOnly: false });
    await sink.plan(people);
    await sink.close();
    await sleep(50);
    expect(sink.lost.aborted).toBe(false);
  });
});

describe("a transaction is made again", () => {
  test.each(["40001", "40P01", "55P03"])("after %s", async (code) => {
    await using sink = await opened(database.url);
    await sink.apply(await sink.plan(people));
    let attempts = 0;
    const result = await sink.transaction(async () => {
      attempts++;
      const merged = await sink.merge(inputOf(sink, people, [[1, "a"]]));
      if (attempts < 3) await run(sink, `DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '${code}'; END $$`);
      return counts(merged);
    });
    expect([attempts, result]).toEqual([3, [1, 0, 0, 0, 0]]);
  });

  test("after a real deadlock", async () => {
    await using first = await opened(database.url);
    await using second = await opened(database.url);
    await write(first, inputOf(first, people, list([1, "a"], [2, "a"])));
    let met = 0;
    const bothStarted = Promise.withResolvers<void>();
    const crossing = (sink: Sink, order: number[]): Promise<void> =>
      sink.transaction(async () => {
        await sink.merge(inputOf(sink, people, [[order[0] ?? 0, `by ${order[0]}`]]));
        if (++met === 2) bothStarted.resolve();
        await bothStarted.promise;
        await sink.merge(inputOf(sink, people, [[order[1] ?? 0, `by ${order[0]}`]]));
      });
    await Promise.all([crossing(first, [1, 2]), crossing(second, [2, 1])]);
    expect(met).toBe(3);
    const rows = await readBack(first, people);
    expect(rows[0]?.[1]).toBe(rows[1]?.[1]);
  });

  test("but not after an error that would come again", async () => {
    await using sink = await opened(database.url);
    let attempts = 0;
    const failing = sink.transaction(async () => {
      attempts++;
      await run(sink, "DO $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$");
    });
    await expect(failing).rejects.toThrow(FatalError);
    expect(attempts).toBe(1);
  });

  test("an error that the body swallowed does not pass for a commit", async () => {
    await using sink = await opened(database.url);
    const failing = sink.transaction(() => run(sink, "SELECT 1 / 0").catch(() => {}));
    await expect(failing).rejects.toThrow(/rolled the transaction back/);
  });
});

describe("sessions with other settings", () => {
  test("do not change what is stored or how it is read", async () => {
    const other = await freshDatabase();
    try {
      const name = new URL(other.url).pathname.slice(1);
      for (const setting of [
        "timezone = 'America/New_York'",
        "datestyle = 'SQL, DMY'",
        "intervalstyle = 'sql_standard'",
      ]) {
        await other.query(`ALTER DATABASE ${name} SET ${setting}`);
      }
      await other.query(`ALTER DATABASE ${name} SET extra_float_digits = -15`);
      await other.query(`ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`);
      const table = tableOf({ id: "integer", at: "timestamp", day: "date", span: "interval", size: "double" });
      const rows: Row[] = list(
        [1, "2025-03-09T07:30:00.000001Z", "2025-03-04", "-P1Y2M3DT4H5M6S".slice(1), 0.1],
        [2, "1883-11-18T17:00:00.000000Z", "1883-11-18", "PT1H", 1 / 3],
      );
      await using sink = await opened(other.url);
      await write(sink, inputOf(sink, table, rows));
      expect(await readBack(sink, table)).toEqual(rows);
      expect(counts(await write(sink, inputOf(sink, table, rows)))).toEqual([0, 0, 2, 0, 0]);
      const stored = await other.query(
        "SELECT extract(epoch FROM at)::text AS at, to_char(day, 'YYYY-MM-DD') AS day FROM thing ORDER BY id",
      );
      expect(stored).toEqual([
        { at: "1741505400.000001", day: "2025-03-04" },
        { at: "-2717650800.000000", day: "1883-11-18" },
      ]);
    } finally {
      await other.drop();
    }
  });
});

describe("rejects", () => {
  test("COPY names the row and the column; 25 are beyond the lines that are dropped one by one", async () => {
    await using sink = await opened(database.url);
    await run(sink, "CREATE TABLE thing (id integer PRIMARY KEY, name varchar(5))");
    const isBad = (id: number): boolean => id % 40 === 7;
    const rows = Array.from({ length: 1000 }, (_, id): Row => [id, isBad(id) ? "too long" : "short"]);
    const result = await write(sink, inputOf(sink, people, rows));
    expect(counts(result)).toEqual([975, 0, 0, 0, 25]);
    expect(result.rejects.map((reject) => reject.index)).toEqual(rows.flatMap((_, id) => (isBad(id) ? [id] : [])));
    for (const reject of result.rejects) {
      expect(reject).toMatchObject({
        field: "name",
        code: "22001",
        message: "PostgreSQL refused the row: value too long for type character varying(5)",
      });
    }
    expect((await sink.compare(inputOf(sink, people, rows))).rejects).toEqual(result.rejects);
  });

  test("refused in the first line, while megabytes are still to be sent", async () => {
    await using sink = await opened(database.url);
    await run(sink, "CREATE TABLE thing (id integer PRIMARY KEY, name varchar(5), note text)");
    const table = tableOf({ id: "integer", name: "text", note: "text" });
    const rows = Array.from({ length: 300 }, (_, id): Row => [id, id < 3 ? "too long" : "short", "x".repeat(200_000)]);
    const result = await write(sink, inputOf(sink, table, rows));
    expect(result.rejects.map((reject) => reject.index)).toEqual([0, 1, 2]);
    expect(counts(result)).toEqual([297, 0, 0, 0, 3]);
    expect(await database.query("SELECT count(*)::int AS n, sum(length(note))::int AS size FROM thing")).toEqual([
      { n: 297, size: 297 * 200_000 },
    ]);
  });

  test("a number that does not fit its column", async () => {
    await using sink = await opened(database.url);
    const table = tableOf({ id: "integer", count: "integer", amount: "decimal(5,2)" });
    const result = await write(
      sink,
      inputOf(sink, table, list([1, 2147483648, null], [2, null, "1234.00"], [3, 1, "999.99"])),
    );
    expect(result.rejects.map(({ index, field, code }) => ({ index, field, code }))).toEqual([
      { index: 0, field: "count", code: "22003" },
      { index: 1, field: "amount", code: "22003" },
    ]);
    expect(await readBack(sink, table)).toEqual([[3, 1, "999.99"]]);
  });

  test("a deferred constraint stays deferred where nothing is merged", async () => {
    await using sink = await opened(database.url);
    await run(
      sink,
      "CREATE TABLE parent (id integer PRIMARY KEY);\nCREATE TABLE child (parent integer REFERENCES parent DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO parent VALUES (1);\nINSERT INTO child VALUES (1)",
    );
    await sink.transaction(async () => {
      await sink.database.deleteFrom("parent").execute();
      await sink.database.deleteFrom("child").execute();
    });
    expect(await database.query("SELECT * FROM parent")).toEqual([]);
  });

  test("a deferred constraint is asked at once, so that it costs its row and not the batch", async () => {
    await using sink = await opened(database.url);
    await run(
      sink,
      "CREATE TABLE parent (id integer PRIMARY KEY);\nINSERT INTO parent VALUES (1);\n" +
        "CREATE TABLE thing (id integer PRIMARY KEY, parent integer REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
    );
    const table = tableOf({ id: "integer", parent: "integer" });
    const result = await write(sink, inputOf(sink, table, list([1, 1], [2, 99], [3, 1])));
    expect(result.rejects).toMatchObject([{ index: 1, field: "parent", code: "23503" }]);
    expect(counts(result)).toEqual([2, 0, 0, 0, 1]);
  });

  test("keys that differ for us and are one for the database: the later one wins", async () => {
    await using sink = await opened(database.url);
    const table = tableOf({ span: "interval", note: "text" });
    expect(counts(await write(sink, inputOf(sink, table, list(["P1M", "a"], ["PT1H", "b"], ["P30D", "c"]))))).toEqual([
      2, 1, 0, 0, 0,
    ]);
    expect((await readBack(sink, table)).map((row) => row[1]).sort()).toEqual(["b", "c"]);
  });

  test("the words of a failed row do not repeat the row", async () => {
    await using sink = await opened(database.url);
    await run(sink, "CREATE TABLE thing (id integer PRIMARY KEY, name text CHECK (name <> 'secret'))");
    const result = await write(sink, inputOf(sink, people, [[1, "secret"]]));
    expect(result.rejects[0]?.message).toMatch(/violates check constraint/);
    expect(result.rejects[0]?.message).not.toContain("secret");
  });
});

describe("what is unchanged", () => {
  test("is not even locked", async () => {
    await using sink = await opened(database.url);
    const rows = Array.from({ length: 100 }, (_, id): Row => [id, "a"]);
    await write(sink, inputOf(sink, people, rows));
    const state = "SELECT id, ctid::text, xmin::text, xmax::text FROM thing ORDER BY id";
    const before = await database.query(state);
    await using later = await opened(database.url);
    expect(counts(await write(later, inputOf(sink, people, rows)))).toEqual([0, 0, 100, 0, 0]);
    expect(await database.query(state)).toEqual(before);
  });

  test("counts hold from batch to batch, whichever way is taken", async () => {
    await using sink = await opened(database.url);
    const versions = tableOf({ id: "integer", name: "text", version: "integer" }, { newerBy: "version" });
    const batch = (from: number, name: string, version: number): Row[] =>
      Array.from({ length: 10 }, (_, at) => [from + at, name, version]);
    expect(counts(await write(sink, inputOf(sink, versions, batch(0, "a", 2))))).toEqual([10, 0, 0, 0, 0]);
    // The last batch was new, so this one is written without looking first.
    expect(counts(await write(sink, inputOf(sink, versions, [...batch(0, "a", 2), ...batch(10, "a", 2)])))).toEqual([
      10, 0, 10, 0, 0,
    ]);
    expect(counts(await write(sink, inputOf(sink, versions, batch(20, "a", 2))))).toEqual([10, 0, 0, 0, 0]);
    expect(counts(await write(sink, inputOf(sink, versions, [...batch(0, "b", 1), ...batch(15, "b", 3)])))).toEqual([
      0, 10, 0, 10, 0,
    ]);
    expect(counts(await write(sink, inputOf(sink, versions, [...batch(0, "b", 1), ...batch(15, "b", 3)])))).toEqual([
      0, 0, 10, 10, 0,
    ]);
  });
});

describe("plan", () => {
  const problemsOf = async (sink: Sink, ddl: string, table = people) => {
    await run(sink, ddl);
    return (await sink.plan(table)).problems;
  };

  test("names over 63 bytes, in bytes", async () => {
    await using sink = await opened(database.url);
    const long = "ü".repeat(32);
    const { problems } = await sink.plan(tableOf({ id: "integer", [long]: "text" }));
    expect(problems).toEqual([
      {
        message: `table "thing": column name "${long}" has 64 bytes and PostgreSQL takes 63: shorten it in the spec`,
        sql: "",
      },
    ]);
    expect((await sink.plan(tableOf({ id: "integer" }, { name: "t".repeat(64) }))).problems).toHaveLength(1);
    expect(
      counts(await write(sink, inputOf(sink, tableOf({ id: "integer" }, { name: "t".repeat(63) }), [[1]]))),
    ).toEqual([1, 0, 0, 0, 0]);
  });

  test.each([
    ["text", "numeric(12,2)", "decimal(12,2)", ` USING "v"::numeric(12,2)`],
    ["integer", "numeric(12,2)", "decimal(12,2)", ""],
    ["integer", "bigint", "bigint", ""],
    ["integer", "text", "text", ""],
    ["json", "jsonb", "json", ` USING "v"::jsonb`],
    ["date", "timestamp with time zone", "timestamp", ` USING "v"::timestamp AT TIME ZONE 'UTC'`],
    ["timestamp(3) with time zone", "timestamp with time zone", "timestamp", ` USING "v"::timestamp with time zone`],
    ["text", "boolean", "boolean", ` USING "v"::boolean`],
    ["varchar(36)", "uuid", "uuid", ` USING "v"::uuid`],
  ])("a column that is %s where %s is needed", async (stored, wanted, type, using) => {
    await using sink = await opened(database.url);
    const table = tableOf({ id: "integer", v: type });
    const problems = await problemsOf(sink, `CREATE TABLE thing (id integer PRIMARY KEY, v ${stored})`, table);
    expect(problems.map((problem) => problem.sql)).toEqual([
      `ALTER TABLE "thing" ALTER COLUMN "v" TYPE ${wanted}${using}`,
    ]);
    await run(sink, problems[0]?.sql ?? "");
    expect((await sink.plan(table)).problems).toEqual([]);
  });

  test.each([
    ["text", "character varying(20)", true],
    ["text", "character(2)", true],
    ["text", "citext", false],
    ["integer", "bigint", true],
    ["integer", "smallint", false],
    ["bigint", "integer", false],
    ["decimal(12,2)", "numeric", true],
    ["decimal(12,2)", "numeric(14,2)", true],
    ["decimal(12,2)", "numeric(14,4)", true],
    ["decimal(12,2)", "numeric(13,4)", false],
    ["decimal(12,2)", "numeric(12,1)", false],
    ["timestamp", "timestamp with time zone", true],
    ["timestamp", "timestamp without time zone", false],
    ["timestamp", "timestamp(0) with time zone", false],
    ["json", "json", false],
    ["double", "real", false],
  ])("%s in %s: %s", (type, stored, kept) => {
    expect(keeps(stored, type)).toBe(kept);
    expect(keeps(storedAs(type), type)).toBe(true);
  });

  test("identities, computed columns and partitions, with the SQL that changes them", async () => {
    await using sink = await opened(database.url);
    const problems = await problemsOf(
      sink,
      "CREATE TABLE thing (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, raw text, name text GENERATED ALWAYS AS (upper(raw)) STORED)",
    );
    for (const problem of problems) await run(sink, problem.sql);
    expect(problems.map((problem) => problem.sql)).toEqual([
      'ALTER TABLE "thing" ALTER COLUMN "id" SET GENERATED BY DEFAULT',
      'ALTER TABLE "thing" ALTER COLUMN "name" DROP EXPRESSION',
    ]);
    expect(counts(await write(sink, inputOf(sink, people, [[1, "a"]])))).toEqual([1, 0, 0, 0, 0]);
  });

  describe("of collations by which texts that differ are equal", () => {
    const named = tableOf({ code: "text", name: "text" }, { keys: ["code"] });
    const loose = "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";

    test("a column of ours is refused, key or not, with the SQL that mends it", async () => {
      await using sink = await opened(database.url);
      const problems = await problemsOf(
        sink,
        `${loose};\nCREATE TABLE thing (code varchar(20) COLLATE loose PRIMARY KEY, name text COLLATE loose, other text COLLATE loose)`,
        named,
      );
      expect(problems).toEqual([
        {
          message:
            'column "code" of table "thing" compares by loose, by which texts that differ may be equal: keys would be one, and changes would be lost',
          sql: 'ALTER TABLE "thing" ALTER COLUMN "code" TYPE character varying(20) COLLATE "default"',
        },
        expect.objectContaining({ sql: 'ALTER TABLE "thing" ALTER COLUMN "name" TYPE text COLLATE "default"' }),
      ]);
      for (const problem of problems) await run(sink, problem.sql);
      expect((await sink.plan(named)).problems).toEqual([]);
      const rows = [
        ["a", "one"],
        ["A", "two"],
      ];
      expect(counts(await write(sink, inputOf(sink, named, rows)))).toEqual([2, 0, 0, 0, 0]);
      expect(counts(await write(sink, inputOf(sink, named, [["a", "ONE"]])))).toEqual([0, 1, 0, 0, 0]);
      await run(sink, "DROP TABLE thing; DROP COLLATION loose");
    });

    test("an index of its own collation is refused, beside a strict one too", async () => {
      await using sink = await opened(database.url);
      const problems = await problemsOf(
        sink,
        `${loose};\nCREATE TABLE thing (code text, name text);\nCREATE UNIQUE INDEX "Thing code" ON thing (code COLLATE loose)`,
        named,
      );
      expect(problems.map(({ sql }) => sql)).toEqual([
        'CREATE UNIQUE INDEX ON "thing" ("code")',
        'DROP INDEX "Thing code"',
      ]);
      await run(sink, problems[0]!.sql);
      expect((await sink.plan(named)).problems.map(({ sql }) => sql)).toEqual(['DROP INDEX "Thing code"']);
      await run(sink, problems[1]!.sql);
      expect((await sink.plan(named)).problems).toEqual([]);
      await run(sink, "DROP TABLE thing; DROP COLLATION loose");
    });

    test("a collation of a language is none", async () => {
      await using sink = await opened(database.url);
      const ddl = `CREATE TABLE thing (code text COLLATE "C" PRIMARY KEY, name text COLLATE "en-x-icu")`;
      expect(await problemsOf(sink, ddl, named)).toEqual([]);
    });
  });

  test("a deferrable constraint is no key for an upsert", async () => {
    await using sink = await opened(database.url);
    const problems = await problemsOf(sink, "CREATE TABLE thing (id integer UNIQUE DEFERRABLE, name text)");
    expect(problems.map((problem) => problem.sql)).toEqual(['CREATE UNIQUE INDEX ON "thing" ("id")']);
  });

  test("a partitioned table", async () => {
    await using sink = await opened(database.url);
    const problems = await problemsOf(
      sink,
      "CREATE TABLE thing (id integer PRIMARY KEY, name text) PARTITION BY HASH (id)",
    );
    expect(problems[0]?.message).toContain("is a partitioned table");
  });

  test("a table of another schema on the search path is the one that is meant", async () => {
    await using sink = await opened(database.url);
    await run(
      sink,
      "CREATE SCHEMA IF NOT EXISTS other;\nCREATE TABLE other.thing (id integer PRIMARY KEY, name text);\nSET search_path = other, public",
    );
    expect(counts(await write(sink, inputOf(sink, people, [[1, "a"]])))).toEqual([1, 0, 0, 0, 0]);
    expect(await database.query("SELECT id FROM other.thing")).toEqual([{ id: 1 }]);
    await run(sink, "DROP SCHEMA other CASCADE");
  });
});

describe("merging", () => {
  test("into a table that is gone is the spec's affair, with the statement", async () => {
    await using sink = await opened(database.url);
    const failing = sink.transaction(() => sink.merge(inputOf(sink, people, [[1, "a"]])));
    await expect(failing).rejects.toThrow(SpecError);
    await expect(failing).rejects.toThrow(/INSERT INTO "thing"/);
  });

  test("fixed-width text and wider numbers of an adopted table compare as stored", async () => {
    await using sink = await opened(database.url);
    await run(sink, "CREATE TABLE thing (id bigint PRIMARY KEY, code char(5), amount numeric(14,4))");
    const table = tableOf({ id: "integer", code: "text", amount: "decimal(12,2)" });
    await write(sink, inputOf(sink, table, [[1, "ab", "1.50"]]));
    expect(counts(await write(sink, inputOf(sink, table, [[1, "ab", "1.50"]])))).toEqual([0, 0, 1, 0, 0]);
  });
});

describe("connecting", () => {
  test.each([
    ["nobody there", (url: URL) => void (url.port = "1")],
    ["no such database", (url: URL) => void (url.pathname = "/nowhere")],
    ["no such role", (url: URL) => void (url.username = "stranger")],
  ])("%s: a FatalError that does not tell the password", async (_, spoil) => {
    const url = new URL(database.url);
    url.password = "hunter2";
    spoil(url);
    const failing = openSink(url.href, { readOnly: false });
    await expect(failing).rejects.toThrow(FatalError);
    await expect(failing).rejects.toThrow(new RegExp(`^postgres://${url.host}${url.pathname}: cannot connect: `));
    await expect(failing).rejects.not.toThrow(/hunter2/);
  });

  test("the address has no credentials", () => {
    expect(withoutCredentials("postgresql://me:hunter2@db.example:5433/house?password=hunter2")).toBe(
      "postgres://db.example:5433/house",
    );
  });
});
