/** A file behind a URL that says it has not changed: when it is asked, and when it must be read all the same. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunFlags } from "../../../src/runtime/flags.ts";
import { warehouses } from "../../support/warehouses.ts";
import { fileSpec, ThingsProject, type SpecText } from "./things-project.ts";

describe.each(warehouses)("unchanged files, in $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    file();
    project.api.etag = '"one"';
    for (let id = 1; id <= 3; id++)
      project.api.put({ id, name: `thing ${id}`, updated_at: `2025-05-0${id}T00:00:00Z` });
  });
  afterEach(() => project.close());

  function file(...changes: SpecText[]): void {
    project.spec(fileSpec(`${project.api.url}/things.csv`), ...changes);
  }

  const sent = (): (string | undefined)[] => project.api.asks.map(({ headers }) => headers["if-none-match"]);

  it("the same spec sends the ETag; 304 is a success with nothing fetched", async () => {
    await project.run();
    const { summary, outcome, lines } = await project.run();
    expect(sent()).toEqual([undefined, '"one"']);
    expect(outcome.exitCode).toBe(0);
    expect(summary).toMatchObject({ status: "success", fetched: 0, api_calls: 1 });
    expect(lines).toContain("INFO  things items: the source has not changed since the last run; nothing was fetched");
    await project.run();
    expect(sent()).toEqual([undefined, '"one"', '"one"']);
  });

  it("a changed file is read", async () => {
    await project.run();
    project.api.etag = '"two"';
    project.api.put({ id: 4, name: "new", updated_at: "2025-05-04T00:00:00Z" });
    expect((await project.run()).summary).toMatchObject({ fetched: 4, created: 1, unchanged: 3 });
    await project.run();
    expect(sent().at(-1)).toBe('"two"');
  });

  it("an edit of the mapping takes effect: the ETag of another spec is not sent", async () => {
    await project.run();
    file({ mapping: { name: "$uppercase(name)" } });
    expect((await project.run()).summary).toMatchObject({ fetched: 3, updated: 3 });
    expect(sent()).toEqual([undefined, undefined]);
  });

  it("an edit of a description is none", async () => {
    await project.run();
    file({ description: "Things." });
    await project.run();
    expect(sent()).toEqual([undefined, '"one"']);
  });

  const wholes: Partial<RunFlags>[] = [{ full: true }, { force: true }, { full: true, force: true }];
  it.each(wholes)("%o never sends it", async (flags) => {
    await project.run();
    expect((await project.run(flags)).summary).toMatchObject({ fetched: 3, unchanged: 3 });
    expect(sent()).toEqual([undefined, undefined]);
  });

  it("a table that was dropped is filled again", async () => {
    await project.run();
    await project.execute("drop table thing");
    expect((await project.run()).summary).toMatchObject({ fetched: 3, created: 3 });
  });

  it("--start-date reads the file again: it may want rows from before the last run", async () => {
    file({ source: { delta: { field: "updated_at" } } });
    await project.run();
    const { summary } = await project.run({ startDate: "2025-05-02T00:00:00.000000Z", force: true });
    expect(summary).toMatchObject({ fetched: 3, filtered: 1, unchanged: 2 });
  });

  const narrow: [string, Partial<RunFlags>][] = [
    ["--max-records", { maxRecords: 2 }],
    ["--start-date", { startDate: "2025-05-02T00:00:00.000000Z" }],
    ["--end-date", { endDate: "2025-05-02T00:00:00.000000Z" }],
  ];
  it.each(narrow)("after a run with %s the whole file is read", async (_, flags) => {
    file({ source: { delta: { field: "updated_at" } } });
    await project.run(flags);
    const { summary } = await project.run();
    expect(summary.fetched).toBe(3);
    expect(await project.things()).toHaveLength(3);
  });

  it("after a run with a narrowing param the whole file is read", async () => {
    file({ params: { least: { type: "integer", default: 1 } }, source: { filter: "$number(id) >= $params.least" } });
    await project.run({ params: { least: "3" } });
    await project.run();
    expect(await project.things()).toHaveLength(3);
  });

  it("after --skip-validation or in another validation mode it is read again", async () => {
    file({ mapping: { name: { from: "name", validate: "email" } } });
    await project.run({ skipValidation: true });
    expect((await project.run()).summary).toMatchObject({ fetched: 3, warnings: 3 });
    expect((await project.run({}, { validation: "strict" })).summary).toMatchObject({ fetched: 3, rejected: 3 });
  });

  it("with another value of a param it is read again", async () => {
    file({
      params: { least: { type: "integer", default: 1, narrows: false } },
      source: { filter: "$number(id) >= $params.least" },
    });
    await project.run({ params: { least: "3" } });
    await project.run({ params: { least: "1" } });
    expect(await project.things()).toHaveLength(3);
  });

  it("--dry-run sends it, and remembers nothing", async () => {
    await project.run({ dryRun: true });
    await project.run();
    expect(sent()).toEqual([undefined, undefined]);
    expect((await project.run({ dryRun: true })).summary).toMatchObject({ fetched: 0 });
    expect(sent().at(-1)).toBe('"one"');
  });

  it("a failed run remembers nothing", async () => {
    file({ mapping: { name: { from: "name", validate: "email", on_fail: "reject" } }, limits: { max_rejects: 0 } });
    expect((await project.run()).summary.status).toBe("failed");
    await project.run();
    expect(sent()).toEqual([undefined, undefined]);
  });
});
