/** The rows that are stored under the keys of records that are replayed. */
import { sql } from "kysely";
import type { Row, Sink, Value } from "../../sinks/contract.ts";
import { keyOf } from "../batch.ts";
import type { Target } from "../target.ts";

const rowsAStatement = 100;

/** The run that last wrote, or marked as deleted, the row that is stored under each row's key; undefined where none is. */
export async function writersOf(
  sink: Sink,
  { table, at }: Pick<Target, "table" | "at">,
  rows: readonly Row[],
): Promise<(number | undefined)[]> {
  const { creates } = await sink.plan({ name: table.name, columns: [], keys: table.keys });
  if (creates) return [];
  const names = table.keys.map((_, index) => `k${index}`);
  const positions = names.map((_, index) => index);
  // Booleans are 0 and 1 in SQLite.
  const stored = (value: Value | undefined): Value =>
    typeof value === "boolean" && sink.dialect === "sqlite" ? Number(value) : (value ?? null);
  const keys = rows.map((row) => at.keys.map((position) => stored(row[position])));
  const writers = new Map<string, number>();
  for (let from = 0; from < keys.length; from += rowsAStatement) {
    // By the columns, which the index of the key has, not by their text.
    const same = keys.slice(from, from + rowsAStatement).map((key) => {
      const equal = key.map((value, index) => sql`t.${sql.id(table.keys[index]!)} = ${value}`);
      return sql`(${sql.join(equal, sql` and `)})`;
    });
    const columns = table.keys.map((name, index) => sql`t.${sql.id(name)} as ${sql.id(names[index]!)}`);
    const found = await sql<Record<string, Value>>`select t.sync_run_id as run, ${sql.join(columns)}
      from ${sql.id(table.name)} as t where ${sql.join(same, sql` or `)}`.execute(sink.database);
    for (const row of found.rows) {
      const key = names.map((name) => row[name] ?? null);
      writers.set(keyOf(key, positions), Number(row["run"] ?? 0));
    }
  }
  return keys.map((key) => writers.get(keyOf(key, positions)));
}
