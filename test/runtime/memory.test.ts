/** Memory is flat: a million rows cost what a hundred thousand cost. */
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runsOf, startEtl } from "../support/hubspot-project.ts";
import { warehouses } from "../support/warehouses.ts";

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
  await writeCsv(join(folder, "small.csv"), 100_000);
  await writeCsv(join(folder, "large.csv"), 1_000_000);
  writeSpec("small", "small.csv");
  writeSpec("large", "large.csv");
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(warehouses)("1,000,000 rows of 10 columns into $name", ({ open, name }) => {
  it("peak under 150 MB, and within 10 % of what 100,000 rows need", async () => {
    const warehouse = await open();
    const peak = async (spec: string, rows: number): Promise<number> => {
      const output = await startEtl(
        ["run", join(folder, `${spec}.yml`), "--full", "--warehouse", warehouse.address, "--output", "json"],
        { cwd: folder },
      ).ended;
      const [run] = runsOf(output);
      expect(run).toMatchObject({ status: "success", fetched: rows, rejected: 0 });
      return run!.peak_rss_mb;
    };
    // The first start in a clone strips types, which costs memory of its own; it is kept between runs.
    await peak("small", 100_000);
    const small = Math.max(await peak("small", 100_000), await peak("small", 100_000));
    const large = await peak("large", 1_000_000);
    console.log(`${name}: ${small} MB for 100,000 rows, ${large} MB for 1,000,000`);
    expect(large).toBeLessThan(150);
    expect(large).toBeLessThanOrEqual(small * 1.1);
    await warehouse.close();
  }, 180_000);
});
