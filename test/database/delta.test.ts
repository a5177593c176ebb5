/** What changed since: bounds that lose nothing, whatever the column's type, its zone, or its NULLs. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DatabaseRuns } from "./runs.ts";
import { servers, type TestDatabase } from "./servers.ts";
import { loadOne, openDatabase, readRecords, windowOf } from "./source.ts";

const zone = "America/Los_Angeles";

describe.each(servers.filter(({ skip }) => !skip))("$name", (server) => {
  let database: TestDatabase;
  const time = { sqlite: "TEXT", postgres: "timestamp(6)", mysql: "DATETIME(6)" }[server.dialect];
  const instantType = { sqlite: "TEXT", postgres: "timestamptz(6)", mysql: "TIMESTAMP(6) NULL" }[server.dialect];
  const setUtc = { sqlite: "", postgres: "SET timezone = 'UTC'; ", mysql: "SET time_zone = '+00:00'; " }[
    server.dialect
  ];
  beforeEach(async () => {
    database = await server.open();
  });
  afterEach(() => database.close());

  const idsIn = async (source: object, since: string, until?: string, connection: object = {}): Promise<number[]> => {
    const columns = "query" in source ? ["id", "at"] : ["id"];
    const pipeline = loadOne({ ...database.connection, ...connection }, { source, columns });
    const { source: opened } = await openDatabase(pipeline);
    const records = await readRecords(opened, { incremental: true, window: windowOf(since, until) });
    return records.map(({ id }) => Number(id)).sort((a, b) => a - b);
  };

  const columnKinds = [
    { name: "without a zone", type: time, zone: undefined, at: (utc: string) => utc },
    { name: "in the connection's zone", type: time, zone, at: (_: string, local: string) => local },
    {
      name: "that is an instant",
      type: instantType,
      zone,
      at: (utc: string, local: string) => (server.dialect === "sqlite" ? local : utc),
    },
  ];
  for (const kind of columnKinds) {
    it(`a time ${kind.name}: from since, to the microsecond, up to until`, async () => {
      const values = [
        ["2026-06-01 18:59:59.999999", "2026-06-01 11:59:59.999999"],
        ["2026-06-01 19:00:00.000000", "2026-06-01 12:00:00.000000"],
        ["2026-06-01 19:00:00.000001", "2026-06-01 12:00:00.000001"],
        ["2026-06-01 20:59:59.999999", "2026-06-01 13:59:59.999999"],
        ["2026-06-01 21:00:00.000000", "2026-06-01 14:00:00.000000"],
      ].map(([utc, local], at) => `(${at + 1}, '${kind.at(utc!, local!)}')`);
      await database.run(`${setUtc}CREATE TABLE thing (id INTEGER PRIMARY KEY, at ${kind.type}); `);
      await database.run(`${setUtc}INSERT INTO thing VALUES ${values.join(", ")}`);
      const source = {
        table: "thing",
        delta: { field: "at" },
        pagination: { type: "keyset", keys: ["at", "id"], size: 2 },
      };
      const connection = kind.zone ? { time_zone: kind.zone } : {};
      const found = await idsIn(source, "2026-06-01T19:00:00.000000Z", "2026-06-01T21:00:00.000000Z", connection);
      // Texts are read up to a bound that any form of them lies before: too many are read, none too few.
      expect(server.dialect === "sqlite" ? found.slice(0, 3) : found).toEqual([2, 3, 4]);
      expect((await idsIn(source, "2026-06-01T19:00:00.000001Z", undefined, connection))[0]).toBe(3);
    });
  }

  it("{{since}} and {{until}} in a query are the same bounds", async () => {
    await database.run(`CREATE TABLE thing (id INTEGER PRIMARY KEY, at ${time})`);
    await database.run(
      "INSERT INTO thing VALUES (1, '2026-06-01 11:59:59'), (2, '2026-06-01 12:00:00'), (3, '2026-06-03 12:00:00')",
    );
    const query = "SELECT id, at FROM thing WHERE at >= {{since}} AND at < {{until}}";
    const source = { query, delta: { field: "at" } };
    const found = await idsIn(source, "2026-06-01T19:00:00.000000Z", "2026-06-02T07:00:00.000000Z", {
      time_zone: zone,
    });
    expect(found).toEqual([2]);
  });

  it("the first column that is not NULL counts; rows without any are read, left out or refused", async () => {
    await database.run(`CREATE TABLE thing (id INTEGER PRIMARY KEY, at ${time}, added ${time})`);
    await database.run(`INSERT INTO thing VALUES
      (1, '2026-06-01 00:00:00', '2020-01-01 00:00:00'), (2, '2026-05-01 00:00:00', '2026-06-02 00:00:00'),
      (3, NULL, '2026-06-03 00:00:00'), (4, NULL, '2026-05-03 00:00:00'), (5, NULL, NULL)`);
    const since = "2026-06-01T00:00:00.000000Z";
    for (const pagination of [
      { type: "none" },
      { type: "keyset", keys: ["id"], size: 1 },
      { type: "keyset", keys: ["at", "id"], size: 1 },
    ]) {
      for (const source of [
        { table: "thing" },
        { query: `SELECT * FROM thing t WHERE {{delta}}${pagination.type === "none" ? "" : " AND {{keyset}}"}` },
      ]) {
        const read = (missing: object): Promise<number[]> =>
          idsIn({ ...source, pagination, delta: { columns: ["at", "added"], ...missing } }, since);
        expect(await read({})).toEqual([1, 3, 5]);
        expect(await read({ missing: "exclude" })).toEqual([1, 3]);
        expect(await read({ missing: "fail" })).toEqual([1, 3, 5]);
      }
    }
  });

  it("an id that grows: from since on, overlap taken off", async () => {
    await database.run("CREATE TABLE thing (id BIGINT PRIMARY KEY, name VARCHAR(20))");
    await database.run("INSERT INTO thing VALUES (1, 'a'), (2, 'b'), (9007199254740993, 'c')");
    const runs = await DatabaseRuns.open(database.connection, {
      source: {
        type: "database",
        connection: "shop",
        table: "thing",
        delta: { field: "id", type: "integer", overlap: 1 },
        pagination: { type: "keyset", keys: ["id"] },
      },
      mapping: { id: { from: "id", type: "bigint" }, name: "name" },
      upsert: { keys: ["id"] },
      sink: { table: "thing" },
    });
    expect(await runs.run()).toMatchObject({ fetched: 3, created: 3 });
    expect(await runs.watermark()).toBe("9007199254740993");
    await database.run("INSERT INTO thing VALUES (9007199254740994, 'd')");
    expect(await runs.run()).toMatchObject({ fetched: 2, created: 1, unchanged: 1 });
    expect(await runs.watermark()).toBe("9007199254740994");
  });

  it("seconds and milliseconds since 1970", async () => {
    await database.run("CREATE TABLE thing (id INTEGER PRIMARY KEY, s BIGINT, ms BIGINT)");
    await database.run(
      "INSERT INTO thing VALUES (1, 1780272000, 1780272000000), (2, 1780272001, 1780272000001), (3, 1780272002, 1780272001500)",
    );
    const since = "2026-06-01T00:00:00.000500Z";
    expect(await idsIn({ table: "thing", delta: { field: "ms", format: "epochMs" } }, since)).toEqual([1, 2, 3]);
    expect(
      await idsIn({ table: "thing", delta: { field: "ms", format: "epochMs" } }, since, "2026-06-01T00:00:01.500000Z"),
    ).toEqual([1, 2]);
    expect(
      await idsIn({ table: "thing", delta: { field: "s", format: "epoch" } }, "2026-06-01T00:00:01.000000Z"),
    ).toEqual([2, 3]);
  });

  it("dates: the day of since whole, and that of until", async () => {
    await database.run(
      `CREATE TABLE thing (id INTEGER PRIMARY KEY, day ${server.dialect === "sqlite" ? "TEXT" : "DATE"})`,
    );
    await database.run(
      "INSERT INTO thing VALUES (1, '2026-05-31'), (2, '2026-06-01'), (3, '2026-06-02'), (4, '2026-06-03')",
    );
    const source = { table: "thing", delta: { field: "day", type: "date" } };
    expect(await idsIn(source, "2026-06-01T15:00:00.000000Z", "2026-06-02T10:00:00.000000Z")).toEqual([2, 3]);
  });

  it("12,000 rows of one moment, 800 of one millisecond, and none lost or twice over any number of runs", async () => {
    await database.run(`CREATE TABLE thing (id INTEGER PRIMARY KEY, at ${time})`);
    const many = Array.from({ length: 12_000 }, (_, at) => `(${at + 1}, '2026-06-01 12:00:00.500000')`);
    await database.run(`INSERT INTO thing VALUES ${many.join(",")}`);
    const spec = {
      source: {
        type: "database",
        connection: "shop",
        table: "thing",
        delta: { field: "at" },
        pagination: { type: "keyset", keys: ["at", "id"], size: 700 },
      },
      mapping: { id: { from: "id", type: "bigint" }, at: { from: "at", type: "timestamp" } },
      upsert: { keys: ["id"], newer_by: "at" },
      sink: { table: "thing" },
    };
    const runs = await DatabaseRuns.open(database.connection, spec);
    expect(await runs.run()).toMatchObject({ fetched: 12_000, created: 12_000 });
    expect(await runs.watermark()).toMatch(/^2026-06-01 12:00:00\.5/);
    const more = Array.from(
      { length: 800 },
      (_, at) => `(${12_001 + at}, '2026-06-01 12:00:00.500${String(at % 1000).padStart(3, "0")}')`,
    );
    await database.run(`INSERT INTO thing VALUES ${more.join(",")}`);
    expect(await runs.run()).toMatchObject({ fetched: 12_800, created: 800, unchanged: 12_000 });
    expect(await runs.run()).toMatchObject({ fetched: 1, unchanged: 1 });
    expect((await runs.rows("count(*) AS n"))[0]).toEqual({ n: 12_800 });
  });

  it("the hour that Los Angeles repeats on 2026-11-01: every change is read, and stands", async () => {
    await database.run(`CREATE TABLE thing (id INTEGER PRIMARY KEY, at ${time}, name VARCHAR(20))`);
    const runs = await DatabaseRuns.open(
      { ...database.connection, time_zone: zone },
      {
        source: {
          type: "database",
          connection: "shop",
          table: "thing",
          delta: { field: "at" },
          pagination: { type: "keyset", keys: ["at", "id"] },
        },
        mapping: { id: { from: "id", type: "bigint" }, name: "name", at: { from: "at", type: "timestamp" } },
        upsert: { keys: ["id"], newer_by: "at" },
        sink: { table: "thing" },
      },
    );
    // From 00:30 PDT to 03:00 PST, every ten minutes: a row is added and the one before it changed.
    const start = Date.parse("2026-11-01T07:30:00Z");
    const local = (ms: number): string => {
      const shift = ms < Date.parse("2026-11-01T09:00:00Z") ? -7 : -8;
      return new Date(ms + shift * 3_600_000).toISOString().replace("T", " ").slice(0, 23);
    };
    const names: string[] = [];
    for (let step = 0; step < 21; step++) {
      const at = start + step * 600_000;
      if (step > 0) {
        await database.run(`UPDATE thing SET name = 'changed ${step}', at = '${local(at)}' WHERE id = ${step}`);
        names[step - 1] = `changed ${step}`;
      }
      await database.run(`INSERT INTO thing VALUES (${step + 1}, '${local(at)}', 'new')`);
      names.push("new");
      runs.now = new Date(at + 60_000);
      await runs.run();
      expect(
        (await runs.rows("name")).map(({ name }) => name),
        `at ${local(at)}, step ${step}`,
      ).toEqual(names);
    }
  });

  it.skipIf(server.dialect === "sqlite")(
    "rows changed and added while a run reads: the next one has them",
    async () => {
      await database.run(`CREATE TABLE thing (id INTEGER PRIMARY KEY, at ${time}, name VARCHAR(20))`);
      const many = Array.from({ length: 5_000 }, (_, at) => `(${at + 1}, '2026-06-01 12:00:00', 'old')`);
      await database.run(`INSERT INTO thing VALUES ${many.join(",")}`);
      const clock = server.dialect === "mysql" ? "UTC_TIMESTAMP(6)" : "timezone('utc', clock_timestamp())";
      const runs = await DatabaseRuns.open(database.connection, {
        source: {
          type: "database",
          connection: "shop",
          table: "thing",
          delta: { field: "at", overlap: "1m" },
          pagination: { type: "keyset", keys: ["at", "id"], size: 100 },
        },
        mapping: { id: { from: "id", type: "bigint" }, name: "name", at: { from: "at", type: "timestamp" } },
        upsert: { keys: ["id"], newer_by: "at" },
        sink: { table: "thing" },
      });
      let changed: Promise<void> | undefined;
      const change = async (): Promise<void> => {
        await database.run(`UPDATE thing SET name = 'new', at = ${clock} WHERE id IN (1, 2500, 5000)`);
        await database.run(`INSERT INTO thing VALUES (6000, ${clock}, 'added')`);
      };
      const first = await runs.run({}, (fetched) => {
        if (fetched >= 200) changed ??= change();
      });
      await changed;
      expect(first.fetched).toBe(5_000);
      runs.now = new Date(Date.now() + 1_000);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await runs.run();
      expect(await runs.rows("id, name")).toEqual([
        ...Array.from({ length: 5_000 }, (_, at) => ({
          id: at + 1,
          name: [1, 2500, 5000].includes(at + 1) ? "new" : "old",
        })),
        { id: 6000, name: "added" },
      ]);
    },
  );

  it("changes while a run reads, a clock an hour ahead, and rows that lose their time: none is lost", async () => {
    await database.run(`CREATE TABLE thing (id INTEGER PRIMARY KEY, at ${time}, name VARCHAR(20))`);
    await database.run(
      "INSERT INTO thing VALUES (1, '2026-06-01 10:00:00', 'a'), (2, '2026-06-01 13:00:00', 'ahead'), (3, NULL, 'no time')",
    );
    const runs = await DatabaseRuns.open(database.connection, {
      source: {
        type: "database",
        connection: "shop",
        table: "thing",
        delta: { field: "at", overlap: "1m" },
        pagination: { type: "keyset", keys: ["at", "id"] },
      },
      mapping: { id: { from: "id", type: "bigint" }, name: "name" },
      upsert: { keys: ["id"] },
      sink: { table: "thing" },
    });
    runs.now = new Date("2026-06-01T12:00:00Z");
    expect(await runs.run()).toMatchObject({ created: 3 });
    expect(await runs.watermark()).toBe("2026-06-01T12:00:00.000000Z");
    await database.run("UPDATE thing SET name = 'b', at = '2026-06-01 12:00:10' WHERE id = 1");
    await database.run("UPDATE thing SET name = 'still no time' WHERE id = 3");
    await database.run("UPDATE thing SET name = 'ahead again', at = '2026-06-01 13:30:00' WHERE id = 2");
    runs.now = new Date("2026-06-01T12:30:00Z");
    await runs.run();
    expect((await runs.rows("name")).map(({ name }) => name).filter((name) => name !== "ahead again")).toEqual(
      server.dialect === "sqlite" ? ["b", "still no time"] : ["b", "ahead", "still no time"],
    );
    runs.now = new Date("2026-06-01T14:00:00Z");
    await runs.run();
    expect((await runs.rows("name")).map(({ name }) => name)).toEqual(["b", "ahead again", "still no time"]);
  });
});
