/** Both warehouses, for tests that run on each. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { freshDatabase } from "./postgres.ts";

export interface TestWarehouse {
  address: string;
  /** Rows of a query over a connection of its own; timestamps as ISO text. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

async function sqlite(): Promise<TestWarehouse> {
  const folder = mkdtempSync(join(tmpdir(), "etl-warehouse-"));
  const file = join(folder, "warehouse.db");
  return {
    address: `sqlite:${file}`,
    async query(sql) {
      const database = new DatabaseSync(file, { readOnly: true });
      try {
        const statement = database.prepare(sql);
        statement.setReadBigInts(true);
        return statement.all() as Record<string, unknown>[];
      } finally {
        database.close();
      }
    },
    async close() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function postgres(): Promise<TestWarehouse> {
  const database = await freshDatabase();
  return {
    address: database.url,
    async query(sql) {
      // The test server's own settings are odd on purpose; what is compared is not.
      const client = new pg.Client({
        connectionString: database.url,
        options: "-c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC",
      });
      await client.connect();
      const { rows } = await client.query<Record<string, unknown>>(sql).finally(() => client.end());
      return rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
        ),
      );
    },
    close: () => database.drop(),
  };
}

export const warehouses = [
  { name: "SQLite", open: sqlite },
  { name: "PostgreSQL", open: postgres },
] as const;
