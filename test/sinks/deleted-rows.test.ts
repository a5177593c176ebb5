/** Rows that are deleted and stay, in each sink: the column, coming back, and keys as texts. */
import { sql } from "kysely";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Row, Sink, Table } from "../../src/sinks/contract.ts";
import { counts, inputOf, LATER, list, NOW, opened, run, tableOf, targets, type Warehouse, write } from "./targets.ts";

const people = tableOf({ id: "integer", name: "text" }, { keepsDeleted: true });
const versions = tableOf(
  { id: "integer", name: "text", changed: "timestamp" },
  { newerBy: "changed", keepsDeleted: true },
);

async function stored(sink: Sink): Promise<unknown[][]> {
  const { rows } = await sql<
    Record<string, unknown>
  >`select id, deleted_at, sync_updated_at from thing order by id`.execute(sink.database);
  return rows.map((row) => [row["id"], row["deleted_at"], row["sync_updated_at"]]);
}

async function keyTexts(sink: Sink, table: Table): Promise<unknown[]> {
  const { rows } = await sql<{
    key: unknown;
  }>`select ${sql.raw(sink.keyText(table))} as key from thing as t order by 1`.execute(sink.database);
  return rows.map(({ key }) => key);
}

describe.each(targets)("$name", ({ fresh, end }) => {
  let warehouse: Warehouse;
  beforeEach(async () => {
    warehouse = await fresh();
  });
  afterEach(() => warehouse.drop());
  afterAll(end);

  test("a table is created with deleted_at, and one that exists is given it", async () => {
    await using sink = await opened(warehouse.address);
    expect((await sink.plan(people)).statements[0]).toContain('"deleted_at"');
    await write(sink, inputOf(sink, { ...people, keepsDeleted: false }, [[1, "a"]]));
    const plan = await sink.plan(people);
    expect(plan).toMatchObject({ creates: false, problems: [] });
    expect(plan.statements).toHaveLength(1);
    expect(plan.statements[0]).toMatch(/ADD COLUMN "deleted_at" (text|timestamp with time zone)$/i);
    await sink.apply(plan);
    expect((await sink.plan(people)).statements).toEqual([]);
    expect(await stored(sink)).toEqual([[1, null, NOW]]);
  });

  test("a column of that name in the table is refused", async () => {
    await using sink = await opened(warehouse.address);
    await expect(sink.plan(tableOf({ id: "integer", deleted_at: "text" }, { keepsDeleted: true }))).rejects.toThrow(
      'the column name "deleted_at" is kept',
    );
  });

  test("a row that comes back lives again and is updated, its content the same or not", async () => {
    await using sink = await opened(warehouse.address);
    await write(sink, inputOf(sink, people, list([1, "a"], [2, "a"], [3, "a"])));
    await run(sink, `update thing set deleted_at = '${NOW}' where id < 3`);
    const input = inputOf(sink, people, list([1, "a"], [2, "b"], [3, "a"], [4, "a"]), { now: LATER });
    expect(counts(await sink.compare(input))).toEqual([1, 2, 1, 0, 0]);
    expect(counts(await write(sink, input))).toEqual([1, 2, 1, 0, 0]);
    expect(await stored(sink)).toEqual([
      [1, null, LATER],
      [2, null, LATER],
      [3, null, NOW],
      [4, null, LATER],
    ]);
  });

  test("an older version does not bring a deleted row back", async () => {
    await using sink = await opened(warehouse.address);
    const at = (hour: number): string => `2025-01-01T0${hour}:00:00.000000Z`;
    await write(sink, inputOf(sink, versions, list([1, "a", at(5)], [2, "a", at(5)])));
    await run(sink, `update thing set deleted_at = '${NOW}'`);
    const rows: Row[] = list([1, "b", at(4)], [2, "a", at(5)]);
    expect(counts(await write(sink, inputOf(sink, versions, rows, { now: LATER })))).toEqual([0, 1, 0, 1, 0]);
    expect(await stored(sink)).toEqual([
      [1, NOW, NOW],
      [2, null, LATER],
    ]);
  });

  test("a table that is nothing but its key", async () => {
    await using sink = await opened(warehouse.address);
    const bare = tableOf({ id: "integer" }, { keepsDeleted: true });
    await write(sink, inputOf(sink, bare, [[1], [2]]));
    await run(sink, `update thing set deleted_at = '${NOW}' where id = 1`);
    expect(counts(await write(sink, inputOf(sink, bare, [[1], [2]], { now: LATER })))).toEqual([0, 1, 1, 0, 0]);
  });

  test.each([
    ["text", "it's a, b\\c", "it's a, b\\c"],
    ["integer", -7, "-7"],
    ["bigint", 9007199254740993n, "9007199254740993"],
    ["decimal(12,2)", "-0.50", "-0.50"],
    ["boolean", true, "true"],
    ["boolean", false, "false"],
    ["date", "2024-02-29", "2024-02-29"],
    ["timestamp", "2024-02-29T01:02:03.000000Z", "2024-02-29T01:02:03.000000Z"],
    ["uuid", "0b1c2d3e-0000-4000-8000-00000000abcd", "0b1c2d3e-0000-4000-8000-00000000abcd"],
  ] as const)("the key text of %s %s", async (type, value, text) => {
    await using sink = await opened(warehouse.address);
    const table = tableOf({ id: type, name: "text" });
    await write(sink, inputOf(sink, table, [[value, "a"]]));
    expect(await keyTexts(sink, table)).toEqual([text]);
  });

  test("the key text of several columns cannot be that of others", async () => {
    await using sink = await opened(warehouse.address);
    const table = tableOf({ a: "text", b: "text", n: "integer" }, { keys: ["a", "b", "n"] });
    await write(sink, inputOf(sink, table, list(["x,y", "z", 1], ["x", "y,z", 1], ["x\\", ",", 2])));
    expect((await keyTexts(sink, table)).toSorted()).toEqual(["x\\\\,\\,,2", "x\\,y,z,1", "x,y\\,z,1"].toSorted());
  });
});
