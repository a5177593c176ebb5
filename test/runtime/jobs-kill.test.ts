/** kill -9 while an export job runs: the next process goes on with the same job, and makes no second one. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { serve } from "../http/server.ts";
import { bulkJobs, bulkJobSpec } from "../support/bulk-job-server.ts";
import { runsOf, startEtl } from "../support/hubspot-project.ts";
import { warehouses } from "../support/warehouses.ts";
import { ThingsProject } from "./rules/things-project.ts";

const rows = Array.from({ length: 5_000 }, (_, index) => ({
  id: String(index + 1),
  name: `thing ${index + 1}`,
  note: "x".repeat(200),
  updated_at: new Date(Date.parse("2025-06-01T00:00:00Z") + index * 1000).toISOString(),
}));

it.each(warehouses)(
  "goes on with the same job after kill -9, into $name",
  async ({ open }) => {
    let done = false;
    let broken = true;
    const bulk = bulkJobs({
      rows: () => rows,
      modified: "updated_at",
      state: () => (done ? "JobComplete" : "InProgress"),
      // The results stop in the middle until it is mended: the request is never answered.
      instead: ({ query }) => broken && Buffer.from(query.get("locator") ?? "", "base64").toString() === "4000",
    });
    const server = await serve((request, response) => bulk.handler(request, response));
    const project = await ThingsProject.open(open);
    try {
      project.connection({ base_url: server.url });
      const job = bulkJobSpec({ maxRecords: 1_000 });
      project.spec({ source: { request: null, records: null, pagination: null, incremental: null, job } });
      const start = () =>
        startEtl(
          [
            "run",
            join(project.folder, "pipelines/things/items.yml"),
            "--warehouse",
            project.warehouse.address,
            "--output",
            "json",
          ],
          { cwd: project.folder },
        );
      const killWhen = async (reached: () => boolean | Promise<boolean>): Promise<void> => {
        const running = start();
        let gone = false;
        void running.ended.then(() => (gone = true));
        while (!gone && !(await reached())) await sleep(10);
        running.process.kill("SIGKILL");
        expect((await running.ended).signal).toBe("SIGKILL");
      };

      await killWhen(() => (bulk.jobs[0]?.looks ?? 0) > 2);
      const looks = bulk.jobs[0]!.looks;
      expect((await project.history()).at(-1)!.checkpoint).toMatchObject({
        slices: { "": { position: { job: { id: bulk.jobs[0]!.id } } } },
      });
      done = true;
      // In the middle of the results, with pages committed.
      await killWhen(async () => (await project.things()).length >= 2_000);
      expect(bulk.jobs).toMatchObject([{ deletes: 0 }]);
      expect(bulk.jobs[0]!.looks).toBeLessThanOrEqual(looks + 2);
      broken = false;
      const { pages } = bulk.jobs[0]!;
      const last = await start().ended;
      expect(last.code).toBe(0);
      const [resumed, following] = runsOf(last);
      expect(resumed).toMatchObject({ status: "success", fetched: 5_000, created: 5_000, unchanged: 0 });
      expect(following).toMatchObject({ status: "success", mode: "incremental" });
      // The first job served all three processes; what was committed of it was not fetched again.
      expect(bulk.jobs.filter(({ query }) => query.includes("1970-01-01"))).toMatchObject([{ deletes: 1 }]);
      expect(bulk.jobs[0]!.pages - pages).toBeLessThanOrEqual(3);
      expect(await project.things("id")).toHaveLength(5_000);
    } finally {
      await project.close();
    }
  },
  60_000,
);
