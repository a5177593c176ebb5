/** The databases that the source's tests run on: each with a database of its own, filled by SQL. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { freshMysql, hasMysql } from "../support/mysql.ts";
import { freshDatabase } from "../support/postgres.ts";

export interface TestDatabase {
  connection: Record<string, unknown>;
  /** Runs SQL, several statements if need be. */
  run(sql: string): Promise<void>;
  close(): Promise<void>;
}

async function sqlite(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "etl-source-"));
  const file = join(folder, "shop.db");
  const database = new DatabaseSync(file);
  return {
    connection: { dialect: "sqlite", database: file },
    run: async (sql) => database.exec(sql),
    async close() {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function postgres(): Promise<TestDatabase> {
  const database = await freshDatabase();
  return {
    connection: { dialect: "postgres", url: database.url },
    run: async (sql) => void (await database.query(sql)),
    close: () => database.drop(),
  };
}

async function mysql(): Promise<TestDatabase> {
  const database = await freshMysql();
  return {
    connection: { dialect: "mysql", url: database.url },
    run: async (sql) => void (await database.query(sql)),
    close: () => database.drop(),
  };
}

export interface Server {
  name: "SQLite" | "PostgreSQL" | "MariaDB";
  dialect: "sqlite" | "postgres" | "mysql";
  skip: boolean;
  open(): Promise<TestDatabase>;
}

export const servers: readonly Server[] = [
  { name: "SQLite", dialect: "sqlite", skip: false, open: sqlite },
  { name: "PostgreSQL", dialect: "postgres", skip: false, open: postgres },
  { name: "MariaDB", dialect: "mysql", skip: !hasMysql, open: mysql },
];
