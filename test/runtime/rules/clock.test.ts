/** Whose clock counts, and zones that put theirs back. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject } from "./things-project.ts";

describe("the source's clock", () => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
    project.api.put({ id: 1, name: "one", updated_at: "2025-05-01T00:00:00Z" });
  });
  afterEach(() => project.close());

  const apart = (seconds: number): void => {
    project.api.clock = () => new Date(project.now.getTime() + seconds * 1000);
  };

  it("ten minutes behind ours: until and start go by it", async () => {
    await project.run();
    apart(-600);
    project.api.asks.length = 0;
    // Changed as the source's clock has it a minute ago, and one a minute after the run began.
    project.api.put({ id: 2, name: "before", updated_at: "2025-06-01T11:49:00Z" });
    project.api.put({ id: 3, name: "later", updated_at: "2025-06-01T11:51:00Z" });
    const { summary } = await project.run();
    expect(project.api.asks.at(-1)!.query["until"]).toBe("2025-06-01T11:50:00Z");
    expect(summary).toMatchObject({ fetched: 2, created: 1, unchanged: 1 });
    expect(await project.lastWatermark()).toBe("2025-06-01T11:49:00Z");
    project.pass(600);
    expect((await project.run()).summary).toMatchObject({ fetched: 2, created: 1 });
  });

  it("ten minutes behind ours: a row changed while the first run lasted is not lost", async () => {
    apart(-600);
    for (let id = 1; id <= 5; id++) project.api.put({ id, name: `thing ${id}`, updated_at: "2025-05-01T00:00:00Z" });
    project.api.before = ({ query }) => {
      if (query["after"] !== "after-3") return;
      project.api.put({ id: 1, name: "changed behind", updated_at: "2025-06-01T11:50:10Z" });
      project.api.put({ id: 5, name: "changed ahead", updated_at: "2025-06-01T11:50:20Z" });
    };
    await project.run();
    project.api.before = () => undefined;
    expect(await project.lastWatermark()).toBe("2025-06-01T11:50:00.000000Z");
    project.pass(3600);
    await project.run();
    expect((await project.things())[0]).toEqual({ id: 1, name: "changed behind" });
  });

  it("less than a second behind ours: a row changed while the run lasted is not lost", async () => {
    project.now = new Date("2025-06-01T12:00:00.900Z");
    apart(-0.8);
    for (let id = 1; id <= 5; id++) project.api.put({ id, name: `thing ${id}`, updated_at: "2025-05-01T00:00:00Z" });
    project.api.before = ({ query }) => {
      if (query["after"] !== "after-3") return;
      project.api.put({ id: 1, name: "changed behind", updated_at: "2025-06-01T12:00:00.300Z" });
      project.api.put({ id: 5, name: "changed ahead", updated_at: "2025-06-01T12:00:00.400Z" });
    };
    await project.run();
    expect(project.api.asks).toHaveLength(2);
    project.api.before = () => undefined;
    project.pass(3600);
    await project.run();
    expect((await project.things())[0]).toEqual({ id: 1, name: "changed behind" });
  });

  it("ahead of ours: until and start stay by ours, and what it dates later is read again", async () => {
    apart(600);
    project.api.put({ id: 2, name: "two", updated_at: "2025-06-01T12:05:00Z" });
    await project.run();
    expect(await project.lastWatermark()).toBe("2025-06-01T12:00:00.000000Z");
    project.api.asks.length = 0;
    project.pass(600);
    expect((await project.run()).summary).toMatchObject({ since: "2025-06-01T12:00:00Z", fetched: 1, unchanged: 1 });
    expect(project.api.asks[0]!.query["until"]).toBe("2025-06-01T12:10:00Z");
  });

  it("not told: ours counts", async () => {
    project.api.clock = () => undefined;
    await project.run();
    project.api.asks.length = 0;
    await project.run();
    expect(project.api.asks.map(({ query }) => query["until"])).toEqual(["2025-06-01T12:00:00Z"]);
  });

  it("behind an --end-date: the end date stays where it is earlier", async () => {
    await project.run();
    apart(-600);
    project.api.asks.length = 0;
    await project.run({ endDate: "2025-05-20T00:00:00.000000Z" });
    expect(project.api.asks.map(({ query }) => query["until"])).toEqual(["2025-05-20T00:00:00Z"]);
    project.api.asks.length = 0;
    await project.run({ endDate: "2026-01-01T00:00:00.000000Z" });
    expect(project.api.asks.at(-1)!.query["until"]).toBe("2025-06-01T11:50:00Z");
  });
});

describe.each(warehouses)("a zone that puts its clock back, in $name", ({ open }) => {
  const zone = "America/Los_Angeles";
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    project.spec({
      source: {
        delta: { time_zone: zone },
        incremental: {
          request: {
            query: {
              since: `{{format since "yyyy-MM-dd HH:mm:ss" zone="${zone}"}}`,
              until: `{{format until "yyyy-MM-dd HH:mm:ss" zone="${zone}"}}`,
            },
          },
        },
      },
      mapping: { updated_at: { time_zone: zone } },
    });
    // On 2026-11-01 the hour from 1:00 to 2:00 comes twice there: from 8:00 and from 9:00 UTC.
    project.api.put({ id: 1, name: "first", updated_at: "2026-11-01 01:50:00" });
    project.now = new Date("2026-11-01T08:55:00Z");
  });
  afterEach(() => project.close());

  it("sends a bound an hour earlier where that happened between since and now, and misses nothing", async () => {
    await project.run();
    expect(await project.lastWatermark()).toBe("2026-11-01 01:50:00");
    // An hour and twenty minutes later the clock there shows 1:10 again: less than the watermark.
    project.api.put({ id: 2, name: "second", updated_at: "2026-11-01 01:10:00" });
    project.now = new Date("2026-11-01T12:00:00Z");
    project.api.asks.length = 0;
    const { summary } = await project.run();
    expect(project.api.asks[0]!.query["since"]).toBe("2026-11-01 00:50:00");
    expect(summary).toMatchObject({ since: "2026-11-01T07:50:00Z", created: 1 });
    expect((await project.things()).map(({ name }) => name)).toEqual(["first", "second"]);
  });

  it("sends the bound as it is where it did not", async () => {
    project.api.put({ id: 1, updated_at: "2026-11-02 01:50:00" });
    project.now = new Date("2026-11-02T12:00:00Z");
    await project.run();
    project.api.asks.length = 0;
    project.now = new Date("2026-11-03T12:00:00Z");
    await project.run();
    expect(project.api.asks[0]!.query["since"]).toBe("2026-11-02 01:50:00");
  });

  it("two values in the repeated hour are never stale to one another", async () => {
    await project.run();
    project.api.put({ id: 1, name: "changed in the second hour", updated_at: "2026-11-01 01:10:00" });
    project.now = new Date("2026-11-01T12:00:00Z");
    expect((await project.run()).summary).toMatchObject({ stale: 0, updated: 1 });
    project.api.put({ id: 1, name: "changed again", updated_at: "2026-11-01 01:45:00" });
    expect((await project.run()).summary).toMatchObject({ stale: 0, updated: 1 });
    project.api.put({ id: 1, name: "and once more", updated_at: "2026-11-01 01:00:00" });
    expect((await project.run()).summary).toMatchObject({ stale: 0, updated: 1 });
    expect((await project.things())[0]!["name"]).toBe("and once more");
  });

  it("a value before the repeated hour is stale to one within it", async () => {
    await project.run();
    project.api.put({ id: 1, name: "older", updated_at: "2026-11-01 00:59:59" });
    project.now = new Date("2026-11-01T12:00:00Z");
    expect((await project.run({ full: true })).summary).toMatchObject({ stale: 1, updated: 0 });
  });

  it("of two in one batch within the repeated hour the later read stays", async () => {
    project.api.things = [];
    project.api.before = () => ({
      body: {
        results: [
          { id: 1, name: "read first", updated_at: "2026-11-01 01:50:00" },
          { id: 1, name: "read last", updated_at: "2026-11-01 01:10:00" },
        ],
      },
    });
    expect((await project.run()).summary).toMatchObject({ created: 1, duplicates: 1 });
    expect(await project.things()).toEqual([{ id: 1, name: "read last" }]);
  });
});
