/** One run of a pipeline and scope at a time. */
import { userInfo } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject, type Ran } from "./things-project.ts";

describe.each(warehouses)("lock, in $name", ({ name, open }) => {
  let project: ThingsProject;
  let release = (): void => {};
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    project.spec({ params: { account: { default: "one", scope: true } } });
    for (let id = 1; id <= 5; id++) project.api.put({ id, name: `thing ${id}`, updated_at: "2025-05-01T00:00:00Z" });
  });
  afterEach(async () => {
    release();
    await project.close();
  });

  /** Starts a run and waits until it hangs in its second request. */
  async function hanging(): Promise<{ run: Promise<Ran> }> {
    const gate = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((arrived) => {
      project.api.before = async ({ query }, index) => {
        if (query["after"] === undefined || index !== 1) return undefined;
        arrived();
        await gate;
        return undefined;
      };
    });
    // Two runs at once: what is checked after one of them would see the other's rows.
    const run = project.run({}, { unchecked: true });
    await reached;
    return { run };
  }

  it("a second run of the same pipeline and scope: exit 4, and it says who holds it and since when", async () => {
    const { run } = await hanging();
    project.pass(90);
    const { outcomes, outcome, summary, lines } = await project.run({}, { unchecked: true });
    expect(outcomes).toHaveLength(1);
    expect(outcome.exitCode).toBe(4);
    expect(summary).toMatchObject({ status: "failed", run_id: null, fetched: 0 });
    expect(summary.error).toContain("things.items is already running: ");
    expect(summary.error).toContain(`${userInfo().username}@`);
    expect(summary.error).toContain(`pid ${process.pid}`);
    expect(summary.error).toContain("since 2025-06-01T12:00:00Z");
    expect(lines).toEqual([`ERROR ${summary.error}`]);
    expect(await project.history()).toHaveLength(1);
    release();
    await run;
    expect((await project.history())[0]).toMatchObject({ status: "success", records_created: 5 });
  });

  it("another scope runs beside it", async () => {
    const { run } = await hanging();
    const { outcome } = await project.run({ params: { account: "two" } }, { unchecked: true });
    expect(outcome.exitCode).toBe(0);
    release();
    await run;
    expect((await project.history()).map(({ scope, status }) => [scope, status])).toEqual([
      ["account=one", "success"],
      ["account=two", "success"],
    ]);
  });

  it.runIf(name === "PostgreSQL")(
    "losing the connection that holds it ends the run; the next one goes on",
    async () => {
      const { run } = await hanging();
      await project.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );
      release();
      const { outcome, summary } = await run;
      expect(outcome.exitCode).toBe(1);
      expect(summary).toMatchObject({ status: "failed" });
      expect((await project.history())[0]).toMatchObject({ status: "running", watermark: null });
      project.api.before = () => undefined;
      expect((await project.run()).outcome.exitCode).toBe(0);
      expect(await project.things()).toHaveLength(5);
      expect((await project.history())[0]).toMatchObject({ status: "failed" });
    },
  );

  it("is free again when the run is over, whatever its end", async () => {
    project.api.before = () => ({ status: 404, body: {} });
    expect((await project.run()).outcome.exitCode).toBe(1);
    project.api.before = () => undefined;
    expect((await project.run()).outcome.exitCode).toBe(0);
  });
});
