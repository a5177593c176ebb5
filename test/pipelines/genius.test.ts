/** The Genius pipelines, all of them, from MariaDB and from SQLite into both warehouses: row by row, column by column. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GeniusSandbox, startGeniusSandbox } from "../../sandbox/genius/index.ts";
import { type GeniusProject, geniusProject } from "../support/genius-project.ts";
import { expectMirrored, targets } from "../support/genius-tables.ts";
import { hasMysql, mysqlServer } from "../support/mysql.ts";
import { type TestWarehouse, warehouses } from "../support/warehouses.ts";

/** The order in which the original ran them; those of a line in any. */
const order = [
  ["division_groups", "division_regions"],
  ["divisions", "user_titles"],
  ["user_data"],
  ["prospects", "user_associations", "integration_fields"],
  ["prospect_sources"],
  ["appointments"],
  ["quotes"],
  ["jobs"],
  ["appointment_services", "job_change_order_items", "job_financings"],
  ["job_change_orders"],
];

it("has a pipeline for every table, and no other", () => {
  const folder = fileURLToPath(new URL("../../pipelines/genius", import.meta.url));
  const specs = readdirSync(folder).filter((file) => file.endsWith(".yml") && file !== "connection.yml");
  expect(specs.map((file) => file.replace(".yml", "")).sort()).toEqual(targets.map(({ pipeline }) => pipeline).sort());
});

const sources = [
  { from: "MariaDB", on: "mysql", present: hasMysql },
  { from: "SQLite", on: "sqlite", present: true },
] as const;

describe.each(sources)("from $from", ({ on, present }) => {
  describe.skipIf(!present).each(warehouses)("into $name", ({ open }) => {
    let sandbox: GeniusSandbox;
    let project: GeniusProject;
    let warehouse: TestWarehouse;
    beforeAll(async () => {
      sandbox = await startGeniusSandbox({ on, server: mysqlServer, records: 150 });
      project = geniusProject(sandbox);
      warehouse = await open();
    });
    afterAll(async () => {
      project.remove();
      await warehouse.close();
      await sandbox.close();
    });

    it("every table is read, in the order of the original", { timeout: 120_000 }, async () => {
      const runs = await project.run("pipelines/genius", warehouse);
      expect(runs.size).toBe(targets.length);
      expect([...runs.values()].filter(({ status, rejected }) => status !== "success" || rejected > 0)).toEqual([]);
      const started = [...runs].sort(([, a], [, b]) => Number(a.run_id) - Number(b.run_id)).map(([name]) => name);
      const places = order.map((line) => line.map((name) => started.indexOf(name)));
      for (const [at, line] of places.slice(1).entries())
        expect(Math.min(...line), order[at + 1]!.join()).toBeGreaterThan(places[at]![0]!);
      await expectMirrored(sandbox, warehouse);
    });

    it("the secrets of division_group are nowhere in the warehouse", async () => {
      const [row] = await warehouse.query("SELECT * FROM genius_division_group WHERE id = 1");
      expect(Object.keys(row!).filter((name) => /secret|profile|paysimple|docusign/.test(name))).toEqual([]);
      expect(JSON.stringify(row, (_, value) => (typeof value === "bigint" ? String(value) : value))).not.toContain(
        "never-to-be-read",
      );
    });

    it("a delta reads what was changed and made since, and no more", { timeout: 120_000 }, async () => {
      await sandbox.touch({ table: "prospect", count: 5, values: { city: "Elsewhere" } });
      await sandbox.touch({ table: "appointment", count: 3, values: { duration: "-100:00:00" } });
      await sandbox.touch({ table: "lead", count: 1, values: { third_party_source_id: 2 } });
      await sandbox.create({ table: "prospect", count: 4 });
      await sandbox.create({ table: "appointment_to_service", count: 2 });
      await sandbox.create({ table: "marketsharp_marketing_source_map" });
      // Never changed since they were made.
      await sandbox.create({ table: "lead", count: 2, values: { updated_at: null } });
      await sandbox.create({ table: "prospect_source", count: 2, values: { updated_at: null } });
      await sandbox.create({ table: "marketing_source_type", values: { updated_at: null } });
      // The group of a user's logins has another primary one; the user's own row is as it was.
      await sandbox.touch({ table: "users_userassociations", values: { primary_user_id: 59 } });
      const runs = await project.run("pipelines/genius", warehouse);
      const changed = [...runs].flatMap(([name, { created, updated }]) =>
        created + updated ? [[name, created, updated]] : [],
      );
      expect(changed.sort()).toEqual([
        ["appointment_services", 2, 0],
        ["appointments", 0, 3],
        ["leads", 2, 1],
        ["marketing_source_types", 1, 0],
        ["marketsharp_marketing_source_maps", 1, 0],
        ["prospect_sources", 2, 0],
        ["prospects", 4, 5],
        ["user_associations", 0, 1],
        ["user_data", 0, expect.any(Number)],
      ]);
      expect(runs.get("user_data")!.updated).toBeGreaterThan(0);
      expect(runs.get("prospects")).toMatchObject({ mode: "incremental" });
      expect(runs.get("prospects")!.fetched).toBeLessThan(15);
      expect(runs.get("jobs")!.fetched).toBeLessThan(5);
      await expectMirrored(sandbox, warehouse);
    });

    it("a delta after which nothing changed writes nothing", { timeout: 120_000 }, async () => {
      const runs = await project.run("pipelines/genius", warehouse);
      expect([...runs.values()].filter(({ created, updated, rejected }) => created + updated + rejected > 0)).toEqual(
        [],
      );
    });

    it("a full run brings in the HubSpot id that no updated_at tells of", { timeout: 60_000 }, async () => {
      // Of a prospect that no run of late has read.
      const [link] = await sandbox.query(
        `SELECT max(p.third_party_source_id) AS id FROM prospect p JOIN third_party_source t ON t.id = p.third_party_source_id
         WHERE t.third_party_source_type_id = 1 AND p.id BETWEEN 20 AND 150 AND p.third_party_source_id NOT IN
         (SELECT third_party_source_id FROM prospect WHERE third_party_source_id IS NOT NULL AND (id < 20 OR id > 150))`,
      );
      await sandbox.query("UPDATE third_party_source SET third_party_id = '777' WHERE id = ?", [link!["id"]!]);
      const delta = await project.run("genius.prospects", warehouse);
      expect(delta.get("prospects")!.updated).toBe(0);
      const full = await project.run("genius.prospects", warehouse, "--full");
      expect(full.get("prospects")!.updated).toBeGreaterThan(0);
      await expectMirrored(
        sandbox,
        warehouse,
        targets.filter(({ pipeline }) => pipeline === "prospects"),
      );
    });
  });
});
