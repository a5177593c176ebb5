/** Mistakes that a review found in deletions: rows that were gone and should not have been. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../support/warehouses.ts";
import { ThingsProject } from "./rules/things-project.ts";

describe.each(warehouses)("deletions in $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
  });
  afterEach(() => project.close());

  const alive = async (): Promise<number[]> =>
    (await project.query("select id from thing where deleted_at is null order by id")).map((row) => Number(row["id"]));

  it("a record that was deleted when it was read first, and alive when it was read last, stays", async () => {
    const flag = { deletes: { detect: "flag", when: "gone", max: 10 }, source: { delta: null, incremental: null } };
    project.spec(flag, { mapping: { updated_at: null, note: null }, upsert: { newer_by: null } });
    const all = [1, 2, 3, 4].map((id) => ({ id, name: `thing ${id}` }));
    // 1 and 2 come back on the page after; 3 goes, comes back and goes again; 4 goes.
    const pages = [
      [
        { ...all[0], gone: true },
        { ...all[2], gone: true },
      ],
      [all[0], { ...all[1], gone: true }, all[1], all[2]],
      [
        { ...all[2], gone: true },
        { ...all[3], gone: true },
      ],
    ];
    let served: unknown[][] = [all];
    project.api.before = ({ query }) => {
      const at = Number(query["after"] ?? 0);
      const next = at + 1 < served.length ? { paging: { next: { after: String(at + 1) } } } : {};
      return { body: { results: served[at], ...next } };
    };
    await project.run();
    expect(await alive()).toEqual([1, 2, 3, 4]);
    served = pages;
    const dry = await project.run({ dryRun: true });
    expect(dry.summary).toMatchObject({ status: "success", deleted: 2 });
    const { summary } = await project.run({}, { rowsRepeat: true });
    expect(summary).toMatchObject({ status: "success", deleted: 2 });
    expect(await alive()).toEqual([1, 2]);
  });

  it("the guard is a share of the rows that the read answers for, not of those of other accounts", async () => {
    const deletes = { detect: "missing", scope: { shop: "{{params.shop}}" }, max: "20%" };
    project.spec(
      { deletes, params: { shop: { required: true, scope: true } }, source: { delta: null, incremental: null } },
      { source: { request: { query: { shop: "{{params.shop}}" } } } },
      { mapping: { shop: "shop", updated_at: null, note: null }, upsert: { newer_by: null } },
    );
    const ids = { a: Array.from({ length: 10 }, (_, id) => id), b: Array.from({ length: 90 }, (_, id) => id + 100) };
    project.api.before = ({ query }) => {
      const shop = query["shop"] as "a" | "b";
      return { body: { results: ids[shop].map((id) => ({ id, name: `thing ${id}`, shop })) } };
    };
    for (const shop of ["a", "b"]) await project.run({ params: { shop } });
    project.pass(60);
    // 9 of 100 rows are less than 20 %, and nearly all of what shop a has.
    ids.a = [0];
    const { summary } = await project.run({ params: { shop: "a" } });
    expect(summary).toMatchObject({ status: "partial", deleted: 0 });
    expect(summary.error).toContain("9 of 10 rows would be deleted, and deletes.max allows 20%, 2");
    ids.a = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    expect((await project.run({ params: { shop: "a" } })).summary).toMatchObject({ status: "success", deleted: 1 });
  });
});
