/** What SQLite knows about a table. */
import { quote } from "../quote.ts";
import type { SqliteConnection } from "./connection.ts";

export interface StoredColumn {
  name: string;
  /** As CREATE TABLE declared it: `VARCHAR(20)`. */
  declared: string;
  notNull: boolean;
  hasDefault: boolean;
  generated: boolean;
}

export interface StoredTable {
  kind: "table" | "view" | "virtual" | "shadow";
  /** By lower-case name: SQLite takes `Email` and `email` for one column. */
  columns: Map<string, StoredColumn>;
}

/** SQLite compares names without regard to the case of ASCII letters, and of those only. */
export function foldCase(name: string): string {
  return name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Reads a table of the main schema; undefined when there is none. */
export function readTable(connection: SqliteConnection, name: string): StoredTable | undefined {
  const [found] = connection.all<{ type: StoredTable["kind"] }>(
    "SELECT type FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE",
    name,
  );
  if (!found) return undefined;
  const rows = connection.all<{
    name: string;
    type: string;
    notnull: number;
    dflt_value: string | null;
    pk: number;
    hidden: number;
  }>(`PRAGMA main.table_xinfo(${quote(name)})`);
  // A key of one column declared exactly INTEGER is the rowid: SQLite numbers it when it is left out.
  const rowid = rows.filter((row) => row.pk > 0).length === 1;
  const columns = rows.map((row): [string, StoredColumn] => [
    foldCase(row.name),
    {
      name: row.name,
      declared: row.type,
      notNull: row.notnull === 1,
      hasDefault: row.dflt_value !== null || (rowid && row.pk > 0 && row.type.toUpperCase() === "INTEGER"),
      generated: row.hidden === 2 || row.hidden === 3,
    },
  ]);
  return { kind: found.type, columns: new Map(columns) };
}

/** Asks SQLite itself whether an upsert on these columns has a unique index to go by; nothing is run. */
export function hasUniqueIndex(connection: SqliteConnection, table: string, keys: readonly string[]): boolean {
  const columns = keys.map(quote).join(", ");
  const values = keys.map(() => "NULL").join(", ");
  try {
    connection.prepare(
      `INSERT INTO main.${quote(table)} (${columns}) VALUES (${values}) ON CONFLICT (${columns}) DO NOTHING`,
    );
    return true;
  } catch {
    return false;
  }
}

/**
 * The collation that a table's unique index on these columns compares by where it is not BINARY, such as NOCASE: two
 * keys of ours would then be one. Undefined where there is no such index.
 */
export function looseCollation(
  connection: SqliteConnection,
  table: string,
  keys: readonly string[],
): string | undefined {
  const wanted = new Set(keys.map(foldCase));
  const indexes = connection.all<{ name: string; unique: number }>(`PRAGMA main.index_list(${quote(table)})`);
  for (const { name, unique } of indexes) {
    if (!unique) continue;
    const columns = connection
      .all<{ name: string | null; coll: string; key: number }>(`PRAGMA main.index_xinfo(${quote(name)})`)
      .filter(({ key }) => key === 1);
    const isOurs =
      columns.length === wanted.size &&
      columns.every((column) => column.name !== null && wanted.has(foldCase(column.name)));
    const loose = isOurs ? columns.find(({ coll }) => coll.toUpperCase() !== "BINARY") : undefined;
    if (loose) return loose.coll;
  }
  return undefined;
}
