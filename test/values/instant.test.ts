import fc from "fast-check";
import { DateTime, FixedOffsetZone } from "luxon";
import { describe, expect, test } from "vitest";
import { RecordError, SpecError } from "../../src/errors.ts";
import {
  compileTimestampParser,
  formatInstant,
  instantFromDate,
  instantToEpochMs,
  isoOf,
  parseDuration,
  shiftInstant,
  zoneFallBackHours,
} from "../../src/values/instant.ts";
import { thrownBy } from "./coercion-table.ts";

const parse = compileTimestampParser();
const parseLa = compileTimestampParser({ timeZone: "America/Los_Angeles" });
const firstMs = -62_135_596_800_000;
const lastMs = 253_402_300_799_999;
const anyMs = fc.integer({ min: firstMs, max: lastMs });

describe("the repeated and the skipped hour", () => {
  const night = { from: "2026-11-01T08:00:00.000000Z", to: "2026-11-01T10:00:00.000000Z" };
  test.each([
    ["2026-11-01 00:59:59.999999", "2026-11-01T07:59:59.999999Z", undefined],
    ["2026-11-01 01:00:00", "2026-11-01T08:00:00.000000Z", night],
    ["2026-11-01 01:59:59.999999", "2026-11-01T08:59:59.999999Z", night],
    ["2026-11-01 02:00:00", "2026-11-01T10:00:00.000000Z", undefined],
    ["2026-03-08 02:30:00", "2026-03-08T10:30:00.000000Z", undefined],
  ])("%s in Los Angeles", (text, instant, ambiguous) => {
    expect(parseLa(text)).toEqual({ instant, zoneless: true, ...(ambiguous && { ambiguous }) });
  });

  test("an offset leaves nothing to choose", () => {
    expect(parseLa("2026-11-01T01:30:00-08:00")).toEqual({
      instant: "2026-11-01T09:30:00.000000Z",
      zoneless: false,
    });
  });

  test("half an hour is put back on Lord Howe Island", () => {
    const read = compileTimestampParser({ timeZone: "Australia/Lord_Howe" });
    expect(read("2026-04-05 01:45:00")).toEqual({
      instant: "2026-04-04T14:45:00.000000Z",
      zoneless: true,
      ambiguous: { from: "2026-04-04T14:30:00.000000Z", to: "2026-04-04T15:30:00.000000Z" },
    });
  });

  test("a day that Samoa never had moves on by a day", () => {
    const read = compileTimestampParser({ timeZone: "Pacific/Apia" });
    expect(read("2011-12-30 12:00:00")?.instant).toBe("2011-12-30T22:00:00.000000Z");
  });

  test("a fixed offset is a zone", () => {
    expect(compileTimestampParser({ timeZone: "UTC+3" })("2026-01-01 03:00")?.instant).toBe(
      "2026-01-01T00:00:00.000000Z",
    );
  });
});

describe("as Luxon reads it", () => {
  const zones = [
    "America/Los_Angeles",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Casablanca",
  ];

  test.each(zones)("every instant from 1950 to 2050 comes back from its wall clock in %s", (zone) => {
    const read = compileTimestampParser({ timeZone: zone });
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(2050, 0) }), (ms) => {
        const local = DateTime.fromMillis(ms, { zone });
        const parsed = read(local.toFormat("yyyy-MM-dd HH:mm:ss.SSS"));
        const exact = instantFromDate(new Date(ms));
        if (parsed?.ambiguous) {
          expect(exact >= parsed.ambiguous.from && exact < parsed.ambiguous.to).toBe(true);
          expect(local.getPossibleOffsets().length).toBe(2);
        } else {
          expect(parsed?.instant).toBe(exact);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("ISO with any offset", () => {
    const shapes = [
      "yyyy-MM-dd'T'HH:mm:ss.SSSZZ",
      "yyyy-MM-dd HH:mm:ss.SSSZZZ",
      "yyyy-MM-dd'T'HH:mm:ssZZ",
      "yyyy-MM-dd'T'HH:mmZZZ",
      "yyyy-MM-dd",
    ];
    const offset = fc.integer({ min: -14 * 60, max: 14 * 60 });
    const inside = fc.integer({ min: firstMs + 86_400_000, max: lastMs - 86_400_000 });
    fc.assert(
      fc.property(inside, offset, fc.constantFrom(...shapes), (ms, minutes, shape) => {
        const text = DateTime.fromMillis(ms, { zone: "UTC" })
          .setZone(FixedOffsetZone.instance(minutes))
          .toFormat(shape);
        const luxon = DateTime.fromISO(text.replace(" ", "T"), { zone: "UTC" });
        expect(parse(text)?.instant).toBe(luxon.toFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'000Z'"));
      }),
      { numRuns: 2000 },
    );
  });

  test("text that is nearly ISO is refused by both or read alike", () => {
    const piece = fc.constantFrom(
      "2025",
      "-",
      "02",
      "30",
      "13",
      "T",
      " ",
      ":",
      "24",
      "00",
      "59",
      "60",
      ".",
      "5",
      "Z",
      "+01",
      "+0100",
      "+01:00",
      "x",
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 5, maxLength: 14 }), (pieces) => {
        const text = pieces.join("");
        const mine = readOrUndefined(text);
        const luxon = DateTime.fromISO(text.replace(" ", "T"), { zone: "UTC" });
        // Luxon takes more (weeks, basic forms), never something else. Second 60 is ours: it runs over.
        if (mine !== undefined && luxon.isValid && !text.includes(":60"))
          expect(mine.slice(0, 23)).toBe(luxon.toISO()?.slice(0, 23));
      }),
      { numRuns: 3000 },
    );
  });

  function readOrUndefined(text: string): string | undefined {
    try {
      return parse(text)?.instant;
    } catch (error) {
      expect(error).toBeInstanceOf(RecordError);
      return undefined;
    }
  }

  const patterns = [
    "MM/dd/yyyy HH:mm:ss",
    "d.M.yyyy H:m",
    "yyyy-MM-dd hh:mm:ss a",
    "MMM d, yyyy h:mm a",
    "d MMMM yyyy HH:mm:ss.SSS ZZ",
    "yyyyMMddHHmmss",
    "yy/MM/dd",
    "dd-LLL-yyyy HH:mm:ssZZZ",
  ];
  test.each(patterns)("pattern %s", (pattern) => {
    const read = compileTimestampParser({ formats: pattern });
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(1961, 0), max: Date.UTC(2060, 0) }),
        fc.integer({ min: -720, max: 720 }),
        (ms, minutes) => {
          const text = DateTime.fromMillis(ms, { zone: "UTC", locale: "en-US" })
            .setZone(FixedOffsetZone.instance(minutes))
            .toFormat(pattern);
          const luxon = DateTime.fromFormat(text, pattern, { zone: "UTC", locale: "en-US" });
          expect(read(text)?.instant).toBe(instantFromDate(luxon.toJSDate()));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("canonical instants", () => {
  test("compare as text the way they compare as numbers", () => {
    fc.assert(
      fc.property(anyMs, anyMs, (a, b) => {
        const [left, right] = [instantFromDate(new Date(a)), instantFromDate(new Date(b))];
        expect(left < right).toBe(a < b);
        expect(left === right).toBe(a === b);
      }),
      { numRuns: 2000 },
    );
  });

  test("go to milliseconds and back, and are always 27 characters", () => {
    fc.assert(
      fc.property(anyMs, (ms) => {
        const instant = instantFromDate(new Date(ms));
        expect(instant).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
        expect(instantToEpochMs(instant)).toBe(ms);
        expect(parse(isoOf(instant))?.instant).toBe(instant);
      }),
      { numRuns: 2000 },
    );
  });

  test("are shifted by milliseconds, microseconds kept", () => {
    const small = fc.integer({ min: -1e12, max: 1e12 });
    const ms = fc.integer({ min: firstMs + 1e12, max: lastMs - 1e12 });
    fc.assert(
      fc.property(ms, small, fc.integer({ min: 0, max: 999 }), (start, by, micros) => {
        const tail = (text: string): string => `${text.slice(0, 23)}${String(micros).padStart(3, "0")}Z`;
        expect(shiftInstant(tail(instantFromDate(new Date(start))), by)).toBe(
          tail(instantFromDate(new Date(start + by))),
        );
      }),
      { numRuns: 1000 },
    );
    expect(shiftInstant("0001-01-01T00:00:00.000001Z", -1)).toBe("0001-01-01T00:00:00.000000Z");
    expect(shiftInstant("9999-12-31T23:59:59.000000Z", 1000)).toBe("9999-12-31T23:59:59.999999Z");
  });

  test("lose microseconds towards the past as milliseconds", () => {
    expect(instantToEpochMs("1969-12-31T23:59:59.999999Z")).toBe(-1);
    expect(instantToEpochMs("1970-01-01T00:00:00.000999Z")).toBe(0);
  });

  test.each([
    ["2025-01-01T00:00:00.000000Z", "2025-01-01T00:00:00Z"],
    ["2025-01-01T00:00:10.120000Z", "2025-01-01T00:00:10.12Z"],
    ["2025-01-01T00:00:00.000001Z", "2025-01-01T00:00:00.000001Z"],
  ])("isoOf(%s) is %s", (instant, short) => {
    expect(isoOf(instant)).toBe(short);
  });

  test("are written as a system wants them, in its zone", () => {
    expect(formatInstant("2026-07-01T19:00:00.123456Z", "yyyy-MM-dd HH:mm:ss.SSS", "America/Los_Angeles")).toBe(
      "2026-07-01 12:00:00.123",
    );
    expect(formatInstant("0099-07-01T19:00:00.000000Z", "yyyy-MM-dd'T'HH:mm:ss'Z'")).toBe("0099-07-01T19:00:00Z");
    expect(thrownBy(() => formatInstant("2026-07-01T19:00:00.000000Z", "yyyy", "Nowhere"))).toBeInstanceOf(SpecError);
  });

  test("come from no invalid Date", () => {
    expect(thrownBy(() => instantFromDate(new Date(Number.NaN)))).toBeInstanceOf(RecordError);
    expect(thrownBy(() => instantFromDate(new Date(lastMs + 1)))).toBeInstanceOf(RecordError);
  });

  test("are not made of nothing", () => {
    expect([null, undefined, "", "  ", "0000-00-00"].map(parse)).toEqual([null, null, null, null, null]);
    expect(parse(" 2025-01-02 ")?.instant).toBe("2025-01-02T00:00:00.000000Z");
  });
});

describe("a clock that was put back", () => {
  const la = "America/Los_Angeles";
  test.each([
    [la, "2026-10-31T00:00:00.000000Z", "2026-11-02T00:00:00.000000Z", 3_600_000],
    [la, "2026-11-01T08:59:59.000000Z", "2026-11-01T09:00:00.000000Z", 3_600_000],
    [la, "2026-11-01T09:00:00.000000Z", "2026-11-02T00:00:00.000000Z", 0],
    [la, "2026-01-01T00:00:00.000000Z", "2026-10-31T00:00:00.000000Z", 0],
    [la, "1970-01-01T00:00:00.000000Z", "2026-10-31T00:00:00.000000Z", 3_600_000],
    [la, "2026-11-02T00:00:00.000000Z", "2026-10-31T00:00:00.000000Z", 0],
    ["Australia/Lord_Howe", "2026-04-01T00:00:00.000000Z", "2026-04-10T00:00:00.000000Z", 1_800_000],
    ["UTC", "1970-01-01T00:00:00.000000Z", "2026-10-31T00:00:00.000000Z", 0],
  ])("%s from %s to %s: %d ms", (zone, since, until, ms) => {
    expect(zoneFallBackHours(zone, since, until)).toBe(ms);
  });
});

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["5s", 5000],
    ["10m", 600_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["1w", 604_800_000],
    ["1.5h", 5_400_000],
    ["30 days", 2_592_000_000],
    ["1 minute", 60_000],
    ["90 seconds", 90_000],
    ["0s", 0],
    [" 10m ", 600_000],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
  test.each(["", "10", "m", "-5s", "10 M", "25 months", "1y", "1h30m", "1e3s", "5 constructor", "99999999999999999d"])(
    "%j is none",
    (text) => {
      expect(thrownBy(() => parseDuration(text))).toBeInstanceOf(SpecError);
    },
  );
  test("months are told apart from minutes", () => {
    expect((thrownBy(() => parseDuration("25 months")) as Error).message).toBe(
      '"25 months" is not a duration such as 500ms, 10s, 10m, 2h or 7d: months and years differ in length, write days',
    );
  });
});
