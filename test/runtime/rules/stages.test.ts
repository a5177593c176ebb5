/** Where a run's time goes: its stages in the summary and in the history. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FieldCost } from "../../../src/runtime/mapping/index.ts";
import type { StageSeconds } from "../../../src/stage-clock.ts";
import { fileSpec, ThingsProject } from "./things-project.ts";

const keys = ["total", "idle", "fetch", "parse", "map", "validate", "write", "wait"];

let project: ThingsProject;
beforeEach(async () => {
  project = await ThingsProject.open();
  for (let id = 1; id <= 12; id++) project.api.put({ id, name: `thing ${id}`, updated_at: "2025-05-01T00:00:00Z" });
});
afterEach(() => project.close());

interface Stored {
  stage_seconds: StageSeconds;
  expensive_fields: readonly FieldCost[];
}

async function stored(): Promise<Stored> {
  const { performance_metrics: metrics } = (await project.history()).at(-1)!;
  return (typeof metrics === "string" ? JSON.parse(metrics) : metrics) as Stored;
}

/** Of the other stages. */
const greatestBut = (stages: StageSeconds, ...left: string[]): number =>
  Math.max(...Object.entries(stages).flatMap(([stage, spent]) => (left.includes(stage) ? [] : [spent])));

describe("the stages of a run", () => {
  it("are in its summary and in the history, the same", async () => {
    const { summary } = await project.run();
    expect(Object.keys(summary.stage_seconds)).toEqual(keys);
    expect((await stored()).stage_seconds).toEqual(summary.stage_seconds);
    const { total, ...rest } = summary.stage_seconds;
    expect(total).toBeGreaterThan(0);
    for (const spent of Object.values(rest)) expect(spent).toBeLessThanOrEqual(total);
    const { fetch, parse, map, write, wait } = rest;
    for (const spent of [fetch, parse, map, write]) expect(spent).toBeGreaterThan(0);
    expect(wait).toBe(0);
  });

  it("are nearly all fetch where the server is slow", async () => {
    project.api.before = () => sleep(200).then(() => undefined);
    const { stage_seconds: stages } = (await project.run()).summary;
    expect(stages.fetch).toBeGreaterThan(4 * 0.2 - 0.05);
    expect(stages.fetch).toBeGreaterThan(greatestBut(stages, "total", "idle", "fetch"));
    expect(stages.idle).toBeGreaterThan(stages.fetch / 2);
  });

  it("are wait where a budget holds requests back", async () => {
    project.connection({ rate_limits: [{ requests: 1, per: "400ms" }] });
    const { stage_seconds: stages, api_calls: calls } = (await project.run()).summary;
    expect(calls).toBe(4);
    // Less than three times as long: a page's own work takes a part of it.
    expect(stages.wait).toBeGreaterThan(0.4);
    expect(stages.wait).toBeGreaterThan(greatestBut(stages, "total", "idle", "wait"));
  });

  it("are wait where an answer is asked for again after a pause", async () => {
    project.connection({ retry: { wait: "400ms", max_wait: "400ms", backoff: "constant" } });
    let failed = false;
    project.api.before = () => {
      if (failed) return undefined;
      failed = true;
      return { status: 503, body: {} };
    };
    const { stage_seconds: stages, retries } = (await project.run()).summary;
    expect(retries).toBe(1);
    expect(stages.wait).toBeGreaterThan(0.19);
  });

  it("of a file are reading it and parsing it", async () => {
    const lines = Array.from({ length: 20_000 }, (_, id) => `${id},thing ${id},2025-05-01T00:00:00Z`);
    writeFileSync(join(project.folder, "things.csv"), `id,name,updated_at\n${lines.join("\n")}\n`);
    project.spec(fileSpec(""), { source: { url: null, path: "../../things.csv" } });
    const { stage_seconds: stages, fetched } = (await project.run()).summary;
    expect(fetched).toBe(20_000);
    expect(stages.parse).toBeGreaterThan(0.002);
    expect(stages.fetch).toBeGreaterThan(0);
    expect(stages.map).toBeGreaterThan(stages.parse / 10);
  });

  it("of a run that goes on from another are its own alone, and so is the number of records that it read", async () => {
    project.api.before = ({ query }) =>
      query["after"] === "after-6" ? { status: 503, body: { message: "down" } } : undefined;
    await project.run();
    project.api.before = () => undefined;
    project.pass(3600);
    const { outcomes } = await project.run();
    const [resumed, asked] = outcomes;
    expect(resumed!.summary.fetched).toBe(12);
    expect(resumed!.read).toBe(6);
    expect(asked!.read).toBe(asked!.summary.fetched);
    const { stage_seconds: stages } = resumed!.summary;
    expect(stages.fetch).toBeGreaterThan(0);
    expect(stages.total).toBeLessThan(10);
  });

  it("of a removal are told as well", async () => {
    project.spec({ source: { delta: null, incremental: null }, deletes: { detect: "missing", mode: "soft" } });
    await project.run();
    project.pass(60);
    const { summary } = await project.remove();
    expect(summary.status).toBe("success");
    expect(summary.stage_seconds.fetch).toBeGreaterThan(0);
    expect((await stored()).stage_seconds).toEqual(summary.stage_seconds);
  });
});

describe("the fields that cost most", () => {
  /** Takes hundreds of times as long as a path does. */
  const slow = "$sum([1..400].($ * 2)) & name";

  function manyThings(): void {
    const lines = Array.from({ length: 5_000 }, (_, id) => `${id},thing ${id},2025-05-01T00:00:00Z`);
    writeFileSync(join(project.folder, "things.csv"), `id,name,updated_at\n${lines.join("\n")}\n`);
  }
  const file = [fileSpec(""), { source: { url: null, path: "../../things.csv" } }];

  it("are three, the most expensive first, in the summary and in the history", async () => {
    manyThings();
    project.spec(...file, { mapping: { slow } });
    const { summary } = await project.run();
    const { expensive_fields: fields } = summary;
    expect(fields).toHaveLength(3);
    expect(fields[0]).toMatchObject({ table: "thing", field: "slow" });
    expect(fields[0]!.share).toBeGreaterThan(0.5);
    expect(fields[0]!.microseconds).toBeGreaterThan(10 * fields[1]!.microseconds);
    expect(fields[1]!.microseconds).toBeGreaterThanOrEqual(fields[2]!.microseconds);
    expect(fields.reduce((sum, { share }) => sum + share, 0)).toBeLessThanOrEqual(1.001);
    expect((await stored()).expensive_fields).toEqual(fields);
  });

  it("tell validators and rules from expressions", async () => {
    manyThings();
    project.spec(...file, { mapping: { slow } });
    const { stage_seconds: expressions } = (await project.run()).summary;
    expect(expressions.validate).toBe(0);
    project.spec(...file, { rules: [{ name: "slow", check: `$length(${slow}) > 0`, on_fail: "warn" }] });
    const { stage_seconds: rules, expensive_fields: fields } = (await project.run({ full: true })).summary;
    expect(rules.validate).toBeGreaterThan(rules.map / 2);
    expect(fields[0]!.share).toBeLessThan(0.2);
    const { summary } = await project.run({ full: true, skipValidation: true });
    expect(summary.stage_seconds.validate).toBe(0);
  });

  it("are found without a trace: rows, warnings and rejects are those of one mapping", async () => {
    const lines = Array.from({ length: 300 }, (_, id) => `${id},thing ${id},${id % 3 === 0 ? "soon" : "2025-05-01"}`);
    writeFileSync(join(project.folder, "things.csv"), `id,name,updated_at\n${lines.join("\n")}\n`);
    project.spec(
      ...file,
      { mapping: { updated_at: { from: "updated_at", type: "date", required: true } } },
      {
        upsert: { newer_by: null },
        rules: [{ name: "odd", check: "id % 2 = 0", on_fail: "warn" }],
      },
    );
    const { summary } = await project.run();
    expect(summary).toMatchObject({ fetched: 300, rejected: 100, created: 200, warnings: 100 });
  });

  it("are none where nothing was mapped", async () => {
    project.api.things = [];
    const { summary } = await project.run();
    expect(summary.expensive_fields).toEqual([]);
    expect(summary.stage_seconds.validate).toBe(0);
  });

  it("are told of the tables of children too, with what expressions take that answer later", async () => {
    project.api.things.forEach((thing) => Object.assign(thing, { parts: [{ n: 1 }, { n: 2 }, { n: 3 }] }));
    project.spec({
      children: [
        {
          each: "parts",
          mapping: {
            thing: { from: "$parent.id", type: "bigint" },
            n: { from: "n", type: "integer" },
            slow: "$sum([1..400].($ * 2)) & n",
          },
          upsert: { keys: ["thing", "n"], replace_within: ["thing"] },
          sink: { table: "part" },
        },
      ],
    });
    const { summary } = await project.run();
    expect(summary.error).toBeNull();
    expect(summary.expensive_fields[0]).toMatchObject({ table: "part", field: "slow" });
  });
});
