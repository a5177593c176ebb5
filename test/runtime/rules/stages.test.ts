/** Where a run's time goes: its stages in the summary and in the history. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StageSeconds } from "../../../src/stage-clock.ts";
import { fileSpec, ThingsProject } from "./things-project.ts";

const keys = ["total", "idle", "fetch", "parse", "map", "write", "wait"];

let project: ThingsProject;
beforeEach(async () => {
  project = await ThingsProject.open();
  for (let id = 1; id <= 12; id++) project.api.put({ id, name: `thing ${id}`, updated_at: "2025-05-01T00:00:00Z" });
});
afterEach(() => project.close());

async function storedStages(): Promise<StageSeconds> {
  const { performance_metrics: metrics } = (await project.history()).at(-1)!;
  const read = (typeof metrics === "string" ? JSON.parse(metrics) : metrics) as { stage_seconds: StageSeconds };
  return read.stage_seconds;
}

/** Of the other stages. */
const greatestBut = (stages: StageSeconds, ...left: string[]): number =>
  Math.max(...Object.entries(stages).flatMap(([stage, spent]) => (left.includes(stage) ? [] : [spent])));

describe("the stages of a run", () => {
  it("are in its summary and in the history, the same", async () => {
    const { summary } = await project.run();
    expect(Object.keys(summary.stage_seconds)).toEqual(keys);
    expect(await storedStages()).toEqual(summary.stage_seconds);
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
    expect(await storedStages()).toEqual(summary.stage_seconds);
  });
});
