/** Runs that ask for pages side by side: rows and counts as of one that asks for them one after the other. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noFlags, type RunFlags } from "../../../src/runtime/flags.ts";
import { runFlags } from "../../../src/cli/run.ts";
import { runEtl } from "../../support/warm-etl.ts";
import { ThingsProject } from "./things-project.ts";

const byPage = { source: { request: { path: "/pages" }, pagination: null } };
const pagination = { type: "page", send_as: "query.page", size: 5, total: "total" };
const thing = (id: number) => ({ id, name: `thing ${id}`, updated_at: "2025-05-01T00:00:00Z" });

let project: ThingsProject;
let mostAtOnce: number;
/** Until so many were there at once, each answer waits a while for the others. */
let expectedAtOnce: number;

beforeEach(async () => {
  project = await ThingsProject.open();
  project.api.things = Array.from({ length: 203 }, (_each, index) => thing(index + 1));
  project.api.total = "true";
  mostAtOnce = 0;
  expectedAtOnce = 1;
  let underWay = 0;
  project.api.before = async () => {
    mostAtOnce = Math.max(mostAtOnce, ++underWay);
    for (let waited = 0; mostAtOnce < expectedAtOnce && waited < 20; waited++) await sleep(10);
    await sleep(Math.random() * 6);
    underWay--;
  };
  project.connection({ concurrency: 6 });
  project.spec(byPage, { source: { pagination } });
});
afterEach(() => project.close());

describe("a run with --concurrent-pages", () => {
  it.each<[RunFlags["concurrentPages"], number]>([
    [undefined, 1],
    [4, 4],
    ["concurrency", 6],
  ])("of %s makes the same of the records", async (concurrentPages, atOnce) => {
    expectedAtOnce = atOnce;
    const { summary, log } = await project.run({ concurrentPages });
    expect(summary).toMatchObject({ status: "success", fetched: 203, created: 203, duplicates: 0 });
    // 41 pages, and the total once more.
    expect(summary.api_calls).toBe(42);
    expect(mostAtOnce).toBe(atOnce);
    expect(await project.things()).toEqual(project.api.things.map(({ id, name }) => ({ id, name })));
    expect(log).not.toMatch(/WARN/);
    expect((await project.history()).at(-1)!.configuration).toMatchObject({
      flags: concurrentPages === undefined ? {} : { concurrentPages },
    });
  });

  it("reads everything again where a row left meanwhile, and counts it once", async () => {
    const { before } = project.api;
    project.api.before = (ask, index) => {
      if (index === 10) project.api.things.splice(7, 1);
      return before(ask, index);
    };
    const { summary, log } = await project.run({ concurrentPages: 5 }, { rowsRepeat: true });
    expect(summary.status).toBe("success");
    // Which proof comes first, fewer records or a smaller total, depends on the pages that were under way.
    expect(log).toMatch(/has 202( now: pages may have shifted past us)?; reading again/);
    const stored = new Set((await project.things()).map(({ id }) => id));
    expect(project.api.things.every(({ id }) => stored.has(id))).toBe(true);
  });

  it("keeps what came before the page that failed, and begins again in the next run", async () => {
    const { before } = project.api;
    project.api.before = (ask, index) =>
      ask.query["page"] === "9" ? { status: 400, body: { message: "broken" } } : before(ask, index);
    const failed = await project.run({ concurrentPages: 6 });
    expect(failed.summary).toMatchObject({ status: "failed", fetched: 40, created: 40 });
    expect(failed.summary.error).toMatch(/page=9 .*answered 400|page=9.* answered 400/);
    project.api.before = before;
    const { outcomes } = await project.run({ concurrentPages: 6 });
    expect(outcomes[0]!.summary.status).toBe("success");
    expect(await project.things()).toHaveLength(203);
  });

  it("stops at --max-records and asks for nothing after it", async () => {
    const { summary } = await project.run({ concurrentPages: 4, maxRecords: 12 });
    expect(summary).toMatchObject({ status: "success", fetched: 12 });
    const asked = project.api.asks.length;
    await sleep(30);
    expect(project.api.asks).toHaveLength(asked);
  });

  it("logs nothing of a pagination that it makes no difference to, but for --debug", async () => {
    project.spec();
    expect((await project.run({ concurrentPages: 4 })).log).not.toContain("one after the other");
    expect((await project.run({ concurrentPages: 4, full: true, debug: true })).log).toContain(
      "pages are read one after the other: each page names the next one (pagination: cursor)",
    );
  });
});

describe("the flags", () => {
  it("are one number, or the connection's", () => {
    const warn = (text: string): never => {
      throw new Error(text);
    };
    expect(runFlags({}, warn).concurrentPages).toBe(noFlags.concurrentPages);
    expect(runFlags({ concurrentPages: 3 }, warn).concurrentPages).toBe(3);
    expect(runFlags({ highPerformance: true }, warn).concurrentPages).toBe("concurrency");
  });

  it.each([
    [["--concurrent-pages", "0"], /--concurrent-pages must be a whole number from 1/],
    [["--concurrent-pages", "3", "--high-performance"], /cannot be used with option/],
  ])("%j are refused", async (flags, message) => {
    const { code, stderr } = await runEtl(["run", "hubspot.owners", ...flags]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
