/** A SQLite file in a folder of its own. Its types are MySQL's by name: what it makes of them is text and numbers. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Store } from "./store.ts";
import type { Cell } from "./table.ts";

/** Makes the file. */
export function openSqliteStore(): Store {
  const folder = mkdtempSync(join(tmpdir(), "etl-genius-"));
  const file = join(folder, "genius.db");
  const database = new DatabaseSync(file);
  // A reader must not wait for a writer, as with MySQL; and nothing here has to survive a power cut.
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  const prepared = new Map<string, ReturnType<DatabaseSync["prepare"]>>();
  const statement = (sql: string): ReturnType<DatabaseSync["prepare"]> => {
    let found = prepared.get(sql);
    if (!found) {
      found = database.prepare(sql);
      found.setReadBigInts(true);
      prepared.set(sql, found);
    }
    return found;
  };
  return {
    dialect: "sqlite",
    url: `sqlite:${file}`,
    execute: async (sql, values = []) => void statement(sql).run(...(values as Cell[])),
    query: async (sql, values = []) =>
      statement(sql)
        .all(...(values as Cell[]))
        .map((row) =>
          Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)])),
        ),
    async transaction(work) {
      database.exec("BEGIN IMMEDIATE");
      try {
        await work();
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
    async close() {
      if (database.isOpen) database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
