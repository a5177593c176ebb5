/** The 42,366 real zip codes, the same in both sinks as an independent program imports them. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runsOf } from "../support/hubspot-project.ts";
import { runEtl } from "../support/warm-etl.ts";
import { freshDatabase } from "../support/postgres.ts";
import { warehouses, type TestWarehouse } from "../support/warehouses.ts";

const file = fileURLToPath(new URL("../../../shared/data/zipcodes/all_us_zipcodes.csv", import.meta.url));
const present = existsSync(file);
if (!present) console.log("skipped: the zip codes of ../shared/data are not on this machine");
const columns = ["code", "city", "state", "county", "area_code", "lat", "lon"];

function checksum(rows: Record<string, unknown>[]): string {
  const hash = createHash("sha256");
  for (const row of rows) hash.update(JSON.stringify(columns.map((column) => row[column] ?? null)));
  return hash.digest("hex");
}

const ordered = `select ${columns.join(", ")} from zipcode`;
const byCode = (a: Record<string, unknown>, b: Record<string, unknown>): number =>
  String(a["code"]) < String(b["code"]) ? -1 : 1;

/** What `sqlite3 .import` makes of the file: all text, empty where nothing stands. */
function importBySqlite(folder: string): Record<string, unknown>[] {
  const database = join(folder, "independent.db");
  execFileSync("sqlite3", [database], { input: `.mode csv\n.import '${file}' zipcode\n` });
  const json = execFileSync(
    "sqlite3",
    [
      "-json",
      database,
      `select ${columns.map((column) => `nullif(trim(${column}), '') as ${column}`).join(", ")} from zipcode`,
    ],
    { maxBuffer: 1 << 28 },
  );
  return JSON.parse(json.toString()) as Record<string, unknown>[];
}

/** What PostgreSQL's own COPY makes of it. */
async function importByCopy(): Promise<Record<string, unknown>[]> {
  const database = await freshDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query(`create table zipcode (${columns.map((column) => `${column} text`).join(", ")})`);
    await pipeline(
      Readable.from([readFileSync(file)]),
      client.query(copyFrom("copy zipcode from stdin with (format csv, header)")),
    );
    return (
      await client.query<Record<string, unknown>>(
        `select ${columns.map((column) => `nullif(trim(${column}), '') as ${column}`).join(", ")} from zipcode`,
      )
    ).rows;
  } finally {
    await client.end();
    await database.drop();
  }
}

function hasSqlite3(): boolean {
  try {
    execFileSync("sqlite3", ["-version"]);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!present).each(warehouses)("real zip codes into $name", ({ open }) => {
  let warehouse: TestWarehouse;
  let folder: string;
  const run = async () =>
    runsOf(
      await runEtl(["run", join(folder, "zipcodes.yml"), "--warehouse", warehouse.address, "--output", "json"], {
        cwd: folder,
      }),
    );

  beforeAll(async () => {
    warehouse = await open();
    folder = mkdtempSync(join(tmpdir(), "etl-zip-"));
    const mapping = columns.map((column) => `  ${column}: ${column}`).join("\n");
    writeFileSync(
      join(folder, "zipcodes.yml"),
      `pipeline: geo.zipcodes\nsource: { type: csv, path: ${JSON.stringify(file)} }\nmapping:\n${mapping}\nupsert: { keys: [code] }\nsink: { table: zipcode }\n`,
    );
  });
  afterAll(async () => {
    await warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("has the count and checksum of COPY, and of sqlite3's .import", async () => {
    const [first] = await run();
    expect(first).toMatchObject({ status: "success", fetched: 42_366, created: 42_366, rejected: 0, warnings: 0 });
    const rows = (await warehouse.query(ordered)).sort(byCode);
    expect(rows).toHaveLength(42_366);
    expect(checksum(rows)).toBe(checksum((await importByCopy()).sort(byCode)));
    if (hasSqlite3()) expect(checksum(rows)).toBe(checksum(importBySqlite(folder).sort(byCode)));
    else console.log("sqlite3 is not on this machine: compared with COPY alone");
  });

  it("finds all unchanged in a second run, and writes nothing", async () => {
    const before = await warehouse.query("select max(sync_updated_at) as at, max(sync_run_id) as run from zipcode");
    const [second] = await run();
    expect(second).toMatchObject({ status: "success", fetched: 42_366, created: 0, updated: 0, unchanged: 42_366 });
    expect(await warehouse.query("select max(sync_updated_at) as at, max(sync_run_id) as run from zipcode")).toEqual(
      before,
    );
  });
});
