/**
 * A Genius that runs on this machine: its MySQL tables with synthetic rows, in a MySQL or MariaDB where one answers and
 * in a SQLite file otherwise. Both hold the same rows under the same names.
 */
import { type Changed, Changes, insertRows, tableOf } from "./changes.ts";
import { openMysqlStore } from "./mysql-store.ts";
import { type GeniusSandboxOptions, type SandboxSettings, settingsFrom } from "./options.ts";
import { rowAt } from "./rows.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { Store } from "./store.ts";
import { type Cell, createStatements, quoted, type Row, type Table } from "./table.ts";
import { tables } from "./tables/index.ts";

const FILL_ROWS = 5_000;

export interface GeniusSandbox {
  readonly dialect: "mysql" | "sqlite";
  /** For a connection of `etl`. */
  readonly url: string;
  /** What the shipped pipelines read it by: GENIUS_DB_DIALECT and GENIUS_DB_URL. */
  readonly env: Readonly<Record<string, string>>;
  readonly tables: ReadonlyMap<string, Table>;
  /** Changes rows as of now. Gives their keys. All three throw RangeError where there are too few rows, or no such table. */
  touch(change: Changed): Promise<Row[]>;
  /** New rows, made now. Gives their keys. */
  create(change: Omit<Changed, "keys">): Promise<Row[]>;
  remove(change: Omit<Changed, "values">): Promise<Row[]>;
  /** Every row of a table by key, every value as MySQL prints it. */
  all(table: string): Promise<Record<string, string | null>[]>;
  /** Any SQL. */
  query(sql: string, values?: readonly Cell[]): Promise<Record<string, string | null>[]>;
  /** Drops the database, or removes the file. */
  close(): Promise<void>;
}

/** Starts one. Rejects with RangeError for options that make no sense, and where MySQL is asked for and none answers. */
export async function startGeniusSandbox(options: GeniusSandboxOptions = {}): Promise<GeniusSandbox> {
  const settings = settingsFrom(options);
  const store = await openStore(settings);
  try {
    for (const table of tables.values()) {
      for (const statement of createStatements(table, store.dialect)) await store.execute(statement);
      await store.transaction(() => fill(store, table, settings));
    }
  } catch (error) {
    await store.close();
    throw error;
  }
  return sandboxOver(store, settings);
}

async function openStore({ on, server }: SandboxSettings): Promise<Store> {
  const mysql = on === "sqlite" ? undefined : await openMysqlStore(server);
  if (mysql) return mysql;
  if (on !== "mysql") return openSqliteStore();
  throw new Error(`no MySQL or MariaDB answers at ${new URL(server).host}`);
}

async function fill(store: Store, table: Table, settings: SandboxSettings): Promise<void> {
  const count = settings.count(table.name);
  const world = { ...settings, oneTimestamp: count >= 2 * settings.oneTimestamp ? settings.oneTimestamp : 0 };
  // Some at a time: half a million rows are not held at once.
  for (let from = 0; from < count; from += FILL_ROWS) {
    const length = Math.min(FILL_ROWS, count - from);
    await insertRows(
      store,
      table,
      Array.from({ length }, (_, at) => rowAt(table, from + at, world)),
    );
  }
}

function sandboxOver(store: Store, settings: SandboxSettings): GeniusSandbox {
  const changes = new Changes(store, settings);
  return {
    dialect: store.dialect,
    url: store.url,
    env: { GENIUS_DB_DIALECT: store.dialect, GENIUS_DB_URL: store.url },
    tables,
    touch: (change) => changes.touch(change),
    create: (change) => changes.create(change),
    remove: (change) => changes.remove(change),
    async all(name) {
      const table = tableOf(name);
      const order = table.key.map(quoted).join(", ");
      const rows = await store.query(`SELECT * FROM ${quoted(name)} ORDER BY ${order}`);
      return store.dialect === "mysql" ? rows : rows.map((row) => asMysqlPrints(table, row));
    },
    query: (sql, values) => store.query(sql, values),
    close: () => store.close(),
  };
}

/** SQLite keeps numbers without their trailing zeros. */
function asMysqlPrints({ columns }: Table, row: Record<string, string | null>): Record<string, string | null> {
  const printed = { ...row };
  for (const { name, base, sizes } of columns) {
    const value = row[name];
    if (value === null || value === undefined) continue;
    if (base === "decimal") printed[name] = Number(value).toFixed(sizes[1] ?? 0);
    else if (base === "year") printed[name] = value.padStart(4, "0");
    else if (base === "datetime" && sizes[0]) printed[name] = value.includes(".") ? value : `${value}.000000`;
  }
  return printed;
}
