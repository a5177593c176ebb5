/** Pages are read and mapped while the batch before them is being written: what is committed tells of that batch alone. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject, type Ran } from "./things-project.ts";

const things = 4_000;
/** Two pages are a batch. */
const paged = { source: { pagination: { size: 500, max_size: 500 } } };
const at = (id: number): string => new Date(Date.UTC(2025, 0, 1) + id * 1000).toISOString();

async function open(warehouse: () => ReturnType<(typeof warehouses)[number]["open"]>): Promise<ThingsProject> {
  const project = await ThingsProject.open(warehouse);
  project.spec(paged);
  for (let id = 1; id <= things; id++) project.api.things.push({ id, name: `thing ${id}`, updated_at: at(id) });
  return project;
}

const afters = (project: ThingsProject): (string | undefined)[] => project.api.asks.map(({ query }) => query["after"]);

describe("while a batch is being written, in PostgreSQL", () => {
  let project: ThingsProject;
  let other: pg.Client;

  beforeEach(async () => {
    project = await open(warehouses[1].open);
    other = new pg.Client({ connectionString: project.warehouse.address });
    await other.connect();
    await other.query("CREATE TABLE thing (id bigint PRIMARY KEY, name text, note text, updated_at timestamptz)");
  });
  afterEach(async () => {
    await other.end();
    await project.close();
  });

  async function until(met: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 60_000; !(await met()); await sleep(5))
      if (Date.now() > end) throw new Error("what the test waits for did not happen in a minute");
  }

  it("the checkpoint is as of that batch, and a run that dies then is resumed after the one before", async () => {
    let fetched = 0;
    // The second batch waits for a lock: it is being written for as long as the test likes.
    project.api.before = async ({ query }) => {
      if (query["after"] !== "after-1000") return;
      await until(async () => (await project.history()).at(-1)?.["records_processed"] === 1000);
      await other.query("BEGIN");
      await other.query("LOCK TABLE thing IN EXCLUSIVE MODE");
    };
    const running = project.run({}, { onProgress: (count) => (fetched = count), unchecked: true });
    await until(() => fetched >= 2_500);
    const [row] = await project.history();
    expect(row).toMatchObject({ status: "running", records_processed: 1000, records_created: 1000 });
    expect(row!.checkpoint).toMatchObject({
      counters: { fetched: 1000, created: 1000 },
      greatest: { text: at(1000) },
      slices: { "": { position: { after: "after-1000" }, done: false } },
    });
    await other.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'etl' AND datname = current_database()",
    );
    const { summary, outcome } = await running;
    await other.query("ROLLBACK");
    expect(outcome.exitCode).toBe(1);
    expect(summary).toMatchObject({ status: "failed", created: 1000 });
    expect(await project.things("id")).toHaveLength(1000);

    project.api.before = () => undefined;
    project.api.asks.length = 0;
    const resumed = await project.run();
    expect(afters(project)[0]).toBe("after-1000");
    expect(resumed.outcomes[0]!.summary).toMatchObject({ status: "success", fetched: things, created: things });
    expect(await project.things("id")).toHaveLength(things);
  });

  it("a batch that cannot be written ends the run: nothing of it is kept, nor of what was mapped meanwhile", async () => {
    await other.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'out of order' USING ERRCODE = '58000'; END $$`);
    await other.query(
      "CREATE TRIGGER fail BEFORE INSERT ON thing FOR EACH ROW WHEN (NEW.id = 1500) EXECUTE FUNCTION fail()",
    );
    const { summary } = await project.run();
    expect(summary).toMatchObject({ status: "failed", fetched: 1000, created: 1000 });
    expect(summary.error).toContain("out of order");
    expect((await project.history())[0]!.checkpoint).toMatchObject({
      counters: { fetched: 1000 },
      slices: { "": { position: { after: "after-1000" }, done: false } },
    });
    await other.query("DROP TRIGGER fail ON thing");
    const { outcomes } = await project.run();
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: things, created: things });
  });

  it("a batch that cannot be written ends the run although the source is silent", async () => {
    await other.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'out of order' USING ERRCODE = '58000'; END $$`);
    await other.query(
      "CREATE TRIGGER fail BEFORE INSERT ON thing FOR EACH ROW WHEN (NEW.id = 500) EXECUTE FUNCTION fail()",
    );
    const silent = new AbortController();
    project.api.before = async ({ query }) => {
      if (query["after"] === "after-1000") await sleep(20_000, undefined, { signal: silent.signal }).catch(() => {});
    };
    const started = Date.now();
    const { summary } = await project.run();
    silent.abort();
    expect(summary).toMatchObject({ status: "failed", fetched: 0 });
    expect(Date.now() - started).toBeLessThan(15_000);
  });
});

describe.each(warehouses)("while a batch is being written, in $name", ({ open: warehouse }) => {
  let project: ThingsProject;
  beforeEach(async () => void (project = await open(warehouse)));
  afterEach(() => project.close());

  const stopped = (): Promise<Ran> => {
    const stop = new AbortController();
    return project.run({}, { signal: stop.signal, onProgress: (count) => count >= 1_500 && stop.abort("SIGINT") });
  };

  it("one reject too many in it: it is kept, and what was mapped meanwhile is not", async () => {
    project.spec(paged, { limits: { max_rejects: 0 }, mapping: { updated_at: { required: true } } });
    project.api.things[699]!["updated_at"] = "soon";
    const { summary } = await project.run({}, { validation: "strict" });
    expect(summary).toMatchObject({ status: "failed", fetched: 1000, created: 999, rejected: 1 });
    expect(await project.things("id")).toHaveLength(999);
    expect(await project.rejects()).toHaveLength(1);
  });

  it("an interruption: it is kept, and what was mapped meanwhile too", async () => {
    const { summary, outcome } = await stopped();
    expect(outcome.exitCode).toBe(130);
    expect(summary).toMatchObject({ status: "failed", fetched: 1500, created: 1500 });
    expect((await project.history())[0]!.checkpoint).toMatchObject({
      greatest: { text: at(1500) },
      slices: { "": { position: { after: "after-1500" }, done: false } },
    });
  });

  it("--max-records counts it", async () => {
    const { summary } = await project.run({ maxRecords: 1_700 });
    expect(summary).toMatchObject({ status: "success", fetched: 1700, created: 1700 });
    expect(await project.things("id")).toHaveLength(1700);
  });

  it("a dry run counts what a run does", async () => {
    const { summary } = await project.run({ dryRun: true });
    expect(summary).toMatchObject({ status: "success", fetched: things, created: things });
  });
});
