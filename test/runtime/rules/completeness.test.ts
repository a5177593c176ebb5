/** A run that says success has read everything: totals, repeated pages, and lists that are not there. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject } from "./things-project.ts";

const at = "2025-05-01T00:00:00Z";

describe.each(warehouses)("counts, in $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
  });
  afterEach(() => project.close());

  it("a run of every kind of record adds up, and sync_history says what the tables hold", async () => {
    project.spec({ source: { filter: "name != 'left out'" }, mapping: { name: { from: "name", required: true } } });
    project.api.things = ["same", "older", "changed"].map((name, index) => ({ id: index + 1, name, updated_at: at }));
    await project.run();
    project.api.things = [
      { id: 1, name: "same", updated_at: at },
      { id: 2, name: "from before", updated_at: "2025-04-01T00:00:00Z" },
      { id: 3, name: "is new", updated_at: "2025-05-02T00:00:00Z" },
      { id: 4, name: "created", updated_at: at },
      { id: 4, name: "created", updated_at: at },
      { id: 5, name: "left out", updated_at: at },
      { id: 6, name: "", updated_at: at },
    ];
    // The harness compares the history row, the rows by sync_run_id and the rejects with these, after every run.
    const { summary } = await project.run({ full: true });
    expect(summary).toMatchObject({
      fetched: 7,
      filtered: 1,
      duplicates: 1,
      rejected: 1,
      mapped: 4,
      created: 1,
      updated: 1,
      unchanged: 1,
      stale: 1,
    });
    const rows = await project.things("id, sync_run_id");
    expect(rows.map(({ sync_run_id: run }) => Number(run))).toEqual([1, 1, 2, 2]);
  });

  it("performance_metrics tell shares of what was fetched", async () => {
    project.spec({ mapping: { name: { from: "name", required: true }, note: { from: "note", validate: "email" } } });
    project.api.things = Array.from({ length: 10 }, (_, index) => ({
      id: index + 1,
      name: index === 9 ? "" : "fine",
      note: index < 2 ? "nobody" : null,
      updated_at: at,
    }));
    await project.run();
    const metrics = (await project.history())[0]!["performance_metrics"];
    expect(metrics).toMatchObject({
      success_rate: 0.9,
      error_rate: 0.1,
      data_quality_score: 0.8,
      api_calls: 4,
      delta_efficiency: 2.25,
      retries: 0,
      validation_warnings: { "note: email": 2 },
    });
  });
});

describe("completeness", () => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
    for (let id = 1; id <= 5; id++) project.api.put({ id, name: `thing ${id}`, updated_at: at });
  });
  afterEach(() => project.close());

  it("a total larger than what was read: partial, exit 3, no watermark, and it says by how much", async () => {
    project.spec({ source: { pagination: { total: "total" } } });
    project.api.total = 1_007;
    const { summary, outcome, lines } = await project.run();
    expect(outcome.exitCode).toBe(3);
    expect(summary).toMatchObject({ status: "partial", created: 5 });
    expect(summary.error).toBe(
      "the source has 1,007 records, 5 were read: 1,002 are missing. Run again; if it stays so, the paging of this API is not to be trusted",
    );
    expect(lines).toContain(`WARN  things items sync is partial: ${summary.error}`);
    expect(await project.lastWatermark()).toBeNull();
  });

  it("a total that was missed because the source lost a record meanwhile is asked again at the end", async () => {
    project.spec({ source: { pagination: { total: "total" } } });
    project.api.total = "true";
    project.api.before = (_, index) => {
      if (index === 1) project.api.things.pop();
    };
    const { summary } = await project.run();
    expect(summary).toMatchObject({ status: "success", fetched: 4 });
  });

  it("duplicates do not make up for missing records: distinct ones count", async () => {
    project.spec({ source: { pagination: { total: "total" } } });
    project.api.total = 5;
    project.api.things = project.api.things.filter(({ id }) => Number(id) < 5);
    project.api.things.splice(1, 0, { ...project.api.things[0]! });
    expect((await project.run()).summary).toMatchObject({ status: "partial" });
  });

  it("a total that equals what was read, or is less: success", async () => {
    project.spec({ source: { pagination: { total: "total" } } });
    project.api.total = 5;
    expect((await project.run()).summary.status).toBe("success");
    project.api.total = 3;
    expect((await project.run({ full: true })).summary.status).toBe("success");
  });

  it("a run cut by --max-records is not measured by the total", async () => {
    project.spec({ source: { pagination: { total: "total" } } });
    project.api.total = 1_007;
    expect((await project.run({ maxRecords: 2 })).summary).toMatchObject({ status: "success", fetched: 2 });
  });

  it("the same page twice: failed, and the cause is named", async () => {
    project.spec({ source: { pagination: { cursor: "paging.next.after", send_as: "query.misspelt" } } });
    let page = 0;
    project.api.before = () => ({
      body: { results: project.api.things.slice(0, 3), paging: { next: { after: `page-${++page}` } } },
    });
    const { summary, outcome } = await project.run();
    expect(outcome.exitCode).toBe(1);
    expect(summary.status).toBe("failed");
    expect(summary.error).toMatch(/gave the same 3 records as page 1 of this read\. Is the position sent/);
    expect(await project.lastWatermark()).toBeNull();
  });

  it("a cursor that does not move: failed, and the cause is named", async () => {
    let call = 0;
    project.api.before = () => ({ body: { results: [{ id: ++call }], paging: { next: { after: "stuck" } } } });
    expect((await project.run()).summary).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/the cursor does not move/),
    });
  });

  it("a next page with pagination off: failed, and the cause is named", async () => {
    project.spec({ source: { pagination: null, request: { query: null } } });
    project.api.before = () => ({ body: { results: project.api.things, paging: { next: { after: "more" } } } });
    expect((await project.run()).summary).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/has more pages \(paging\.next\), but pagination is none/),
    });
  });

  it("more pages than max_pages: failed, and the limit is named", async () => {
    project.spec({ source: { pagination: { size: 1, max_pages: 3 } } });
    expect((await project.run()).summary).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/max_pages/),
    });
  });

  it("200 with an error body: failed, with the keys that were there", async () => {
    await project.run();
    project.api.before = () => ({ status: 200, body: { status: "error", message: "try later", category: "BUSY" } });
    const { summary } = await project.run({ full: true });
    expect(summary).toMatchObject({ status: "failed", fetched: 0 });
    expect(summary.error).toMatch(
      /answered 200, but there is nothing at records \(results\): the body has status, message, category, and says "?.*try later/,
    );
    expect(await project.things()).toHaveLength(5);
  });

  it("records: null is no empty list either", async () => {
    project.api.before = () => ({ body: { results: null } });
    expect((await project.run()).summary).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/the body has results \(null\)/),
    });
  });

  it("an empty list is one: success", async () => {
    project.api.things = [];
    expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 0 });
  });

  it("missing: empty says that nothing there means no records", async () => {
    project.spec({ source: { records: { from: "results", missing: "empty" } } });
    project.api.before = () => ({ body: { status: "nothing here" } });
    expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 0 });
  });

  it("a short page does not end a read by page number; an empty one does", async () => {
    project.spec({
      source: {
        request: { path: "/pages" },
        pagination: { type: "page", cursor: null, send_as: "query.page", size: 3 },
      },
    });
    project.api.before = ({ query }) =>
      ({
        1: { body: { results: [{ id: 1 }] } },
        2: { body: { results: [{ id: 2 }, { id: 3 }] } },
        3: { body: { results: [] } },
      })[Number(query["page"])];
    expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 3 });
    expect(project.api.asks.map(({ query }) => query["page"])).toEqual(["1", "2", "3"]);
  });

  it("pages whose total shrank meanwhile are read again: what slid past is found", async () => {
    project.spec({
      source: {
        request: { path: "/pages" },
        pagination: { type: "page", cursor: null, send_as: "query.page", size: 3, total: "total" },
      },
    });
    project.api.total = "true";
    for (let id = 6; id <= 9; id++) project.api.put({ id, name: `thing ${id}`, updated_at: at });
    project.api.before = (_, index) => {
      // Thing 1 leaves after page 1: thing 4 slides onto it.
      if (index === 1) project.api.things.shift();
    };
    const { summary } = await project.run();
    expect(summary.status).toBe("success");
    expect((await project.things()).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
