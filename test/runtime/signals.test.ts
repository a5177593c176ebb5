/** SIGINT and SIGTERM: the batch in hand is finished, the run ends failed with its checkpoint, and goes on when run again. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHubspotSandbox, type HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { hubspotProject, runsOf, type HubspotProject } from "../support/hubspot-project.ts";
import { expectMirror } from "../support/mirror.ts";
import { warehouses } from "../support/warehouses.ts";

describe.each(["SIGINT", "SIGTERM"] as const)("%s", (signal) => {
  let sandbox: HubspotSandbox;
  let project: HubspotProject;
  beforeAll(async () => {
    sandbox = await startHubspotSandbox({ records: 4_000, deals: 0, seed: 3, limits: false });
    project = hubspotProject(sandbox);
  });
  afterAll(async () => {
    await sandbox.close();
    project.remove();
  });

  it.each(warehouses)(
    "ends a run into $name with exit 130 and a checkpoint; the next run goes on from it",
    async ({ open }) => {
      const warehouse = await open();
      // Slow pages: the signal comes while there is something to do.
      sandbox.addFault({ match: "/contacts", delayMs: 40 });
      const running = project.startRun("contacts", warehouse);
      sandbox.resetStats();
      while (sandbox.stats().total < 25 && running.process.exitCode === null) await sleep(10);
      running.process.kill(signal);
      const output = await running.ended;
      sandbox.removeFaults();
      expect(output.code).toBe(130);
      const [stopped] = runsOf(output);
      expect(stopped).toMatchObject({
        status: "failed",
        error: `interrupted by ${signal}; run it again to go on from the checkpoint`,
      });
      expect(output.stderr).toContain(`${signal}: finishing the batch in hand`);
      const [history] = await warehouse.query(
        "select status, watermark, records_processed, end_time from sync_history",
      );
      expect(history).toMatchObject({ status: "failed", watermark: null });
      expect(Number(history!["records_processed"])).toBe(stopped!.fetched);
      const [{ count }] = (await warehouse.query("select count(*) as count from hubspot_contact")) as [
        { count: unknown },
      ];
      expect(Number(count)).toBe(stopped!.created);
      expect(stopped!.fetched).toBeGreaterThan(0);
      expect(stopped!.fetched).toBeLessThan(4_000);

      sandbox.resetStats();
      const { runs } = await project.run("contacts", warehouse);
      expect(runs.map(({ status, mode }) => [status, mode])).toEqual([
        ["success", "initial_full"],
        ["success", "incremental"],
      ]);
      expect(runs[0]!.fetched).toBe(4_000);
      // 40 pages in all: those that were committed are not asked for again.
      expect(runs[0]!.api_calls).toBeLessThanOrEqual((4_000 - stopped!.fetched) / 100 + 1);
      await expectMirror(sandbox, warehouse);
      await warehouse.close();
    },
  );
});
