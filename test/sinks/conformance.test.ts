/** What every sink must do, run against each of them on a real database. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import type { ReplaceInput, Row, RowSet, Sink, Table } from "../../src/sinks/contract.ts";
import {
  bookkeeping,
  counts,
  inputOf,
  list,
  LATER,
  NOW,
  opened,
  readBack,
  run,
  tableOf,
  targets,
  type Warehouse,
  write,
} from "./targets.ts";

const people = tableOf({ id: "integer", name: "text" });
const versions = tableOf({ id: "integer", name: "text", changed: "timestamp" }, { newerBy: "changed" });
const at = (hour: number): string => `2025-01-01T${String(hour).padStart(2, "0")}:00:00.000000Z`;

describe.each(targets)("$name", ({ name: dialect, fresh, end }) => {
  let warehouse: Warehouse;
  beforeEach(async () => {
    warehouse = await fresh();
  });
  afterEach(() => warehouse.drop());
  afterAll(end);
  /** What differs between the dialects by nature. */
  const per = <T>(values: { sqlite: T; postgres: T }): T => values[dialect];

  describe("counts", () => {
    test("created, updated and unchanged", async () => {
      await using sink = await opened(warehouse.address);
      expect(counts(await write(sink, inputOf(sink, people, list([1, "a"], [2, "b"]))))).toEqual([2, 0, 0, 0, 0]);
      expect(counts(await write(sink, inputOf(sink, people, list([1, "a"], [2, "c"], [3, null]))))).toEqual([
        1, 1, 1, 0, 0,
      ]);
      expect(await readBack(sink, people)).toEqual(list([1, "a"], [2, "c"], [3, null]));
    });

    test("a value that goes and one that comes are updates", async () => {
      await using sink = await opened(warehouse.address);
      await write(sink, inputOf(sink, people, list([1, "a"], [2, null], [3, ""])));
      expect(counts(await write(sink, inputOf(sink, people, list([1, null], [2, "b"], [3, null]))))).toEqual([
        0, 3, 0, 0, 0,
      ]);
      expect(await readBack(sink, people)).toEqual(list([1, null], [2, "b"], [3, null]));
    });

    test("a stored row that is newer stays; one as old, or without a date, goes by content", async () => {
      await using sink = await opened(warehouse.address);
      await write(
        sink,
        inputOf(
          sink,
          versions,
          list([1, "a", at(5)], [2, "a", at(5)], [3, "a", null], [4, "a", at(5)], [5, "a", at(5)]),
        ),
      );
      const second: Row[] = list([1, "b", at(4)], [2, "b", at(5)], [3, "b", at(1)], [4, "b", null], [5, "a", at(5)]);
      const result = await write(sink, inputOf(sink, versions, second));
      expect(counts(result)).toEqual([0, 3, 1, 1, 0]);
      expect(result.staleIndexes).toEqual([0]);
      expect(await readBack(sink, versions)).toEqual(
        list([1, "a", at(5)], [2, "b", at(5)], [3, "b", at(1)], [4, "b", null], [5, "a", at(5)]),
      );
    });

    test("a stale row is stale whatever its content", async () => {
      await using sink = await opened(warehouse.address);
      await write(sink, inputOf(sink, versions, [[1, "a", at(5)]]));
      expect(counts(await write(sink, inputOf(sink, versions, [[1, "a", at(4)]])))).toEqual([0, 0, 0, 1, 0]);
    });

    test("which rows were stale is told by their place, whatever stands between them", async () => {
      await using sink = await opened(warehouse.address);
      await write(
        sink,
        inputOf(
          sink,
          versions,
          Array.from({ length: 50 }, (_, id): Row => [id, "a", at(5)]),
        ),
      );
      const rows = Array.from({ length: 60 }, (_, place): Row => [place - 5, "b", at(place % 4 === 0 ? 4 : 6)]);
      rows[7] = [null, "b", at(4)];
      const input = inputOf(sink, versions, rows);
      const stale = rows.flatMap((_, place) => (place % 4 === 0 && place >= 5 && place < 55 ? [place] : []));
      expect((await sink.compare(input)).staleIndexes).toEqual(stale);
      expect((await write(sink, input)).staleIndexes).toEqual(stale);
    });

    test("replaceNewer replaces it, absent values too, and still does not write what is the same", async () => {
      await using sink = await opened(warehouse.address);
      await write(sink, inputOf(sink, versions, list([1, "a", at(5)], [2, "a", at(5)])));
      const input = inputOf(sink, versions, list([1, null, at(4)], [2, "a", at(5)]), { replaceNewer: true });
      expect(counts(await write(sink, input))).toEqual([0, 1, 1, 0, 0]);
      expect(await readBack(sink, versions)).toEqual(list([1, null, at(4)], [2, "a", at(5)]));
    });

    test("newerLimits: a stored value up to the row's limit is not newer than the row", async () => {
      await using sink = await opened(warehouse.address);
      await write(
        sink,
        inputOf(sink, versions, list([1, "a", at(5)], [2, "a", at(5)], [3, "a", at(5)], [4, "a", at(5)])),
      );
      const rows: Row[] = list([1, "b", at(4)], [2, "b", at(4)], [3, "b", at(4)], [4, "b", at(3)], [5, "b", at(3)]);
      const input = inputOf(sink, versions, rows, {
        newerLimits: [at(5), undefined, at(6), at(4), at(4)],
      });
      const foreseen = await sink.compare(input);
      expect(counts(await write(sink, input))).toEqual([1, 2, 0, 2, 0]);
      expect(counts(foreseen)).toEqual([1, 2, 0, 2, 0]);
      expect((await readBack(sink, versions)).map((row) => row[1])).toEqual(["b", "a", "b", "a", "b"]);
    });

    test.each([
      ["decimal(12,2)", "9.50", "10.00"],
      ["decimal(12,2)", "-10.00", "-9.50"],
      ["decimal(12,2)", "-1.00", "0.00"],
      ["integer", 9, 10],
      ["bigint", 9007199254740992n, 9007199254740993n],
      ["double", 9.5, 10.25],
      ["date", "1969-12-31", "1970-01-01"],
      ["text", "B", "a"],
      ["text", "a", "ä"],
    ])("%s %s is older than %s", async (type, older, newer) => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({ id: "integer", version: type }, { newerBy: "version" });
      await write(sink, inputOf(sink, table, list([1, newer], [2, older])));
      expect(counts(await write(sink, inputOf(sink, table, list([1, older], [2, newer]))))).toEqual([0, 1, 0, 1, 0]);
      expect(await readBack(sink, table)).toEqual(list([1, newer], [2, newer]));
    });

    test("an empty batch", async () => {
      await using sink = await opened(warehouse.address);
      expect(counts(await write(sink, inputOf(sink, people, [])))).toEqual([0, 0, 0, 0, 0]);
      expect(counts(await sink.compare(inputOf(sink, people, [])))).toEqual([0, 0, 0, 0, 0]);
    });

    test("a row that took the place of another is the one that is written, and the one that is given back", async () => {
      await using sink = await opened(warehouse.address);
      const input = inputOf(sink, people, list([1, "a\0"], [2, "x"], [3, "y"]));
      input.rows.set(0, [1, "tab\t\\N\r\n"]);
      input.rows.set(2, [null, "z"]);
      input.rows.set(2, [3, null]);
      expect(input.rows.length).toBe(3);
      expect([0, 1, 2].map((index) => input.rows.get(index))).toEqual(list([1, "tab\t\\N\r\n"], [2, "x"], [3, null]));
      expect(counts(await write(sink, input))).toEqual([3, 0, 0, 0, 0]);
      expect(await readBack(sink, people)).toEqual(list([1, "tab\t\\N\r\n"], [2, "x"], [3, null]));
      input.rows.set(1, [2, "half a pair \ud800"]);
      expect(input.rows.get(1)).toEqual([2, "half a pair \ud800"]);
      expect((await write(sink, input)).rejects).toMatchObject([{ index: 1, field: "name" }]);
    });

    test("of a buffer, those rows whose indexes are told", async () => {
      await using sink = await opened(warehouse.address);
      const rows = list([1, "a"], [2, "b\0"], [3, "c"], [null, "d"], [5, "e"]);
      const input = inputOf(sink, people, rows, { indexes: [1, 2, 4] });
      await sink.apply(await sink.plan(people));
      const foreseen = await sink.compare(input);
      const written = await write(sink, input);
      for (const result of [foreseen, written]) {
        expect(counts(result)).toEqual([2, 0, 0, 0, 1]);
        expect(result.rejects).toMatchObject([{ index: 1 }]);
      }
      expect(await readBack(sink, people)).toEqual(list([3, "c"], [5, "e"]));
    });

    test("a table that is nothing but its key", async () => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({ a: "integer", b: "text" }, { keys: ["a", "b"] });
      expect(counts(await write(sink, inputOf(sink, table, list([1, "x"], [1, "y"]))))).toEqual([2, 0, 0, 0, 0]);
      expect(counts(await write(sink, inputOf(sink, table, list([1, "x"], [2, "x"]), { runId: 2 })))).toEqual([
        1, 0, 1, 0, 0,
      ]);
      expect(await readBack(sink, table)).toEqual(list([1, "x"], [1, "y"], [2, "x"]));
    });

    test("two merges into one table within a transaction", async () => {
      await using sink = await opened(warehouse.address);
      await sink.apply(await sink.plan(people));
      const results = await sink.transaction(async () => [
        counts(await sink.merge(inputOf(sink, people, list([1, "a"], [2, "a"])))),
        counts(await sink.merge(inputOf(sink, people, list([2, "b"], [3, "a"])))),
      ]);
      expect(results).toEqual(list([2, 0, 0, 0, 0], [1, 1, 0, 0, 0]));
      expect(await readBack(sink, people)).toEqual(list([1, "a"], [2, "b"], [3, "a"]));
    });
  });

  test("what a transaction staged before is not written again", async () => {
    await using sink = await opened(warehouse.address);
    await sink.apply(await sink.plan(people));
    const results = await sink.transaction(async () => {
      const first = counts(await sink.merge(inputOf(sink, people, [[1, "a"]])));
      await run(sink, "DELETE FROM thing");
      return [first, counts(await sink.merge(inputOf(sink, people, [[2, "b"]])))];
    });
    expect(results).toEqual(list([1, 0, 0, 0, 0], [1, 0, 0, 0, 0]));
    expect(await readBack(sink, people)).toEqual([[2, "b"]]);
  });

  describe("bookkeeping", () => {
    test("rows say when they came, when their content last changed and by which run", async () => {
      await using sink = await opened(warehouse.address);
      await write(sink, inputOf(sink, versions, list([1, "a", at(5)], [2, "a", at(5)], [3, "a", at(5)]), { runId: 7 }));
      await write(
        sink,
        inputOf(sink, versions, list([1, "a", at(5)], [2, "b", at(5)], [3, "b", at(4)], [4, "b", at(5)]), {
          runId: 8,
          now: LATER,
        }),
      );
      expect(await bookkeeping(sink, versions)).toEqual(
        list([1, NOW, NOW, 7], [2, NOW, LATER, 8], [3, NOW, NOW, 7], [4, LATER, LATER, 8]),
      );
    });

    test("a table may not take the names of its columns", async () => {
      await using sink = await opened(warehouse.address);
      await expect(sink.plan(tableOf({ id: "integer", sync_run_id: "integer" }))).rejects.toThrow(SpecError);
    });
  });

  describe("tables", () => {
    test("one is created, and the second plan has nothing to do", async () => {
      await using sink = await opened(warehouse.address);
      const plan = await sink.plan(people);
      expect(plan).toMatchObject({ creates: true, problems: [] });
      expect(plan.statements).toHaveLength(1);
      expect(plan.statements[0]).toMatch(/^CREATE TABLE "thing" \(\n {2}"id" integer NOT NULL,\n {2}"name" text,/i);
      await sink.apply(plan);
      expect(await sink.plan(people)).toEqual({
        table: people,
        creates: false,
        statements: [],
        problems: [],
      });
    });

    test("a table without columns asks whether it is there", async () => {
      await using sink = await opened(warehouse.address);
      const asked: Table = { name: "thing", columns: [], keys: ["id"] };
      expect((await sink.plan(asked)).creates).toBe(true);
      await write(sink, inputOf(sink, people, []));
      expect((await sink.plan(asked)).creates).toBe(false);
    });

    test.each<[string, Partial<Table>]>([
      ["a key", { keys: ["nothing"] }],
      ["no key", { keys: [] }],
      ["a newer_by", { newerBy: "nothing" }],
      ["one column twice", { columns: [...people.columns, ...people.columns] }],
      ["a type", { columns: [{ name: "id", type: "number" }] }],
      ["an order of json", { columns: [...people.columns, { name: "body", type: "json" }], newerBy: "body" }],
    ])("one that contradicts itself: %s", async (_, wrong) => {
      await using sink = await opened(warehouse.address);
      await expect(sink.plan({ ...people, ...wrong })).rejects.toThrow(SpecError);
    });

    test("new columns are added, and rows of before read NULL there", async () => {
      await using sink = await opened(warehouse.address);
      await write(sink, inputOf(sink, people, list([1, "a"], [2, "a"])));
      const wider = tableOf({ id: "integer", name: "text", age: "integer", "e-mail": "text" });
      const plan = await sink.plan(wider);
      expect(plan.statements.join()).toContain('ADD COLUMN "age" ');
      expect(plan.statements.join()).toContain('ADD COLUMN "e-mail" ');
      expect(counts(await sink.compare(inputOf(sink, wider, list([1, "a", null, null], [2, "a", 5, null]))))).toEqual([
        0, 1, 1, 0, 0,
      ]);
      expect(counts(await write(sink, inputOf(sink, wider, list([1, "a", null, null], [2, "a", 5, null]))))).toEqual([
        0, 1, 1, 0, 0,
      ]);
      expect(await readBack(sink, wider)).toEqual(list([1, "a", null, null], [2, "a", 5, null]));
    });

    test("a mapping that lost a column leaves its values alone", async () => {
      await using sink = await opened(warehouse.address);
      const wide = tableOf({ id: "integer", name: "text", age: "integer" });
      await write(sink, inputOf(sink, wide, [[1, "a", 5]]));
      expect(counts(await write(sink, inputOf(sink, people, list([1, "b"], [2, "b"]))))).toEqual([1, 1, 0, 0, 0]);
      expect(await readBack(sink, wide)).toEqual(list([1, "b", 5], [2, "b", null]));
    });

    test.each([
      "order",
      "select",
      "MixedCase",
      "with space",
      'quo"te',
      "semi;colon",
      "dotted.name",
      "Ünïcödé",
      "back\\slash",
      "$1",
      "100%",
    ])("a table, a key and a column called %s", async (name) => {
      await using sink = await opened(warehouse.address);
      const table: Table = {
        name,
        keys: [name],
        newerBy: `${name} 2`,
        columns: [
          { name, type: "integer" },
          { name: `${name} 2`, type: "text" },
        ],
      };
      expect(counts(await write(sink, inputOf(sink, table, list([1, "a"], [2, "a"]))))).toEqual([2, 0, 0, 0, 0]);
      expect(counts(await sink.compare(inputOf(sink, table, list([1, "b"], [3, "a"]))))).toEqual([1, 1, 0, 0, 0]);
      expect(counts(await write(sink, inputOf(sink, table, list([1, "b"], [3, "a"]))))).toEqual([1, 1, 0, 0, 0]);
      expect(await readBack(sink, table)).toEqual(list([1, "b"], [2, "a"], [3, "a"]));
      expect(await sink.plan(table)).toMatchObject({
        creates: false,
        statements: [],
        problems: [],
      });
    });

    test("columns called as what the merge itself uses: n, l, s, t, c0, excluded, created", async () => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({
        n: "integer",
        l: "text",
        s: "text",
        t: "text",
        c0: "text",
        c1: "text",
        excluded: "text",
        created: "text",
        rowid: "text",
      });
      const row = (value: string): Row => [1, ...Array.from({ length: 8 }, () => value)];
      await write(sink, inputOf(sink, table, [row("a")]));
      expect(counts(await write(sink, inputOf(sink, table, [row("b")])))).toEqual([0, 1, 0, 0, 0]);
      expect(await readBack(sink, table)).toEqual([row("b")]);
    });

    test("a composite key", async () => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({ region: "text", name: "text", id: "integer" }, { keys: ["id", "region"] });
      await write(sink, inputOf(sink, table, list(["eu", "a", 1], ["us", "a", 1], ["eu", "a", 2])));
      expect(counts(await write(sink, inputOf(sink, table, list(["us", "b", 1], ["us", "b", 2]))))).toEqual([
        1, 1, 0, 0, 0,
      ]);
      expect(await readBack(sink, table)).toEqual(list(["eu", "a", 1], ["us", "b", 1], ["eu", "a", 2], ["us", "b", 2]));
    });

    test("parts of a composite key do not run into one another", async () => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({ a: "text", b: "text" }, { keys: ["a", "b"] });
      expect(
        counts(await write(sink, inputOf(sink, table, list(["x", "yz"], ["xy", "z"], ["", "x"], ["x", ""])))),
      ).toEqual([4, 0, 0, 0, 0]);
    });

    test("a thousand columns, nearly all of them empty", async () => {
      await using sink = await opened(warehouse.address);
      const table = tableOf(
        Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i % 2 === 0 ? "integer" : "text"])),
      );
      const row = (id: number, value: string): Row =>
        Array.from({ length: 1000 }, (_, i) => (i === 0 ? id : i === 501 ? value : null));
      expect(counts(await write(sink, inputOf(sink, table, [row(1, "a"), row(2, "a")])))).toEqual([2, 0, 0, 0, 0]);
      expect(counts(await sink.compare(inputOf(sink, table, [row(1, "b"), row(2, "a")])))).toEqual([0, 1, 1, 0, 0]);
      expect(counts(await write(sink, inputOf(sink, table, [row(1, "b"), row(2, "a")])))).toEqual([0, 1, 1, 0, 0]);
      expect(await readBack(sink, table)).toEqual([row(1, "b"), row(2, "a")]);
    });

    test("a row too wide for the database is a reject that says so; the rows around it are in", async () => {
      await using sink = await opened(warehouse.address);
      const table = tableOf(
        Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, i === 0 ? "integer" : "text"])),
      );
      const row = (id: number, filled: number): Row =>
        Array.from({ length: 1000 }, (_, i) => (i === 0 ? id : i <= filled ? "0123456789" : null));
      const rows = Array.from({ length: 40 }, (_, i) => row(i, i === 17 || i === 30 ? 999 : 5));
      const result = await write(sink, inputOf(sink, table, rows));
      expect(counts(result)).toEqual(per({ sqlite: [40, 0, 0, 0, 0], postgres: [38, 0, 0, 0, 2] }));
      expect(result.rejects.map((reject) => reject.index)).toEqual(per({ sqlite: [], postgres: [17, 30] }));
      for (const reject of result.rejects) {
        expect(reject.code).toBe("54000");
        expect(reject.message).toMatch(/^the row is too wide for PostgreSQL: size \d+, maximum 8160; /);
      }
      expect((await readBack(sink, table)).length).toBe(per({ sqlite: 40, postgres: 38 }));
    });
  });

  describe("values come back as they were given", () => {
    const cases: [string, Row][] = [
      [
        "text",
        [
          "plain",
          "",
          " padded ",
          "ümläut",
          "日本語",
          "🤖👩‍👩‍👧",
          "a\tb",
          "a\nb",
          "a\r\nb",
          "back\\slash",
          "\\N",
          "\\.",
          "NULL",
          "'quote'",
          '"',
          "$1 ? %s",
          "\u0001\u007f",
          null,
        ],
      ],
      ["integer", [0, -1, 2147483647, -2147483648, null]],
      ["bigint", [0, Number.MAX_SAFE_INTEGER, 9007199254740993n, 9223372036854775807n, -9223372036854775808n, null]],
      ["decimal(38,10)", ["0.0000000000", "1234567890123456789012345678.0123456789", "-0.0000000001", null]],
      ["decimal(12,2)", ["0.10", "9999999999.99", "-9999999999.99", null]],
      ["double", [0, 0.1, -1.5, 1e300, 5e-324, 1.7976931348623157e308, 12345678901234568, null]],
      ["boolean", [true, false, null]],
      ["date", ["1969-12-31", "0001-01-01", "1582-10-10", "2024-02-29", "9999-12-31", null]],
      ["time", ["00:00:00", "23:59:59.999999", "12:30:00", null]],
      [
        "timestamp",
        [
          "1969-12-31T23:59:59.999999Z",
          "0001-01-01T00:00:00.000000Z",
          "9999-12-31T23:59:59.999999Z",
          "2025-03-30T01:30:00.123456Z",
          "2025-10-26T00:30:00.000000Z",
          "1900-01-01T00:00:00.000000Z",
          null,
        ],
      ],
      ["interval", ["P1Y2M3DT4H5M6S", "PT36H", "P30D", "P1M", "PT0.5S", "PT0S", null]],
      [
        "json",
        ['{"a":1,"b":{"c":[1,2,null],"d":"\\"x\\\\"}}', "[]", '"text"', "5", "null", "true", '{"bb":1,"c":2}', null],
      ],
      ["uuid", ["00000000-0000-0000-0000-000000000000", "6f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", null]],
    ];

    test.each(cases)("%s", async (type, values) => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({ id: "integer", value: type });
      const rows: Row[] = values.map((value, index) => [index, value]);
      expect(counts(await write(sink, inputOf(sink, table, rows)))).toEqual([rows.length, 0, 0, 0, 0]);
      expect(await readBack(sink, table)).toEqual(rows);
      expect(counts(await write(sink, inputOf(sink, table, rows)))).toEqual([0, 0, rows.length, 0, 0]);
      const other: Row[] = values.map((_, index) => [index, values[(index + 1) % values.length] ?? null]);
      expect(counts(await write(sink, inputOf(sink, table, other)))).toEqual([0, rows.length, 0, 0, 0]);
    });

    test.each(cases.filter(([type]) => type !== "json" && type !== "interval"))("%s as a key", async (type, values) => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({ value: type, note: "text" });
      const given = values.filter((value) => value !== null);
      expect(
        counts(
          await write(
            sink,
            inputOf(
              sink,
              table,
              given.map((value) => [value, "a"]),
            ),
          ),
        ),
      ).toEqual([given.length, 0, 0, 0, 0]);
      expect(
        counts(
          await write(
            sink,
            inputOf(
              sink,
              table,
              given.map((value) => [value, "b"]),
            ),
          ),
        ),
      ).toEqual([0, given.length, 0, 0, 0]);
      expect((await readBack(sink, table)).map((row) => row[1])).toEqual(given.map(() => "b"));
    });

    test("a text of a megabyte", async () => {
      await using sink = await opened(warehouse.address);
      const long = "0123456789abcde\n".repeat(65_536);
      await write(sink, inputOf(sink, people, list([1, long], [2, "short"], [3, `${long}!`])));
      expect(counts(await write(sink, inputOf(sink, people, list([1, long], [2, "short"], [3, `${long}?`]))))).toEqual([
        0, 1, 2, 0, 0,
      ]);
      expect(await readBack(sink, people)).toEqual(list([1, long], [2, "short"], [3, `${long}?`]));
    });

    test("the runtime's tables: numbers are numbers, json and timestamps are text", async () => {
      await using sink = await opened(warehouse.address);
      await sql`CREATE TABLE note (id ${sql.raw(sink.types.id)}, made ${sql.raw(sink.types.timestamp)}, body ${sql.raw(sink.types.json)}, big bigint)`.execute(
        sink.database,
      );
      const insert = sql<{
        id: number;
      }>`INSERT INTO note (made, body, big) VALUES (${NOW}, ${'{"a": 1}'}, ${9007199254740993n}) RETURNING id`;
      expect((await insert.execute(sink.database)).rows).toEqual([{ id: 1 }]);
      expect((await insert.execute(sink.database)).rows).toEqual([{ id: 2 }]);
      const [row] = await sink.database.selectFrom("note").selectAll().where("id", "=", 2).execute();
      expect(row).toEqual({ id: 2, made: NOW, body: '{"a": 1}', big: 9007199254740993n });
      const { numUpdatedRows } = await sink.database.updateTable("note").set({ big: 5 }).executeTakeFirst();
      expect(numUpdatedRows).toBe(2n);
      expect(
        await sink.database
          .selectFrom("note")
          .select(({ fn }) => [fn.countAll().as("n"), fn.max("big").as("big")])
          .execute(),
      ).toEqual([{ n: 2, big: 5 }]);
    });
  });

  describe("rejects", () => {
    test("a row without its key", async () => {
      await using sink = await opened(warehouse.address);
      const result = await write(sink, inputOf(sink, people, list([1, "a"], [null, "b"], [2, "c"])));
      expect(counts(result)).toEqual([2, 0, 0, 0, 1]);
      expect(result.rejects).toEqual([
        {
          index: 1,
          field: "id",
          code: per({ sqlite: "SQLITE_CONSTRAINT_NOTNULL", postgres: "23502" }),
          message: 'the key column "id" is missing',
        },
      ]);
    });

    test.each([
      ["text", "a\0b", "NUL"],
      ["json", '{"a":"\\u0000"}', "NUL"],
      ["text", "\ud800x", "surrogate"],
      ["double", Number.NaN, "not a finite number"],
      ["bigint", 2n ** 63n, "64 bits"],
    ])("%s: %s", async (type, value, words) => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({ id: "integer", value: type });
      const result = await write(sink, inputOf(sink, table, list([1, null], [2, value], [3, null])));
      expect(counts(result)).toEqual([2, 0, 0, 0, 1]);
      expect(result.rejects[0]).toMatchObject({ index: 1, field: "value" });
      expect(result.rejects[0]?.message).toContain(words);
    });

    test("an escaped backslash before u0000 is no NUL character", async () => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({ id: "integer", value: "json" });
      expect(counts(await write(sink, inputOf(sink, table, [[1, '{"a":"\\\\u0000"}']])))).toEqual([1, 0, 0, 0, 0]);
    });

    /** A table that refuses scores over 100, in a column that a mapping knows nothing special about. */
    const scores = tableOf({ id: "integer", score: "integer", note: "text" });
    const guarded = async (sink: Awaited<ReturnType<typeof opened>>): Promise<void> =>
      run(
        sink,
        "CREATE TABLE thing (id integer NOT NULL PRIMARY KEY, score integer CHECK (score <= 100), note text NOT NULL UNIQUE)",
      );
    const score = (id: number, value: number): Row => [id, value, `n${id}`];

    test.each([1, 25, 1000])("%i bad rows among 1,000 cost those rows", async (bad) => {
      await using sink = await opened(warehouse.address);
      await guarded(sink);
      const isBad = (id: number): boolean => id % (1000 / bad) === 0;
      const rows = Array.from({ length: 1000 }, (_, id) => score(id, isBad(id) ? 101 : 50));
      const result = await write(sink, inputOf(sink, scores, rows));
      expect(counts(result)).toEqual([1000 - bad, 0, 0, 0, bad]);
      expect(result.rejects.map((reject) => reject.index)).toEqual(rows.flatMap((_, id) => (isBad(id) ? [id] : [])));
      expect(result.rejects[0]).toMatchObject({
        code: per({ sqlite: "SQLITE_CONSTRAINT_CHECK", postgres: "23514" }),
      });
      expect((await readBack(sink, scores)).length).toBe(1000 - bad);
    });

    test("the counts of the others hold when some are created, updated, unchanged and stale", async () => {
      await using sink = await opened(warehouse.address);
      await guarded(sink);
      const table: Table = { ...scores, newerBy: "score" };
      await write(sink, inputOf(sink, table, [score(1, 50), score(2, 50), score(3, 50), score(4, 50)]));
      const rows = [score(1, 50), score(2, 40), score(3, 60), score(4, 101), score(5, 1), score(6, 101), score(7, 1)];
      expect(counts(await write(sink, inputOf(sink, table, rows)))).toEqual([2, 1, 1, 1, 2]);
      expect(
        counts(
          await write(
            sink,
            inputOf(sink, table, rows, {
              newerLimits: rows.map((_, index) => (index === 1 ? 50 : undefined)),
            }),
          ),
        ),
      ).toEqual([0, 1, 4, 0, 2]);
      expect((await readBack(sink, table)).map((row) => row[1])).toEqual([50, 40, 60, 50, 1, 1]);
    });

    test("a constraint names its column where the database does", async () => {
      await using sink = await opened(warehouse.address);
      await guarded(sink);
      const result = await write(sink, inputOf(sink, scores, list([1, 1, null], [2, 1, "twin"], [3, 1, "twin"])));
      expect(result.rejects.map(({ index, field, code }) => ({ index, field, code }))).toEqual([
        {
          index: 0,
          field: "note",
          code: per({ sqlite: "SQLITE_CONSTRAINT_NOTNULL", postgres: "23502" }),
        },
        {
          index: 2,
          field: "note",
          code: per({ sqlite: "SQLITE_CONSTRAINT_UNIQUE", postgres: "23505" }),
        },
      ]);
      expect(counts(result)).toEqual([1, 0, 0, 0, 2]);
    });

    test("a batch of nothing but rejects, and the one after it", async () => {
      await using sink = await opened(warehouse.address);
      await guarded(sink);
      expect(counts(await write(sink, inputOf(sink, scores, [score(1, 101), score(2, 102)])))).toEqual([0, 0, 0, 0, 2]);
      expect(counts(await write(sink, inputOf(sink, scores, [score(1, 1)])))).toEqual([1, 0, 0, 0, 0]);
    });

    test("a row of the wrong length is the runner's bug, not a reject", async () => {
      await using sink = await opened(warehouse.address);
      expect(() => inputOf(sink, people, [[1]])).toThrow(FatalError);
    });
  });

  describe("adoption of a table that was there before", () => {
    test("it gets the bookkeeping columns, and its rows are found", async () => {
      await using sink = await opened(warehouse.address);
      await run(
        sink,
        "CREATE TABLE thing (id integer NOT NULL PRIMARY KEY, name varchar(20), note text); INSERT INTO thing VALUES (1, 'a', 'x'), (2, 'a', 'y')".replace(
          "; ",
          ";\n",
        ),
      );
      const plan = await sink.plan(people);
      expect(plan).toMatchObject({ creates: false, problems: [] });
      expect(plan.statements.join()).toContain('"sync_created_at"');
      expect(counts(await write(sink, inputOf(sink, people, list([1, "a"], [2, "b"]))))).toEqual([0, 1, 1, 0, 0]);
      expect(await bookkeeping(sink, people)).toEqual(list([1, null, null, null], [2, null, NOW, 1]));
    });

    test.each([
      ["a primary key", "CREATE TABLE thing (id integer NOT NULL PRIMARY KEY, name text)", true],
      ["a unique constraint", "CREATE TABLE thing (id integer UNIQUE, name text)", true],
      ["a unique index", "CREATE TABLE thing (id integer, name text);\nCREATE UNIQUE INDEX x ON thing (id)", true],
      ["no index", "CREATE TABLE thing (id integer, name text)", false],
      [
        "an index that is not unique",
        "CREATE TABLE thing (id integer, name text);\nCREATE INDEX x ON thing (id)",
        false,
      ],
      [
        "a partial index",
        "CREATE TABLE thing (id integer, name text);\nCREATE UNIQUE INDEX x ON thing (id) WHERE id > 0",
        false,
      ],
      [
        "an index on an expression",
        "CREATE TABLE thing (id integer, name text);\nCREATE UNIQUE INDEX x ON thing (abs(id))",
        false,
      ],
      [
        "an index on more columns",
        "CREATE TABLE thing (id integer, name text);\nCREATE UNIQUE INDEX x ON thing (id, name)",
        false,
      ],
    ])("%s", async (_, ddl, enough) => {
      await using sink = await opened(warehouse.address);
      await run(sink, ddl);
      const plan = await sink.plan(people);
      if (enough) return expect(plan.problems).toEqual([]);
      expect(plan.problems).toEqual([
        {
          message: 'table "thing" has no unique index on its upsert key (id)',
          sql: per({
            sqlite: 'CREATE UNIQUE INDEX "thing_id_key" ON "thing" ("id")',
            postgres: 'CREATE UNIQUE INDEX ON "thing" ("id")',
          }),
        },
      ]);
      await expect(sink.apply(plan)).rejects.toThrow(/CREATE UNIQUE INDEX/);
      await expect(sink.apply(plan)).rejects.toThrow(FatalError);
      await run(sink, plan.problems[0]?.sql ?? "");
      expect((await sink.plan(people)).problems).toEqual([]);
      expect(counts(await write(sink, inputOf(sink, people, [[1, "a"]])))).toEqual([1, 0, 0, 0, 0]);
    });

    test("the order of a composite key's columns does not matter", async () => {
      await using sink = await opened(warehouse.address);
      await run(sink, "CREATE TABLE thing (id integer, name text, PRIMARY KEY (name, id))");
      expect((await sink.plan({ ...people, keys: ["id", "name"] })).problems).toEqual([]);
    });

    test("a column of another type is a problem, and its SQL is the cure", async () => {
      await using sink = await opened(warehouse.address);
      const table = tableOf({ id: "integer", amount: "decimal(12,2)", at: "timestamp" });
      await run(
        sink,
        per({
          sqlite:
            "CREATE TABLE thing (id integer NOT NULL PRIMARY KEY, amount REAL, at integer);\nINSERT INTO thing VALUES (1, 1.5, NULL)",
          postgres:
            "CREATE TABLE thing (id integer NOT NULL PRIMARY KEY, amount numeric(10,1), at timestamp);\nINSERT INTO thing VALUES (1, 1.5, NULL)",
        }),
      );
      const plan = await sink.plan(table);
      expect(plan.problems.map((problem) => problem.sql)).toEqual(
        per({
          sqlite: [
            [
              'ALTER TABLE "thing" RENAME COLUMN "amount" TO "amount_old"',
              'ALTER TABLE "thing" ADD COLUMN "amount" TEXT',
              `UPDATE "thing" SET "amount" = CASE WHEN "amount_old" IS NOT NULL THEN printf('%.2f', "amount_old") END`,
              'ALTER TABLE "thing" DROP COLUMN "amount_old"',
            ].join(";\n"),
            [
              'ALTER TABLE "thing" RENAME COLUMN "at" TO "at_old"',
              'ALTER TABLE "thing" ADD COLUMN "at" TEXT',
              'UPDATE "thing" SET "at" = CAST("at_old" AS TEXT)',
              'ALTER TABLE "thing" DROP COLUMN "at_old"',
            ].join(";\n"),
          ],
          postgres: [
            'ALTER TABLE "thing" ALTER COLUMN "amount" TYPE numeric(12,2)',
            `ALTER TABLE "thing" ALTER COLUMN "at" TYPE timestamp with time zone USING "at" AT TIME ZONE 'UTC'`,
          ],
        }),
      );
      expect(plan.problems[0]?.message).toContain('column "amount" of table "thing" is ');
      for (const problem of plan.problems) await run(sink, problem.sql);
      expect((await sink.plan(table)).problems).toEqual([]);
      expect(counts(await write(sink, inputOf(sink, table, [[1, "1.50", null]])))).toEqual([0, 0, 1, 0, 0]);
    });

    test("a column that must be filled and that the mapping does not know", async () => {
      await using sink = await opened(warehouse.address);
      await run(
        sink,
        "CREATE TABLE thing (id integer NOT NULL PRIMARY KEY, name text, a text NOT NULL, b text NOT NULL DEFAULT 'x', c text)",
      );
      const plan = await sink.plan(people);
      expect(plan.problems.map((problem) => problem.message)).toEqual([
        'column "a" of table "thing" is NOT NULL without a default, and the mapping does not fill it',
      ]);
      await run(sink, plan.problems[0]?.sql ?? "");
      expect(counts(await write(sink, inputOf(sink, people, [[1, "a"]])))).toEqual([1, 0, 0, 0, 0]);
    });

    test("a view", async () => {
      await using sink = await opened(warehouse.address);
      await run(sink, "CREATE VIEW thing AS SELECT 1 AS id, 'a' AS name");
      expect((await sink.plan(people)).problems[0]?.message).toContain("is a view");
    });
  });

  describe("sets", () => {
    const links = tableOf({ owner: "bigint", thing: "bigint", note: "text" }, { keys: ["owner", "thing"] });
    const replaced = (sink: Sink, input: Omit<ReplaceInput, "table">, table = links): Promise<number> =>
      sink.transaction(() => sink.replaceSets({ table, ...input }));
    const pairs = async (sink: Sink): Promise<string[]> =>
      (await readBack(sink, links)).map(([owner, thing]) => `${String(owner)}-${String(thing)}`);

    test("what is stored in a set and not kept goes, and nothing else", async () => {
      await using sink = await opened(warehouse.address);
      await write(sink, inputOf(sink, links, list([1, 1, "a"], [1, 2, "b"], [2, 1, "c"], [3, 1, "d"], [4, 9, "e"])));
      const sets: RowSet[] = [
        { within: [1], kept: [2, 7] },
        { within: [2], kept: [] },
        { within: [5], kept: [1] },
      ];
      expect(await sink.compareSets({ table: links, within: ["owner"], sets })).toBe(2);
      expect(await pairs(sink)).toHaveLength(5);
      expect(await replaced(sink, { within: ["owner"], sets })).toBe(2);
      expect(await pairs(sink)).toEqual(["1-2", "3-1", "4-9"]);
      expect(await replaced(sink, { within: ["owner"], sets })).toBe(0);
    });

    test("a set by the other column, and two tables in one transaction", async () => {
      await using sink = await opened(warehouse.address);
      const others: Table = { ...links, name: "other" };
      await write(sink, inputOf(sink, links, list([1, 1, null], [2, 1, null], [2, 2, null])));
      await write(sink, inputOf(sink, others, list([1, 1, null], [1, 2, null])));
      const gone = await sink.transaction(async () => [
        await sink.replaceSets({ table: links, within: ["thing"], sets: [{ within: [1], kept: [2] }] }),
        await sink.replaceSets({ table: others, within: ["owner"], sets: [{ within: [1], kept: [] }] }),
        await sink.replaceSets({ table: links, within: ["owner"], sets: [{ within: [2], kept: [2] }] }),
      ]);
      expect(gone).toEqual([1, 2, 1]);
      expect(await pairs(sink)).toEqual(["2-2"]);
    });

    test("a set that says the whole key: its one row goes where nothing was kept", async () => {
      await using sink = await opened(warehouse.address);
      const named = tableOf({ id: "text", name: "text" });
      await write(sink, inputOf(sink, named, list(["a", "x"], ["b", "y"])));
      const sets: RowSet[] = [
        { within: ["a"], kept: [true] },
        { within: ["b"], kept: [] },
      ];
      expect(await replaced(sink, { within: ["id"], sets }, named)).toBe(1);
      expect(await readBack(sink, named)).toEqual([["a", "x"]]);
    });

    test("values of every type are compared exactly", async () => {
      await using sink = await opened(warehouse.address);
      const table = tableOf(
        {
          a: "bigint",
          b: "text",
          c: "decimal(30,4)",
          d: "timestamp",
          e: "boolean",
          f: "uuid",
          g: "date",
          h: "integer",
        },
        { keys: ["a", "b", "c", "d", "e", "f", "g", "h"] },
      );
      const row = (id: bigint, text: string, digits: string): Row => [
        id,
        text,
        digits,
        at(5),
        true,
        "0190e6a0-0000-7000-8000-000000000001",
        "2025-01-31",
        7,
      ];
      const [big, near] = [9007199254740993n, 9007199254740992n];
      const rows = [
        row(big, "é", "12345678901234567890.1234"),
        row(near, "é", "12345678901234567890.1234"),
        row(big, "É", "12345678901234567890.1234"),
        row(big, "é", "12345678901234567890.1235"),
      ];
      await write(sink, inputOf(sink, table, rows));
      const kept = rows[0]!.slice(2);
      const sets: RowSet[] = [{ within: [big, "é"], kept }];
      expect(await replaced(sink, { within: ["a", "b"], sets }, table)).toBe(1);
      expect(await readBack(sink, table)).toHaveLength(3);
      const odd = "tab\t, back\\slash, \\N, line\n, 'quote'";
      await write(sink, inputOf(sink, table, [row(1n, odd, "1.0000"), row(1n, odd, "2.0000")]));
      const other: RowSet[] = [{ within: [1, odd], kept: row(1n, odd, "2.0000").slice(2) }];
      expect(await replaced(sink, { within: ["a", "b"], sets: other }, table)).toBe(1);
    });

    test("a stored row with a NULL in its key is not among those that were read", async () => {
      await using sink = await opened(warehouse.address);
      await run(
        sink,
        `CREATE TABLE thing (owner bigint, thing bigint, note text); CREATE UNIQUE INDEX u ON thing (owner, thing)`.replace(
          "; ",
          ";\n",
        ),
      );
      await write(sink, inputOf(sink, links, list([1, 1, null], [2, 1, null])));
      await run(sink, "INSERT INTO thing (owner, thing) VALUES (1, NULL), (NULL, 1)");
      expect(await replaced(sink, { within: ["owner"], sets: [{ within: [1], kept: [1] }] })).toBe(1);
      expect((await readBack(sink, links)).map(([owner]) => owner)).toHaveLength(3);
    });

    test("a thousand sets of 150, in one call", async () => {
      await using sink = await opened(warehouse.address);
      const rows = Array.from({ length: 150_000 }, (_, n): Row => [Math.floor(n / 150), n % 150, null]);
      await write(sink, inputOf(sink, links, rows));
      const sets = Array.from({ length: 1000 }, (_, owner): RowSet => ({
        within: [owner],
        kept: Array.from({ length: 150 }, (_unused, n) => n + 1),
      }));
      const input: ReplaceInput = { table: links, within: ["owner"], sets };
      expect(await sink.compareSets(input)).toBe(1000);
      expect(await sink.transaction(() => sink.replaceSets(input))).toBe(1000);
      expect(await sink.transaction(() => sink.replaceSets(input))).toBe(0);
    }, 60_000);

    test("a transaction that is undone deletes nothing; a table that is not there loses nothing", async () => {
      await using sink = await opened(warehouse.address);
      const sets: RowSet[] = [{ within: [1], kept: [] }];
      expect(await sink.compareSets({ table: links, within: ["owner"], sets })).toBe(0);
      await write(sink, inputOf(sink, links, list([1, 1, null])));
      const undone = sink.transaction(async () => {
        await sink.replaceSets({ table: links, within: ["owner"], sets });
        throw new Error("no");
      });
      await expect(undone).rejects.toThrow("no");
      expect(await pairs(sink)).toEqual(["1-1"]);
    });

    test("what would go is counted by a sink that only reads", async () => {
      {
        await using sink = await opened(warehouse.address);
        await write(sink, inputOf(sink, links, list([1, 1, null], [1, 2, null])));
      }
      await using reading = await opened(warehouse.address, true);
      const sets: RowSet[] = [{ within: [1], kept: [2] }];
      expect(await reading.compareSets({ table: links, within: ["owner"], sets })).toBe(1);
      expect(await pairs(reading)).toEqual(["1-1", "1-2"]);
    });
  });

  describe("compare", () => {
    test("says what merge then does, and writes nothing", async () => {
      await using sink = await opened(warehouse.address);
      await write(
        sink,
        inputOf(
          sink,
          versions,
          Array.from({ length: 200 }, (_, id): Row => [id, "a", at(5)]),
        ),
      );
      const before = await readBack(sink, versions);
      const rows = Array.from({ length: 300 }, (_, id): Row => [
        id % 7 === 0 ? null : id,
        id % 3 === 0 ? "a" : "b",
        at(id % 5 === 0 ? 4 : 5),
      ]);
      const input = inputOf(sink, versions, [...rows, [1, "again", at(5)]]);
      const foreseen = await sink.compare(input);
      expect(await readBack(sink, versions)).toEqual(before);
      expect(foreseen.rejects.length).toBe(43);
      expect(foreseen.stale).toBeGreaterThan(0);
      expect(foreseen.staleIndexes.length).toBe(foreseen.stale);
      expect(await write(sink, input)).toEqual(foreseen);
    });

    test("a table that is not there, without creating it", async () => {
      await using sink = await opened(warehouse.address);
      expect(counts(await sink.compare(inputOf(sink, versions, list([1, "a", at(1)], [2, "b", null]))))).toEqual([
        2, 0, 0, 0, 0,
      ]);
      expect((await sink.plan(versions)).creates).toBe(true);
    });

    test("in a sink that only reads", async () => {
      {
        await using sink = await opened(warehouse.address);
        await write(sink, inputOf(sink, versions, list([1, "a", at(5)], [2, "a", at(5)])));
      }
      await using sink = await opened(warehouse.address, true);
      expect(await sink.plan(versions)).toMatchObject({
        creates: false,
        statements: [],
        problems: [],
      });
      expect(
        counts(await sink.compare(inputOf(sink, versions, list([1, "b", at(6)], [2, "b", at(1)], [3, "c", null])))),
      ).toEqual([1, 1, 0, 1, 0]);
      await expect(sink.transaction(() => sink.merge(inputOf(sink, versions, [[4, "x", null]])))).rejects.toThrow(
        FatalError,
      );
      await expect(run(sink, "DELETE FROM thing")).rejects.toThrow(/read-?only/);
      expect((await readBack(sink, versions)).length).toBe(2);
    });
  });

  describe("transactions", () => {
    test("one that fails leaves nothing, and the sink goes on", async () => {
      await using sink = await opened(warehouse.address);
      await write(sink, inputOf(sink, people, [[1, "a"]]));
      const failing = sink.transaction(async () => {
        await sink.merge(inputOf(sink, people, list([1, "b"], [2, "b"])));
        await run(sink, "CREATE TABLE other (id integer)");
        throw new RangeError("the body's own");
      });
      await expect(failing).rejects.toThrow(RangeError);
      expect(await readBack(sink, people)).toEqual([[1, "a"]]);
      await expect(run(sink, "SELECT * FROM other")).rejects.toThrow(/other/);
      expect(counts(await write(sink, inputOf(sink, people, list([1, "c"], [2, "c"]))))).toEqual([1, 1, 0, 0, 0]);
    });

    test("statements of the database belong to it", async () => {
      await using sink = await opened(warehouse.address);
      await run(sink, "CREATE TABLE note (id integer)");
      await sink
        .transaction(async () => {
          await sink.database.insertInto("note").values({ id: 1 }).execute();
          throw new RangeError("no");
        })
        .catch(() => {});
      expect(await sink.database.selectFrom("note").selectAll().execute()).toEqual([]);
    });

    test("the result of the body is given back, and statements are counted", async () => {
      await using sink = await opened(warehouse.address);
      const before = sink.statements;
      expect(await sink.transaction(async () => 5)).toBe(5);
      expect(sink.statements).toBe(before + 2);
      await run(sink, "SELECT 1");
      expect(sink.statements).toBe(before + 3);
    });

    test("Kysely's migrations run through the database, once", async () => {
      await using sink = await opened(warehouse.address);
      const migrations: Record<string, Migration> = {
        "1": {
          up: (database) => database.schema.createTable("note").addColumn("id", sql.raw(sink.types.id)).execute(),
        },
        "2": {
          up: (database) => database.schema.alterTable("note").addColumn("body", sql.raw(sink.types.json)).execute(),
        },
      };
      const migrator = new Migrator({ db: sink.database, provider: { getMigrations: async () => migrations } });
      expect((await migrator.migrateToLatest()).results?.map((result) => result.status)).toEqual([
        "Success",
        "Success",
      ]);
      expect((await migrator.migrateToLatest()).results).toEqual([]);
      migrations["3"] = {
        up: async (database) => {
          await database.schema.createTable("half").addColumn("id", "integer").execute();
          await sql`SELECT * FROM nowhere`.execute(database);
        },
      };
      expect((await migrator.migrateToLatest()).error).toBeDefined();
      await expect(run(sink, "SELECT * FROM half")).rejects.toThrow(/half/);
      expect(await sink.transaction(async () => 1)).toBe(1);
    });

    test("they do not nest, and a merge needs one", async () => {
      await using sink = await opened(warehouse.address);
      await sink.apply(await sink.plan(people));
      await expect(sink.transaction(() => sink.transaction(async () => 1))).rejects.toThrow(/do not nest/);
      await expect(sink.merge(inputOf(sink, people, [[1, "a"]]))).rejects.toThrow(/outside a transaction/);
      expect(await sink.transaction(async () => 1)).toBe(1);
    });

    test("SQL that is wrong is the spec's mistake, and the message has the statement", async () => {
      await using sink = await opened(warehouse.address);
      const failing = sink.transaction(() => run(sink, "SELECT nothing FROM nowhere"));
      await expect(failing).rejects.toThrow(SpecError);
      await expect(failing).rejects.toThrow(/SELECT nothing FROM nowhere/);
    });

    test("two sinks write to one table at the same time", async () => {
      await using first = await opened(warehouse.address);
      await using second = await opened(warehouse.address);
      await first.apply(await first.plan(people));
      const rows = (name: string): Row[] => Array.from({ length: 500 }, (_, id) => [id, name]);
      const results = await Promise.all(
        [first, second].flatMap((sink, which) => [
          (async () => {
            const sums = { created: 0, updated: 0, unchanged: 0 };
            for (let round = 0; round < 10; round++) {
              const result = await sink.transaction(() => sink.merge(inputOf(sink, people, rows(`${which} ${round}`))));
              sums.created += result.created;
              sums.updated += result.updated;
              sums.unchanged += result.unchanged;
            }
            return sums;
          })(),
        ]),
      );
      expect(results.reduce((sum, result) => sum + result.created, 0)).toBe(500);
      expect(results.reduce((sum, result) => sum + result.updated, 0)).toBe(9500);
      expect((await readBack(first, people)).length).toBe(500);
    });

    test("two sinks create one table at the same time", async () => {
      await using first = await opened(warehouse.address);
      await using second = await opened(warehouse.address);
      const plans = await Promise.all([first.plan(people), second.plan(people)]);
      expect(plans.map((plan) => plan.creates)).toEqual([true, true]);
      await Promise.all([first.apply(plans[0]), second.apply(plans[1])]);
      expect((await first.plan(people)).statements).toEqual([]);
    });
  });

  describe("locks", () => {
    const name = "hubspot.contacts / scope=1";

    test("one name is held once; another name, and the same after its release, is free", async () => {
      await using first = await opened(warehouse.address);
      await using second = await opened(warehouse.address);
      const lock = await first.lock(name);
      expect(lock).toBeDefined();
      expect(await first.lock(name)).toBeUndefined();
      expect(await second.lock(name)).toBeUndefined();
      expect(await second.lock("hubspot.contacts / scope=2")).toBeDefined();
      await write(first, inputOf(first, people, [[1, "a"]]));
      await write(second, inputOf(second, people, [[1, "b"]]));
      await lock?.release();
      await lock?.release();
      expect(await second.lock(name)).toBeDefined();
      expect(await first.lock(name)).toBeUndefined();
    });

    test("closing the sink frees its locks", async () => {
      const first = await opened(warehouse.address);
      expect(await first.lock(name)).toBeDefined();
      await first.close();
      await using second = await opened(warehouse.address);
      expect(await second.lock(name)).toBeDefined();
    });

    test("another process holds it until it is killed", async () => {
      await using sink = await opened(warehouse.address);
      const child = spawn(
        process.execPath,
        [fileURLToPath(new URL("lock-holder.ts", import.meta.url)), warehouse.address, name],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      const [said] = await once(child.stdout, "data");
      expect(String(said)).toBe("held\n");
      expect(await sink.lock(name)).toBeUndefined();
      child.kill("SIGKILL");
      await once(child, "exit");
      // The kernel closes a killed client's socket at once, its server process sees that a moment later.
      await expect.poll(() => sink.lock(name), { timeout: 10_000, interval: 20 }).toBeDefined();
    });
  });
});
