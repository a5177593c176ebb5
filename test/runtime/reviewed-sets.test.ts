/** Mistakes that a review found in sets of parents: rows that would have stayed, gone or not been asked for. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { layOver } from "../../src/spec/lay-over.ts";
import { warehouses } from "../support/warehouses.ts";
import { linkedThings } from "./rules/linked-things.ts";
import { type SpecText, ThingsProject } from "./rules/things-project.ts";

const linksSpec: SpecText = {
  pipeline: "things.links",
  depends_on: ["things.items"],
  source: {
    type: "api",
    connection: "things",
    slices: { by: "parent", pipeline: "things.items", column: "id", changed: true, batch: 1 },
    request: { path: "/links", query: { ids: "{{slice.id}}" } },
    records: "results",
    pagination: { type: "none" },
    responses: [{ when: "$status = 204", do: "empty" }],
  },
  children: [
    {
      each: "to",
      mapping: {
        thing_id: { from: "$parent.from", type: "bigint" },
        to_id: { from: "id", type: "bigint" },
      },
      upsert: { keys: ["thing_id", "to_id"], replace_within: ["thing_id"] },
      sink: { table: "link" },
    },
  ],
};

describe.each(warehouses)("sets of parents into $name", ({ open }) => {
  let project: ThingsProject;
  let links: Map<number, number[]>;
  let asked: string[];
  let onLinks: (ids: string[]) => unknown;

  const write = (changes: SpecText = {}): void =>
    writeFileSync(join(project.folder, "pipelines/things/links.yml"), JSON.stringify(layOver(linksSpec, changes)));
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    links = new Map();
    asked = [];
    onLinks = () => undefined;
    project.api.before = async ({ path, query }) => {
      if (path !== "/links") return undefined;
      const ids = query["ids"]!.split(",");
      asked.push(query["ids"]!);
      const answer = await onLinks(ids);
      if (answer !== undefined) return answer as { status: number };
      const results = ids.map((id) => ({
        from: Number(id),
        to: (links.get(Number(id)) ?? []).map((to) => ({ id: to })),
      }));
      return { body: { results, total: results.length } };
    };
    write();
  });
  afterEach(() => project.close());

  const { items, run, stored } = linkedThings(() => project);

  it("empties the set of a parent whose only answer has no body at all", async () => {
    links.set(1, [11, 12]).set(2, [21]);
    await items([1, 2]);
    project.pass(3600);
    await run();
    project.pass(3600);
    await items([1]);
    onLinks = () => ({ status: 204, body: "" });
    const ran = await run();
    expect(asked.slice(2)).toEqual(["1"]);
    expect(ran.summary).toMatchObject({ status: "success", deleted: 2 });
    expect(await stored()).toBe("2-21");
  });

  it("replaces no set of a batch that has more records than came", async () => {
    const paged = { type: "page", send_as: "query.page", total: "total", stop_when: "true" };
    const twoACall = { slices: { batch: 2 }, request: { query: { ids: "{{join slice.ids ','}}" } }, pagination: paged };
    write({ source: twoACall });
    links.set(1, [11]).set(2, [21]);
    await items([1, 2]);
    await run();
    onLinks = () => ({ body: { results: [{ from: 1, to: [{ id: 12 }] }], total: 2 } });
    const ran = await run({ full: true });
    expect(ran.summary).toMatchObject({ status: "partial", deleted: 0 });
    expect(await stored()).toBe("1-11 1-12 2-21");
  });

  it("closes the reject of an id that was refused once it is answered about", async () => {
    write({ source: { responses: [{ when: "$status = 404", do: "lookup" }] } });
    links.set(1, [11]).set(2, [21]);
    await items([1, 2]);
    onLinks = ([id]) => (id === "2" ? { status: 404, body: { message: "no such thing" } } : undefined);
    expect((await run()).summary).toMatchObject({ rejected: 1 });
    const open = async (): Promise<unknown[]> =>
      (await project.rejects()).filter((reject) => reject["resolved_at"] === null).map(({ record }) => record);
    expect(await open()).toEqual([{ id: "2" }]);
    await run({ full: true });
    expect(await open()).toEqual([{ id: "2" }]);
    onLinks = () => undefined;
    expect((await run({ full: true })).summary).toMatchObject({ status: "success", created: 1 });
    expect(await open()).toEqual([]);
  });

  it("goes on with the parents that the dead run asked for, and with no others", async () => {
    // With a delta of its own the strategy is the same, whichever parents are asked for.
    const fromChildren = {
      children: null,
      mapping: { thing_id: { from: "from", type: "bigint" }, at: { from: "at", type: "timestamp" } },
      upsert: { keys: ["thing_id"] },
      sink: { table: "link" },
      source: { delta: { field: "at", type: "timestamp", local: true }, slices: { full_every: "7d" } },
    };
    write(fromChildren);
    await items([1, 2, 3, 4]);
    onLinks = ([id]) => ({ body: { results: [{ from: Number(id), at: project.now.toISOString() }] } });
    expect((await run()).summary.status).toBe("success");
    project.pass(6.9 * 86_400);
    await items([3, 4]);
    const answers = onLinks;
    onLinks = (ids) => (ids[0] === "4" ? { status: 400, body: { message: "no" } } : answers(ids));
    expect((await run()).summary.status).toBe("failed");
    onLinks = answers;
    // Now all of them are due.
    project.pass(86_400);
    asked = [];
    expect((await run()).summary.status).toBe("success");
    expect([...new Set(asked)]).toEqual(expect.arrayContaining(["1", "2", "3", "4"]));
  });

  it("asks for all of them after a change of the spec, also where a run of a date came between", async () => {
    links.set(1, [11]).set(2, [21]);
    await items([1, 2]);
    project.pass(86_400);
    await run();
    project.pass(86_400);
    write({ description: "another version", source: { request: { query: { version: "2" } } } });
    const startDate = "2025-06-01T18:00:00.000000Z";
    asked = [];
    expect((await run({ startDate })).summary).toMatchObject({ status: "success", mode: "manual" });
    expect(asked).toEqual([]);
    expect((await run()).log).toContain("the spec has changed since the last run");
    expect(asked).toEqual(["1", "2"]);
  });

  it("commits where it is after half a minute, however little has come", async () => {
    await items([1, 2, 3, 4]);
    const committed = async (): Promise<number> => {
      const slices = (await project.history()).at(-1)?.checkpoint?.["slices"];
      const { parents } = (slices ?? {}) as { parents?: { position?: { after?: string } } };
      return Number(parents?.position?.after ?? 0);
    };
    let reached = 0;
    onLinks = async ([id]) => {
      project.pass(20);
      if (id !== "4") return { status: 204, body: "" };
      // What was read before is on its way into the database meanwhile.
      for (let tries = 0; reached === 0 && tries < 100; tries++) {
        await sleep(20);
        reached = await committed();
      }
      return { status: 400, body: { message: "no" } };
    };
    await run();
    expect(reached).toBeGreaterThan(0);
    asked = [];
    await run();
    expect(asked[0]).toBe("4");
  });
});
