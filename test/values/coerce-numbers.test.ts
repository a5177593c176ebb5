import fc from "fast-check";
import { expect, test } from "vitest";
import { compileCoercion } from "../../src/values/coerce.ts";
import { coercionTable } from "./coercion-table.ts";

coercionTable(
  "integer",
  {},
  {
    fits: [
      ["5000.00", 5000],
      [5000.0, 5000],
      ["-12", -12],
      ["+7", 7],
      ["1e3", 1000],
      ["007", 7],
      [-0, 0],
      ["-0.0", 0],
      ["2147483647", 2147483647],
      [-2147483648, -2147483648],
      [5n, 5],
      ["", null],
      ["  ", null],
    ],
    misfits: [
      ["5000.5", '"5000.5" is not a whole number'],
      [5000.5, "5000.5 is not a whole number"],
      ["2147483648", '"2147483648" does not fit integer (-2147483648 to 2147483647); bigint holds more'],
      [-2147483649, "-2147483649 does not fit integer (-2147483648 to 2147483647); bigint holds more"],
      ["1e999999999", '"1e999999999" does not fit integer (-2147483648 to 2147483647); bigint holds more'],
      ["1,234", '"1,234" is not an integer: give it format: money'],
      ["$5", '"$5" is not an integer: give it format: money'],
      ["0x10", '"0x10" is not an integer'],
      ["soon", '"soon" is not an integer'],
      [true, "true is not an integer"],
      [[1], "a list of 1 is not an integer"],
      [Number.NaN, "NaN is not an integer"],
    ],
  },
);

coercionTable(
  "bigint",
  {},
  {
    fits: [
      ["123", 123],
      ["9007199254740991", 9007199254740991],
      ["9007199254740992", 9007199254740992n],
      ["1234567890123456789", 1234567890123456789n],
      ["9223372036854775807", 9223372036854775807n],
      ["-9223372036854775808", -9223372036854775808n],
      ["12345678901234567.00", 12345678901234567n],
      [12, 12],
      [9007199254740993n, 9007199254740993n],
      [3n, 3],
    ],
    misfits: [
      ["9223372036854775808", '"9223372036854775808" does not fit bigint (8 bytes)'],
      ["1e400", '"1e400" does not fit bigint (8 bytes)'],
      [9007199254740992, "9007199254740992 is a computed number beyond 2^53, which is not exact; keep it as text"],
      ["1.5", '"1.5" is not a whole number'],
      ["abc", '"abc" is not an integer'],
    ],
  },
);

coercionTable(
  "decimal(12,2)",
  {},
  {
    fits: [
      ["5000", "5000.00"],
      ["5000.00", "5000.00"],
      [0.1, "0.10"],
      ["-0.5", "-0.50"],
      [".5", "0.50"],
      ["5.", "5.00"],
      ["-0", "0.00"],
      ["1.005", "1.00", "rounded"],
      ["1.015", "1.02", "rounded"],
      ["1.0250000001", "1.03", "rounded"],
      ["-1.005", "-1.00", "rounded"],
      ["-0.001", "0.00", "rounded"],
      ["1e-400", "0.00", "rounded"],
      ["1e-999999999", "0.00", "rounded"],
      ["1.5e3", "1500.00"],
      [123n, "123.00"],
      ["9999999999.99", "9999999999.99"],
      [1.005, "1.00", "rounded"],
    ],
    misfits: [
      ["10000000000", '"10000000000" does not fit decimal(12,2)'],
      ["9999999999.995", '"9999999999.995" does not fit decimal(12,2)'],
      ["1e999999999", '"1e999999999" does not fit decimal(12,2)'],
      ["1,234", '"1,234" is not a decimal number: give it format: money'],
      ["NaN", '"NaN" is not a decimal number'],
      [Infinity, "Infinity is not a decimal number"],
      ["1.2.3", '"1.2.3" is not a decimal number'],
      [false, "false is not a decimal number"],
    ],
  },
);
coercionTable(
  "decimal(3)",
  {},
  {
    fits: [
      ["2.5", "2", "rounded"],
      ["3.5", "4", "rounded"],
      ["0", "0"],
    ],
    misfits: [["999.5", '"999.5" does not fit decimal(3,0)']],
  },
);
coercionTable(
  "decimal(2,2)",
  {},
  {
    fits: [
      ["0.99", "0.99"],
      ["0", "0.00"],
    ],
    misfits: [
      ["0.995", '"0.995" does not fit decimal(2,2)'],
      ["1", '"1" does not fit decimal(2,2)'],
    ],
  },
);
coercionTable("decimal(30,10)", {}, { fits: [["12345678901234567890.0123456789", "12345678901234567890.0123456789"]] });

coercionTable(
  "decimal(12,2)",
  { format: "money" },
  {
    fits: [
      ["$1,234.00", "1234.00"],
      ["(12.50)", "-12.50"],
      ["($1,234.50)", "-1234.50"],
      ["1,234", "1234.00"],
      ["USD 5", "5.00"],
      ["5 EUR", "5.00"],
      ["€ 5.25", "5.25"],
      ["US$5", "5.00"],
      ["-$5.00", "-5.00"],
      ["$-5.00", "-5.00"],
      ["1234.5", "1234.50"],
      [7, "7.00"],
      ["(0)", "0.00"],
      ["", null],
    ],
    misfits: [
      ["1,5", '"1,5" is not a decimal number'],
      ["1.234,50", '"1.234,50" is not a decimal number'],
      ["(-5)", '"(-5)" is not a decimal number'],
      ["-$-5", '"-$-5" is not a decimal number'],
      ["$", '"$" is not a decimal number'],
      ["free", '"free" is not a decimal number'],
      ["$1,234.00 or best offer", '"$1,234.00 or best offer" is not a decimal number'],
    ],
  },
);
coercionTable("integer", { format: "money" }, { fits: [["$1,234.00", 1234]] });

coercionTable(
  "double",
  {},
  {
    fits: [
      ["1.5", 1.5],
      [0.1, 0.1],
      ["1e300", 1e300],
      [-0, 0],
      ["-0", 0],
      ["-2.5", -2.5],
      ["9007199254740993", 9007199254740992],
      [2n, 2],
    ],
    misfits: [
      ["1e400", '"1e400" does not fit double'],
      ["1e-400", '"1e-400" does not fit double'],
      [Number.NaN, "NaN is not a number"],
      ["Infinity", '"Infinity" is not a number'],
    ],
  },
);

const ignore = (): void => {};

test("a decimal is rounded half to even, as integer arithmetic does it", () => {
  const scale = fc.integer({ min: 0, max: 6 });
  fc.assert(
    fc.property(
      fc.bigInt(-(10n ** 24n), 10n ** 24n),
      fc.integer({ min: 0, max: 20 }),
      scale,
      (unscaled, places, wanted) => {
        const coerce = compileCoercion(`decimal(40,${wanted})`);
        expect(coerce(point(unscaled, places), ignore)).toBe(point(halfEven(unscaled, places, wanted), wanted));
      },
    ),
    { numRuns: 2000 },
  );
});

/** The reference: |n| / 10^cut by BigInt division, the remainder compared with half of the divisor. */
function halfEven(unscaled: bigint, places: number, wanted: number): bigint {
  if (places <= wanted) return unscaled * 10n ** BigInt(wanted - places);
  const divisor = 10n ** BigInt(places - wanted);
  const size = unscaled < 0n ? -unscaled : unscaled;
  const floor = size / divisor;
  const twice = (size % divisor) * 2n;
  const up = twice > divisor || (twice === divisor && floor % 2n === 1n);
  const rounded = floor + (up ? 1n : 0n);
  return unscaled < 0n ? -rounded : rounded;
}

function point(unscaled: bigint, places: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(places + 1, "0");
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return (unscaled < 0n ? "-" : "") + text;
}

test("a decimal of a number or a short text is what it is of the same digits with an exponent, which no short cut takes", () => {
  const short = fc
    .tuple(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.integer({ min: 0, max: 14 }))
    .map(([unscaled, places]) => point(unscaled, places));
  const value = fc.oneof(
    short,
    short.map(Number),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  );
  const type = fc.tuple(fc.integer({ min: 1, max: 38 }), fc.nat({ max: 38 })).map(([p, s]) => [p, Math.min(p, s)]);
  const outcome = (coerce: ReturnType<typeof compileCoercion>, given: unknown): unknown => {
    const warnings: string[] = [];
    try {
      return [coerce(given, (rule) => warnings.push(rule)), warnings];
    } catch (error) {
      return (error as Error).constructor.name;
    }
  };
  fc.assert(
    fc.property(value, type, (given, [precision, scale]) => {
      const coerce = compileCoercion(`decimal(${precision},${scale})`);
      const digits = String(given);
      const long = digits.includes("e") ? digits : `${digits}e0`;
      expect(outcome(coerce, given)).toEqual(outcome(coerce, long));
    }),
    { numRuns: 20_000 },
  );
});

test("a decimal may have more decimals than toFixed writes", () => {
  for (const scale of [100, 101, 308, 309, 1000]) {
    const coerce = compileCoercion(`decimal(1000,${scale})`);
    const zero = `0.${"0".repeat(scale)}`;
    for (const given of [0, -0, "0", "0.00"]) expect(coerce(given, ignore)).toBe(zero);
    if (scale < 1000) expect(coerce(1.5, ignore)).toBe(`1.5${"0".repeat(scale - 1)}`);
  }
});

test("a bigint keeps every digit of every 64-bit number, however it is written", () => {
  const coerce = compileCoercion("bigint");
  const written = fc.constantFrom(
    (n: bigint) => String(n),
    (n: bigint) => `${n}.000`,
    (n: bigint) => `${n}00e-2`,
    (n: bigint) => n,
  );
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), written, (number, write) => {
      const result = coerce(write(number), ignore);
      expect(BigInt(result as number | bigint)).toBe(number);
      expect(typeof result).toBe(Number.isSafeInteger(Number(number)) ? "number" : "bigint");
    }),
    { numRuns: 2000 },
  );
});

test("a double that goes through text comes back as itself", () => {
  const coerce = compileCoercion("double");
  const toText = compileCoercion("text");
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(coerce(toText(number, ignore), ignore)).toBe(number + 0);
    }),
    { numRuns: 2000 },
  );
});
