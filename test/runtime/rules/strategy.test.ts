/** Which run reads what: the table of flags and strategies. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject } from "./things-project.ts";

const early = "2025-03-01T00:00:00Z";
const late = "2025-05-01T00:00:00Z";

describe.each(warehouses)("which run reads what, in $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    project.spec({ source: { delta: { overlap: "1h" } } });
    for (const id of [1, 2, 3, 4]) project.api.put({ id, name: `thing ${id}`, note: "first", updated_at: early });
    project.api.put({ id: 5, name: "thing 5", note: "first", updated_at: late });
  });
  afterEach(() => project.close());

  /** After a first run: thing 1 goes back in time, thing 2 changes, thing 3 stays. */
  async function runThenChange(): Promise<void> {
    await project.run();
    project.api.asks.length = 0;
    project.api.put({ id: 1, name: "older", updated_at: "2025-02-01T00:00:00Z" });
    project.api.put({ id: 2, name: "newer", note: null, updated_at: "2025-05-02T00:00:00Z" });
    project.pass(3600);
  }

  it("no flags, no watermark: initial_full, without since", async () => {
    const { summary, lines } = await project.run();
    expect(summary).toMatchObject({ status: "success", mode: "initial_full", since: null, fetched: 5, created: 5 });
    expect(project.api.asks.map(({ query }) => query)).toEqual([{ limit: "3" }, { limit: "3", after: "after-3" }]);
    expect(lines[0]).toBe("INFO  Starting things items sync (initial_full)");
    expect(lines.at(-1)).toBe("INFO  Completed things items sync: 5 created, 0 updated, 0 unchanged, 0 failed");
  });

  it("no flags, a watermark: incremental, since is the watermark less the overlap", async () => {
    await runThenChange();
    const { summary, lines } = await project.run();
    expect(summary).toMatchObject({ status: "success", mode: "incremental", since: "2025-04-30T23:00:00Z" });
    expect(summary).toMatchObject({ fetched: 2, updated: 1, unchanged: 1 });
    expect(project.api.asks[0]!.query).toEqual({
      limit: "3",
      since: "2025-04-30T23:00:00Z",
      until: "2025-06-01T13:00:00Z",
    });
    expect(lines[0]).toBe("INFO  Starting things items sync (incremental since 2025-04-30T23:00:00Z)");
    expect((await project.history()).map(({ strategy }) => strategy)).toEqual(["initial_full", "incremental"]);
  });

  it("no flags, a watermark: a stored newer row stays, and is counted as stale", async () => {
    await runThenChange();
    project.spec({ source: { delta: { overlap: "120d" } } });
    const { summary } = await project.run();
    expect(summary).toMatchObject({ mode: "incremental", stale: 1, updated: 1, unchanged: 3 });
    expect(await project.things()).toContainEqual({ id: 1, name: "thing 1" });
  });

  it("--start-date: manual, since that date, a stored newer row stays", async () => {
    await runThenChange();
    const { summary, lines } = await project.run({ startDate: "2025-02-01T00:00:00.000000Z" });
    expect(summary).toMatchObject({ mode: "manual", since: "2025-02-01T00:00:00Z", fetched: 5, stale: 1, updated: 1 });
    expect(project.api.asks[0]!.query["since"]).toBe("2025-02-01T00:00:00Z");
    expect(lines[0]).toBe("INFO  Starting things items sync (manual since 2025-02-01T00:00:00Z)");
    expect(await project.things()).toContainEqual({ id: 1, name: "thing 1" });
  });

  it("--start-date without a watermark is manual as well", async () => {
    const { summary } = await project.run({ startDate: "2025-04-01T00:00:00.000000Z" });
    expect(summary).toMatchObject({ mode: "manual", since: "2025-04-01T00:00:00Z", fetched: 1, created: 1 });
  });

  it("--start-date --force: manual, a stored newer row is replaced", async () => {
    await runThenChange();
    const { summary } = await project.run({ startDate: "2025-02-01T00:00:00.000000Z", force: true });
    expect(summary).toMatchObject({ mode: "manual", since: "2025-02-01T00:00:00Z", stale: 0, updated: 2 });
    expect(await project.things()).toContainEqual({ id: 1, name: "older" });
  });

  it("--start-date --full is manual: the date comes first", async () => {
    await runThenChange();
    const { summary } = await project.run({ startDate: "2025-05-01T00:00:00.000000Z", full: true });
    expect(summary).toMatchObject({ mode: "manual", fetched: 2 });
  });

  it("--full: full, without since, a stored newer row stays, and the run says how many and what replaces them", async () => {
    await runThenChange();
    const { summary, lines } = await project.run({ full: true });
    expect(summary).toMatchObject({ mode: "full", since: null, fetched: 5, stale: 1, updated: 1, unchanged: 3 });
    expect(project.api.asks[0]!.query).toEqual({ limit: "3" });
    expect(await project.things()).toContainEqual({ id: 1, name: "thing 1" });
    expect(lines).toContain(
      "INFO  things items: 1 stored rows are newer than what was read and stay; --force would replace them",
    );
  });

  it.each([{ force: true }, { full: true, force: true }])("%o: full, a stored newer row is replaced", async (flags) => {
    await runThenChange();
    const { summary } = await project.run(flags);
    expect(summary).toMatchObject({ mode: "full", since: null, fetched: 5, stale: 0, updated: 2, unchanged: 3 });
    expect(await project.things()).toContainEqual({ id: 1, name: "older" });
  });

  it("--force replaces every mapped column, absent ones too", async () => {
    await project.run();
    project.api.things[0] = { id: 1, name: "older", updated_at: "2025-02-01T00:00:00Z" };
    await project.run({ force: true });
    expect((await project.things("id, name, note"))[0]).toEqual({ id: 1, name: "older", note: null });
  });

  it("--force does not write identical rows: they keep sync_updated_at and sync_run_id", async () => {
    await runThenChange();
    const columns = "id, sync_run_id, sync_created_at, sync_updated_at";
    const [first] = await project.things(columns);
    const before = (await project.things(columns)).slice(2);
    const { summary } = await project.run({ force: true });
    const after = await project.things(columns);
    expect(after.slice(2)).toEqual(before);
    expect(Number(after[0]!["sync_run_id"])).toBe(summary.run_id);
    expect(after[0]!["sync_created_at"]).toEqual(first!["sync_created_at"]);
    expect(after[0]!["sync_updated_at"]).not.toEqual(first!["sync_updated_at"]);
  });

  it("a delta after an edit of the mapping says how many rows an older spec made, once, and what brings them up", async () => {
    await runThenChange();
    project.spec({ source: { delta: { overlap: "1h" } }, mapping: { name: "$uppercase(name)" } });
    const warning =
      "WARN  5 rows of thing were made by an older version of things.items; --full brings them up to date";
    expect((await project.run()).lines).toContain(warning);
    expect((await project.run()).lines.join("\n")).not.toContain("older version");
    expect((await project.things()).map(({ name }) => name)).toContain("thing 3");
    await project.run({ full: true });
    expect((await project.things()).map(({ name }) => name)).toContain("THING 3");
  });

  it("--end-date bounds what is asked for", async () => {
    await runThenChange();
    const { summary } = await project.run({ endDate: "2025-05-02T00:00:00.000000Z" });
    expect(project.api.asks[0]!.query["until"]).toBe("2025-05-02T00:00:00Z");
    expect(summary).toMatchObject({ mode: "incremental", fetched: 1 });
  });
});
