import { expect, test } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { compileCoercion, isColumnType } from "../../src/values/coerce.ts";
import { coercionTable, thrownBy } from "./coercion-table.ts";

coercionTable(
  "text",
  {},
  {
    fits: [
      [null, null],
      [undefined, null],
      ["", null],
      ["   ", null],
      ["\u00a0\t\n", null],
      ["  a b  ", "a b"],
      ["null", "null"],
      ["-", "-"],
      [1.1, "1.1"],
      [-0, "0"],
      [1e21, "1000000000000000000000"],
      [-1.5e-7, "-0.00000015"],
      [12345678901234567890n, "12345678901234567890"],
      [true, "true"],
      [false, "false"],
      [new Date(Date.UTC(2025, 0, 2, 3, 4, 5, 60)), "2025-01-02T03:04:05.06Z"],
      ["a\0b", "ab", "nul_removed"],
      ["\0", null, "nul_removed"],
      ["\0 a", "a", "nul_removed"],
      ["\ud83d", "\ufffd", "surrogate_replaced"],
      ["😀", "😀"],
    ],
    misfits: [
      [["a", "b"], "a list of 2 does not fit text: use type json, or $join"],
      [{ a: 1 }, "an object does not fit text: use type json, or $string"],
      [Number.NaN, "NaN is not a number"],
      [Infinity, "Infinity is not a number"],
    ],
  },
);

coercionTable(
  "text",
  { trim: false },
  {
    fits: [
      ["  a ", "  a "],
      ["  ", "  "],
      ["", null],
    ],
  },
);
coercionTable(
  "text",
  { keepEmpty: true },
  {
    fits: [
      ["", ""],
      ["  ", "  "],
      [" a ", " a "],
      [null, null],
    ],
  },
);
coercionTable(
  "text",
  { keepEmpty: true, trim: true },
  {
    fits: [
      ["", ""],
      ["  ", ""],
      [" a ", "a"],
    ],
  },
);
coercionTable(
  "text",
  { nullValues: ["", "NULL"] },
  {
    fits: [
      ["NULL", null],
      [" NULL ", "NULL"],
      ["null", "null"],
    ],
  },
);
coercionTable(
  "text",
  { nullValues: ["NULL"] },
  {
    fits: [
      ["", null],
      ["  ", null],
    ],
  },
);
coercionTable(
  "text",
  { nullValues: ["", "NULL"], keepEmpty: true },
  {
    fits: [
      ["", ""],
      ["NULL", null],
    ],
  },
);
coercionTable(
  "integer",
  { nullValues: ["NULL"], keepEmpty: true },
  {
    fits: [
      ["", null],
      ["NULL", null],
      [" 7 ", 7],
    ],
  },
);

coercionTable(
  "json",
  {},
  {
    fits: [
      [true, "true"],
      [0, "0"],
      ["plain", '"plain"'],
      [" kept ", '" kept "'],
      ["", null],
      [null, null],
      [[1], "[1]"],
      [[], "[]"],
      [{ b: 1, a: { d: null, c: undefined } }, '{"a":{"d":null},"b":1}'],
      [{ "k\0": "v\0" }, '{"k":"v"}', "nul_removed", "nul_removed"],
    ],
    misfits: [
      [{ n: Number.NaN }, "NaN cannot be written as JSON"],
      [{ f: () => 1 }, "a function cannot be written as JSON"],
    ],
  },
);

const id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
coercionTable(
  "uuid",
  {},
  {
    fits: [
      [id, id],
      [id.toUpperCase(), id],
      [` ${id} `, id],
      [`{${id}}`, id],
      [id.replaceAll("-", ""), id],
      [`{${id.replaceAll("-", "").toUpperCase()}}`, id],
      ["", null],
    ],
    misfits: [
      [`{${id}`, `"{${id}" is not a UUID`],
      [id.slice(1), `"${id.slice(1)}" is not a UUID`],
      ["a0eebc999c0b-4ef8-bb6d-6bb9bd380a11", '"a0eebc999c0b-4ef8-bb6d-6bb9bd380a11" is not a UUID'],
      [12, "12 is not a UUID"],
    ],
  },
);

coercionTable(
  "boolean",
  {},
  {
    fits: [
      [true, true],
      [false, false],
      ...["true", "TRUE", "Yes", "1", " yes "].map((text) => [text, true] as const),
      ...["false", "No", "0"].map((text) => [text, false] as const),
      [1, true],
      [0, false],
      [1n, true],
      ["-", null],
      ["", null],
    ],
    misfits: [
      ["y", '"y" is not true or false'],
      ["2", '"2" is not true or false'],
      [2, "2 is not true or false"],
      [["true"], "a list of 1 is not true or false"],
      [{}, "an object is not true or false"],
    ],
  },
);

test("a message shows 40 characters of a value at most", () => {
  const error = thrownBy(() => compileCoercion("uuid")("x".repeat(1000), () => {}));
  expect((error as Error).message).toBe(`"${"x".repeat(40)}…" is not a UUID`);
});

test.each([
  ["text", true],
  ["json", true],
  ["decimal(12,2)", true],
  ["decimal(12, 2)", true],
  ["decimal(5)", true],
  ["decimal(1000,1000)", true],
  ["decimal", false],
  ["decimal(0)", false],
  ["decimal(2,3)", false],
  ["decimal(1001)", false],
  ["decimal(-1)", false],
  ["varchar", false],
  ["text ", false],
  ["Text", false],
  ["", false],
  ["constructor", false],
])("isColumnType(%j) is %j", (type, result) => {
  expect(isColumnType(type)).toBe(result);
});

test.each([
  ["varchar", {}, '"varchar" is not a type such as text, bigint or decimal(12,2)'],
  ["text", { format: "iso" }, "type text takes no format"],
  ["integer", { format: "epoch" }, 'format "epoch" is not one for numbers: there is only money'],
  ["interval", { format: "hours" }, 'format "hours" is not one for intervals: seconds, minutes, milliseconds or iso'],
  ["interval", { format: ["seconds", "minutes"] }, "an interval has one unit: seconds, minutes or milliseconds"],
  [
    "timestamp",
    { timeZone: "Mars/Olympus" },
    '"Mars/Olympus" is not a time zone; write a name of the tz database such as America/Los_Angeles',
  ],
  [
    "date",
    { timeZone: "local" },
    '"local" is not a time zone; write a name of the tz database such as America/Los_Angeles',
  ],
  ["timestamp", { format: "HH:mm" }, 'format "HH:mm" gives no whole date: it needs a year, a month and a day'],
  [
    "timestamp",
    { format: "yyyy-MM-dd hh:mm" },
    'format "yyyy-MM-dd hh:mm": h counts to twelve and needs a (AM or PM); H counts to 24',
  ],
  ["time", { format: "yyyy" }, 'format "yyyy" gives no time of day: it needs an hour'],
  [
    "timestamp",
    { format: "YYYY-MM-DD" },
    `format "YYYY-MM-DD": there is no token "YYYY"; years are yyyy, days are dd, letters stand in '…'`,
  ],
])("type %s with %j is a SpecError", (type, options, message) => {
  const error = thrownBy(() => compileCoercion(type, options));
  expect(error).toBeInstanceOf(SpecError);
  expect((error as Error).message).toBe(message);
});
