/** What PostgreSQL's catalog says of a table. */
import type { ColumnShape, TableShape } from "../contract.ts";
import { keysOf } from "../table-keys.ts";

type Run = (sql: string, values: unknown[]) => Promise<unknown[][]>;

/** Tables and views, those outside the search path with their schema. */
export async function postgresTables(run: Run): Promise<string[]> {
  const rows = await run(
    `SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
       AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
     ORDER BY 1`,
    [],
  );
  return rows.map(([name]) => String(name));
}

/** Undefined where there is no such table, or the user may not see it. */
export async function postgresShape(table: readonly string[], run: Run): Promise<TableShape | undefined> {
  const name = table.map((part) => `"${part.replaceAll('"', '""')}"`).join(".");
  // A domain is read as what it is made of.
  const rows = await run(
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod),
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE format_type(a.atttypid, a.atttypmod) END,
       a.attnotnull
     FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [name],
  );
  if (rows.length === 0) return undefined;
  const indexes = await run(
    `SELECT i.indexrelid, i.indisunique AND i.indpred IS NULL, CASE WHEN k.number > 0 THEN a.attname END
     FROM pg_index AS i
     CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
     LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
     WHERE i.indrelid = to_regclass($1) AND i.indisvalid AND k.place <= i.indnkeyatts
     ORDER BY i.indisprimary DESC, i.indexrelid, k.place`,
    [name],
  );
  const columns = rows.map(([column, type, base, notNull]): ColumnShape => ({
    name: String(column),
    type: String(type),
    notNull: notNull === "t",
    ...typed(String(base)),
  }));
  const list = indexes.map(([index, unique, column]) => ({
    index: String(index),
    unique: unique === "t",
    column: column === null ? undefined : String(column),
  }));
  return { columns, ...keysOf(list, new Set(columns.filter(({ notNull }) => notNull).map((each) => each.name))) };
}

const plain: Readonly<Record<string, string>> = {
  smallint: "integer",
  integer: "integer",
  bigint: "bigint",
  oid: "bigint",
  boolean: "boolean",
  real: "double",
  "double precision": "double",
  date: "date",
  json: "json",
  jsonb: "json",
  uuid: "uuid",
};

function typed(type: string): Pick<ColumnShape, "as" | "wall" | "note" | "unsure" | "sortsOtherwise"> {
  const known = plain[type];
  if (known !== undefined) return { as: known };
  if (type === "bytea") return { as: undefined };
  const [, precision, scale = "0"] = /^numeric\((\d+),(-?\d+)\)$/.exec(type) ?? [];
  if (precision !== undefined && Number(scale) >= 0 && Number(scale) <= Number(precision))
    return { as: `decimal(${precision},${scale})` };
  if (type.startsWith("numeric"))
    return {
      as: "text",
      note: "numeric without limits, kept digit for digit: better decimal(p,s), where they are known",
    };
  if (/^timestamp.* without time zone$/.test(type)) return { as: "timestamp", wall: true };
  if (/^timestamp.* with time zone$/.test(type)) return { as: "timestamp" };
  if (/^time(\(\d\))? without time zone$/.test(type)) return { as: "time", unsure: true };
  if (type.startsWith("interval")) return { as: "interval" };
  if (type.endsWith("[]")) return { as: "text", sortsOtherwise: true, note: "a list, as PostgreSQL prints it: {a,b}" };
  return { as: "text" };
}
