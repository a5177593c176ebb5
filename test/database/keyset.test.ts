/** Pages by keys: every row once, wherever the borders lie, whatever the keys hold. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Page } from "../../src/sources/contract.ts";
import { servers, type TestDatabase } from "./servers.ts";
import { loadOne, openDatabase, readPages } from "./source.ts";

const types = {
  sqlite: { time: "TEXT", decimal: "NUMERIC", double: "REAL", unsigned: "INTEGER", text: "TEXT" },
  postgres: {
    time: "timestamp(6)",
    decimal: "numeric(30,10)",
    double: "double precision",
    unsigned: "numeric(20)",
    text: "text",
  },
  mysql: {
    time: "DATETIME(6)",
    decimal: "DECIMAL(30,10)",
    double: "DOUBLE",
    unsigned: "BIGINT UNSIGNED",
    text: "VARCHAR(50)",
  },
};

const quote = (value: unknown): string =>
  value === null ? "NULL" : typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);

/** Values of each kind, with ties and NULLs; ids follow. */
const rows = [
  { id: 1, at: "2026-01-01 00:00:00.000001", amount: "1.5", rate: 0.1, big: "9007199254740993", label: "O'Brien" },
  { id: 2, at: "2026-01-01 00:00:00.000001", amount: "1.5", rate: 0.1, big: "9007199254740993", label: "O'Brien" },
  { id: 3, at: "2026-01-01 00:00:00.000002", amount: "-2", rate: -1e300, big: "9007199254740992", label: "" },
  { id: 4, at: null, amount: null, rate: null, big: null, label: null },
  { id: 5, at: null, amount: null, rate: null, big: null, label: null },
  {
    id: 6,
    at: "2026-01-01 00:00:00.000002",
    amount: "12345678901234567.0000000001",
    rate: 0.30000000000000004,
    big: "9007199254740994",
    label: "Zoë",
  },
  { id: 7, at: "2025-12-31 23:59:59", amount: "0", rate: 0.3, big: "1", label: "名前" },
  {
    id: 8,
    at: "2026-01-01 00:00:00",
    amount: "12345678901234567.0000000002",
    rate: 5e-324,
    big: "9223372036854775807",
    label: "a\\b",
  },
  { id: 9, at: "2026-01-01 00:00:00.000003", amount: null, rate: 2, big: "9223372036854775806", label: "%_" },
];

describe.each(servers.filter(({ skip }) => !skip))("$name", (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await server.open();
    const { time, decimal, double, unsigned, text } = types[server.dialect];
    await database.run(
      `CREATE TABLE thing (id INTEGER PRIMARY KEY, at ${time}, amount ${decimal}, rate ${double}, big ${unsigned}, label ${text})`,
    );
    const values = rows.map((row) =>
      // SQLite keeps a decimal of so many digits as a double: two of them would be one.
      `(${Object.entries(row)
        .map(([name, value]) =>
          server.dialect === "sqlite" && name === "big" ? String(value ?? "NULL") : quote(value),
        )
        .join(", ")})`.replaceAll("\\", server.dialect === "mysql" ? "\\\\" : "\\"),
    );
    await database.run(`INSERT INTO thing VALUES ${values.join(", ")}`);
    if (server.dialect === "mysql") await database.run("UPDATE thing SET big = 18446744073709551615 WHERE id = 8");
  });
  afterAll(() => database.close());

  const ids = (pages: readonly Page[]): number[] =>
    pages.flatMap(({ records }) => (records as { id: number }[]).map(({ id }) => id));

  const open = async (keys: readonly string[], size: number, source: object = { table: "thing" }) =>
    openDatabase(
      loadOne(database.connection, {
        source: { ...source, pagination: { type: "keyset", keys, size } },
        columns: ["id"],
      }),
    );

  const keysets = [
    ["id"],
    ["at", "id"],
    ["amount", "id"],
    ["rate", "id"],
    ["big", "id"],
    ["label", "id"],
    ["at", "amount", "id"],
    ["amount", "rate", "label", "id"],
  ];
  for (const keys of keysets) {
    for (const size of [1, 3, 100]) {
      it(`by ${keys.join(", ")}, ${size} a page: each row once, and on from every page`, async () => {
        const { source } = await open(keys, size);
        const pages = await readPages(source);
        expect(ids(pages).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(pages.filter(({ last }) => last)).toHaveLength(1);
        expect(pages.at(-1)?.last).toBe(true);
        const whole = ids(pages);
        const { source: again } = await open(keys, 2);
        const first = await readPages(again);
        expect(ids(first)).toEqual(whole);
      });
    }
  }

  it("a resumed read goes on after the row that its position names, in the order of the keys", async () => {
    const keys = ["at", "amount", "id"];
    const columns = [...keys, "label"].filter((name, at, all) => all.indexOf(name) === at);
    const read = async (resume: object): Promise<Page[]> => {
      const spec = { table: "thing", pagination: { type: "keyset", keys, size: 100 } };
      const opened = await openDatabase(loadOne(database.connection, { source: spec, columns: ["id", ...columns] }));
      return readPages(opened.source, resume);
    };
    const whole = (await read({})).flatMap(({ records }) => records as Record<string, unknown>[]);
    for (const [at, row] of whole.entries()) {
      const after = keys.map((key) => row[key] ?? null) as (string | number | null)[];
      const nulls = after[0] === null ? { nulls: true } : {};
      const rest = await read({ resume: { "": { position: { after, ...nulls }, done: false } } });
      expect(
        rest.flatMap(({ records }) => records),
        `after ${JSON.stringify(after)}`,
      ).toEqual(whole.slice(at + 1));
    }
    expect(await read({ resume: { "": { done: true } } })).toEqual([]);
  });

  it.skipIf(server.dialect === "sqlite")("floats of four bytes, which are not what they look like", async () => {
    await database.run(
      `CREATE TABLE rates (id INTEGER PRIMARY KEY, rate ${server.dialect === "mysql" ? "FLOAT" : "real"})`,
    );
    await database.run("INSERT INTO rates VALUES (1, 0.1), (2, 0.1), (3, 0.3), (4, 16777217), (5, 1e-38), (6, 0.7)");
    const { source } = await open(["rate", "id"], 1, { table: "rates" });
    expect(ids(await readPages(source))).toEqual([5, 1, 2, 3, 6, 4]);
  });

  it.skipIf(server.dialect !== "mysql")(
    "an ENUM is sorted by its number and compared by its text: it is no key",
    async () => {
      await database.run("CREATE TABLE states (id INTEGER PRIMARY KEY, state ENUM('new', 'done', 'also'))");
      const { source } = await open(["state", "id"], 1, { table: "states" });
      await expect(readPages(source)).rejects.toThrow("state is enum, by which pages cannot be made: take another key");
    },
  );

  it("a query with joins: the keys are columns of its tables", async () => {
    const query =
      "SELECT a.id, a.at, b.label FROM thing a LEFT JOIN thing b ON b.id = a.id WHERE a.id <> 3 AND {{keyset}}";
    const { source } = await open(["a.at", "a.id"], 2, { query });
    expect(ids(await readPages(source)).toSorted((a, b) => a - b)).toEqual([1, 2, 4, 5, 6, 7, 8, 9]);
  });

  it("keys that are not unique stop the run, with the keys that two rows share", async () => {
    const spec = {
      source: { table: "thing", pagination: { type: "keyset", keys: ["label"], size: 1, unique: true } },
      columns: ["id"],
    };
    const { source } = await openDatabase(loadOne(database.connection, spec));
    await expect(readPages(source)).rejects.toThrow(/two rows have the same keys \(label = "O'Brien"\)/);
  });

  it("rows without any key are read too, in one", async () => {
    const spec = {
      source: {
        table: "thing",
        where: "id IN (4, 5, 7)",
        pagination: { type: "keyset", keys: ["label"], size: 1, unique: true },
      },
      columns: ["id"],
    };
    const { source } = await openDatabase(loadOne(database.connection, spec));
    expect(ids(await readPages(source)).toSorted((a, b) => a - b)).toEqual([4, 5, 7]);
  });

  it("a key that the query does not select is named, with the one that was meant", async () => {
    const { source } = await open(["a.idd"], 2, { query: "SELECT a.id FROM thing a WHERE {{keyset}}" }).catch(() =>
      openDatabase(
        loadOne(database.connection, {
          source: {
            query: "SELECT a.id FROM thing a WHERE {{keyset}}",
            pagination: { type: "keyset", keys: ["a.idd"], unique: true },
          },
          columns: ["id"],
        }),
      ),
    );
    await expect(readPages(source)).rejects.toThrow(
      'the result has no column "idd", and pagination.keys holds a.idd: select it under that name. Did you mean "id"?',
    );
  });

  it("two columns of one name are refused", async () => {
    const { source } = await openDatabase(
      loadOne(database.connection, { source: { query: "SELECT a.id, b.id FROM thing a, thing b" }, columns: ["id"] }),
    );
    await expect(readPages(source)).rejects.toThrow('the result has two columns named "id"');
  });
});
