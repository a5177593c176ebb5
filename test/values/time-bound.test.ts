import { describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { parseTimeSpan, readTimeBound, shiftBy, windowsBetween } from "../../src/values/time-bound.ts";

const now = "2024-03-31T10:20:30.123456Z";

describe("a bound", () => {
  it.each([
    ["now", now],
    [" NOW ", now],
    ["2024-02-29", "2024-02-29T00:00:00.000000Z"],
    ["2024-02-29T06:00:00+02:00", "2024-02-29T04:00:00.000000Z"],
    ["-1 month", "2024-02-29T10:20:30.123456Z"],
    ["-13 months", "2023-02-28T10:20:30.123456Z"],
    ["+1 month", "2024-04-30T10:20:30.123456Z"],
    ["+9mo", "2024-12-31T10:20:30.123456Z"],
    ["-1 year", "2023-03-31T10:20:30.123456Z"],
    ["- 3000 years", "0001-01-01T00:00:00.000000Z"],
    ["+9000y", "9999-12-31T23:59:59.999999Z"],
    ["-7d", "2024-03-24T10:20:30.123456Z"],
    ["+90 days", "2024-06-29T10:20:30.123456Z"],
    ["-1w", "2024-03-24T10:20:30.123456Z"],
    ["-1.5h", "2024-03-31T08:50:30.123456Z"],
    ["-0d", now],
  ])("%s", (text, instant) => {
    const bound = readTimeBound(text);
    expect(bound.at(now)).toBe(instant);
    expect(bound.relative).toBe(!/^\s*2/.test(text));
  });

  it.each([
    ["tomorrow", /"tomorrow" is not a date \(2024-01-31\), now, or an offset from now \(-25 months, \+90 days\)$/],
    ["90 days", /an offset begins with its sign, -90 days$/],
    ["2024-13-01", /is not a date/],
    ["2023-02-29", /is not a date/],
    ["20240101", /is not a date/],
    ["-5 mnth", /"mnth" is not a unit of time\. Did you mean "month"\?/],
    ["-5 dayz", /Did you mean "days"\?/],
    ["-5", /"5" is not a length of time such as 12h, 7d, 30 days or 1 month/],
    ["-1.5 months", /"1\.5 months" is no whole number of months/],
    ["", /is not a date/],
  ])("is not %s", (text, message) => {
    expect(() => readTimeBound(text)).toThrow(message);
    expect(() => readTimeBound(text)).toThrow(SpecError);
  });
});

describe("a step", () => {
  it.each(["0d", "0 months", "soon", "30", "-7d", "7 parsecs"])("is not %s", (text) => {
    expect(() => parseTimeSpan(text)).toThrow(SpecError);
  });

  it("makes windows that touch, the last one cut", () => {
    const windows = [...windowsBetween("2024-01-31T00:00:00.000000Z", now, parseTimeSpan("1 month"))];
    expect(windows.map(({ from, to }) => `${from.slice(0, 10)} ${to.slice(0, 10)}`)).toEqual([
      "2024-01-31 2024-02-29",
      "2024-02-29 2024-03-31",
      "2024-03-31 2024-03-31",
    ]);
    expect(windows.at(-1)!.to).toBe(now);
    expect([...windowsBetween(now, now, parseTimeSpan("1d"))]).toEqual([]);
    expect([...windowsBetween(now, shiftBy(now, parseTimeSpan("1d"), -1), parseTimeSpan("1d"))]).toEqual([]);
  });
});
