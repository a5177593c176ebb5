/** Values that are in form already, and those that are read without the long way round: nothing may come out otherwise. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileCoercion, type CoercionOptions } from "../../src/values/coerce.ts";
import { compileInForm } from "../../src/values/in-form.ts";

const types = ["text", "integer", "bigint", "decimal(6,2)", "decimal(3)", "decimal(2,2)", "double", "boolean", "date"];
const allTypes = [...types, "timestamp", "time", "uuid", "json", "interval"];

/** Texts near the forms: right ones, and those a character away from right. */
const digits = (least: number, most: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: least, maxLength: most });
const two = fc.oneof(
  fc.integer({ min: 0, max: 31 }).map((number) => String(number).padStart(2, "0")),
  fc.constantFrom("23", "24", "59", "60", "61", "99", "5", "a1"),
);
const dayText = fc
  .tuple(fc.constantFrom("0000", "0001", "1900", "2000", "2024", "2025", "9999", "20a5"), two, two)
  .map((parts) => parts.join("-"));
const fraction = fc.oneof(
  fc.constant(""),
  digits(0, 9).map((text) => `.${text}`),
  digits(1, 6).map((text) => `,${text}`),
);
const zone = fc.constantFrom(
  "",
  "Z",
  "z",
  "+00",
  "+00:00",
  "+0000",
  "-00",
  "+01",
  "+00:0",
  " UTC",
  "Zulu",
  " +00",
  "+00 ",
);
const timeText = fc
  .tuple(dayText, fc.constantFrom("T", " ", "t", "x", ""), two, two, two, fraction, zone)
  .map(([day, mark, hour, minute, second, rest, end]) => `${day}${mark}${hour}:${minute}:${second}${rest}${end}`);
const numberText = fc.oneof(
  fc
    .tuple(fc.constantFrom("", "-", "+"), digits(0, 20), fc.constantFrom("", ".", "e"), digits(0, 20))
    .map((parts) => parts.join("")),
  fc.constantFrom("0", "-0", "0.00", "-0.00", "00.10", "0.1", "2147483647", "2147483648", "-2147483648", "1e400"),
  fc.constantFrom("9007199254740991", "9007199254740993", `0.${"0".repeat(400)}1`, "9".repeat(400), "1.2.3", "--1"),
  fc.double().map(String),
);
const plainText = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc
    .tuple(fc.constantFrom("", " ", "\t", "\u00a0", "\ufeff", "\u3000", "\0", "\ud800", "é"), fc.string())
    .map(([end, text]) => `${text}${end}`),
);
const anything = fc.oneof(
  plainText,
  dayText,
  timeText,
  numberText,
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, 2 ** 31, -(2 ** 31), 2 ** 53, Number.NaN, {}, []),
  fc.date({ noInvalidDate: false }),
);
const options: fc.Arbitrary<CoercionOptions> = fc.record(
  {
    timeZone: fc.constantFrom("UTC", "America/Los_Angeles", "Asia/Kolkata"),
    trim: fc.boolean(),
    keepEmpty: fc.boolean(),
    nullValues: fc.constantFrom([], [""], ["", "0.00", "2025-01-02"], ["null", "x"]),
  },
  { requiredKeys: [] },
);

interface Outcome {
  value?: unknown;
  message?: string;
  warned: string[];
}

function outcomeOf(type: string, given: CoercionOptions, value: unknown): Outcome {
  const warned: string[] = [];
  try {
    return { value: compileCoercion(type, given)(value, (rule) => warned.push(rule)), warned };
  } catch (error) {
    return { message: (error as Error).message, warned };
  }
}

describe("a value in its column's form", () => {
  it.each(allTypes)("is what the coercion to %s gives for it, and nothing is told of it", (type) => {
    fc.assert(
      fc.property(anything, options, (value, given) => {
        if (!compileInForm(type, given)?.(value)) return;
        const { value: coerced, warned, message } = outcomeOf(type, given, value);
        expect(message).toBeUndefined();
        expect(Object.is(coerced, value)).toBe(true);
        expect(warned).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ["text", "Ada", " Ada"],
    ["text", "naïve text", "naïve "],
    ["text", "a b", "a\0b"],
    ["integer", 5, "5"],
    ["integer", -(2 ** 31), 2 ** 31],
    ["integer", 0, -0],
    ["bigint", 2 ** 53 - 1, 2 ** 53],
    ["decimal(6,2)", "1.50", "1.5"],
    ["decimal(6,2)", "-9999.99", "10000.00"],
    ["decimal(6,2)", "0.00", "-0.00"],
    ["decimal(2,2)", "0.12", "1.00"],
    ["decimal(3)", "120", "012"],
    ["double", 0.5, "0.5"],
    ["boolean", false, 0],
    ["date", "2024-02-29", "2025-02-29"],
    ["timestamp", "2025-01-02T03:04:05.000000Z", "2025-01-02T03:04:05Z"],
    ["timestamp", "9999-12-31T23:59:59.999999Z", "2025-01-02T24:00:00.000000Z"],
  ])("%s knows %j and does not know %j", (type, known, other) => {
    const test = compileInForm(type, {})!;
    expect(test(known)).toBe(true);
    expect(test(other)).toBe(false);
  });

  it("is not a text that means NULL", () => {
    const test = compileInForm("date", { nullValues: ["", "1900-01-01"] })!;
    expect(test("1900-01-01")).toBe(false);
    expect(test("1900-01-02")).toBe(true);
  });

  it("is not told where the spec says a format", () => {
    expect(compileInForm("timestamp", { format: "epoch" })).toBeUndefined();
    expect(compileInForm("date", { format: ["yyyyMMdd"] })).toBeUndefined();
  });
});

describe("the short way to a value", () => {
  /** With a format that says what is read anyway, everything goes the long way. */
  const longWay = { format: "iso" };

  it.each(["timestamp", "date"])("gives the %s that the long way gives", (type) => {
    fc.assert(
      fc.property(fc.oneof(dayText, timeText), options, (text, given) => {
        const short = outcomeOf(type, given, text);
        const long = outcomeOf(type, { ...given, ...longWay }, text);
        expect(short.value).toBe(long.value);
        expect(short.message === undefined).toBe(long.message === undefined);
      }),
      { numRuns: 4_000 },
    );
  });

  it.each(["integer", "bigint", "double"])("gives the %s that the long way gives", (type) => {
    fc.assert(
      fc.property(numberText, (text) => {
        // An exponent of nothing is read the long way and changes no number.
        if (/e/.test(text) || text === "") return;
        const short = outcomeOf(type, {}, text);
        const long = outcomeOf(type, {}, `${text}e0`);
        expect(Object.is(short.value, long.value)).toBe(true);
        expect(short.message === undefined).toBe(long.message === undefined);
      }),
      { numRuns: 4_000 },
    );
  });
});
