/** Delta values, read and compared without the long way round: they come to the same. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { compileDelta } from "../../src/runtime/delta.ts";
import type { Delta } from "../../src/spec/types.ts";
import { compileTimestampParser } from "../../src/values/instant.ts";

const deltaOf = (delta: Partial<Delta>) => compileDelta({ field: "at", ...delta } as Delta);

it("orders integers of any length as integers", () => {
  const { read, compare } = deltaOf({ type: "integer" });
  const text = fc.oneof(
    fc.bigInt().map(String),
    fc.integer().map((number) => (number < 0 ? String(number) : `+${number}`)),
    fc.constantFrom("0", "-0", "007", "999999999999999", "1000000000000000", "-999999999999999"),
  );
  fc.assert(
    fc.property(text, text, (a, b) => {
      const [left, right] = [BigInt(a), BigInt(b)];
      const expected = left < right ? -1 : left > right ? 1 : 0;
      expect(compare(read(a)!, read(b)!) + 0).toBe(expected);
    }),
  );
});

it.each([
  ["UTC", undefined],
  ["America/Los_Angeles", undefined],
  ["UTC", ["iso", "epochMs"]],
  ["America/Los_Angeles", ["iso", "epochMs"]],
  ["UTC", "iso"],
  ["UTC", []],
] as const)("reads a timestamp as the parser does in %s, by the formats %s", (timeZone, formats) => {
  const format = typeof formats === "object" ? [...formats] : formats;
  const { read } = deltaOf({ type: "timestamp", time_zone: timeZone, ...(format ? { format } : {}) } as Partial<Delta>);
  const parse = compileTimestampParser({ timeZone, formats: format });
  for (const text of [
    "2025-01-02",
    "2025-01-02 03:04:05",
    "2025-01-02 03:04:05.1+00",
    "2025-01-02T03:04:05.123456Z",
    "2025-01-02T03:04:05+02:00",
    "2025-01-02T24:00:00Z",
    " 2025-01-02T03:04:05Z ",
  ])
    expect(read(text)).toEqual({ text, instant: parse(text)!.instant });
});
