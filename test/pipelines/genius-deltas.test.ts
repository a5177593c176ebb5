/** Deltas of Genius where they are easily wrong: no row is lost, and each is there once. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GeniusSandbox, oneTimestamp, startGeniusSandbox } from "../../sandbox/genius/index.ts";
import { type GeniusProject, geniusProject } from "../support/genius-project.ts";
import { expectMirrored, targets } from "../support/genius-tables.ts";
import { hasMysql, mysqlServer } from "../support/mysql.ts";
import { type TestWarehouse, warehouses } from "../support/warehouses.ts";

const zero = "0000-00-00 00:00:00";
const only = (...pipelines: string[]) => targets.filter(({ pipeline }) => pipelines.includes(pipeline));

const sources = [
  { from: "MariaDB", on: "mysql", present: hasMysql },
  { from: "SQLite", on: "sqlite", present: true },
] as const;

for (const { from, on, present } of sources) {
  describe.skipIf(!present)(`from ${from}`, () => {
    let sandbox: GeniusSandbox;
    let project: GeniusProject;
    let warehouse: TestWarehouse;
    beforeAll(async () => {
      sandbox = await startGeniusSandbox({ on, server: mysqlServer, records: 100, counts: { appointment: 13_000 } });
      project = geniusProject(sandbox);
    });
    beforeEach(async () => void (warehouse = await warehouses[0].open()));
    afterEach(() => warehouse.close());
    afterAll(async () => {
      project.remove();
      await sandbox.close();
    });

    it("rows that are made without an updated_at, or with a zero one, are found", { timeout: 60_000 }, async () => {
      const names = ["leads", "prospect_sources", "marketing_source_types"] as const;
      for (const name of names) await project.run(`genius.${name}`, warehouse);
      // Made and never changed, made and never given a time, and changed to no time at all.
      await sandbox.create({ table: "lead", values: { updated_at: null } });
      await sandbox.create({ table: "lead", values: { updated_at: null, added_on: null } });
      await sandbox.create({ table: "lead", values: { updated_at: zero } });
      await sandbox.create({ table: "lead", values: { updated_at: zero, added_on: zero } });
      await sandbox.create({ table: "prospect_source", values: { updated_at: zero } });
      await sandbox.create({ table: "prospect_source", values: { updated_at: null } });
      await sandbox.create({ table: "marketing_source_type", values: { updated_at: zero } });
      const created = [];
      for (const name of names) {
        const run = (await project.run(`genius.${name}`, warehouse)).get(name)!;
        expect(run.mode).toBe("incremental");
        created.push(run.created);
      }
      expect(created).toEqual([4, 2, 1]);
      await expectMirrored(sandbox, warehouse, only(...names));
    });

    it(
      "an appointment whose updated_at, the key of its pages, is a zero date is found",
      { timeout: 60_000 },
      async () => {
        await project.run("genius.appointments", warehouse, "--batch-size", "5000");
        const before = await sandbox.all("appointment");
        await sandbox.create({ table: "appointment", values: { updated_at: zero } });
        const run = (await project.run("genius.appointments", warehouse)).get("appointments")!;
        expect(run).toMatchObject({ mode: "incremental", created: 1 });
        expect(run.fetched).toBeLessThan(10);
        expect(before).toHaveLength(13_000);
        await expectMirrored(sandbox, warehouse, only("appointments"));
        await sandbox.query("DELETE FROM appointment WHERE id > 13000");
      },
    );

    it("twelve thousand rows with one updated_at, in a first load and in a delta", { timeout: 120_000 }, async () => {
      const many = "WHERE id > 500 AND id <= 12500";
      await sandbox.query(`UPDATE appointment SET updated_at = '${oneTimestamp}' ${many}`);
      const first = (await project.run("genius.appointments", warehouse)).get("appointments")!;
      expect(first).toMatchObject({ fetched: 13_000, created: 13_000, duplicates: 0 });
      const [at] = await sandbox.touch({ table: "appointment", keys: [{ id: 1 }] });
      expect(at).toEqual({ id: 1 });
      await sandbox.query(
        `UPDATE appointment SET city = 'Elsewhere', updated_at = (SELECT at FROM (SELECT updated_at AS at FROM appointment WHERE id = 1) AS one) ${many}`,
      );
      const delta = (await project.run("genius.appointments", warehouse)).get("appointments")!;
      expect(delta).toMatchObject({ mode: "incremental", updated: 12_001, created: 0, duplicates: 0 });
      // Three pages of 5,000: not one of them knows the others but by its last row.
      expect(delta.fetched).toBeGreaterThanOrEqual(12_001);
      expect(delta.fetched).toBeLessThan(12_100);
      await expectMirrored(sandbox, warehouse, only("appointments"));
    });

    it(
      "rows that change while they are read are there as they are now after the next delta",
      { timeout: 120_000 },
      async () => {
        for (const mode of ["initial_full", "incremental"]) {
          const running = project.start(
            "run",
            "genius.appointments",
            "--warehouse",
            warehouse.address,
            "--batch-size",
            "200",
            "--output",
            "json",
          );
          let ended = false;
          const end = running.ended.finally(() => (ended = true));
          let changed = 0;
          while (!ended) {
            // From both ends of what is read: before the page in hand and behind it.
            const id = changed % 2 === 0 ? 1 + (changed % 500) : 13_000 - (changed % 500);
            await sandbox.touch({ table: "appointment", keys: [{ id }], values: { notes: `${mode} ${changed++}` } });
            if (changed % 20 === 0) await sandbox.create({ table: "appointment" });
            await sleep(5);
          }
          const { code, stdout, stderr } = await end;
          expect(code, stderr).toBe(0);
          expect(stdout).toContain(`"mode":"${mode}"`);
          expect(changed).toBeGreaterThan(10);
        }
        await project.run("genius.appointments", warehouse);
        await expectMirrored(sandbox, warehouse, only("appointments"));
      },
    );

    it("rows that are gone are found by a full run where the spec says so", { timeout: 60_000 }, async () => {
      const file = join(project.folder, "pipelines/genius/quotes.yml");
      const spec = readFileSync(file, "utf8");
      writeFileSync(file, spec.replace("\nsink:", "\ndeletes: { detect: missing, on: full, max: 10% }\nsink:"));
      await project.run("genius.quotes", warehouse);
      const gone = await sandbox.remove({ table: "quote", count: 3 });
      const delta = (await project.run("genius.quotes", warehouse)).get("quotes")!;
      const full = (await project.run("genius.quotes", warehouse, "--full")).get("quotes")!;
      expect([delta.deleted, full.deleted]).toEqual([0, 3]);
      const rows = await warehouse.query("SELECT id FROM genius_quote WHERE deleted_at IS NOT NULL ORDER BY id");
      expect(rows.map(({ id }) => String(id))).toEqual(gone.map(({ id }) => String(id)));
      writeFileSync(file, spec);
    });
  });
}
