/** Deletes what is gone from sets of rows in SQLite: the keys that stay are staged, the rest goes by one statement. */
import { createHash } from "node:crypto";
import type { SQLInputValue } from "node:sqlite";
import type { ReplaceInput, Value } from "../contract.ts";
import { quote } from "../quote.ts";
import { foldCase, readTable } from "./catalog.ts";
import type { SqliteConnection } from "./connection.ts";
import { storedAs } from "./storage.ts";

interface ReplaceSql {
  /** Temporary tables: `s` has the sets, `k` the keys that stay. */
  create: string;
  empty: string;
  /** Binds the set's number and its values. */
  fillSets: string;
  /** Binds the set's number and the other values of a key; absent where the set says the whole key. */
  fillKept: string | undefined;
  /** `FROM … WHERE …` of the rows that go. */
  gone: string;
}

/** Deletes; inside a transaction. Gives how many rows went. */
export function replaceSets(connection: SqliteConnection, input: ReplaceInput): number {
  const sql = stageSets(connection, input);
  return Number(connection.prepare(`DELETE ${sql.gone}`).run().changes);
}

/** Counts what `replaceSets` would delete; writes to the temporary schema alone. */
export function compareSets(connection: SqliteConnection, input: ReplaceInput): number {
  const stored = readTable(connection, input.table.name);
  if (!input.table.keys.every((key) => stored?.columns.has(foldCase(key)))) return 0;
  const sql = stageSets(connection, input);
  return connection.all<{ gone: number }>(`SELECT count(*) AS gone ${sql.gone}`)[0]?.gone ?? 0;
}

function stageSets(connection: SqliteConnection, input: ReplaceInput): ReplaceSql {
  const sql = replaceSql(input);
  connection.exec(sql.create);
  connection.exec(sql.empty);
  const sets = connection.prepare(sql.fillSets);
  const kept = sql.fillKept === undefined ? undefined : connection.prepare(sql.fillKept);
  const width = input.table.keys.length - input.within.length;
  const values: SQLInputValue[] = [];
  for (const [number, set] of input.sets.entries()) {
    // A set of one key at the most: its row is there, and nothing else can be.
    if (!kept && set.kept.length > 0) continue;
    sets.run(number, ...set.within.map(bindable));
    for (let from = 0; kept && from < set.kept.length; from += width) {
      values[0] = number;
      for (let at = 0; at < width; at++) values[at + 1] = bindable(set.kept[from + at] ?? null);
      kept.run(...values);
    }
  }
  return sql;
}

function replaceSql({ table, within }: ReplaceInput): ReplaceSql {
  const typeOf = (name: string): string =>
    storedAs(table.columns.find((column) => column.name === name)?.type ?? "text");
  const others = table.keys.filter((key) => !within.includes(key));
  const setColumns = within.map((name, at) => `c${at} ${typeOf(name)}`);
  const keptColumns = others.map((name, at) => `k${at} ${typeOf(name)}`);
  const suffix = createHash("sha256")
    .update(JSON.stringify([setColumns, keptColumns]))
    .digest("hex")
    .slice(0, 12);
  const [sets, kept] = [`temp.etl_sets_${suffix}`, `temp.etl_kept_${suffix}`];
  const names = within.map((_, at) => `c${at}`);
  const sameSet = within.map((name, at) => `s.c${at} = t.${quote(name)}`).join(" AND ");
  const sameKey = others.map((name, at) => `k.k${at} = t.${quote(name)}`).join(" AND ");
  const stays =
    others.length === 0
      ? ""
      : ` AND NOT EXISTS (SELECT 1 FROM ${sets} AS s CROSS JOIN ${kept} AS k ON k.n = s.n AND ${sameKey} WHERE ${sameSet})`;
  return {
    create: `CREATE TEMP TABLE IF NOT EXISTS ${bare(sets)} (n INTEGER, ${setColumns.join(", ")}, PRIMARY KEY (${names.join(", ")})) WITHOUT ROWID;
      CREATE TEMP TABLE IF NOT EXISTS ${bare(kept)} (n INTEGER${keptColumns.map((column) => `, ${column}`).join("")}, PRIMARY KEY (n${others.map((_, at) => `, k${at}`).join("")})) WITHOUT ROWID`,
    empty: `DELETE FROM ${sets}; DELETE FROM ${kept}`,
    fillSets: `INSERT OR IGNORE INTO ${sets} VALUES (?${", ?".repeat(within.length)})`,
    fillKept:
      others.length === 0 ? undefined : `INSERT OR IGNORE INTO ${kept} VALUES (?${", ?".repeat(others.length)})`,
    // IN is looked up by the table's own index; a join in DELETE SQLite does not have.
    gone: `FROM main.${quote(table.name)} AS t WHERE (${within.map((name) => `t.${quote(name)}`).join(", ")})
      IN (SELECT ${names.join(", ")} FROM ${sets})${stays}`,
  };
}

function bare(name: string): string {
  return name.replace(/^temp\./, "");
}

function bindable(value: Value): SQLInputValue {
  return typeof value === "boolean" ? Number(value) : value;
}
