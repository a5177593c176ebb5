/** kill -9 in the middle of a run: the next run goes on from the last commit, and nothing shows in the table. */
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { startHubspotSandbox, type HubspotSandbox } from "../../sandbox/hubspot/index.ts";
import { hubspotProject, type HubspotProject } from "../support/hubspot-project.ts";
import { expectMirror } from "../support/mirror.ts";
import { warehouses, type TestWarehouse } from "../support/warehouses.ts";

/** More than a search gives; `ETL_TEST_SCALE=1` takes more of them. */
const records = process.env["ETL_TEST_SCALE"] ? 30_000 : 12_000;
const kept = [
  "id",
  "hs_object_id",
  "firstname",
  "lastname",
  "email",
  "city",
  "num_notes",
  "createdate",
  "lastmodifieddate",
];

/** Fewer columns, so that a run is over in seconds; paging, delta and keys are the shipped ones. */
function keepFewColumns(file: string): void {
  const document = parseDocument(readFileSync(file, "utf8"));
  const mapping = (document.toJS() as { mapping: Record<string, unknown> }).mapping;
  for (const column of Object.keys(mapping)) if (!kept.includes(column)) document.deleteIn(["mapping", column]);
  for (const key of ["rules", "tests"]) document.delete(key);
  writeFileSync(file, document.toString());
}

async function contents(warehouse: TestWarehouse): Promise<string> {
  return JSON.stringify(
    await warehouse.query(`select ${kept.join(", ")} from hubspot_contact order by id`),
    (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value),
  );
}

/** Records that the run in hand has committed; 0 before it has a history. */
async function committed(warehouse: TestWarehouse): Promise<number> {
  try {
    const [row] = await warehouse.query("select records_processed from sync_history order by id desc limit 1");
    return Number(row?.["records_processed"] ?? 0);
  } catch {
    return 0;
  }
}

describe.each(warehouses)("kill -9 of a run into $name", ({ open }) => {
  let sandbox: HubspotSandbox;
  let project: HubspotProject;
  let undisturbed: string;

  beforeAll(async () => {
    sandbox = await startHubspotSandbox({ records, deals: 0, seed: 11, limits: false });
    project = hubspotProject(sandbox);
    keepFewColumns(project.spec("contacts"));
    const warehouse = await open();
    const { runs } = await project.run("contacts", warehouse);
    expect(runs[0]).toMatchObject({ status: "success", fetched: records });
    undisturbed = await contents(warehouse);
    await warehouse.close();
  }, 120_000);
  afterAll(async () => {
    await sandbox.close();
    project.remove();
  });

  /** Starts a run and kills it once it has committed at least so many records. Gives how many it had. */
  async function killAt(warehouse: TestWarehouse, point: number): Promise<number> {
    const running = project.start(["run", project.spec("contacts"), "--warehouse", warehouse.address]);
    let gone = false;
    void running.ended.then(() => (gone = true));
    while (!gone && (await committed(warehouse)) < point) await sleep(5);
    running.process.kill("SIGKILL");
    const { signal } = await running.ended;
    expect(signal).toBe("SIGKILL");
    return committed(warehouse);
  }

  // The points are drawn anew in every run of the tests; the name tells them when one fails.
  const points = Array.from({ length: 5 }, () => Math.floor(Math.random() * 0.8 * records));

  it.each(points.slice(0, 3))(
    "after %i records: the next run resumes, and the table is that of an undisturbed run",
    async (point) => {
      const warehouse = await open();
      const before = await killAt(warehouse, point);
      const { output, runs } = await project.run("contacts", warehouse);
      expect(await contents(warehouse)).toBe(undisturbed);
      expect(runs.map(({ status, mode }) => [status, mode])).toEqual(
        before > 0
          ? [
              ["success", "initial_full"],
              ["success", "incremental"],
            ]
          : [["success", "initial_full"]],
      );
      expect(runs[0]!.fetched).toBe(records);
      if (before > 0) {
        expect(output.stderr).toContain("died without closing its history");
        expect(output.stderr).toMatch(/Starting hubspot contacts sync \(resuming run 1, initial_full\)/);
        // What was committed is not asked for again; the page in hand may be.
        expect(runs[0]!.api_calls).toBeLessThanOrEqual((records - before) / 100 + 2);
      }
      await warehouse.close();
    },
    120_000,
  );

  it.each(points.slice(3))(
    "after %i records, the source changing meanwhile: what changed comes with the run after",
    async (point) => {
      const warehouse = await open();
      await killAt(warehouse, Math.max(point, 1));
      sandbox.touch({ count: 300, properties: { city: "Moved" } });
      sandbox.create({ count: 7 });
      sandbox.archive({ count: 3 });
      const { runs } = await project.run("contacts", warehouse);
      expect(runs.map(({ status, mode }) => [status, mode])).toEqual([
        ["success", "initial_full"],
        ["success", "incremental"],
      ]);
      await expectMirror(sandbox, warehouse);
      await warehouse.close();
    },
    120_000,
  );
});
