/** An API whose one answer says that it has not changed: when it is asked, and when it must be read all the same. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunFlags } from "../../../src/runtime/flags.ts";
import { json, type Seen, serve } from "../../http/server.ts";
import { ThingsProject, type SpecText } from "./things-project.ts";

const single: SpecText = {
  source: {
    request: { path: "/things", query: { limit: null } },
    pagination: null,
    incremental: null,
    delta: null,
  },
  mapping: { note: null, updated_at: null },
  upsert: { newer_by: null },
};

describe("unchanged answers", () => {
  let project: ThingsProject;
  let seen: Seen[];
  let answer: { body: unknown; headers: Record<string, string> };

  beforeEach(async () => {
    project = await ThingsProject.open();
    const things = [1, 2, 3].map((id) => ({ id, name: `thing ${id}` }));
    answer = { body: { results: things }, headers: { etag: '"one"' } };
    const server = await serve(({ headers }, response) => {
      const { etag, "last-modified": modified } = answer.headers;
      const known = etag ? headers["if-none-match"] === etag : modified && headers["if-modified-since"] === modified;
      if (known) return response.writeHead(304, answer.headers).end();
      json(response, answer.body, { headers: answer.headers });
    });
    seen = server.seen;
    project.connection({ base_url: server.url });
    project.spec(single);
  });
  afterEach(() => project.close());

  const sent = (): (string | undefined)[] => seen.map(({ headers }) => headers["if-none-match"]);

  it("the same spec sends the ETag; 304 is a success with nothing fetched, and the next one sends it again", async () => {
    expect((await project.run()).summary).toMatchObject({ fetched: 3, created: 3 });
    const { summary, lines } = await project.run();
    expect(summary).toMatchObject({ status: "success", fetched: 0, api_calls: 1 });
    expect(lines).toContain("INFO  things items: the source has not changed since the last run; nothing was fetched");
    await project.run();
    expect(sent()).toEqual([undefined, '"one"', '"one"']);
  });

  it("Last-Modified serves as well", async () => {
    const modified = "Wed, 21 May 2025 07:28:00 GMT";
    answer.headers = { "last-modified": modified };
    await project.run();
    expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 0 });
    expect(seen[1]!.headers["if-modified-since"]).toBe(modified);
  });

  it("one that changed is read", async () => {
    await project.run();
    answer = { body: { results: [{ id: 3, name: "new" }] }, headers: { etag: '"two"' } };
    expect((await project.run()).summary).toMatchObject({ fetched: 1, updated: 1 });
    await project.run();
    expect(sent()).toEqual([undefined, '"one"', '"two"']);
  });

  it.each<[string, SpecText]>([
    ["the mapping", { mapping: { name: "$uppercase(name)" } }],
    ["where the records are", { source: { records: "results[id > 1]" } }],
    ["the request", { source: { request: { query: { all: "true" } } } }],
  ])("an edit of %s takes effect: the ETag is not sent", async (_name, change) => {
    await project.run();
    project.spec(single, change);
    expect((await project.run()).summary.fetched).toBeGreaterThan(1);
    expect(sent()).toEqual([undefined, undefined]);
  });

  it("incremental that reads the same answer in another way does not take it for unchanged", async () => {
    const delta = { delta: { field: "changed" }, incremental: { records: "results[id = 3]" } };
    project.spec(single, { source: delta, mapping: { changed: { from: "changed", type: "timestamp" } } });
    answer.body = { results: [{ id: 3, name: "x", changed: "2025-05-01T00:00:00Z" }] };
    await project.run();
    expect((await project.run()).summary).toMatchObject({ mode: "incremental", fetched: 1 });
    expect((await project.run()).summary).toMatchObject({ mode: "incremental", fetched: 0 });
    expect(sent()).toEqual([undefined, undefined, '"one"']);
  });

  const wholes: Partial<RunFlags>[] = [{ full: true }, { force: true }, { full: true, force: true }];
  it.each(wholes)("%o never sends it", async (flags) => {
    await project.run();
    expect((await project.run(flags)).summary).toMatchObject({ fetched: 3, unchanged: 3 });
    expect(sent()).toEqual([undefined, undefined]);
  });

  it("a run that was cut, one that failed and a dry run leave none behind", async () => {
    await project.run({ maxRecords: 1 });
    await project.run({ dryRun: true });
    answer.body = { error: "try later" };
    expect((await project.run()).summary.status).toBe("failed");
    await project.run();
    expect(sent()).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("a request with a condition of its own, and pages, are left alone", async () => {
    project.spec(single, { source: { request: { headers: { "If-Match": "*" } } } });
    await project.run();
    await project.run();
    project.spec(single, { source: { pagination: { type: "page", send_as: "query.page", pages: "1" } } });
    await project.run();
    await project.run();
    expect(sent()).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("deletions that were held back are made when they are allowed", async () => {
    project.spec(single, { deletes: { detect: "missing", max: 1 } });
    await project.run();
    project.pass(60);
    answer = { body: { results: [{ id: 3, name: "thing 3" }] }, headers: { etag: '"two"' } };
    expect((await project.run({}, { unchecked: true })).summary).toMatchObject({ status: "partial", deleted: 0 });
    const allowed = await project.run({ allowDeletes: 2 }, { unchecked: true });
    expect(allowed.summary).toMatchObject({ status: "success", deleted: 2 });
  });
});
