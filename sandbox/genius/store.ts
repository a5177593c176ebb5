/** Where the sandbox keeps its tables: a database of its own on a MySQL or MariaDB, or a SQLite file. */
import type { Cell } from "./table.ts";

export interface Store {
  dialect: "mysql" | "sqlite";
  /** What a connection of `etl` calls it. */
  url: string;
  execute(sql: string, values?: readonly Cell[]): Promise<void>;
  /** Rows as objects, every value as text or NULL. */
  query(sql: string, values?: readonly Cell[]): Promise<Record<string, string | null>[]>;
  /** Runs the work as one transaction. */
  transaction(work: () => Promise<void>): Promise<void>;
  /** Removes the database or the file. */
  close(): Promise<void>;
}
