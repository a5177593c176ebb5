/** The YAML of docs/database-source.md: all of it is valid, and the appointments are run against MariaDB. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadSpecs, openContext } from "../../src/cli/context.ts";
import { formatProblems } from "../../src/spec/problem.ts";
import { runsOf } from "../support/hubspot-project.ts";
import { runEtl } from "../support/warm-etl.ts";
import { freshMysql, hasMysql } from "../support/mysql.ts";
import { warehouses } from "../support/warehouses.ts";

const page = readFileSync(new URL("../../docs/database-source.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml]) => yaml!);
const folder = mkdtempSync(join(tmpdir(), "etl-database-docs-"));

beforeAll(() => {
  writeFileSync(join(folder, "etl.yml"), "environments: { development: { validation: strict } }\n");
  for (const yaml of blocks) {
    const [, kind, system, entity] = /^(connection|pipeline): (\w+)(?:\.(\w+))?/.exec(yaml)!;
    mkdirSync(join(folder, "pipelines", system!), { recursive: true });
    writeFileSync(join(folder, "pipelines", system!, kind === "connection" ? "connection.yml" : `${entity}.yml`), yaml);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("docs/database-source.md", () => {
  it("every block is a connection or a pipeline, and valid", () => {
    expect(blocks.length).toBeGreaterThanOrEqual(8);
    const specs = loadSpecs([folder], openContext([folder], {}, {}));
    expect(formatProblems(specs.problems, "text")).toBe("");
    expect(specs.pipelines.map(({ spec }) => spec.pipeline).toSorted()).toEqual([
      "genius.appointments",
      "genius.job_change_orders",
      "genius.services",
      "salespro.lead_results",
    ]);
  });

  it.skipIf(!hasMysql)("the appointments run: joins, NULLs, durations and what changed", async () => {
    const mysql = await freshMysql();
    const warehouse = await warehouses[0].open();
    try {
      await mysql.query(`
        CREATE TABLE third_party_source_type (id INT PRIMARY KEY, label VARCHAR(20));
        CREATE TABLE third_party_source (id INT PRIMARY KEY, third_party_source_type_id INT, third_party_id VARCHAR(40));
        CREATE TABLE appointment (id INT PRIMARY KEY, type_id INT, prospect_id INT, date DATE, time TIME, duration TIME, notes TEXT,
          third_party_source_id INT, updated_at DATETIME NULL, add_date DATETIME, KEY (updated_at, id), KEY (add_date));
        INSERT INTO third_party_source_type VALUES (1, 'hubspot'), (2, 'other');
        INSERT INTO third_party_source VALUES (1, 1, '123456789012'), (2, 2, '77');
        INSERT INTO appointment VALUES
          (1, 1, 5, '2026-05-01', '09:30:00', '01:30:00', 'it''s', 1, '2026-05-01 08:00:00', '2026-04-30 10:00:00'),
          (2, 1, 6, '2026-05-02', '23:59:59', '-100:00:00', NULL, 2, NULL, '2026-05-01 09:00:00'),
          (3, 9, 7, '2026-05-03', '10:00:00', '00:00:00', 'left out', NULL, '2026-05-01 10:00:00', NULL),
          (4, 1, 8, '2026-05-04', '00:00:00', '00:00:00', 'neither', NULL, NULL, NULL)`);
      const url = new URL(mysql.url);
      const env = {
        GENIUS_DB_HOST: url.hostname,
        GENIUS_DB_PORT: url.port || "3306",
        GENIUS_DB_NAME: mysql.name,
        GENIUS_DB_USER: url.username,
        GENIUS_DB_PASSWORD: url.password,
      };
      const run = async () => {
        const ended = await runEtl(
          ["run", "genius.appointments", "--warehouse", warehouse.address, "--output", "json"],
          { cwd: folder, env },
        );
        return runsOf(ended).at(-1);
      };
      expect(await run()).toMatchObject({ status: "success", created: 3, rejected: 0, error: null });
      const rows = await warehouse.query(
        "SELECT id, time, duration, hubspot_appointment_id, updated_at FROM genius_appointment ORDER BY id",
      );
      expect(
        rows.map((row) => Object.values(row).map((value) => (typeof value === "bigint" ? Number(value) : value))),
      ).toEqual([
        [1, "09:30:00", "PT1H30M", 123456789012, "2026-05-01T15:00:00.000000Z"],
        [2, "23:59:59", "PT-100H", null, "2026-05-01T16:00:00.000000Z"],
        [4, "00:00:00", "PT0S", null, null],
      ]);
      await mysql.query("UPDATE appointment SET notes = 'moved', updated_at = '2026-05-02 08:00:00' WHERE id = 1");
      expect(await run()).toMatchObject({ fetched: 3, updated: 1, unchanged: 2 });
    } finally {
      await mysql.drop();
      await warehouse.close();
    }
  });
});
