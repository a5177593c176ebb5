import fc from "fast-check";
import jsonata from "jsonata";
import { describe, expect, test } from "vitest";
import { RecordError } from "../../src/errors.ts";
import { canonicalJson, parseJson } from "../../src/values/json-text.ts";
import { thrownBy } from "./coercion-table.ts";

describe("numbers that a double holds are numbers, others their text", () => {
  test.each([
    ["0", 0],
    ["-0", -0],
    ["1.10", 1.1],
    ["5000.00", 5000],
    ["0.1", 0.1],
    ["1e2", 100],
    ["1E+2", 100],
    ["-1.5e-3", -0.0015],
    ["123456789012345", 123456789012345],
    ["8999999999999999", 8999999999999999],
    ["9007199254740991", 9007199254740991],
    ["9007199254740991.000", 9007199254740991],
    ["0.1000000000000000000000", 0.1],
    ["1.7976931348623157e308", Number.MAX_VALUE],
    ["5e-324", 5e-324],
    ["1e21", 1e21],
    ["0e999", 0],
    ["0.30000000000000004", 0.30000000000000004],
    ["9007199254740992", "9007199254740992"],
    ["9007199254740993", "9007199254740993"],
    ["-9007199254740993", "-9007199254740993"],
    ["1234567890123456800", "1234567890123456800"],
    ["12345678901234567890.10", "12345678901234567890.10"],
    ["0.1234567890123456789", "0.1234567890123456789"],
    ["1e400", "1e400"],
    ["-1e400", "-1e400"],
    ["1e-400", "1e-400"],
    ["0.3000000000000000444", "0.3000000000000000444"],
  ])("%s", (source, expected) => {
    expect(parseJson(source)).toBe(expected);
    expect(parseJson(` [${source}]`)).toEqual([expected]);
    expect(parseJson(`{"a": {"b":${source}}}`)).toEqual({ a: { b: expected } });
  });

  test("text that looks like one stays text, and is written as text", () => {
    const text = '{"a":"12345678901234567890","b":"x, 12345678901234567890","c":12345678901234567890}';
    const value = parseJson(text);
    expect(value).toEqual({
      a: "12345678901234567890",
      b: "x, 12345678901234567890",
      c: "12345678901234567890",
    });
    expect(canonicalJson(value)).toBe(text);
  });

  test("they are numbers again in a json column, when an object that JSONata passed on is written", async () => {
    const record = parseJson('{"properties":{"ids":[12345678901234567890,1],"amount":0.12345678901234567890}}');
    const passedOn = await jsonata("properties").evaluate(record);
    expect(canonicalJson(passedOn)).toBe('{"amount":0.12345678901234567890,"ids":[12345678901234567890,1]}');
  });

  test("a member that was changed since is written as what it is now", () => {
    const value = parseJson('{"id":12345678901234567890}') as { id: unknown };
    value.id = "other";
    expect(canonicalJson(value)).toBe('{"id":"other"}');
  });

  test("the digits of every number survive reading and writing", () => {
    const digits = fc.bigInt(-(10n ** 40n), 10n ** 40n).map(String);
    // Around the length at which the slow path begins.
    const border = fc.tuple(fc.bigInt(-(10n ** 18n), 10n ** 18n), fc.nat({ max: 20 })).map(([number, at]) => {
      const text = String(number);
      const whole = text.length - at;
      return whole > 1 && at > 0 ? `${text.slice(0, whole)}.${text.slice(whole)}` : text;
    });
    const fraction = fc
      .tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.bigInt(1n, 10n ** 20n))
      .map(([a, b]) => `${a}.${b}1`);
    fc.assert(
      fc.property(fc.oneof(digits, fraction, border), (source) => {
        const written = canonicalJson(parseJson(`{"n":${source}}`)).slice(5, -1);
        expect(sameNumber(written, source)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  /** Digits and exponent without zeros at the ends, worked out apart from the code under test. */
  function sameNumber(a: string, b: string): boolean {
    const normal = (text: string): string => {
      const [, sign, whole = "", part = "", exponent = "0"] =
        /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text) ?? [];
      const all = BigInt(whole + part);
      let scale = part.length - Number(exponent);
      let rest = all;
      while (rest !== 0n && rest % 10n === 0n) {
        rest /= 10n;
        scale--;
      }
      return rest === 0n ? "0" : `${sign}${rest}/${scale}`;
    };
    return normal(a) === normal(b);
  }

  test("any JSON in a member comes back as JSON.parse and a sort would have it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify({ value });
        const written = canonicalJson(parseJson(text));
        expect(canonicalJson(parseJson(written))).toBe(written);
        expect(JSON.parse(written)).toEqual(JSON.parse(canonicalJson(JSON.parse(text))));
      }),
      { numRuns: 3000, examples: [[9007199254740992], [[-9007199254740992, 1e20]]] },
    );
  });

  test("alone, without an object or list around it, such a number stays text", () => {
    expect(canonicalJson(parseJson("12345678901234567890"))).toBe('"12345678901234567890"');
  });
});

describe("text that is not JSON", () => {
  test.each([
    ["", "empty text is not JSON"],
    ["  \n", "empty text is not JSON"],
    ["<html>", "not JSON at 1:1: near <html>"],
    ['{"a":1', "not JSON at 1:7: the text ends too soon"],
    ['{"a":1,}', 'not JSON at 1:8: near {"a":1,}'],
    ["[1,\n 2,\n x]", "not JSON at 3:2: near  x]"],
    ["[1 2]", "not JSON at 1:4: near [1 2]"],
    ['{"a" 1}', 'not JSON at 1:6: near {"a" 1}'],
    ["{a:1}", "not JSON at 1:2: near {a:1}"],
    ["[01]", "not JSON at 1:3: near [01]"],
    ["[1.]", "not JSON at 1:3: near [1.]"],
    ["[nul]", "not JSON at 1:2: near [nul]"],
    ['["a\\x"]', 'not JSON at 1:4: near ["a\\x"]'],
    ['["a\tb"]', 'not JSON at 1:4: near ["a b"]'],
    ['"abc', "not JSON at 1:5: the text ends too soon"],
    ["[1}", "not JSON at 1:3: near [1}"],
    ["[]]", "not JSON at 1:3: near []]"],
    ["{}\u0007", "not JSON at 1:3: near {} "],
    ["NaN", "not JSON at 1:1: near NaN"],
    ["undefined", "not JSON at 1:1: near undefined"],
    ["[12345678901234567890,]", "not JSON at 1:23: near 234567890,]"],
  ])("%j: %s", (text, message) => {
    const error = thrownBy(() => parseJson(text));
    expect(error).toBeInstanceOf(RecordError);
    expect((error as Error).message).toBe(message);
  });

  test("the place is never before a mistake, and the excerpt never longer than 60 characters", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), fc.string({ maxLength: 80 }), (value, at, junk) => {
        const good = JSON.stringify(value, null, 1);
        const place = at % (good.length + 1);
        const text = good.slice(0, place) + junk + good.slice(place);
        try {
          JSON.parse(text);
        } catch {
          const message = (thrownBy(() => parseJson(text)) as Error).message;
          const found = /^not JSON at (\d+):(\d+): (.*)$/su.exec(message);
          expect(message === "empty text is not JSON" || found !== null).toBe(true);
          expect((found?.[3] ?? "").replace(/^near /, "").length).toBeLessThanOrEqual(60);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a text is refused exactly when JSON.parse refuses it", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"',
      "1",
      "-",
      "1.5",
      "e5",
      "12345678901234567890",
      "true",
      "nul",
      " ",
      "\n",
    );
    const refuses = (act: () => unknown): boolean => {
      try {
        act();
        return false;
      } catch {
        return true;
      }
    };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const text = pieces.join("");
        expect(refuses(() => parseJson(text))).toBe(refuses(() => JSON.parse(text)));
      }),
      { numRuns: 3000 },
    );
  });

  test("a byte order mark is no mistake", () => {
    expect(parseJson("\ufeff{}")).toEqual({});
  });

  test("what is nested without end is refused, not a crash", () => {
    const deep = (size: number): string => "[".repeat(size) + "12345678901234567890" + "]".repeat(size);
    expect((thrownBy(() => parseJson(deep(100_000))) as Error).message).toBe("JSON is nested too deep");
    expect((thrownBy(() => canonicalJson(JSON.parse("[".repeat(2000) + "]".repeat(2000)))) as Error).message).toBe(
      "JSON is nested deeper than 1000 levels",
    );
    const ring: Record<string, unknown> = {};
    ring["self"] = ring;
    expect(thrownBy(() => canonicalJson(ring))).toBeInstanceOf(RecordError);
  });
});

describe("canonical JSON", () => {
  test.each([
    [{ b: 1, a: 2, "\uff01": 3, "😀": 4, B: 5, 10: 6, 9: 7 }, '{"10":6,"9":7,"B":5,"a":2,"b":1,"😀":4,"！":3}'],
    [[undefined, null, [], {}], "[null,null,[],{}]"],
    [{ gone: undefined, here: null }, '{"here":null}'],
    [12345678901234567890n, "12345678901234567890"],
    [-0, "0"],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['quote " and \u2028', '"quote \\" and \u2028"'],
    [JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
    // oxlint-disable-next-line no-sparse-arrays
    [[1, , 2], "[1,null,2]"],
  ])("%o", (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test("a sequence of JSONata is a list", async () => {
    const sequence = await jsonata("items.n").evaluate({ items: [{ n: 1 }, { n: 2 }] });
    expect(canonicalJson(sequence)).toBe("[1,2]");
    expect(canonicalJson(await jsonata("items[].n").evaluate({ items: [{ n: 1 }] }))).toBe("[1]");
  });

  test.each([
    [() => 1, "a function cannot be written as JSON"],
    [{ a: Number.NaN }, "NaN cannot be written as JSON"],
    [new Date(Number.NaN), "an invalid date cannot be written as JSON"],
    [new Uint8Array(2), "bytes cannot be written as JSON"],
  ])("refuses %o", (value, message) => {
    expect((thrownBy(() => canonicalJson(value)) as Error).message).toBe(message);
  });

  test("refuses a function of JSONata", async () => {
    const lambda = await jsonata("{ 'f': function($x) { $x } }").evaluate({});
    expect(thrownBy(() => canonicalJson(lambda))).toBeInstanceOf(RecordError);
    const builtIn = await jsonata("{ 'f': $sum }").evaluate({});
    expect(thrownBy(() => canonicalJson(builtIn))).toBeInstanceOf(RecordError);
  });

  test("what no database can store is taken out, and told", () => {
    const warned: string[] = [];
    expect(canonicalJson({ "a\0": "x\0\ud800", a: 2 }, (rule) => warned.push(rule))).toBe('{"a":2}');
    expect(canonicalJson(["x\0\ud800"], (rule) => warned.push(rule))).toBe('["x\ufffd"]');
    expect(warned).toEqual(["nul_removed", "nul_removed", "surrogate_replaced"]);
  });
});
