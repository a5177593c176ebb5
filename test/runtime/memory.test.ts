/** Memory is flat: many rows cost what a few cost. */
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runsOf, startEtl } from "../support/hubspot-project.ts";
import { freshMysql, hasMysql } from "../support/mysql.ts";
import { freshDatabase } from "../support/postgres.ts";
import { warehouses, type TestWarehouse } from "../support/warehouses.ts";

/** 300,000 rows against 100,000 in CI; with `ETL_TEST_SCALE=1` a million. */
const small = 100_000;
const large = process.env["ETL_TEST_SCALE"] ? 1_000_000 : 300_000;

let folder: string;

async function writeCsv(file: string, rows: number): Promise<void> {
  const out = createWriteStream(file);
  out.write("id,name,email,city,amount,created,flag,code,score,note\n");
  for (let id = 0; id < rows; id++) {
    const line = `${id},Name ${id % 5_000},user${id}@example.com,City ${id % 300},${id % 10_000}.${String(id % 100).padStart(2, "0")},2024-01-${String((id % 28) + 1).padStart(2, "0")}T10:00:00Z,${id % 2 === 1},C${id % 100},${id / 2},some note text ${id % 77}\n`;
    if (!out.write(line)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
}

function writeSpec(name: string, file: string): void {
  writeFileSync(
    join(folder, `${name}.yml`),
    `pipeline: generated.${name}
source: { type: csv, path: ${file} }
mapping:
  id: { from: id, type: bigint }
  name: name
  email: { from: email, validate: email }
  city: city
  amount: { from: amount, type: "decimal(12,2)" }
  created: { from: created, type: timestamp }
  flag: { from: flag, type: boolean }
  code: code
  score: { from: score, type: double }
  note: note
upsert: { keys: [id] }
sink: { table: generated_${name} }
`,
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "etl-memory-"));
  await writeCsv(join(folder, "small.csv"), small);
  await writeCsv(join(folder, "large.csv"), large);
  writeSpec("small", "small.csv");
  writeSpec("large", "large.csv");
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Peak memory of a full run, in MB, from a process of its own. */
async function peakOf(spec: string, rows: number, warehouse: TestWarehouse): Promise<number> {
  const output = await startEtl(["run", spec, "--full", "--warehouse", warehouse.address, "--output", "json"], {
    cwd: folder,
  }).ended;
  const [run] = runsOf(output);
  expect(run).toMatchObject({ status: "success", fetched: rows, rejected: 0 });
  return run!.peak_rss_mb;
}

/**
 * A run of few rows, and one of many: the second under the bar, and not much above the first.
 * @param most in MB, from a clone: the built package takes 20 MB less
 * @param growth how much more the second may take
 */
async function expectFlat(
  name: string,
  specs: { few: string; many: string },
  { warehouse, most = 150, growth = 1.1 }: { warehouse: TestWarehouse; most?: number; growth?: number },
): Promise<void> {
  // The first start in a clone strips types, which costs memory of its own; it is kept between runs.
  await peakOf(specs.few, small, warehouse);
  const few = Math.max(await peakOf(specs.few, small, warehouse), await peakOf(specs.few, small, warehouse));
  const many = await peakOf(specs.many, large, warehouse);
  console.log(`${name}: ${few} MB for ${small} rows, ${many} MB for ${large}`);
  expect(many).toBeLessThan(most);
  expect(many).toBeLessThanOrEqual(few * growth);
}

describe.each(warehouses)(`${large} rows of 10 columns of a file into $name`, ({ open, name }) => {
  it(`peak under 150 MB, and within 10 % of what ${small} rows need`, async () => {
    const warehouse = await open();
    const specs = { few: join(folder, "small.yml"), many: join(folder, "large.yml") };
    await expectFlat(`CSV into ${name}`, specs, { warehouse });
    await warehouse.close();
  }, 180_000);
});

const columns = Array.from({ length: 20 }, (_, at) => `c${at}`);
/** Numbers, texts, times, decimals, and what is NULL. */
const valueOf = (at: number, id: string): string =>
  [
    `${id} * 7`,
    `concat('text of ${at} for ', ${id})`,
    `timestamp '2024-01-01 10:00:00'`,
    `${id} * 0.25`,
    `case when ${id} % 3 = 0 then null else ${id} end`,
  ][at % 5]!;
const typeOf = (at: number): string => ["bigint", "text", "timestamp", "decimal(14,2)", "integer"][at % 5]!;

const servers = [
  {
    dialect: "postgres",
    has: true,
    open: freshDatabase,
    numbers: (rows: number) => `generate_series(1, ${rows}) AS n(id)`,
  },
  {
    dialect: "mysql",
    has: hasMysql,
    open: freshMysql,
    numbers: (rows: number) => `(SELECT seq AS id FROM seq_1_to_${rows}) AS n`,
  },
];

describe.each(servers)(`${large} rows of 20 columns of $dialect into PostgreSQL`, ({ dialect, has, open, numbers }) => {
  it.skipIf(!has)(
    `peak under 165 MB, and within 20 % of what ${small} rows need`,
    async () => {
      const [source, warehouse] = [await open(), await warehouses[1].open()];
      const system = join(folder, dialect);
      mkdirSync(system);
      writeFileSync(
        join(system, "connection.yml"),
        `connection: ${dialect}\ntype: database\ndialect: ${dialect}\nurl: ${source.url}\ntime_zone: UTC\n`,
      );
      for (const [name, rows] of [
        ["few", small],
        ["many", large],
      ] as const) {
        const values = columns.map((column, at) => `${valueOf(at, "id")} AS ${column}`);
        await source.query(`CREATE TABLE ${name} AS SELECT id, ${values.join(", ")} FROM ${numbers(rows)}`);
        await source.query(`ALTER TABLE ${name} ADD PRIMARY KEY (id)`);
        const mapping = columns.map((column, at) => `  ${column}: { from: ${column}, type: "${typeOf(at)}" }\n`);
        writeFileSync(
          join(system, `${name}.yml`),
          `pipeline: ${dialect}.${name}
source: { type: database, connection: ${dialect}, table: ${name}, pagination: { type: keyset, keys: [id] } }
mapping:
  id: { from: id, type: bigint }
${mapping.join("")}upsert: { keys: [id] }
sink: { table: ${name} }
`,
        );
      }
      const specs = { few: join(system, "few.yml"), many: join(system, "many.yml") };
      await expectFlat(dialect, specs, { warehouse, most: 165, growth: 1.2 });
      await source.drop();
      await warehouse.close();
    },
    180_000,
  );
});
