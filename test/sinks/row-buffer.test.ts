/** Lines of COPY that are written byte by byte, beside the same lines put together as texts. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { FatalError } from "../../src/errors.ts";
import type { Row, Value } from "../../src/sinks/contract.ts";
import { encode, storedLines } from "../../src/sinks/postgres/copy-text.ts";
import { PostgresRows } from "../../src/sinks/postgres/row-buffer.ts";
import { list, tableOf } from "./targets.ts";

const table = tableOf({
  id: "integer",
  name: "text",
  big: "bigint",
  share: "double",
  open: "boolean",
  extra: "json",
  price: "decimal(12,2)",
});

const text = (max: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: "binary", maxLength: max }),
    fc.string({ unit: "binary-ascii", maxLength: max }),
    fc.string({ unit: fc.constantFrom("a", "é", "日", "😀", "\t", "\n", "\r", "\\", "N"), maxLength: max }),
  );
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 5 });
const rowsOf: fc.Arbitrary<Row[]> = fc.array(
  fc.tuple(
    fc.oneof(fc.nat(), fc.integer()),
    maybe(fc.oneof(text(20), text(400))),
    maybe(fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))),
    maybe(fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0))),
    maybe(fc.boolean()),
    maybe(fc.json()),
    maybe(fc.constantFrom("0.00", "-12.50", "9999999999.99")),
  ),
  { maxLength: 30 },
);

/** What no database takes. */
const isBad = (value: Value): boolean =>
  typeof value === "string" && (value.includes("\0") || !value.isWellFormed() || value.includes("\\u0000"));

test("random rows: lines, problems and what is given back", () => {
  fc.assert(
    fc.property(rowsOf, fc.integer({ min: 1, max: 300 }), (rows, bytes) => {
      const buffer = new PostgresRows(table, bytes);
      for (const [index, row] of rows.entries()) buffer.set(index, row);
      const good = rows.flatMap((row, index) => (row.some(isBad) ? [] : [index]));
      const bad = rows.flatMap((row, index) => (row.some(isBad) ? [index] : []));
      expect([...buffer.problems.keys()]).toEqual(bad);
      const lines = Buffer.concat([...storedLines({ rows: buffer, indexes: good }, ["now", 7])]);
      const expected = good.map((index) => `${[...rows[index]!, "now", 7].map(encode).join("\t")}\n`);
      expect(lines.toString()).toBe(expected.join(""));
      for (const [index, row] of rows.entries()) expect(buffer.get(index).map(asRead)).toEqual(row.map(asRead));
    }),
    { numRuns: 2_000 },
  );
});

/** A bigint that a number holds exactly comes back as one. */
function asRead(value: Value): Value {
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

test("rows that replace each other, in any order, leave the last of each", () => {
  const writes = fc.array(fc.tuple(fc.nat({ max: 5 }), fc.string({ unit: "binary", maxLength: 30 })), {
    maxLength: 40,
  });
  const names = tableOf({ id: "integer", name: "text" });
  fc.assert(
    fc.property(writes, (given) => {
      const buffer = new PostgresRows(names, 1);
      const last: Row[] = [];
      for (const [at, name] of given) {
        const index = Math.min(at, last.length);
        last[index] = [index, name];
        buffer.set(index, [index, name]);
      }
      expect(buffer.length).toBe(last.length);
      expect(last.map((_, index) => buffer.get(index))).toEqual(last);
      expect([...buffer.problems.keys()].toSorted()).toEqual(
        last.flatMap((row, index) => (row.some(isBad) ? [index] : [])),
      );
    }),
  );
});

test("a line longer than a chunk, and a row of the wrong length", () => {
  const names = tableOf({ id: "integer", name: "text" });
  const buffer = new PostgresRows(names, 10);
  const rows = list([1, "x".repeat(200_000)], [2, "ä".repeat(70_000)], [3, "\\".repeat(70_000)]);
  for (const [index, row] of rows.entries()) buffer.set(index, row);
  const chunks = [...storedLines({ rows: buffer, indexes: [0, 1, 2] }, [])];
  expect(Buffer.concat(chunks).toString()).toBe(rows.map((row) => `${row.map(encode).join("\t")}\n`).join(""));
  expect(() => buffer.set(3, [1])).toThrow(FatalError);
});
