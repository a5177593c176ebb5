/** First loads in ranges: each range is a slice that can be gone on with, and all together are the table. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Page, ReadRequest } from "../../src/sources/contract.ts";
import { servers, type TestDatabase } from "./servers.ts";
import { loadOne, openDatabase, readPages, windowOf } from "./source.ts";

describe.each(servers.filter(({ skip }) => !skip))("$name", (server) => {
  let database: TestDatabase;
  const ids = [...Array.from({ length: 3_000 }, (_, at) => at * 7 - 5_000), 1_000_000];
  beforeAll(async () => {
    database = await server.open();
    await database.run("CREATE TABLE thing (id BIGINT PRIMARY KEY, code BIGINT, name VARCHAR(20))");
    await database.run(
      `INSERT INTO thing VALUES ${ids.map((id) => `(${id}, ${id % 5 === 0 ? "NULL" : id}, 'n${id}')`).join(",")}`,
    );
    await database.run("CREATE TABLE empty (id BIGINT PRIMARY KEY)");
    await database.run("CREATE TABLE texts (id VARCHAR(20) PRIMARY KEY)");
    await database.run("INSERT INTO texts VALUES ('a'), ('b')");
  });
  afterAll(() => database.close());

  const found = (pages: readonly Page[]): number[] =>
    pages.flatMap(({ records }) => (records as { id: number }[]).map(({ id }) => id)).toSorted((a, b) => a - b);
  const open = (source: object) => openDatabase(loadOne(database.connection, { source, columns: ["id", "name"] }));
  const keyed = { type: "keyset", keys: ["id"], size: 200 };

  const sources = [
    { name: "a table by its key", source: { table: "thing", pagination: keyed, parallel: 3 } },
    {
      name: "a query by its key",
      source: {
        query: "SELECT t.id, t.name FROM thing t WHERE {{keyset}}",
        pagination: { ...keyed, keys: ["t.id"] },
        parallel: { readers: 2, ranges: 5 },
      },
    },
    {
      name: "a column with NULLs, not the key",
      source: { table: "thing", pagination: keyed, parallel: { readers: 3, by: "code" } },
    },
    {
      name: "a column with NULLs, first of the keys",
      source: { table: "thing", pagination: { ...keyed, keys: ["code", "id"] }, parallel: 2 },
    },
    { name: "without pages", source: { table: "thing", parallel: { readers: 2, by: "id", ranges: 4 } } },
  ];
  it.each(sources)("$name: all ranges together hold each row once", async ({ source }) => {
    const opened = await open(source);
    const pages = await readPages(opened.source);
    expect(found(pages)).toEqual(ids);
    const slices = new Set(pages.map(({ slice }) => slice));
    expect(slices.size).toBeGreaterThan(3);
    for (const slice of slices) {
      const own = pages.filter((page) => page.slice === slice);
      expect(
        own.filter(({ last }) => last),
        slice,
      ).toHaveLength(1);
      expect(own.at(-1)?.last).toBe(true);
    }
    // Every slice is told before the first row, so that the checkpoint knows them all.
    expect(new Set(pages.slice(0, slices.size).map(({ slice }) => slice))).toEqual(slices);
  });

  it.each(sources.slice(0, 4))(
    "$name: gone on with from any moment, the rest is read and no more",
    async ({ source }) => {
      const whole = await readPages((await open(source)).source);
      for (const stop of [0, 3, 9, Math.floor(whole.length / 2), whole.length - 2]) {
        const before = whole.slice(0, stop);
        const resume: ReadRequest["resume"] = {};
        for (const { slice, position, last } of before)
          resume[slice] = last ? { done: true } : { position, done: false };
        // As the runtime keeps them: all that was told before the first row.
        if (stop > 0) for (const { slice } of whole) resume[slice] ??= { done: false };
        const rest = await readPages((await open(source)).source, { resume });
        expect(
          [...found(before), ...found(rest)].toSorted((a, b) => a - b),
          `after ${stop} pages`,
        ).toEqual(ids);
      }
    },
  );

  it("a run that asks for what changed is read in one", async () => {
    const opened = await open({ ...sources[0]!.source, delta: { field: "id", type: "integer" } });
    const pages = await readPages(opened.source, { incremental: true, window: windowOf("10000") });
    expect(found(pages)).toEqual(ids.filter((id) => id >= 10_000));
    expect(new Set(pages.map(({ slice }) => slice))).toEqual(new Set([""]));
  });

  it("an empty table, and a key that is no number, are read in one", async () => {
    const empty = await openDatabase(
      loadOne(database.connection, { source: { table: "empty", pagination: keyed, parallel: 2 }, columns: ["id"] }),
    );
    expect((await readPages(empty.source)).map(({ slice, last }) => [slice, last])).toEqual([["", true]]);
    const texts = await openDatabase(
      loadOne(database.connection, { source: { table: "texts", pagination: keyed, parallel: 2 }, columns: ["id"] }),
    );
    expect((await readPages(texts.source)).flatMap(({ records }) => records)).toEqual([{ id: "a" }, { id: "b" }]);
    expect(texts.lines.map((line) => JSON.stringify(line)).join("\n")).toContain(
      "parallel needs a key of whole numbers",
    );
  });
});
