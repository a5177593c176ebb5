/**
 * The table that took the original hours: job_change_orders, of which a thousand rows changed. A delta reads those and
 * no others, which MariaDB itself is asked about. ETL_TEST_GENIUS_ROWS sets how many rows there are.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GeniusSandbox, startGeniusSandbox, wallTime } from "../../sandbox/genius/index.ts";
import { type GeniusProject, geniusProject } from "../support/genius-project.ts";
import { expectMirrored, targets } from "../support/genius-tables.ts";
import { hasMysql, mysqlServer } from "../support/mysql.ts";
import { type TestWarehouse, warehouses } from "../support/warehouses.ts";

const rows = Number(process.env["ETL_TEST_GENIUS_ROWS"] ?? 100_000);
/** The numbers of a run that was asked for. */
const tell = (line: string): void => void (process.env["ETL_TEST_GENIUS_ROWS"] && console.log(line));
const changes = 1_000;
const zone = "America/Los_Angeles";
const plan = ["plan", "genius.job_change_orders"];

interface Analysis {
  /** How the table was come at: `range` over an index, `ALL` for the whole. */
  access: string;
  key: string | undefined;
  /** Rows that were really read. */
  read: number;
}

/** What MariaDB did for a statement, as its `ANALYZE FORMAT=JSON` tells. */
function analysisOf(json: string): Analysis {
  let found: Analysis | undefined;
  JSON.parse(json, (name, value: unknown) => {
    if (name !== "table") return value;
    const table = value as { access_type: string; key?: string; r_rows: number; r_loops: number };
    found = { access: table.access_type, key: table.key, read: table.r_rows * table.r_loops };
    return value;
  });
  return found!;
}

describe.skipIf(!hasMysql)(`job_change_orders, ${rows.toLocaleString("en-US")} rows, from MariaDB`, () => {
  let sandbox: GeniusSandbox;
  let project: GeniusProject;
  let warehouse: TestWarehouse;
  beforeAll(async () => {
    const started = Date.now();
    const counts = { job_change_order: rows };
    sandbox = await startGeniusSandbox({ on: "mysql", server: mysqlServer, records: 10, counts });
    project = geniusProject(sandbox);
    warehouse = await warehouses[1].open();
    tell(`sandbox of ${rows} rows: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }, 600_000);
  afterAll(async () => {
    project.remove();
    await warehouse.close();
    await sandbox.close();
  });

  it("the first load reads every row once", { timeout: 300_000 }, async () => {
    const run = (await project.run("genius.job_change_orders", warehouse)).get("job_change_orders")!;
    expect(run).toMatchObject({ fetched: rows, created: rows, duplicates: 0 });
    tell(
      `first load: ${run.fetched} rows in ${run.duration_seconds} s, ${run.api_calls} queries, ${run.peak_rss_mb} MB`,
    );
  });

  it(`a delta reads the ${changes} that changed, in seconds`, { timeout: 400_000 }, async () => {
    const at = wallTime(new Date(), zone);
    await sandbox.query(
      `UPDATE job_change_order SET financing_note = 'changed', updated_at = '${at}' WHERE id % ${rows / changes} = 0`,
    );
    const planned = await project.etl(...plan, "--warehouse", warehouse.address, "--output", "json");
    const { request } = JSON.parse(planned.stdout) as { request: { body: string } };
    const [text, values] = request.body.split("\n-- values: ") as [string, string];
    const bounds = JSON.parse(`[${values}]`) as string[];
    // Those that changed, and the few of the last five minutes before the watermark.
    const [due] = await sandbox.query(
      "SELECT count(*) AS n FROM job_change_order WHERE updated_at >= ? AND updated_at < ?",
      bounds,
    );
    const wanted = Number(due!["n"]);
    expect(wanted - changes).toBeLessThan(100);
    const [analysed] = await sandbox.query(`ANALYZE FORMAT=JSON ${text}`, bounds);
    const analysis = analysisOf(Object.values(analysed!)[0]!);
    tell(`${request.body}\n${JSON.stringify(analysis)}`);
    expect(analysis).toMatchObject({ access: "range", key: "job_change_order_updated_at" });
    expect(analysis.read).toBe(wanted);
    const run = (await project.run("genius.job_change_orders", warehouse)).get("job_change_orders")!;
    tell(`delta: ${run.fetched} rows in ${run.duration_seconds} s, ${run.api_calls} queries`);
    expect(run).toMatchObject({ mode: "incremental", updated: changes, created: 0, rejected: 0 });
    expect(run.fetched).toBe(wanted);
    expect(run.duration_seconds).toBeLessThan(10);
    await expectMirrored(
      sandbox,
      warehouse,
      targets.filter(({ pipeline }) => pipeline === "job_change_orders"),
    );
  });
});
