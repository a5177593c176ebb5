/** What the flags of a run mean, beside its strategy. */
import { existsSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SpecError } from "../../../src/errors.ts";
import { parseDateFlag } from "../../../src/runtime/flags.ts";
import type { RunFlags } from "../../../src/runtime/flags.ts";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject } from "./things-project.ts";

describe("dates of flags", () => {
  it.each([
    ["2025-01-31", "2025-01-31T00:00:00.000000Z"],
    ["2025-01-31T12:00:00Z", "2025-01-31T12:00:00.000000Z"],
    ["2025-01-31T12:00:00.123456Z", "2025-01-31T12:00:00.123456Z"],
    ["2025-01-31T12:00:00+05:30", "2025-01-31T06:30:00.000000Z"],
    ["2025-01-31 12:00:00-08:00", "2025-01-31T20:00:00.000000Z"],
  ])("%s is %s", (text, instant) => {
    expect(parseDateFlag("--start-date", text)).toBe(instant);
  });

  it.each(["2025-01-31T12:00:00", "2025-01-31 12:00", "31.01.2025", "soon", "", "2025-02-30", "1735689600"])(
    "%j is refused, with what is wanted",
    (text) => {
      expect(() => parseDateFlag("--start-date", text)).toThrow(SpecError);
      expect(() => parseDateFlag("--start-date", text)).toThrow(/--start-date .* is not a date: write YYYY-MM-DD/);
    },
  );
});

describe.each(warehouses)("flags, in $name", ({ name, open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    for (let id = 1; id <= 8; id++) {
      project.api.put({ id, name: `thing ${id}`, updated_at: `2025-05-0${id}T00:00:00Z` });
    }
  });
  afterEach(() => project.close());

  /** Whatever is in the database, the runtime's own tables too. */
  async function everything(): Promise<unknown[]> {
    return [await project.things("*"), await project.history(), await project.rejects()];
  }

  it("--max-records 0 is unlimited", async () => {
    const { summary } = await project.run({ maxRecords: 0 });
    expect(summary).toMatchObject({ status: "success", fetched: 8 });
    expect(await project.lastWatermark()).toBe("2025-05-08T00:00:00Z");
  });

  it("--max-records 4 reads four, and is a success of what it was asked", async () => {
    const { summary, outcome } = await project.run({ maxRecords: 4 });
    expect(summary).toMatchObject({ status: "success", fetched: 4, created: 4, error: null });
    expect(outcome.exitCode).toBe(0);
    expect((await project.things()).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  it("--max-records counts rejects of the source too", async () => {
    const lines = Array.from({ length: 20 }, (_, index) => (index % 2 ? `${index},ragged,row` : `${index},fine`));
    project.api.before = () => ({ body: ["id,name", ...lines].join("\n"), headers: { "content-type": "text/csv" } });
    const none = { connection: null, request: null, records: null, pagination: null, incremental: null, delta: null };
    project.spec({
      source: { ...none, type: "csv", url: `${project.api.url}/things.csv`, header: true },
      mapping: { note: null, updated_at: null },
      upsert: { newer_by: null },
    });
    const { summary } = await project.run({ maxRecords: 7, batchSize: 4 });
    expect(summary.error).toMatch(/records were rejected/);
    expect(summary).toMatchObject({ status: "partial", fetched: 7 });
  });

  it("--batch-size is the page size asked of the source", async () => {
    await project.run({ batchSize: 7 });
    expect(project.api.asks.map(({ query }) => query["limit"])).toEqual(["7", "7"]);
  });

  it("--batch-size stays within max_size", async () => {
    await project.run({ batchSize: 500 });
    expect(project.api.asks.map(({ query }) => query["limit"])).toEqual(["10"]);
  });

  it.each(["startDate", "endDate"] as const)("%s on a pipeline without delta: exit 2, and says so", async (flag) => {
    project.spec({ source: { delta: null, incremental: null } });
    const { outcome, summary, lines } = await project.run({ [flag]: "2025-01-01T00:00:00.000000Z" });
    expect(outcome.exitCode).toBe(2);
    expect(summary).toMatchObject({ status: "failed", run_id: null });
    const written = flag === "startDate" ? "--start-date" : "--end-date";
    expect(summary.error).toBe(
      `things.items has no delta of type timestamp or date, so ${written} cannot be used: leave it out, or give the source a delta`,
    );
    expect(lines.join("\n")).toContain(summary.error);
    expect(project.api.asks).toEqual([]);
    expect(await project.history()).toEqual([]);
  });

  it("--start-date with an integer delta: exit 2", async () => {
    project.spec({ source: { delta: { field: "id", type: "integer" } } });
    const { outcome } = await project.run({ startDate: "2025-01-01T00:00:00.000000Z" });
    expect(outcome.exitCode).toBe(2);
  });

  it("--end-date not later than --start-date: exit 2", async () => {
    const { outcome, summary } = await project.run({
      startDate: "2025-02-01T00:00:00.000000Z",
      endDate: "2025-02-01T00:00:00.000000Z",
    });
    expect(outcome.exitCode).toBe(2);
    expect(summary.error).toBe("--end-date must be later than --start-date");
  });

  it("--dry-run into a warehouse that is not there writes nothing at all: no file, no table", async () => {
    const { summary, outcome, lines } = await project.run({ dryRun: true });
    expect(outcome.exitCode).toBe(0);
    expect(summary).toMatchObject({ status: "success", fetched: 8, created: 8, run_id: null });
    if (name === "SQLite") {
      const file = project.warehouse.address.slice("sqlite:".length);
      expect(existsSync(file)).toBe(false);
      expect(readdirSync(dirname(file))).toEqual([]);
    } else {
      const tables = await project.query(
        "select table_name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')",
      );
      expect(tables).toEqual([]);
    }
    expect(lines[0]).toBe("INFO  Starting dry run of things items sync (initial_full)");
    expect(lines.filter((line) => /Dry run: would run CREATE TABLE/i.test(line))).toHaveLength(1);
    expect(lines.at(-1)).toBe(
      "INFO  Dry run of things items sync, nothing was written; it would be: 8 created, 0 updated, 0 unchanged, 0 failed",
    );
  });

  const dryRuns: Partial<RunFlags>[] = [
    {},
    { full: true },
    { force: true },
    { startDate: "2025-05-03T00:00:00.000000Z" },
    { maxRecords: 2 },
  ];
  it.each(dryRuns)("--dry-run with %o counts what the run then does, and changes nothing", async (flags) => {
    project.spec({
      source: { filter: "name != 'left out'", delta: { overlap: "30d" } },
      mapping: { name: { from: "name", required: true } },
    });
    await project.run();
    project.api.put({ id: 1, name: "older", updated_at: "2025-04-30T00:00:00Z" });
    project.api.put({ id: 2, name: "changed", updated_at: "2025-05-09T00:00:00Z" });
    project.api.put({ id: 3, name: "left out", updated_at: "2025-05-09T00:00:00Z" });
    project.api.put({ id: 4, name: null, updated_at: "2025-05-09T00:00:00Z" });
    project.api.put({ id: 9, name: "new", updated_at: "2025-05-09T00:00:00Z" });
    project.api.things.push({ id: 2, name: "changed", updated_at: "2025-05-09T00:00:00Z" });
    project.pass(60);
    const before = await everything();
    const asked = project.api.asks.length;
    const dry = await project.run({ ...flags, dryRun: true });
    expect(await everything()).toEqual(before);
    const dryAsks = project.api.asks.slice(asked);
    const real = await project.run(flags);
    expect(project.api.asks.slice(asked + dryAsks.length).map(({ query }) => query)).toEqual(
      dryAsks.map(({ query }) => query),
    );
    const {
      duration_seconds: _,
      records_per_second: __,
      peak_rss_mb: ___,
      stage_seconds: _____,
      expensive_fields: ______,
      run_id: ____,
      error: dryError,
      ...counts
    } = dry.summary;
    expect(real.summary).toMatchObject(counts);
    expect(dryError).toBe(real.summary.error);
    expect(dry.outcome.exitCode).toBe(real.outcome.exitCode);
    expect(dry.lines.at(-1)).not.toContain("Completed");
  });

  it("--dry-run says which statements it would run on a table that lacks a column", async () => {
    await project.run();
    project.spec({ mapping: { colour: "colour" } });
    const { lines } = await project.run({ dryRun: true });
    expect(lines.some((line) => /Dry run: would run ALTER TABLE .*colour/.test(line))).toBe(true);
  });

  it("--skip-validation skips validators and rules, never types and required fields", async () => {
    project.spec({
      mapping: {
        name: { from: "name", required: true },
        mail: { from: "mail", validate: "email", on_fail: "reject" },
        size: { from: "size", type: "integer", required: true },
      },
      rules: [{ name: "small", check: "size < 10", on_fail: "reject" }],
    });
    project.api.things = [
      { id: 1, name: "a", mail: "nonsense", size: 1 },
      { id: 2, name: "b", mail: "b@example.com", size: 11 },
      { id: 3, name: null, mail: "c@example.com", size: 1 },
      { id: 4, name: "d", mail: "d@example.com", size: "huge" },
    ];
    expect((await project.run()).summary.rejected).toBe(4);
    const { summary } = await project.run({ skipValidation: true });
    expect(summary).toMatchObject({ rejected: 2, created: 2 });
    const stillOpen = (await project.rejects()).filter(({ resolved_at: at }) => at === null);
    expect(stillOpen.map(({ record_key: key, stage }) => [key, stage])).toEqual([
      ["3", "required"],
      ["4", "coerce"],
    ]);
  });
});
