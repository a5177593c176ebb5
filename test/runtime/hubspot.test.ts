/** HubSpot as it is: records change, come and leave while runs last, and none is lost. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startHubspotSandbox, type HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { hubspotProject, type HubspotProject } from "../support/hubspot-project.ts";
import { expectMirror } from "../support/mirror.ts";
import { warehouses, type TestWarehouse } from "../support/warehouses.ts";

/** In CI the second warehouse gets half, which is still more than a search gives; `ETL_TEST_SCALE=1` reads all. */
const sizes = warehouses.map((warehouse, index) => ({
  ...warehouse,
  records: index === 0 || process.env["ETL_TEST_SCALE"] ? 30_000 : 15_000,
}));

describe.each(sizes)("$records contacts into $name", ({ open, records }) => {
  let sandbox: HubspotSandbox;
  let project: HubspotProject;
  let warehouse: TestWarehouse;

  beforeAll(async () => {
    sandbox = await startHubspotSandbox({ records, deals: 0, seed: 7, limits: false });
    project = hubspotProject(sandbox);
    warehouse = await open();
  });
  afterAll(async () => {
    await sandbox.close();
    await warehouse.close();
    project.remove();
  });

  const run = async (...flags: string[]) => {
    const ran = await project.run("contacts", warehouse, ...flags);
    if (process.env["ETL_TEST_TELL"]) console.log(ran.output.stdout);
    return ran;
  };

  it("reads all in a full run while two records a second are touched and one is archived", async () => {
    const churn = sandbox.churn({ touchesPerSecond: 2, archivePerRun: 1 });
    const { runs, output } = await run();
    churn.stop();
    expect(output.stderr).not.toContain("Error processing");
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ status: "success", mode: "initial_full", rejected: 0 });
    expect(runs[0]!.fetched).toBeGreaterThanOrEqual(records - 1);
    expect(runs[0]!.api_calls / records).toBeLessThan(0.012);
  }, 120_000);

  it("reads 500 changes and 12,000 records of one timestamp in a delta, while more are touched", async () => {
    sandbox.touch({ count: 500 });
    const same = sandbox
      .all("contacts", [])
      .filter(({ archived }) => !archived)
      .slice(2_000, 14_000)
      .map(({ id }) => id);
    sandbox.touch({ ids: same, properties: { city: "Onetime" } });
    const churn = sandbox.churn({ touchesPerSecond: 2, archivePerRun: 1 });
    const { runs } = await run();
    churn.stop();
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ status: "success", mode: "incremental", stale: 0 });
    expect(runs[0]!.fetched).toBeGreaterThanOrEqual(12_000);
    expect(runs[0]!.fetched).toBeLessThan(14_000);
  }, 120_000);

  it("has every record once, none missing, none stale, after a later delta", async () => {
    const { runs } = await run();
    expect(runs[0]).toMatchObject({ status: "success", mode: "incremental" });
    await expectMirror(sandbox, warehouse);
  }, 120_000);

  it("writes nothing when nothing has changed", async () => {
    const { runs } = await run("--full");
    expect(runs[0]).toMatchObject({ status: "success", mode: "full", created: 0, updated: 0, stale: 0 });
    await expectMirror(sandbox, warehouse);
  }, 120_000);

  it("tells in sync_history what is in the tables", async () => {
    const history = await warehouse.query(
      "select id, records_processed, records_created, records_updated, records_unchanged, records_failed from sync_history order by id",
    );
    const counts = history.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])),
    );
    const [{ count }] = (await warehouse.query("select count(*) as count from hubspot_contact")) as [
      { count: unknown },
    ];
    expect(counts.reduce((sum, run) => sum + run["records_created"]!, 0)).toBe(Number(count));
    for (const run of counts) {
      expect(run["records_processed"]).toBe(
        run["records_created"]! + run["records_updated"]! + run["records_unchanged"]! + run["records_failed"]!,
      );
    }
    const last = counts.findLast((run) => run["records_updated"]! > 0)!;
    const [{ count: touched }] = (await warehouse.query(
      `select count(*) as count from hubspot_contact where sync_run_id = ${last["id"]}`,
    )) as [{ count: unknown }];
    expect(Number(touched)).toBe(last["records_created"]! + last["records_updated"]!);
  });
});
