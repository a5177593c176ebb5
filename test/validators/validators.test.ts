import fc from "fast-check";
import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { describe, expect, test } from "vitest";
import { RecordError, SpecError } from "../../src/errors.ts";
import { validatorOptions, validators } from "../../src/runtime/validators/index.ts";
import type { Value } from "../../src/sinks/contract.ts";

interface Case {
  name: string;
  options?: unknown;
  /** What goes in and what comes out. */
  good?: readonly (readonly [Value, Value])[];
  /** What goes in and the words. */
  bad?: readonly (readonly [Value, string])[];
}

const same = (...values: Value[]): (readonly [Value, Value])[] => values.map((value) => [value, value] as const);
const all = (words: string, ...values: Value[]): (readonly [Value, string])[] =>
  values.map((value) => [value, words] as const);

const notEmail = "not an e-mail address";
const notPhone = "not a phone number";

const cases: readonly Case[] = [
  {
    name: "email",
    good: [
      [" Ada.Lovelace@Example.COM ", "ada.lovelace@example.com"],
      ...same(
        "a@b.co",
        "o'brien+tag@mail.example.co.uk",
        "x_y-z@xn--bcher-kva.example",
        "müller@bücher.de",
        "1@2.com",
        "a@b-c.io",
      ),
      [`${"x".repeat(64)}@example.com`, `${"x".repeat(64)}@example.com`],
    ],
    bad: [
      ...all(
        notEmail,
        "soon",
        "a@b",
        "@b.co",
        "a@",
        "a b@c.de",
        "a@b c.de",
        "a..b@c.de",
        ".a@c.de",
        "a.@c.de",
        "a@-b.de",
        "a@b-.de",
        "a@b..de",
        "a@b.de.",
        "a@b@c.de",
        "Ada <ada@example.com>",
        "a@127.0.0.1",
        "a@b.c",
        "null",
        "a@b.de,c@d.de",
        5,
        true,
      ),
      [`${"x".repeat(65)}@example.com`, notEmail],
      [`a@${"b".repeat(64)}.com`, notEmail],
      [`a@${"b.".repeat(130)}com`, notEmail],
    ],
  },
  {
    name: "email",
    options: { blocked_domains: ["Spam.test", "@junk.example"] },
    good: same("a@nospam.test", "a@example.com"),
    bad: [
      ["a@SPAM.test", "an e-mail address of a blocked domain (spam.test)"],
      ["a@x.spam.test", "an e-mail address of a blocked domain (spam.test)"],
      ["a@junk.example", "an e-mail address of a blocked domain (junk.example)"],
    ],
  },
  {
    name: "phone",
    good: [
      ["(415) 555-0123", "4155550123"],
      ["415.555.0123", "4155550123"],
      ["4155550123", "4155550123"],
      ["+1 415 555 0123", "4155550123"],
      ["1-415-555-0123", "4155550123"],
      [" 415 555 0123 ", "4155550123"],
      ["415-555-0123 ext. 45", "4155550123"],
      ["+44 20 7946 0958", "442079460958"],
      ["011 44 20 7946 0958", "442079460958"],
      [4155550123, 4155550123],
    ],
    bad: all(
      notPhone,
      "555-1234",
      "123",
      "call me",
      "",
      "415555012",
      "41555501234",
      "+999 123 456 7890",
      "0123456789012345",
      "my phone is 415-555-0123",
      "415-555-0123 415-555-0124",
      "null",
      true,
    ),
  },
  {
    name: "phone",
    options: { format: "e164" },
    good: [
      ["(415) 555-0123", "+14155550123"],
      ["+44 20 7946 0958", "+442079460958"],
    ],
  },
  {
    name: "phone",
    options: { format: "national" },
    good: [
      ["4155550123", "(415) 555-0123"],
      ["+14155550123", "(415) 555-0123"],
      ["+442079460958", "+44 20 7946 0958"],
      ["415-555-0123 x45", "(415) 555-0123 ext. 45"],
    ],
  },
  {
    name: "phone",
    options: { country: "GB" },
    good: [
      ["020 7946 0958", "2079460958"],
      ["+44 20 7946 0958", "2079460958"],
      ["+1 415 555 0123", "14155550123"],
    ],
    bad: all(notPhone, "0958"),
  },
  {
    name: "phone",
    options: { country: "gb", format: "national" },
    good: [["+442079460958", "020 7946 0958"]],
  },
  { name: "phone", options: { country: "NO" }, good: [["22 12 34 56", "22123456"]] },
  {
    name: "url",
    good: [
      [" https://example.com/a?b=c#d ", "https://example.com/a?b=c#d"],
      ...same("http://localhost:80/", "HTTPS://EXAMPLE.com", "https://bücher.example/é"),
    ],
    bad: all(
      "not a URL",
      "example.com",
      "//example.com",
      "https://",
      "https:///x",
      "ftp://example.com",
      "javascript:alert(1)",
      "https://exa mple.com",
      "https://example.com/a b",
      "http://[::1",
      "http://example.com:99999",
      5,
    ),
  },
  {
    name: "date",
    good: [[" 2025-01-02 ", "2025-01-02"], ...same("2025-01-02T03:04:05.000000Z")],
    bad: all("not a date", "05/06/2024", "2025-02-30", "0000-00-00", "soon", "20250102", 20250102),
  },
  {
    name: "datetime",
    good: [
      [" 2025-01-02T03:04 ", "2025-01-02T03:04"],
      ...same("2025-01-02 03:04:05+01:00", "2025-01-02T03:04:05.000000Z"),
    ],
    bad: all("not a date and time", "2025-01-02", "2025-01-02T25:00", "soon", 1735689600000),
  },
  {
    name: "decimal",
    good: [
      ["+5e3", "5000"],
      [" 12.50", "12.50"],
      [".5", "0.5"],
      ["-0", "-0"],
      ...same("12.50", "-3", "0.00", 1.5, 12345678901234567890n, "12345678901234567890.123"),
    ],
    bad: all("not a decimal number", "1,234", "abc", "NaN", "1e999999999", "1e-999999999", true, "$5"),
  },
  {
    name: "decimal",
    options: { precision: 5, scale: 2, min: -10, max: "999.5" },
    good: same("999.5", "-10", "1.20", 3),
    bad: [
      ["1.234", "more than 2 decimals"],
      ["1234", "more than 5 digits"],
      ["-10.01", "less than -10"],
      ["999.51", "greater than 999.5"],
    ],
  },
  {
    name: "integer",
    good: [[" +5 ", "5"], ["1e3", "1000"], ...same("5000.00", "12", 5, -3n)],
    bad: all("not a whole number", "5.5", 5.5, "x", false),
  },
  {
    name: "integer",
    options: { min: 1, max: "9007199254740993" },
    good: same("1", "9007199254740993", 9007199254740993n),
    bad: [
      ["0", "less than 1"],
      ["9007199254740994", "greater than 9007199254740993"],
    ],
  },
  {
    name: "boolean",
    good: [["Yes", "true"], [" 0 ", "false"], ...same(true, false, 1, 0)],
    bad: all("not true or false", "maybe", 2, "-", ""),
  },
  {
    name: "zip_code",
    good: [
      [" 94103 ", "94103"],
      ["941031234", "94103-1234"],
      ["94103-1234", "94103-1234"],
      ["94103 1234", "94103-1234"],
      ["00501", "00501"],
      [94103, 94103],
    ],
    bad: all("not a zip code", "501", "9410", "941031", "K1A 0B1", "94103-12", ""),
  },
  {
    name: "zip_code",
    options: { country: "CA" },
    good: [
      ["k1a0b1", "K1A 0B1"],
      ["K1A-0B1", "K1A 0B1"],
    ],
    bad: all("not a postal code of CA", "94103", "D1A 0B1"),
  },
  {
    name: "zip_code",
    options: { country: "GB" },
    good: [
      ["sw1a1aa", "SW1A 1AA"],
      ["M1 1AE", "M1 1AE"],
    ],
  },
  {
    name: "state",
    good: [
      ["CA", "CA"],
      ["ca ", "CA"],
      ["California", "CA"],
      ["NEW  york", "NY"],
      ["District of Columbia", "DC"],
      ["pr", "PR"],
      ["AE", "AE"],
    ],
    bad: all("not a US state", "ZZ", "Bavaria", "C", "CAL", 5),
  },
  {
    name: "object_id",
    good: [[" 123 ", "123"], ...same("0", "12345678901234567890", 77, 12345678901234567890n)],
    bad: all("not an object id", "123456789012345678901", "12a", "-1", "", "null"),
  },
  {
    name: "enum",
    options: ["new", "won", 5, true],
    good: same("new", 5, "5", "5.00", true, "true"),
    bad: [
      ["New", "not one of new, won, 5, true"],
      [6, "not one of new, won, 5, true"],
    ],
  },
  {
    name: "enum",
    options: { values: ["New", "Won", "05"], ignore_case: true },
    good: [
      ["NEW", "New"],
      ["won", "Won"],
    ],
    bad: [
      ["lost", "not one of New, Won, 05"],
      ["5", "not one of New, Won, 05"],
    ],
  },
  {
    name: "enum",
    options: ["a", "b", "c", "d", "e", "f", "g", "h", "i"],
    bad: [["x", "not one of a, b, c, d, e, f, g, h, …"]],
  },
  {
    name: "pattern",
    options: "^[0-9]{1,20}$",
    good: same("123", 123, 5n),
    bad: [["12a", "does not match ^[0-9]{1,20}$"]],
  },
  {
    name: "pattern",
    options: { pattern: "b.d", flags: "is" },
    good: same("xBODx", "b\nd"),
    bad: [["bd", "does not match b.d"]],
  },
  { name: "pattern", options: "^.$", good: same("😀") },
  {
    name: "range",
    options: { min: 0, max: 100 },
    good: same("0", "100.00", 55.5, 7n),
    bad: [
      ["-0.0001", "less than 0"],
      ["100.00000000000000000001", "greater than 100"],
      ["many", "not a number"],
      [true, "not a number"],
    ],
  },
  {
    name: "range",
    options: { max: "9007199254740993" },
    good: same(9007199254740993n, "9007199254740993"),
    bad: [[9007199254740994n, "greater than 9007199254740993"]],
  },
  {
    name: "range",
    options: { min: "2024-01-01", max: "2024-12-31" },
    good: same("2024-01-01", "2024-12-31", "2024-12-31T23:59:59.999999Z", "2024-01-01T00:00:00.000000Z"),
    bad: [
      ["2023-12-31", "before 2024-01-01"],
      ["2025-01-01T00:00:00.000000Z", "after 2024-12-31"],
      ["2024-01-01T00:30:00+01:00", "before 2024-01-01"],
      ["soon", "not a date or time"],
    ],
  },
  {
    name: "range",
    options: { min: "2024-01-01T12:00:00Z" },
    good: same("2024-01-01T12:00:00.000000Z", "2024-01-02"),
    bad: [
      ["2024-01-01T11:59:59.999999Z", "before 2024-01-01T12:00:00Z"],
      ["2024-01-01", "before 2024-01-01T12:00:00Z"],
    ],
  },
  {
    name: "length",
    options: { min: 2, max: 3 },
    good: same("ab", "😀😀😀", "abc", 12),
    bad: [
      ["a", "shorter than 2 characters"],
      ["abcd", "longer than 3 characters"],
      ["😀", "shorter than 2 characters"],
    ],
  },
];

describe.each(
  cases.map((item) => ({
    ...item,
    shown: item.options === undefined ? "" : JSON.stringify(item.options),
  })),
)("$name $shown", ({ name, options, good = [], bad = [] }) => {
  const validate = validators[name]?.(options);
  test.each(good)("%o becomes %o", (value, result) => {
    expect(validate?.(value)).toStrictEqual(result);
  });
  test.each(bad)("%o is %s", (value, words) => {
    expect(() => validate?.(value)).toThrow(new RecordError(words));
    expect(() => validate?.(value)).toThrow(RecordError);
  });
});

test.each<[string, unknown, string]>([
  ["email", { block: [] }, 'validator email has no option "block"; it has blocked_domains'],
  ["email", { blocked_domains: "x.com" }, "validator email: blocked_domains must be a list"],
  ["email", ["x.com"], "validator email: its options are a map of blocked_domains"],
  ["phone", { format: "pretty" }, 'validator phone: format "pretty" is not one of digits, e164, national'],
  ["phone", { country: "ZZ" }, 'validator phone: country "ZZ" is not a two-letter country code such as US'],
  ["url", { schemes: ["ftp"] }, 'validator url has no option "schemes"; it has none'],
  ["decimal", { scale: 1.5 }, "validator decimal: precision and scale are whole numbers"],
  ["decimal", { min: "low" }, 'validator decimal: "low" is not a number'],
  ["integer", { min: 5, max: 1 }, "validator integer: min 5 is greater than max 1"],
  [
    "zip_code",
    { country: "XX" },
    'validator zip_code knows no country "XX"; it knows US, CA, GB, NL, DE, ES, FI, FR, IT, MX, AT, AU, BE, CH, DK, NO, NZ',
  ],
  ["enum", {}, "validator enum needs values: a list"],
  ["enum", { values: [] }, "validator enum: values must be a list"],
  ["pattern", {}, "validator pattern needs a pattern: a regular expression"],
  ["pattern", { pattern: "x", flags: "g" }, 'validator pattern: flags "g" may only be i, m, s or u'],
  ["pattern", "(", "validator pattern: Invalid regular expression: /(/u: Unterminated group"],
  ["range", {}, "validator range needs min, max or both"],
  ["range", { min: "2024-02-30" }, 'validator range: "2024-02-30" is not a date or time'],
  ["length", {}, "validator length needs min, max or both"],
  ["length", { min: 3, max: 2 }, "validator length: min 3 is greater than max 2"],
  ["length", { min: "3" }, "validator length: min must be a number"],
])("validator %s refuses the options %j", (name, options, message) => {
  expect(() => validators[name]?.(options)).toThrow(new SpecError(message));
});

test("every validator has its list of options, and takes each of them", () => {
  expect(Object.keys(validatorOptions)).toEqual(Object.keys(validators));
  for (const [name, options] of Object.entries(validatorOptions)) {
    for (const option of options) {
      const attempt = (): unknown => validators[name]?.({ [option]: Symbol("of no kind") });
      expect(attempt).toThrow(SpecError);
      expect(attempt).not.toThrow(/has no option/);
    }
    expect(() => validators[name]?.({ no_such_option: 1 })).toThrow(`has no option "no_such_option"`);
  }
});

test("the short way with American numbers gives what libphonenumber gives", () => {
  const digits = (size: number, first: string): fc.Arbitrary<string> =>
    fc
      .tuple(fc.constantFrom(...first), fc.stringMatching(new RegExp(`^[0-9]{${size - 1}}$`)))
      .map((parts) => parts.join(""));
  const shape = fc.constantFrom("A-B-C", "(A) B-C", "A.B.C", "ABC", "+1 A B C", "1ABC", "+1 (A) B-C", "A B C");
  fc.assert(
    fc.property(
      digits(3, "23456789"),
      digits(3, "23456789"),
      digits(4, "0123456789"),
      shape,
      (area, exchange, line, form) => {
        const text = form.replace("A", area).replace("B", exchange).replace("C", line);
        const library = parsePhoneNumberFromString(text, { defaultCountry: "US", extract: false });
        expect(validators["phone"]?.({})(text)).toBe(library?.nationalNumber);
        expect(validators["phone"]?.({ format: "e164" })(text)).toBe(library?.number);
        expect(validators["phone"]?.({ format: "national" })(text)).toBe(library?.formatNational());
      },
    ),
    { numRuns: 1000 },
  );
});

test("what a validator gives, it takes again and gives unchanged", () => {
  for (const { name, options, good = [] } of cases) {
    const validate = validators[name]?.(options);
    // A national number of another country is told by its country code no more.
    if (name === "phone" && JSON.stringify(options ?? {}) !== '{"format":"e164"}') continue;
    for (const [, result] of good) expect(validate?.(result)).toStrictEqual(result);
  }
});

test("addresses of any length are judged in no time", () => {
  const started = performance.now();
  for (const text of [
    `${"a.".repeat(50_000)}@b.co`,
    `a@${"b.".repeat(50_000)}`,
    "a".repeat(1_000_000),
    `a@${"b-".repeat(100_000)}`,
  ]) {
    expect(() => validators["email"]?.({})(text)).toThrow(RecordError);
    expect(() => validators["url"]?.({})(`${text} `.repeat(3))).toThrow(RecordError);
    expect(() => validators["phone"]?.({})(text)).toThrow(RecordError);
  }
  expect(performance.now() - started).toBeLessThan(2000);
});
