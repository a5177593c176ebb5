/** What a SQLite file says of a table. A declared type is a hint there: values of any type may be in any column. */
import type { ColumnShape, TableShape } from "../contract.ts";
import { keysOf } from "../table-keys.ts";

type All = (sql: string, values: string[]) => Record<string, unknown>[];

/** Tables and views. */
export function sqliteTables(all: All): string[] {
  const rows = all(
    "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    [],
  );
  return rows.map(({ name }) => String(name));
}

/** Undefined where there is no such table. */
export function sqliteShape(table: readonly string[], all: All): TableShape | undefined {
  const name = table.at(-1) as string;
  const rows = all('SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid', [
    name,
  ]);
  if (rows.length === 0) return undefined;
  const primary = rows.filter(({ pk }) => Number(pk) > 0).sort((a, b) => Number(a["pk"]) - Number(b["pk"]));
  const [only, ...more] = primary;
  // It is another name of the rowid, and never NULL.
  const isRowid = more.length === 0 && /^integer$/i.test(String(only?.["type"]));
  const columns = rows.map((row): ColumnShape => {
    const type = String(row["type"]);
    return {
      name: String(row["name"]),
      type: type || "no type",
      // Other keys may hold NULL in theory (https://sqlite.org/lang_createtable.html#the_primary_key); it is a key all the same.
      notNull: Number(row["notnull"]) === 1 || Number(row["pk"]) > 0,
      ...(isRowid && Number(row["pk"]) > 0 ? { as: "bigint" } : typed(type)),
    };
  });
  const indexes = all(
    `SELECT l.name AS "index", l."unique" AND NOT l.partial AS "unique", i.name AS "column"
     FROM pragma_index_list(?) AS l JOIN pragma_index_info(l.name) AS i
     WHERE l.origin <> 'pk' ORDER BY l.seq, i.seqno`,
    [name],
  );
  const list = [
    ...primary.map((row) => ({ index: "", unique: true, column: String(row["name"]) })),
    ...indexes.map((row) => ({
      index: String(row["index"]),
      unique: Number(row["unique"]) === 1,
      column: row["column"] === null ? undefined : String(row["column"]),
    })),
  ];
  return { columns, ...keysOf(list, new Set(columns.filter(({ notNull }) => notNull).map((each) => each.name))) };
}

/** By the declared type; where it is none that SQLite holds to, the values say what it is. */
function typed(declared: string): Pick<ColumnShape, "as" | "unsure"> {
  const type = declared.toUpperCase();
  if (type.includes("BLOB")) return { as: undefined };
  if (type.includes("INT")) return { as: "bigint", unsure: true };
  if (/TIMESTAMP|DATETIME/.test(type)) return { as: "timestamp", unsure: true };
  if (type.includes("DATE")) return { as: "date", unsure: true };
  if (/BOOL/.test(type)) return { as: "boolean", unsure: true };
  const [, precision, scale = "0"] = /^(?:DECIMAL|NUMERIC)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)/.exec(type) ?? [];
  if (precision !== undefined && Number(scale) <= Number(precision))
    return { as: `decimal(${precision},${scale})`, unsure: true };
  if (/REAL|FLOA|DOUB|DEC|NUM/.test(type)) return { as: "double", unsure: true };
  return { as: "text", unsure: true };
}
