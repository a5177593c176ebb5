/** Values of params reach every database as values, whatever is in them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { servers, type TestDatabase } from "./servers.ts";
import { loadOne, openDatabase, readRecords } from "./source.ts";

const hostile = [
  "'; DROP TABLE note; --",
  "' OR '1'='1",
  '" OR ""="',
  "\\",
  "\\'; DROP TABLE note; -- ",
  "a\\\\'b",
  "%_",
  "{{params.other}} ${HOME}",
  "?",
  "$1 :name @x",
  "/* */ -- #",
  "line\nbreak\r\ttab",
  "ʼ’‘＇′ʹ", // quotes of other alphabets, which some servers fold into a plain one
  "\u0000".replace("\u0000", "\u0001"),
  "名前 😀 \u{10ffff}",
  "0x27",
  "x".repeat(70_000),
];

const textTypes = { mysql: "CHAR", postgres: "text", sqlite: "TEXT" };

describe.each(servers.filter(({ skip }) => !skip))("$name", (server) => {
  let database: TestDatabase;
  const type = textTypes[server.dialect];
  beforeAll(async () => {
    database = await server.open();
    await database.run(
      `CREATE TABLE note (id INTEGER PRIMARY KEY, state INTEGER, label ${server.dialect === "mysql" ? "VARCHAR(100) COLLATE utf8mb4_bin" : "TEXT"})`,
    );
    await database.run("INSERT INTO note VALUES (1, 1, 'plain'), (2, 1, 'other'), (3, 2, NULL), (4, 9, 'nine')");
  });
  afterAll(() => database.close());

  const read = async (query: string, params: Record<string, unknown>, columns = ["id"]): Promise<unknown[]> => {
    const declared = Object.fromEntries(Object.keys(params).map((name) => [name, { type: "text" }]));
    const pipeline = loadOne(database.connection, { source: { query }, columns, more: { params: declared } });
    const given = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
    return readRecords((await openDatabase(pipeline, given)).source);
  };

  it.each(hostile.map((text) => [JSON.stringify(text).slice(0, 40), text]))("%s is a value", async (_, text) => {
    const [record] = (await read(
      `SELECT 1 AS id, CAST({{params.text}} AS ${type}) AS v FROM note WHERE id = 1`,
      { text },
      ["id", "v"],
    )) as { v: string }[];
    expect(record?.v).toBe(text);
    expect(await read("SELECT id FROM note WHERE label = {{params.text}}", { text })).toEqual([]);
    expect(await read("SELECT id FROM note", {})).toHaveLength(4);
  });

  it("numbers, booleans and lists are values too; a list is as many as it holds", async () => {
    expect(await read("SELECT id FROM note WHERE state <> {{params.state}} ORDER BY id", { state: 9 })).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
    expect(await read("SELECT id FROM note WHERE id IN ({{params.ids}}) ORDER BY id", { ids: [1, 4, 77] })).toEqual([
      { id: 1 },
      { id: 4 },
    ]);
    expect(
      await read("SELECT id FROM note WHERE label IN ({{params.labels}})", { labels: ["other", "x') OR ('1'='1"] }),
    ).toEqual([{ id: 2 }]);
  });

  it("an empty list is an error, for no database takes IN ()", async () => {
    await expect(read("SELECT id FROM note WHERE id IN ({{params.ids}})", { ids: [] })).rejects.toThrow(
      "{{params.ids}} is an empty list",
    );
  });

  it("a param that was not given is NULL", async () => {
    const condition = `(CAST({{params.label}} AS ${type}) IS NULL OR label = {{params.label}})`;
    expect(await read(`SELECT id FROM note WHERE ${condition}`, { label: undefined })).toHaveLength(4);
    expect(await read(`SELECT id FROM note WHERE ${condition}`, { label: "other" })).toEqual([{ id: 2 }]);
  });

  it("a table's condition holds values as well", async () => {
    const pipeline = loadOne(database.connection, {
      source: {
        table: "note",
        where: "label = {{params.label}} OR state = 9 -- or so",
        pagination: { type: "keyset", keys: ["id"], size: 1 },
      },
      columns: ["id"],
      more: { params: { label: { type: "text" } } },
    });
    const { source } = await openDatabase(pipeline, { label: "other" });
    expect(await readRecords(source)).toEqual([{ id: 2 }, { id: 4 }]);
  });

  it("a read-only connection: a query that writes is refused by the database", async () => {
    if (server.dialect === "sqlite") return;
    await expect(
      read(
        server.dialect === "postgres"
          ? "WITH x AS (DELETE FROM note RETURNING id) SELECT id FROM x"
          : "SELECT id FROM note FOR UPDATE",
        {},
      ),
    ).rejects.toThrow();
    expect(await read("SELECT id FROM note", {})).toHaveLength(4);
  });
});
