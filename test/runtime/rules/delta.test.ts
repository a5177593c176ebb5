/** Records in and out of a run's window, the filter, and duplicates. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../../support/warehouses.ts";
import { fileSpec, ThingsProject } from "./things-project.ts";

describe("delta on our side (delta.local)", () => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
    project.spec({ source: { delta: { local: true, overlap: "1d" }, incremental: null } });
    for (let id = 1; id <= 5; id++)
      project.api.put({ id, name: `thing ${id}`, updated_at: `2025-05-0${id}T00:00:00Z` });
  });
  afterEach(() => project.close());

  it("records before since are counted as filtered, and go no further", async () => {
    await project.run();
    const { summary } = await project.run();
    expect(summary).toMatchObject({
      mode: "incremental",
      since: "2025-05-04T00:00:00Z",
      fetched: 5,
      filtered: 3,
      unchanged: 2,
    });
  });

  it("a full run filters nothing", async () => {
    await project.run();
    expect((await project.run({ full: true })).summary).toMatchObject({ fetched: 5, filtered: 0, unchanged: 5 });
  });

  it("--start-date and --end-date filter: since is in, until is out", async () => {
    const { summary } = await project.run({
      startDate: "2025-05-02T00:00:00.000000Z",
      endDate: "2025-05-04T00:00:00.000000Z",
    });
    expect(summary).toMatchObject({ mode: "manual", fetched: 5, filtered: 3, created: 2 });
    expect((await project.things()).map(({ id }) => id)).toEqual([2, 3]);
  });

  it("keeps what changed while the run lasted: there is no upper bound of our own", async () => {
    await project.run();
    project.api.put({ id: 6, name: "just now", updated_at: "2025-06-01T12:00:30Z" });
    expect((await project.run()).summary).toMatchObject({ created: 1 });
    expect(await project.lastWatermark()).toBe("2025-06-01T12:00:00.000000Z");
  });

  it("a csv file is filtered the same way", async () => {
    project.spec(fileSpec(`${project.api.url}/things.csv`), { source: { delta: { field: "updated_at" } } });
    await project.run();
    project.api.put({ id: 6, name: "new", updated_at: "2025-05-06T00:00:00Z" });
    expect((await project.run()).summary).toMatchObject({
      mode: "incremental",
      fetched: 6,
      filtered: 4,
      created: 1,
      unchanged: 1,
    });
    expect(await project.lastWatermark()).toBe("2025-05-06T00:00:00Z");
  });
});

describe("delta values", () => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
    project.api.things = [
      { id: 1, name: "dated", updated_at: "2025-05-01T00:00:00Z" },
      { id: 2, name: "without" },
      { id: 3, name: "null", updated_at: null },
    ];
  });
  afterEach(() => project.close());

  it("missing: include (the default) keeps records without one", async () => {
    expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 3, created: 3, filtered: 0 });
    expect(await project.lastWatermark()).toBe("2025-05-01T00:00:00Z");
  });

  it("missing: exclude counts them as filtered", async () => {
    project.spec({ source: { delta: { missing: "exclude" } } });
    expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 3, created: 1, filtered: 2 });
  });

  it("missing: fail stops the run, and shows the record", async () => {
    project.spec({ source: { delta: { missing: "fail" } } });
    const { summary, outcome } = await project.run();
    expect(outcome.exitCode).toBe(1);
    expect(summary.error).toBe(
      'a record has no value at source.delta.field (updated_at), and delta.missing is fail: {"id":2,"name":"without"}',
    );
    expect(await project.lastWatermark()).toBeNull();
  });

  it("only records without one: no watermark", async () => {
    project.api.things = [{ id: 2, name: "without" }];
    expect((await project.run()).summary).toMatchObject({ created: 1 });
    expect(await project.lastWatermark()).toBeNull();
  });

  it("one that cannot be read is warned about, and does not move the watermark", async () => {
    project.spec({ mapping: { updated_at: "updated_at" }, upsert: { newer_by: null } });
    project.api.things = [
      { id: 1, name: "dated", updated_at: "2025-05-01T00:00:00Z" },
      { id: 2, name: "undated", updated_at: "soon" },
    ];
    const { lines, summary } = await project.run();
    expect(summary).toMatchObject({ status: "success", created: 2 });
    expect(await project.lastWatermark()).toBe("2025-05-01T00:00:00Z");
    expect(lines.filter((line) => line.includes("for field 'delta' with value 'soon'"))).toHaveLength(1);
  });

  it("may be an expression", async () => {
    project.spec({
      source: { delta: { field: "updated_at ? updated_at : created_at" } },
      mapping: { created_at: "created_at" },
    });
    project.api.things = [
      { id: 1, name: "a", updated_at: "2025-05-01T00:00:00Z" },
      { id: 2, name: "b", created_at: "2025-05-02T00:00:00Z" },
    ];
    const { summary, lines } = await project.run();
    expect(summary).toMatchObject({ status: "success", created: 2 });
    expect(lines.filter((line) => line.startsWith("WARN"))).toEqual([]);
    expect(await project.lastWatermark()).toBe("2025-05-02T00:00:00Z");
  });
});

describe("filter", () => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
    for (let id = 1; id <= 5; id++) project.api.put({ id, name: `thing ${id}`, updated_at: "2025-05-01T00:00:00Z" });
  });
  afterEach(() => project.close());

  it("a record for which it is not true is counted as filtered: false, nothing, and what only looks true", async () => {
    project.spec({ source: { filter: "keep" } });
    const keeps = [true, false, undefined, "true", 1];
    project.api.things = keeps.map((keep, index) => ({
      id: index + 1,
      name: "x",
      keep,
      updated_at: "2025-05-01T00:00:00Z",
    }));
    expect((await project.run()).summary).toMatchObject({ fetched: 5, filtered: 4, created: 1 });
  });

  it("comes before the mapping: a filtered record is neither rejected nor warned about", async () => {
    project.spec({ source: { filter: "id != 2" }, mapping: { name: { from: "name", required: true } } });
    project.api.put({ id: 2, name: "" });
    expect((await project.run()).summary).toMatchObject({ status: "success", filtered: 1, rejected: 0, created: 4 });
  });

  it("one that throws fails the run: nothing is silently left out", async () => {
    project.spec({ source: { filter: "$number(name) > 1" } });
    const { summary } = await project.run();
    expect(summary).toMatchObject({ status: "failed", error: expect.stringMatching(/^source\.filter failed: /) });
  });

  it("may read params", async () => {
    project.spec({
      params: { least: { type: "integer", default: 1, narrows: true } },
      source: { filter: "id >= $params.least" },
    });
    expect((await project.run({ params: { least: "4" } })).summary).toMatchObject({ filtered: 3, created: 2 });
  });
});

describe.each(warehouses)("two records with one key in a batch, in $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
  });
  afterEach(() => project.close());

  const older = { id: 1, name: "older", updated_at: "2025-05-01T00:00:00Z" };
  const newer = { id: 1, name: "newer", updated_at: "2025-05-02T00:00:00Z" };
  const undated = { id: 1, name: "undated", updated_at: null };
  const cases = [
    ["the newer wins when it comes last", [older, newer], "newer"],
    ["the newer wins when it comes first", [newer, older], "newer"],
    ["the later read wins a tie", [newer, { ...newer, name: "read later" }], "read later"],
    ["the later read wins where one has no time", [newer, undated], "undated"],
    ["the later read wins where the first has no time", [undated, older], "older"],
    ["an id is one key as a number and as text", [older, { ...newer, id: "1" }], "newer"],
  ] as const;
  it.each(cases)("%s", async (_, things, winner) => {
    project.api.before = () => ({ body: { results: things } });
    expect((await project.run()).summary).toMatchObject({ fetched: 2, duplicates: 1, mapped: 1, created: 1 });
    expect(await project.things()).toEqual([{ id: 1, name: winner }]);
  });

  it("the later read wins without newer_by", async () => {
    project.spec({ upsert: { newer_by: null } });
    project.api.before = () => ({ body: { results: [newer, older] } });
    await project.run();
    expect(await project.things()).toEqual([{ id: 1, name: "older" }]);
  });

  it("composite keys do not run into one another", async () => {
    project.spec({ mapping: { part: { from: "part" } }, upsert: { keys: ["name", "part"] } });
    project.api.things = [
      { id: 1, name: "a,b", part: "c", updated_at: null },
      { id: 2, name: "a", part: "b,c", updated_at: null },
      { id: 3, name: "a\\", part: "b", updated_at: null },
      { id: 4, name: "a", part: "\\b", updated_at: null },
    ];
    expect((await project.run()).summary).toMatchObject({ fetched: 4, duplicates: 0, created: 4 });
  });
});
