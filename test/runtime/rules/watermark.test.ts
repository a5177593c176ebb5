/** How far a run got: what it stores as its watermark, and when it stores none. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunFlags } from "../../../src/runtime/flags.ts";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject } from "./things-project.ts";

const flagDate = (day: string): string => `${day}T00:00:00.000000Z`;

describe.each(warehouses)("watermark, in $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    for (let id = 1; id <= 5; id++) {
      project.api.put({ id, name: `thing ${id}`, updated_at: `2025-05-0${id}T00:00:00Z` });
    }
  });
  afterEach(() => project.close());

  it("is the greatest delta value read", async () => {
    await project.run();
    expect(await project.lastWatermark()).toBe("2025-05-05T00:00:00Z");
  });

  it("is never the end of the run: a row that changed while it lasted comes with the next one", async () => {
    project.api.before = ({ query }) => {
      if (query["after"] !== "after-3") return;
      // Page 1 has been read: thing 1 changes behind our back, and thing 5, which is still to come, right after it.
      project.pass(60);
      project.api.put({ id: 1, name: "changed behind", updated_at: "2025-06-01T12:00:30Z" });
      project.api.put({ id: 5, name: "changed ahead", updated_at: "2025-06-01T12:00:40Z" });
    };
    await project.run();
    project.api.before = () => undefined;
    expect(await project.lastWatermark()).toBe("2025-06-01T12:00:00.000000Z");
    project.pass(3600);
    const { summary } = await project.run();
    expect(summary).toMatchObject({ mode: "incremental", since: "2025-06-01T12:00:00Z", updated: 1, unchanged: 1 });
    expect((await project.things())[0]).toEqual({ id: 1, name: "changed behind" });
  });

  it("is the run's start where a value lies in the future", async () => {
    project.api.put({ id: 5, updated_at: "2031-01-01T00:00:00Z" });
    await project.run();
    expect(await project.lastWatermark()).toBe("2025-06-01T12:00:00.000000Z");
  });

  it("nothing read: the one before stays", async () => {
    await project.run();
    project.api.things = [];
    project.pass(3600);
    const { summary } = await project.run();
    expect(summary).toMatchObject({ status: "success", fetched: 0, since: "2025-05-05T00:00:00Z" });
    expect(await project.lastWatermark()).toBeNull();
    expect((await project.run()).summary.since).toBe("2025-05-05T00:00:00Z");
  });

  it("nothing read and none before: none", async () => {
    project.api.things = [];
    expect((await project.run()).summary).toMatchObject({ status: "success", mode: "initial_full", fetched: 0 });
    expect(await project.lastWatermark()).toBeNull();
    expect((await project.run()).summary.mode).toBe("initial_full");
  });

  it("never moves backwards", async () => {
    await project.run();
    project.api.things = [{ id: 1, name: "restored", updated_at: "2025-02-01T00:00:00Z" }];
    project.pass(3600);
    expect((await project.run({ full: true })).summary).toMatchObject({ status: "success", fetched: 1 });
    expect((await project.run()).summary.since).toBe("2025-05-05T00:00:00Z");
  });

  const before: [string, Partial<RunFlags>][] = [
    ["--dry-run", { dryRun: true }],
    ["--max-records", { maxRecords: 2 }],
    ["--max-records, even when it is not reached", { maxRecords: 100 }],
    ["--end-date", { endDate: flagDate("2025-05-04") }],
    ["--start-date while none is stored", { startDate: flagDate("2025-01-01") }],
  ];
  it.each(before)("is not stored with %s", async (_, flags) => {
    const { summary } = await project.run(flags);
    expect(summary.status).toBe("success");
    expect(summary.fetched).toBeGreaterThan(0);
    expect((await project.history()).every(({ watermark }) => watermark === null)).toBe(true);
    project.pass(60);
    expect((await project.run()).summary.mode).toBe("initial_full");
  });

  it("is not stored with a --start-date that is later than the stored one", async () => {
    await project.run();
    project.api.put({ id: 6, name: "skipped", updated_at: "2025-05-06T00:00:00Z" });
    project.api.put({ id: 7, name: "read", updated_at: "2025-05-20T00:00:00Z" });
    await project.run({ startDate: flagDate("2025-05-10") });
    expect(await project.lastWatermark()).toBeNull();
    const { summary } = await project.run();
    expect(summary).toMatchObject({ since: "2025-05-05T00:00:00Z", fetched: 3, created: 1, unchanged: 2 });
  });

  it.each(["2025-05-05", "2025-05-01"])(
    "is stored with a --start-date not later than the stored one: %s",
    async (day) => {
      await project.run();
      project.api.put({ id: 7, name: "read", updated_at: "2025-05-20T00:00:00Z" });
      await project.run({ startDate: flagDate(day) });
      expect(await project.lastWatermark()).toBe("2025-05-20T00:00:00Z");
    },
  );

  it("is not stored after an interruption", async () => {
    const stop = new AbortController();
    project.api.before = ({ query }) => {
      if (query["after"] === "after-3") stop.abort("SIGINT");
    };
    const { summary } = await project.run({}, { signal: stop.signal });
    expect(summary).toMatchObject({ status: "failed", fetched: 3 });
    expect(await project.lastWatermark()).toBeNull();
  });

  it("is not stored after a failure", async () => {
    project.api.before = ({ query }) => (query["after"] === "after-3" ? { status: 500, body: {} } : undefined);
    expect((await project.run()).summary).toMatchObject({ status: "failed", fetched: 3 });
    expect(await project.lastWatermark()).toBeNull();
  });

  it("is not stored after a failed completeness check", async () => {
    project.spec({ source: { pagination: { total: "total" } } });
    project.api.total = 9;
    expect((await project.run()).summary).toMatchObject({ status: "partial", fetched: 15 });
    expect(await project.lastWatermark()).toBeNull();
  });

  it("is not held back by rejects", async () => {
    project.spec({ mapping: { name: { from: "name", required: true } } });
    project.api.put({ id: 5, name: null });
    expect((await project.run()).summary).toMatchObject({ status: "partial", rejected: 1, created: 4 });
    expect(await project.lastWatermark()).toBe("2025-05-05T00:00:00Z");
  });

  it("counts what a filter leaves out as read", async () => {
    project.spec({ source: { filter: "id < 3" } });
    expect((await project.run()).summary).toMatchObject({ fetched: 5, filtered: 3, created: 2 });
    expect(await project.lastWatermark()).toBe("2025-05-05T00:00:00Z");
  });

  it("is kept as the source's own text, to the last microsecond", async () => {
    project.spec({ source: { delta: { time_zone: "America/New_York" } } });
    project.api.put({ id: 5, updated_at: "2025-01-01 10:00:00.123456" });
    project.api.put({ id: 4, updated_at: "2025-01-01 10:00:00.123455" });
    project.api.things = project.api.things.filter(({ id }) => Number(id) >= 4);
    await project.run();
    expect(await project.lastWatermark()).toBe("2025-01-01 10:00:00.123456");
    project.api.asks.length = 0;
    await project.run();
    expect(project.api.asks[0]!.query["since"]).toBe("2025-01-01T15:00:00.123456Z");
  });

  it("is compared as what it is: 9:59 of one zone is later than 10:00 of another", async () => {
    project.api.things = [
      { id: 1, name: "a", updated_at: "2025-05-05T10:00:00+02:00" },
      { id: 2, name: "b", updated_at: "2025-05-05T09:59:00Z" },
      { id: 3, name: "c", updated_at: "2025-05-05T08:00:00+09:00" },
    ];
    await project.run();
    expect(await project.lastWatermark()).toBe("2025-05-05T09:59:00Z");
  });

  it("of integers overlaps by a count, and compares as numbers beyond 2^53", async () => {
    project.api.changedAt = "version";
    project.api.things = [
      { id: 1, name: "a", version: "9" },
      { id: 2, name: "b", version: "10000000000000000010" },
      { id: 3, name: "c", version: "10000000000000000009" },
    ];
    project.spec({
      source: {
        delta: { field: "version", type: "integer", overlap: 2 },
        incremental: { request: { query: { since: "{{since}}", until: null } } },
      },
      mapping: { version: "version" },
      upsert: { newer_by: null },
    });
    await project.run();
    expect(await project.lastWatermark()).toBe("10000000000000000010");
    project.api.asks.length = 0;
    const { summary } = await project.run();
    expect(project.api.asks[0]!.query).toEqual({ limit: "3", since: "10000000000000000008" });
    expect(summary).toMatchObject({ mode: "incremental", since: "10000000000000000008" });
  });

  it("with order: cursor is the last one read", async () => {
    project.spec({
      source: {
        delta: { field: "token", type: "text", order: "cursor" },
        incremental: { request: { query: { since: "{{since}}", until: null } } },
      },
      mapping: { token: "token" },
    });
    project.api.changedAt = "sequence";
    project.api.things = ["zebra", "yak", "ant"].map((token, index) => ({
      id: index + 1,
      name: token,
      token,
      sequence: index,
    }));
    await project.run();
    expect(await project.lastWatermark()).toBe("ant");
    project.api.before = ({ query }) => (query["since"] === "ant" ? { body: { results: [] } } : undefined);
    expect((await project.run()).summary).toMatchObject({ since: "ant", fetched: 0 });
    project.api.before = ({ query }) =>
      query["since"] === "ant" ? { body: { results: [{ id: 4, name: "d", token: "aardvark" }] } } : undefined;
    expect((await project.run()).summary).toMatchObject({ since: "ant", fetched: 1 });
    expect(await project.lastWatermark()).toBe("aardvark");
  });

  it("starts a first run at delta.start where the request asks for it", async () => {
    project.spec({
      source: {
        request: { query: { since: "{{iso since}}" } },
        delta: { start: "2025-05-03" },
      },
    });
    const { summary } = await project.run();
    expect(project.api.asks[0]!.query["since"]).toBe("2025-05-03T00:00:00Z");
    expect(summary).toMatchObject({ mode: "initial_full", fetched: 3 });
    expect(await project.lastWatermark()).toBe("2025-05-05T00:00:00Z");
  });

  it("a run without delta stores none", async () => {
    project.spec({ source: { delta: null, incremental: null } });
    await project.run();
    expect(await project.lastWatermark()).toBeNull();
  });
});

describe("watermark and params", () => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
    for (let id = 1; id <= 5; id++)
      project.api.put({ id, name: `thing ${id}`, updated_at: `2025-05-0${id}T00:00:00Z` });
  });
  afterEach(() => project.close());

  const withParam = (param: Record<string, unknown>): void =>
    project.spec({ params: { account: param }, source: { request: { query: { account: "{{params.account}}" } } } });

  it("a value that is not the default stores none", async () => {
    withParam({ default: "one" });
    await project.run({ params: { account: "two" } });
    expect(await project.lastWatermark()).toBeNull();
    expect((await project.run()).summary.mode).toBe("initial_full");
    expect(await project.lastWatermark()).toBe("2025-05-05T00:00:00Z");
  });

  it("the default, given, stores one", async () => {
    withParam({ default: "one" });
    await project.run({ params: { account: "one" } });
    expect(await project.lastWatermark()).toBe("2025-05-05T00:00:00Z");
  });

  it("a param without default that was not given stores one; given, none", async () => {
    withParam({});
    await project.run();
    expect(await project.lastWatermark()).toBe("2025-05-05T00:00:00Z");
    project.api.put({ id: 6, name: "new", updated_at: "2025-05-06T00:00:00Z" });
    await project.run({ params: { account: "two" } });
    expect(await project.lastWatermark()).toBeNull();
  });

  it("a value from the environment counts as given", async () => {
    withParam({ default: "one", env: "THINGS_ACCOUNT" });
    await project.run({}, { variables: { THINGS_ACCOUNT: "two" } });
    expect(await project.lastWatermark()).toBeNull();
  });

  it("scope: true keeps a watermark for each value", async () => {
    withParam({ default: "one", scope: true });
    await project.run({ params: { account: "one" } });
    expect(await project.lastWatermark()).toBe("2025-05-05T00:00:00Z");
    project.api.things = [{ id: 9, name: "of two", updated_at: "2025-04-01T00:00:00Z" }];
    expect((await project.run({ params: { account: "two" } })).summary.mode).toBe("initial_full");
    expect(await project.lastWatermark()).toBe("2025-04-01T00:00:00Z");
    expect((await project.run({ params: { account: "two" } })).summary.since).toBe("2025-04-01T00:00:00Z");
    expect((await project.run({ params: { account: "one" } })).summary.since).toBe("2025-05-05T00:00:00Z");
    expect((await project.history()).map(({ scope }) => scope)).toEqual([
      "account=one",
      "account=two",
      "account=two",
      "account=one",
    ]);
  });

  it("narrows: false stores the one of all", async () => {
    withParam({ default: "one", narrows: false });
    await project.run({ params: { account: "two" } });
    expect(await project.lastWatermark()).toBe("2025-05-05T00:00:00Z");
    expect((await project.run()).summary.since).toBe("2025-05-05T00:00:00Z");
  });
});
