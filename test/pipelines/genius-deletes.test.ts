/** Rows of Genius that are gone: found after a delta where the shipped specs say so, by a few statements. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GeniusSandbox, startGeniusSandbox } from "../../sandbox/genius/index.ts";
import { type GeniusProject, geniusProject } from "../support/genius-project.ts";
import { hasMysql, mysqlServer } from "../support/mysql.ts";
import { warehouses } from "../support/warehouses.ts";

const sources = [
  { from: "MariaDB", on: "mysql", present: hasMysql, into: warehouses[1] },
  { from: "SQLite", on: "sqlite", present: true, into: warehouses[0] },
] as const;

for (const { from, on, present, into } of sources) {
  describe.skipIf(!present)(`from ${from} into ${into.name}`, () => {
    let sandbox: GeniusSandbox;
    let project: GeniusProject;
    beforeAll(async () => {
      sandbox = await startGeniusSandbox({ on, server: mysqlServer, records: 100 });
      project = geniusProject(sandbox);
    });
    afterAll(async () => {
      project.remove();
      await sandbox.close();
    });

    const tables = [
      ["appointment_services", "appointment_to_service", "genius_appointment_service"],
      ["job_change_order_items", "job_change_order_item", "genius_job_change_order_item"],
    ] as const;
    it.each(tables)("%s: a delta marks what is gone, and no more", { timeout: 60_000 }, async (name, table, target) => {
      const warehouse = await into.open();
      try {
        const before = (await sandbox.all(table)).length;
        await project.run(`genius.${name}`, warehouse);
        expect(await sandbox.remove({ table, count: 2 })).toHaveLength(2);
        const delta = (await project.run(`genius.${name}`, warehouse)).get(name)!;
        expect(delta).toMatchObject({ mode: "incremental", status: "success", deleted: 2 });
        const live = await warehouse.query(`SELECT count(*) AS n FROM ${target} WHERE deleted_at IS NULL`);
        expect(Number(live[0]!["n"])).toBe(before - 2);
        expect((await project.run(`genius.${name}`, warehouse)).get(name)).toMatchObject({ deleted: 0 });
      } finally {
        await warehouse.close();
      }
    });
  });
}
