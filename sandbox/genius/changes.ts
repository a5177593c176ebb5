/** Rows that change while the sandbox runs, stamped with its clock as Genius would. */
import { wallTime } from "./clock.ts";
import type { SandboxSettings } from "./options.ts";
import { rowAt } from "./rows.ts";
import type { Store } from "./store.ts";
import { type Cell, type Column, quoted, type Row, type Table } from "./table.ts";
import { tables } from "./tables/index.ts";

/** Rows of one INSERT: SQLite takes 32,766 values, MySQL a packet of 16 MB. */
const INSERT_VALUES = 20_000;

export interface Changed {
  table: string;
  /** How many rows, the first ones by key; default 1. */
  count?: number;
  /** Which rows instead: the values of their keys. */
  keys?: readonly Row[];
  /** Columns and what they become. */
  values?: Row;
}

/** @throws RangeError for a name that is none of a table */
export function tableOf(name: string): Table {
  const table = tables.get(name);
  if (!table) throw new RangeError(`there is no table ${name}`);
  return table;
}

/** Adds rows, some at a time. */
export async function insertRows(store: Store, { name, columns }: Table, rows: readonly Row[]): Promise<void> {
  const marks = `(${columns.map(() => "?").join(", ")})`;
  const names = columns.map((column) => quoted(column.name)).join(", ");
  const size = Math.max(1, Math.floor(INSERT_VALUES / columns.length));
  for (let from = 0; from < rows.length; from += size) {
    const some = rows.slice(from, from + size);
    await store.execute(
      `INSERT INTO ${quoted(name)} (${names}) VALUES ${some.map(() => marks).join(", ")}`,
      some.flatMap((row) => columns.map((column) => row[column.name] ?? null)),
    );
  }
}

export class Changes {
  readonly #store: Store;
  readonly #settings: SandboxSettings;
  /** How many rows each table has had: keys are not given twice. */
  readonly #made = new Map<string, number>();

  constructor(store: Store, settings: SandboxSettings) {
    this.#store = store;
    this.#settings = settings;
  }

  async touch(change: Changed): Promise<Row[]> {
    const { columns } = tableOf(change.table);
    const updated = columns.find(({ name }) => name === "updated_at");
    const set: Row = { ...(updated ? { updated_at: this.#now(updated) } : {}), ...change.values };
    const names = Object.keys(set);
    if (names.length === 0) throw new RangeError(`${change.table} has no updated_at: say which values change`);
    const assignments = names.map((name) => `${quoted(name)} = ?`).join(", ");
    return this.#eachOf(change, `UPDATE ${quoted(change.table)} SET ${assignments}`, Object.values(set));
  }

  async create({ table: name, count = 1, values = {} }: Omit<Changed, "keys">): Promise<Row[]> {
    const table = tableOf(name);
    const from = this.#made.get(name) ?? this.#settings.count(name);
    this.#made.set(name, from + count);
    const stamps = table.columns.filter((column) => /^(?:updated_at|created_at|add_date|added_on)$/.test(column.name));
    const rows = Array.from({ length: count }, (_, at): Row => {
      const row = rowAt(table, from + at, { ...this.#settings, oneTimestamp: 0 });
      for (const column of stamps) row[column.name] = this.#now(column);
      return Object.assign(row, values);
    });
    await this.#store.transaction(() => insertRows(this.#store, table, rows));
    return rows.map((row) => Object.fromEntries(table.key.map((key) => [key, row[key] ?? null])));
  }

  remove(change: Omit<Changed, "values">): Promise<Row[]> {
    return this.#eachOf(change, `DELETE FROM ${quoted(change.table)}`, []);
  }

  #now(column: Column): string {
    return wallTime(this.#settings.now(), this.#settings.timeZone, column.sizes[0] ?? 0);
  }

  async #eachOf(change: Changed, statement: string, values: readonly Cell[]): Promise<Row[]> {
    const { key } = tableOf(change.table);
    const where = key.map((name) => `${quoted(name)} = ?`).join(" AND ");
    const chosen = await this.#keysOf(change);
    await this.#store.transaction(async () => {
      for (const row of chosen)
        await this.#store.execute(`${statement} WHERE ${where}`, [...values, ...key.map((name) => row[name] ?? null)]);
    });
    return chosen;
  }

  async #keysOf({ table, count = 1, keys }: Changed): Promise<Row[]> {
    if (keys) return [...keys];
    const list = tableOf(table).key.map(quoted).join(", ");
    const rows = await this.#store.query(`SELECT ${list} FROM ${quoted(table)} ORDER BY ${list} LIMIT ${count}`);
    if (rows.length < count) throw new RangeError(`${table} has ${rows.length} rows, and ${count} were asked for`);
    return rows;
  }
}
