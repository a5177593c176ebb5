/** Runs over export jobs, against a server that behaves like Salesforce's Bulk API 2.0: whole runs, with their checkpoints. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { json, type Seen, serve, type Served } from "../http/server.ts";
import {
  bulkJobs,
  type BulkJob,
  type BulkOptions,
  bulkJobSpec,
  bulkPath,
  type BulkServer,
} from "../support/bulk-job-server.ts";
import { runEtl } from "../support/warm-etl.ts";
import { ThingsProject } from "./rules/things-project.ts";

const things = Array.from({ length: 10 }, (_, index) => ({
  id: String(index + 1),
  name: `thing ${index + 1}, "quoted"`,
  note: "",
  updated_at: `2025-06-01T0${index}:00:00.000Z`,
}));
const stored = things.map(({ id, name }) => ({ id: Number(id), name }));

let project: ThingsProject;
let server: Served;
let bulk: BulkServer;
let options: Pick<BulkOptions, "state" | "instead" | "gzip">;

beforeEach(async () => {
  project = await ThingsProject.open();
  options = {};
  bulk = bulkJobs({
    rows: () => things,
    modified: "updated_at",
    state: (job) => options.state?.(job) ?? (job.looks > 2 ? "JobComplete" : "InProgress"),
    instead: (request, response, job) => {
      response.setHeader("date", project.now.toUTCString());
      return options.instead?.(request, response, job) ?? false;
    },
  });
  server = await serve((request, response) => bulk.handler(request, response));
  project.connection({ base_url: server.url });
  withJob();
});
afterEach(() => project.close());

function withJob(over: Parameters<typeof bulkJobSpec>[0] = {}, source: object = {}): void {
  project.spec({
    source: { request: null, records: null, pagination: null, incremental: null, job: bulkJobSpec(over), ...source },
  });
}

const calls = (method: string): Seen[] => server.seen.filter((seen) => seen.method === method);
/** Jobs of the first run and of whatever resumed it: what follows asks for what changed since. */
const firstJobs = (): BulkJob[] => bulk.jobs.filter(({ query }) => query.includes("1970-01-01"));

describe("a run over an export job", () => {
  it("makes it, waits, reads its pages and removes it once; the next run asks for what changed since", async () => {
    const { summary, log } = await project.run();
    expect(summary).toMatchObject({ status: "success", fetched: 10, created: 10 });
    expect(await project.things()).toEqual(stored);
    expect(bulk.jobs).toMatchObject([{ looks: 3, pages: 3, deletes: 1 }]);
    expect(bulk.jobs[0]!.query).toBe(
      "SELECT updated_at, id, name, note FROM Contact WHERE updated_at >= 1970-01-01T00:00:00Z AND updated_at < 2025-06-01T12:00:00Z",
    );
    expect(log).toContain(`job ${bulk.jobs[0]!.id} is made; waiting for it, 20s at the most`);
    const [row] = await project.history();
    expect(row).toMatchObject({ endpoint: bulkPath, watermark: "2025-06-01T09:00:00.000Z" });
    project.pass(3600);
    const second = await project.run();
    expect(second.summary).toMatchObject({ status: "success", mode: "incremental", fetched: 1, unchanged: 1 });
    expect(bulk.jobs[1]).toMatchObject({ deletes: 1, query: expect.stringContaining(">= 2025-06-01T09:00:00Z AND") });
  });

  it("reads an export without rows", async () => {
    project.now = new Date("2025-05-01T00:00:00Z");
    expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 0 });
    expect(bulk.jobs).toMatchObject([{ pages: 1, deletes: 1 }]);
  });

  it.each(["Failed", "Aborted"] as const)(
    "ends with the job's own words where it is %s, and removes it",
    async (state) => {
      options.state = (job) => {
        job.errorMessage = "QUERY_TIMEOUT: the query ran too long";
        return state;
      };
      const { summary } = await project.run();
      expect(summary).toMatchObject({ status: "failed", fetched: 0 });
      expect(summary.error).toMatch(
        /^job 750R\w+ failed: QUERY_TIMEOUT: the query ran too long \(GET .*\/jobs\/query\/750R/,
      );
      expect(bulk.jobs).toMatchObject([{ looks: 1, deletes: 1 }]);
      // The next one finds it gone.
      delete options.state;
      const { outcomes, log } = await project.run();
      expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 10, created: 10 });
      expect(log).toMatch(/job 750R\w+ of the run before is gone \(GET .* answered 404\); another one is made/);
      expect(firstJobs()).toHaveLength(2);
    },
  );

  it("goes on with the same job where the time was up, and does not remove it before", async () => {
    withJob({ for: "30ms" });
    options.state = () => "InProgress";
    const { summary, log } = await project.run();
    expect(summary.status).toBe("failed");
    expect(summary.error).toMatch(
      /^job 750R\w+ is not done after 30ms \(job\.poll\.for\); GET .* answered at last: \{"id":"750R\w+","state":"InProgress".*\}\. The next run goes on waiting for it/,
    );
    expect(log).toContain("is left as it is: the next run goes on with it");
    expect(bulk.jobs).toMatchObject([{ deletes: 0 }]);
    delete options.state;
    // More time makes no other spec of it.
    withJob({ for: "20s", every: "2ms" });
    const { outcomes } = await project.run();
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 10, created: 10 });
    expect(firstJobs()).toMatchObject([{ deletes: 1 }]);
    expect(await project.things()).toEqual(stored);
  });

  it("has the job in the checkpoint before it looks at it", async () => {
    let checkpoint: unknown;
    options.instead = (request, response, job) => {
      if (request.method !== "GET" || checkpoint !== undefined) return false;
      checkpoint = null;
      void project.history().then(([row]) => {
        checkpoint = row!.checkpoint;
        json(response, { id: job!.id, state: "InProgress" });
      });
      return true;
    };
    expect((await project.run()).summary.status).toBe("success");
    expect(checkpoint).toMatchObject({ slices: { "": { done: false, position: { job: { id: bulk.jobs[0]!.id } } } } });
  });

  it("keeps the job of an interrupted run, which the next one reads", async () => {
    const stop = new AbortController();
    options.state = (job) => {
      if (job.looks === 2) stop.abort("SIGINT");
      return "InProgress";
    };
    const stopped = await project.run({}, { signal: stop.signal });
    expect(stopped.outcome.exitCode).toBe(130);
    expect(bulk.jobs).toMatchObject([{ looks: 2, deletes: 0 }]);
    delete options.state;
    const { outcomes, log } = await project.run();
    expect(log).toContain(`going on with job ${bulk.jobs[0]!.id} of the run before`);
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", created: 10 });
    expect(firstJobs()).toMatchObject([{ looks: 3, deletes: 1 }]);
  });

  it("goes on in the middle of the results, by their locator", async () => {
    options.instead = ({ query }, response) =>
      query.get("locator") === "OA==" ? (json(response, [{ message: "broken" }], { status: 403 }), true) : false;
    const failed = await project.run();
    expect(failed.summary).toMatchObject({ status: "failed", fetched: 8, created: 8 });
    expect((await project.history())[0]!.checkpoint).toMatchObject({
      slices: { "": { position: { job: { id: bulk.jobs[0]!.id }, file: { index: 0, of: 1 }, at: { after: "OA==" } } } },
    });
    delete options.instead;
    const asked = server.seen.length;
    const { outcomes } = await project.run();
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 10, created: 10, unchanged: 0 });
    expect(firstJobs()).toMatchObject([{ pages: 3, deletes: 1 }]);
    // One look, then the page that is missing.
    expect(server.seen.slice(asked, asked + 2).map(({ path }) => path.split("/").at(-1))).toEqual([
      bulk.jobs[0]!.id,
      "results",
    ]);
    expect(await project.things()).toEqual(stored);
  });

  it("makes another job where the results of the first are gone", async () => {
    options.instead = ({ query }, response) =>
      query.has("locator") ? (json(response, [{ message: "broken" }], { status: 403 }), true) : false;
    await project.run();
    options.instead = ({ path }, response, job) =>
      job === bulk.jobs[0] && path.endsWith("/results") ? (json(response, [], { status: 404 }), true) : false;
    const { outcomes, log } = await project.run();
    expect(log).toContain("is done, but its results are gone; another one is made, and read from the beginning");
    expect(outcomes[0]!.summary).toMatchObject({ status: "success" });
    expect(firstJobs()).toMatchObject([{ deletes: 1 }, { deletes: 1 }]);
    expect(await project.things()).toEqual(stored);
  });

  it("only warns where the job cannot be removed", async () => {
    options.instead = ({ method }, response) =>
      method === "DELETE" ? (json(response, [{ message: "not now" }], { status: 409 }), true) : false;
    const { summary, lines } = await project.run();
    expect(summary).toMatchObject({ status: "success", created: 10 });
    expect(calls("DELETE")).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith("WARN"))).toEqual([
      expect.stringMatching(
        /^WARN\s+job 750R\w+ could not be cleaned up, and stays with the source: DELETE .* answered 409: "not now"/,
      ),
    ]);
  });

  it("removes the job of a dry run, of a cut run and of one with too many rejects", async () => {
    expect((await project.run({ dryRun: true })).summary).toMatchObject({ status: "success", fetched: 10 });
    expect((await project.run({ maxRecords: 2 })).summary).toMatchObject({ status: "success", fetched: 2 });
    project.spec(
      {
        source: {
          request: null,
          records: null,
          pagination: null,
          incremental: null,
          job: bulkJobSpec({ maxRecords: 2 }),
        },
      },
      {
        limits: { max_rejects: 0 },
        mapping: { name: { from: "name", validate: { length: { max: 2 } }, on_fail: "reject" } },
      },
    );
    expect((await project.run()).summary).toMatchObject({ status: "failed" });
    expect(bulk.jobs.map(({ deletes }) => deletes)).toEqual([1, 1, 1]);
  });

  it("has a job for each window", async () => {
    const job = bulkJobSpec() as { create: { body: { query: string } } };
    job.create.body.query =
      "SELECT {{join (mapped) ', '}} FROM Contact WHERE updated_at >= {{iso slice.from}} AND updated_at < {{iso slice.to}}";
    withJob({}, { slices: { by: "date", from: "2025-06-01", step: "3h" }, job });
    // One fails, with the others under way.
    options.state = (made) =>
      made.query.includes(">= 2025-06-01T06") && bulk.jobs.length === 4 && bulk.jobs.every(({ looks }) => looks > 0)
        ? "Failed"
        : "InProgress";
    const failed = await project.run();
    expect(failed.summary.status).toBe("failed");
    expect(failed.summary.error).toMatch(/^slice 2025-06-01T06:00:00Z\/2025-06-01T09:00:00Z: job 750R\w+ failed/);
    expect(bulk.jobs.map(({ deletes }) => deletes).sort()).toEqual([0, 0, 0, 1]);
    delete options.state;
    const { outcomes } = await project.run();
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 10 });
    expect(await project.things()).toEqual(stored);
    expect(bulk.jobs.every(({ deletes }) => deletes === 1)).toBe(true);
    // Only the window whose job failed was exported again, before the run that was asked for came to all of them.
    const windows = bulk.jobs.map(({ query }) => /06-01T(\d\d)\S+ AND/.exec(query)![1]);
    expect(windows.slice(0, 5).sort()).toEqual(["00", "03", "06", "06", "09"]);
    expect(windows).toHaveLength(9);
  });

  it.each([
    ["the job", {}],
    // The only window is another one then.
    ["its window and the job", { slices: { by: "date", from: "2025-06-01", step: "30d" } }],
  ])("makes %s again where the source's clock is behind ours", async (_what, source) => {
    const job = bulkJobSpec() as { create: { body: { query: string } } };
    if ("slices" in source)
      job.create.body.query = job.create.body.query.replace("since", "slice.from").replace("until", "slice.to");
    withJob({}, { ...source, job });
    options.instead = (_request, response) => {
      response.setHeader("date", new Date(project.now.getTime() - 3_600_000).toUTCString());
      return false;
    };
    expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 10 });
    expect(bulk.jobs.map(({ query, deletes }) => [query.slice(-20), deletes])).toEqual([
      ["2025-06-01T12:00:00Z", 1],
      ["2025-06-01T11:00:00Z", 1],
    ]);
  });

  it("has a list of what was deleted beside it, which is asked for and not exported", async () => {
    await project.run();
    const list = { detect: "listed", request: { path: "/deleted" }, records: "ids", max: "50%" };
    project.spec(
      { source: { request: null, records: null, pagination: null, incremental: null, job: bulkJobSpec() } },
      { deletes: list },
    );
    options.instead = ({ path }, response) =>
      path === "/deleted" ? (json(response, { ids: [{ id: "3", updated_at: "2025-06-01T11:00:00Z" }] }), true) : false;
    const jobs = bulk.jobs.length;
    expect((await project.run({ full: true })).summary).toMatchObject({ status: "success", fetched: 10, deleted: 1 });
    expect(await project.query("select id from thing where deleted_at is not null")).toEqual([{ id: 3 }]);
    expect(bulk.jobs).toHaveLength(jobs + 1);
  });

  it("is made by a preview, which removes it, and by neither a plan nor a look at the connection", async () => {
    const etl = async (...args: string[]) => {
      const { code, stdout, stderr } = await runEtl(args, { cwd: project.folder });
      expect(`${code} ${stderr}`).toMatch(/^0 /);
      return stdout;
    };
    const spec = "pipelines/things/items.yml";
    // The clock of those processes.
    options.instead = (_request, response) => {
      response.setHeader("date", new Date().toUTCString());
      return false;
    };
    expect(await etl("plan", spec, "--warehouse", project.warehouse.address)).toContain(
      `POST ${server.url}${bulkPath}`,
    );
    expect(await etl("connections", "test", spec)).toContain("things: nothing that is cheap to ask");
    expect(bulk.jobs).toEqual([]);
    expect(await etl("preview", spec, "--records", "2")).toContain("thing 2");
    expect(bulk.jobs).toMatchObject([{ pages: 1, deletes: 1 }]);
  });
});
