/** Slices by parent whose answers are sets: of each id that was asked for, what is gone goes, and nothing else does. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { layOver } from "../../src/spec/lay-over.ts";
import { startEtl } from "../support/hubspot-project.ts";
import { warehouses } from "../support/warehouses.ts";
import { linkedThings } from "./rules/linked-things.ts";
import { type SpecText, ThingsProject } from "./rules/things-project.ts";

const linksSpec: SpecText = {
  pipeline: "things.links",
  depends_on: ["things.items"],
  source: {
    type: "api",
    connection: "things",
    slices: { by: "parent", pipeline: "things.items", column: "id", changed: true, batch: 3 },
    request: { path: "/links", query: { ids: "{{join slice.ids ','}}" } },
    records: "results",
    pagination: { type: "cursor", cursor: "next", send_as: "query.after" },
  },
  children: [
    {
      each: "to",
      mapping: {
        thing_id: { from: "$parent.from", type: "bigint" },
        to_id: { from: "id", type: "bigint" },
        kind: "kind",
      },
      upsert: { keys: ["thing_id", "to_id"], replace_within: ["thing_id"] },
      sink: { table: "link" },
    },
  ],
};

describe.each(warehouses)("sets of parents into $name", ({ open }) => {
  let project: ThingsProject;
  /** What the API has: ids by parent; `pageSize` of them come at once. */
  let links: Map<number, { id: unknown; kind?: string }[]>;
  let pageSize: number;
  let asked: number[][];
  let onLinks: (ids: number[], after: number) => unknown;

  const write = (changes: SpecText = {}): void =>
    writeFileSync(join(project.folder, "pipelines/things/links.yml"), JSON.stringify(layOver(linksSpec, changes)));
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    links = new Map();
    pageSize = 1_000;
    asked = [];
    onLinks = () => undefined;
    project.api.before = async ({ path, query }) => {
      if (path !== "/links") return undefined;
      const ids = query["ids"]!.split(",").map(Number);
      const after = Number(query["after"] ?? 0);
      if (after === 0) asked.push(ids);
      const answer = await onLinks(ids, after);
      if (answer !== undefined) return answer as { status: number };
      const all = ids.flatMap((from) => (links.get(from) ?? []).map((to) => ({ from, to })));
      const page = all.slice(after, after + pageSize);
      const results = page.map(({ from, to }) => ({ from, to: [to] }));
      return { body: { results, ...(after + pageSize < all.length ? { next: after + pageSize } : {}) } };
    };
    write();
  });
  afterEach(() => project.close());

  const { items, run, stored } = linkedThings(() => project);
  const set = (from: number, ...ids: unknown[]): void =>
    void links.set(
      from,
      ids.map((id) => ({ id })),
    );

  it("after etl state reset all are asked for again", async () => {
    await items([1, 2]);
    set(1, 11);
    project.pass(3600);
    await run();
    const { before, after } = await project.state("reset", { file: "links.yml" });
    expect(before).toMatchObject({ next: { strategy: "incremental" }, parents: { since: "2025-06-01T13:00:00Z" } });
    expect(after).toMatchObject({ next: { strategy: "initial_full", since: null }, parents: null });
    asked = [];
    project.pass(3600);
    expect((await run()).summary.mode).toBe("initial_full");
    expect(asked).toEqual([[1, 2]]);
  });

  it("asks for all of them at first, later for those that changed, within the overlap", async () => {
    await items([1, 2, 3, 4, 10]);
    set(1, 11, 12);
    set(2, 21);
    project.pass(3600);
    const first = await run();
    expect(asked).toEqual([
      [1, 2, 3],
      [4, 10],
    ]);
    expect(first.summary).toMatchObject({ mode: "initial_full", since: null, fetched: 3, created: 3 });
    project.pass(3600);
    await items([2, 4]);
    project.pass(60);
    set(2, 22);
    asked = [];
    const second = await run();
    expect(asked).toEqual([[2, 4]]);
    expect(second.summary).toMatchObject({
      mode: "incremental",
      since: "2025-06-01T12:45:00Z",
      created: 1,
      deleted: 1,
    });
    expect(await stored()).toBe("1-11 1-12 2-22");
    // The second run began 60 s after the change: the overlap of 15 minutes brings them again.
    asked = [];
    await run();
    expect(asked).toEqual([[2, 4]]);
    project.pass(3600);
    asked = [];
    await run();
    expect(asked).toEqual([[2, 4]]);
    asked = [];
    expect((await run()).summary).toMatchObject({ status: "success", fetched: 0 });
    expect(asked).toEqual([]);
    await run({ full: true });
    expect(asked).toEqual([
      [1, 2, 3],
      [4, 10],
    ]);
  });

  it("asks for all of them when the spec changed, when the last time is long ago, and after a date", async () => {
    write({ source: { slices: { full_every: "7d" } } });
    await items([1, 2]);
    project.pass(3600);
    await run();
    project.pass(86_400);
    asked = [];
    await run();
    expect(asked).toEqual([]);
    write({ source: { slices: { full_every: "7d", batch: 2 } } });
    const changed = await run();
    expect(asked).toEqual([[1, 2]]);
    expect(changed.log).toContain("things.links: all rows of things.items are asked for: the spec has changed");
    expect(changed.summary.mode).toBe("full");
    project.pass(7 * 86_400);
    asked = [];
    expect((await run()).log).toContain("the last run that asked for all of them is more than 7d ago");
    expect(asked).toEqual([[1, 2]]);
    project.pass(3600);
    await items([2]);
    project.pass(86_400);
    await run();
    asked = [];
    const startDate = new Date(project.now.getTime() - 90_000_000).toISOString().replace("Z", "000Z");
    expect((await run({ startDate })).summary.mode).toBe("manual");
    expect(asked).toEqual([[2]]);
  });

  it("says which pipeline to run first where there is no table", async () => {
    const ran = await run();
    expect(ran.outcome.exitCode).toBe(2);
    expect(ran.summary.error).toContain("its table thing is not there yet: run things.items first");
  });

  it("replaces a set of 1,500 over several pages once, when all of it is in", async () => {
    await items([1, 2]);
    set(1, ...Array.from({ length: 1500 }, (_, index) => index));
    set(2, 5);
    pageSize = 400;
    expect((await run()).summary).toMatchObject({ created: 1501, deleted: 0 });
    set(1, ...Array.from({ length: 1500 }, (_, index) => index + 3));
    const ran = await run({ full: true });
    expect(ran.summary).toMatchObject({ fetched: 1501, created: 3, deleted: 3 });
    expect((await stored()).split(" ")).toHaveLength(1501);
    set(1);
    expect((await run({ full: true })).summary).toMatchObject({ deleted: 1500, unchanged: 1 });
    expect(await stored()).toBe("2-5");
  });

  it("deletes nothing of a set that it has not read to its end: interrupted, failed or cut", async () => {
    await items([1, 2, 3, 4]);
    for (const id of [1, 2, 3, 4]) set(id, 1, 2, 3, 4);
    await run();
    for (const id of [1, 2, 3, 4]) set(id, 4, 5);
    pageSize = 2;
    const cut = await run({ full: true, maxRecords: 3 });
    expect(cut.summary).toMatchObject({ status: "success", deleted: 0 });
    expect(await stored()).toContain("1-1 1-2 1-3 1-4 1-5");
    // The second batch's only page fails; the first one is whole, and committed.
    onLinks = (ids, after) => (ids[0] === 1 && after === 4 ? { status: 400, body: { message: "no" } } : undefined);
    const failed = await run({ full: true });
    expect(failed.summary).toMatchObject({ status: "failed", deleted: 0 });
    onLinks = (ids) => (ids[0] === 4 ? { status: 400, body: { message: "no" } } : undefined);
    const half = await run({ full: true });
    expect(half.summary).toMatchObject({ status: "failed", deleted: 9 });
    expect(await stored()).toBe("1-4 1-5 2-4 2-5 3-4 3-5 4-1 4-2 4-3 4-4");
    onLinks = () => undefined;
    asked = [];
    const resumed = await run({ full: true });
    expect(resumed.outcomes).toHaveLength(2);
    expect(asked[0]).toEqual([4]);
    expect(await stored()).toBe("1-4 1-5 2-4 2-5 3-4 3-5 4-4 4-5");
  });

  it("holds back a set with a child that has no key, and only that one where it can be told", async () => {
    await items([1, 2]);
    set(1, 1, 2);
    set(2, 1, 2);
    await run();
    set(1, "soon", 3);
    set(2, 3);
    const ran = await run({ full: true });
    expect(ran.summary).toMatchObject({ status: "partial", rejected: 1, deleted: 2 });
    expect(await stored()).toBe("1-1 1-2 1-3 2-3");
    expect(ran.log).toContain("link thing_id=1");
  });

  it("stops where a row is not of a parent that was asked for", async () => {
    await items([1]);
    onLinks = () => ({ body: { results: [{ from: 7, to: [{ id: 1 }] }] } });
    const ran = await run();
    expect(ran.summary.error).toContain("thing_id 7, which is none of the ids that were asked for");
  });

  it("replaces sets of the records' own table as well", async () => {
    write({
      children: null,
      source: { slices: { batch: 1 } },
      mapping: { thing_id: { from: "$number($slice.id)", type: "bigint" }, to_id: { from: "to.id", type: "bigint" } },
      upsert: { keys: ["thing_id", "to_id"], replace_within: ["thing_id"] },
      sink: { table: "link" },
    });
    await items([1, 2]);
    set(1, 1, 2);
    set(2, 1);
    await run();
    set(1, 2);
    set(2);
    expect((await run({ full: true })).summary).toMatchObject({ fetched: 1, unchanged: 1, deleted: 2 });
    expect(await stored()).toBe("1-2");
  });

  /** Runs it in a process of its own and kills it when the API is asked for this page. */
  const killAt = async (page: { id: number; after: number }): Promise<void> => {
    const running = startEtl(
      ["run", "pipelines/things/links.yml", "--full", "--warehouse", project.warehouse.address],
      {
        cwd: project.folder,
      },
    );
    onLinks = async (ids, after) => {
      if (!ids.includes(page.id) || after !== page.after) return undefined;
      // What came before may still be on its way into the database: all that can be committed is.
      await sleep(1_500);
      running.process.kill("SIGKILL");
      return { status: 500 };
    };
    expect((await running.ended).signal).toBe("SIGKILL");
    onLinks = () => undefined;
  };
  const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);
  const countOf = async (id: number, condition = "true"): Promise<number> => {
    const [row] = await project.query(`select count(*) as count from link where thing_id = ${id} and ${condition}`);
    return Number(row!["count"]);
  };

  it("survives kill -9 in the middle of a set: what was committed is whole, the rest is read again", async () => {
    await items([1, 2, 3, 4, 5, 6]);
    for (const id of [1, 2, 3, 4, 5, 6]) set(id, ...range(0, 1500));
    pageSize = 1000;
    await run();
    for (const id of [1, 2, 3, 4, 5, 6]) set(id, ...range(700, 1500));
    await killAt({ id: 5, after: 3000 });
    for (const id of [1, 2, 3]) expect(await countOf(id, "to_id >= 700")).toBe(await countOf(id));
    for (const id of [4, 5, 6]) expect(await countOf(id, "to_id < 1500")).toBe(1500);
    asked = [];
    const ran = await run({ full: true });
    expect(asked[0]).toEqual([4, 5, 6]);
    expect(ran.outcomes.map(({ summary }) => summary.status)).toEqual(["success", "success"]);
    for (const id of [1, 2, 3, 4, 5, 6]) {
      expect(await countOf(id)).toBe(1500);
      expect(await countOf(id, "to_id >= 700")).toBe(1500);
    }
  }, 60_000);

  it("survives it where a set is so large that a part of it was committed", async () => {
    await items([1, 2]);
    write({ source: { slices: { batch: 1 } } });
    set(1, ...range(0, 12_000));
    set(2, 1, 2);
    pageSize = 1000;
    await run();
    set(1, ...range(5_000, 12_000));
    set(2, 2);
    await killAt({ id: 1, after: 11_000 });
    // Rows that are new are in, and none is gone.
    expect(await countOf(1, "to_id < 5000")).toBe(5_000);
    expect(await countOf(1, "to_id >= 12000")).toBeGreaterThan(0);
    asked = [];
    await run({ full: true });
    expect(asked[0]).toEqual([1]);
    expect(await countOf(1)).toBe(12_000);
    expect(await countOf(1, "to_id >= 5000")).toBe(12_000);
    expect(await countOf(2)).toBe(1);
  }, 60_000);

  it("counts on a dry run what would go", async () => {
    await items([1, 2]);
    set(1, 1, 2);
    set(2, 1);
    await run();
    set(1, 2);
    set(2);
    expect((await run({ dryRun: true, full: true })).summary).toMatchObject({ unchanged: 1, deleted: 2 });
    expect(await stored()).toBe("1-1 1-2 2-1");
  });
});
