/** What the catalog of MySQL and MariaDB says of a table. Types: https://dev.mysql.com/doc/refman/8.4/en/data-types.html */
import type { ColumnShape, ResultColumn, TableShape } from "../contract.ts";
import { keysOf } from "../table-keys.ts";

type Run = (sql: string, values: unknown[]) => Promise<unknown[][]>;

interface Catalog {
  run: Run;
  describe(statement: string): Promise<ResultColumn[] | undefined>;
}

/** Tables and views of the connection's database. */
export async function mysqlTables(run: Run): Promise<string[]> {
  const rows = await run(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name",
    [],
  );
  return rows.map(([name]) => String(name));
}

/** Undefined where there is no such table, or the user may not see it. */
export async function mysqlShape(
  table: readonly string[],
  { run, describe }: Catalog,
): Promise<TableShape | undefined> {
  const schema = table.at(-2);
  const where = `table_schema = ${schema === undefined ? "DATABASE()" : "?"} AND table_name = ?`;
  const named = [...(schema === undefined ? [] : [schema]), table.at(-1)];
  const rows = await run(
    `SELECT column_name, column_type, is_nullable FROM information_schema.columns WHERE ${where} ORDER BY ordinal_position`,
    named,
  );
  if (rows.length === 0) return undefined;
  const indexes = await run(
    `SELECT index_name, non_unique, column_name, sub_part FROM information_schema.statistics WHERE ${where} ORDER BY index_name = 'PRIMARY' DESC, index_name, seq_in_index`,
    named,
  );
  // MariaDB's catalog calls JSON a longtext; what a statement gives is told as what it is.
  const quoted = table.slice(-2).map((part) => `\`${part.replaceAll("`", "``")}\``);
  const described = await describe(`SELECT * FROM ${quoted.join(".")} LIMIT 0`);
  const json = new Set(described?.filter(({ kind }) => kind === "json").map(({ name }) => name));
  const columns = rows.map(([column, type, nullable]): ColumnShape => {
    const name = String(column);
    const found = json.has(name) ? { type: "json", as: "json" } : typed(String(type));
    return { name, notNull: String(nullable).toUpperCase() === "NO", ...found };
  });
  const list = indexes.map(([index, nonUnique, column, part]) => ({
    index: String(index),
    unique: Number(nonUnique) === 0,
    column: column === null || part !== null ? undefined : String(column),
  }));
  return { columns, ...keysOf(list, new Set(columns.filter(({ notNull }) => notNull).map(({ name }) => name))) };
}

function typed(type: string): Pick<ColumnShape, "type" | "as" | "unsure" | "wall" | "sortsOtherwise" | "note"> {
  const [, word = "", size = ""] = /^(\w+)(?:\(([^)]*)\))?/.exec(type.toLowerCase()) ?? [];
  const unsigned = /\bunsigned\b/i.test(type);
  switch (word) {
    case "tinyint":
      return size === "1"
        ? { type, as: "integer", note: "type: boolean, where it holds nothing but 0 and 1" }
        : { type, as: "integer" };
    case "smallint":
    case "mediumint":
    case "year":
      return { type, as: "integer" };
    case "int":
      return { type, as: unsigned ? "bigint" : "integer" };
    case "bigint":
      return { type, as: unsigned ? "decimal(20,0)" : "bigint" };
    case "bit":
      return { type, as: Number(size) <= 31 ? "integer" : Number(size) <= 63 ? "bigint" : "decimal(20,0)" };
    case "decimal":
      return { type, as: `decimal(${size.replaceAll(" ", "")})` };
    case "float":
    case "double":
      return { type, as: "double" };
    case "date":
      return { type, as: "date" };
    case "datetime":
      return { type, as: "timestamp", wall: true };
    case "timestamp":
      return { type, as: "timestamp" };
    case "time":
      return { type, as: "time", unsure: true };
    case "json":
    case "uuid":
      return { type, as: word };
    case "enum":
    case "set":
      return { type: word, as: "text", sortsOtherwise: true };
    case "char":
    case "varchar":
    case "tinytext":
    case "text":
    case "mediumtext":
    case "longtext":
    case "inet4":
    case "inet6":
      return { type, as: "text" };
    default:
      return { type, as: undefined, sortsOtherwise: true };
  }
}
