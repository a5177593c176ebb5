/** `etl state`: what the next run finds, and what it does once an operator has changed that. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSink } from "../../src/sinks/index.ts";
import { warehouses } from "../support/warehouses.ts";
import { type SpecText, ThingsProject } from "./rules/things-project.ts";

const at = (minute: number): string => `2025-05-01T10:${String(minute).padStart(2, "0")}:00Z`;
const things = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, name: "x", updated_at: at(index + 1) }));

describe.each(warehouses)("the state in $name", ({ name: warehouse, open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    project.api.things = things(4);
  });
  afterEach(() => project.close());
  const run = (flags: Parameters<ThingsProject["run"]>[0] = {}) => project.run(flags, { unchecked: true });

  it("shows a pipeline that was never run, where there is a database", async () => {
    if (warehouse === "PostgreSQL") await project.execute("select 1");
    expect((await project.state()).after).toEqual({
      pipeline: "things.items",
      scope: "",
      watermark: null,
      watermark_run: null,
      problem: null,
      next: { strategy: "initial_full", since: null },
      checkpoint: null,
      parents: null,
      running: null,
    });
    expect(await project.history()).toEqual([]);
  });

  it("shows the watermark and the run that stored it, without writing anything", async () => {
    project.spec({ source: { delta: { overlap: "1m" } } });
    await run();
    const before = await project.history();
    expect((await project.state()).after).toMatchObject({
      watermark: at(4),
      watermark_run: 1,
      next: { strategy: "incremental", since: at(3) },
    });
    expect(await project.history()).toEqual(before);
  });

  it("set: the next run reads what changed since; before and after are told; it is a row of the history", async () => {
    await run();
    const { before, after } = await project.state({ watermark: "2025-05-01T10:02:00Z" });
    expect(before).toMatchObject({ watermark: at(4), watermark_run: 1 });
    expect(after).toMatchObject({
      watermark: at(2),
      watermark_run: 2,
      next: { strategy: "incremental", since: at(2) },
    });
    expect((await project.history()).at(-1)).toMatchObject({
      strategy: "state_set",
      status: "success",
      watermark: at(2),
      records_processed: 0,
      checkpoint: null,
      configuration: { watermark_before: at(4) },
    });
    project.api.asks.length = 0;
    const ran = await run();
    expect(ran.summary).toMatchObject({ mode: "incremental", since: at(2) });
    expect(project.api.asks[0]!.query["since"]).toBe(at(2));
    expect(ran.log).not.toContain("older version");
  });

  it("reset: the next run is an initial_full, and the one after it a delta again", async () => {
    await run();
    const { before, after } = await project.state("reset");
    expect(before!.watermark).toBe(at(4));
    expect(after).toMatchObject({ watermark: null, next: { strategy: "initial_full", since: null } });
    expect((await run()).summary).toMatchObject({ mode: "initial_full", fetched: 4, unchanged: 4 });
    expect((await run()).summary.mode).toBe("incremental");
    await project.state("reset");
    expect((await project.state({ watermark: "2025-05-01" })).after).toMatchObject({ watermark: "2025-05-01" });
  });

  it.each([["reset" as const], [{ watermark: at(1) }]])(
    "a run that failed is shown with its place, and not gone on with after %j",
    async (change) => {
      project.api.things = things(7);
      project.api.before = (_ask, index) => (index >= 2 ? { status: 500 } : undefined);
      await run();
      project.api.before = () => undefined;
      expect((await project.state()).after!.checkpoint).toEqual({
        run: 1,
        resumed: true,
        slices_done: 0,
        slices_open: 1,
      });
      expect((await project.state(change)).after!.checkpoint).toBeNull();
      const ran = await run();
      expect(ran.outcomes).toHaveLength(1);
      expect(ran.summary).toMatchObject({
        mode: change === "reset" ? "initial_full" : "incremental",
        fetched: 7,
        status: "success",
      });
    },
  );

  it("a watermark that the delta cannot read any more is shown with the reason, and both changes mend it", async () => {
    await run();
    project.spec({ source: { delta: { type: "integer" }, incremental: null } });
    const { after: broken } = await project.state();
    expect(broken).toMatchObject({ watermark: at(4), next: null });
    expect(broken!.problem).toContain("cannot be read with the delta");
    expect((await project.state({ watermark: "12" })).after).toMatchObject({ watermark: "12", problem: null });
    expect((await project.state("reset")).after).toMatchObject({ watermark: null, problem: null });
  });

  it("takes the lock: while a pipeline runs its state is not changed", async () => {
    await run();
    const sink = await openSink(project.warehouse.address, { readOnly: false });
    const lock = await sink.lock("etl things.items");
    try {
      expect((await project.state("reset")).held).toContain("things.items is already running");
    } finally {
      await lock?.release();
      await sink.close();
    }
    expect(await project.history()).toHaveLength(1);
  });

  it("each scope has a state of its own", async () => {
    project.spec({ params: { account: { type: "integer", default: 1, scope: true } } });
    await run({ params: { account: "1" } });
    await run({ params: { account: "2" } });
    await project.state("reset", { params: { account: "2" } });
    expect((await project.state(undefined, { params: { account: "2" } })).after).toMatchObject({
      scope: "account=2",
      watermark: null,
    });
    expect((await project.state(undefined, { params: { account: "1" } })).after).toMatchObject({
      scope: "account=1",
      watermark: at(4),
    });
  });
});

describe("watermarks that are refused, and nothing is written", () => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
    project.api.things = things(2);
  });
  afterEach(() => project.close());

  it.each([
    ["soon", {}, '--watermark "soon" is not a date'],
    ["2025-07-01", {}, "is later than now (2025-06-01T12:00:00Z)"],
    [" ", {}, "--watermark is empty; etl state reset things.items"],
    [
      "2025-05-01",
      { source: { delta: { type: "integer" }, incremental: null } },
      '--watermark: "2025-05-01" is not an integer',
    ],
    ["2025-05-01", { source: { delta: null, incremental: null } }, "things.items has no delta"],
  ])("%j with %j", async (watermark, changes, message) => {
    project.spec(changes as SpecText);
    await expect(project.state({ watermark })).rejects.toThrow(message);
    expect(await project.history()).toEqual([]);
  });
});
