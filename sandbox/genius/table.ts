/** A table of Genius as the sandbox makes it. */

export interface Column {
  name: string;
  /** As MySQL takes it: `decimal(10,2)`, `int unsigned`, `enum('a','b')`. */
  type: string;
  /** The type's first word: `decimal`. */
  base: string;
  /** What stands in the parentheses: `[10, 2]`; none is empty. */
  sizes: readonly number[];
  nullable: boolean;
}

export interface Table {
  name: string;
  key: readonly string[];
  columns: readonly Column[];
}

/** A value as MySQL prints it. */
export type Cell = string | number | null;
export type Row = Record<string, Cell>;

/**
 * A table from its columns, one a line: name, type, and `null` where there may be none.
 * @throws Error for a key that is no column
 */
export function defineTable(name: string, key: readonly string[], columns: string): Table {
  const read = columns.trim().split("\n").map(columnOf);
  for (const part of key)
    if (!read.some((column) => column.name === part)) throw new Error(`${name} has no column ${part}`);
  return { name, key, columns: read };
}

function columnOf(line: string): Column {
  const [, name, written] = /^\s*(\w+) (.+)$/.exec(line) as RegExpExecArray & [string, string, string];
  const nullable = written.endsWith(" null");
  const type = nullable ? written.slice(0, -" null".length) : written;
  return {
    name,
    type,
    base: /^\w+/.exec(type)![0],
    sizes: /\(([\d,]+)\)/.exec(type)?.[1]?.split(",").map(Number) ?? [],
    nullable,
  };
}

/** A name in SQL, as MySQL and SQLite both take it. */
export function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** What makes the table and its index. SQLite takes MySQL's names of types, but for an enum. */
export function createStatements({ name, key, columns }: Table, dialect: "mysql" | "sqlite"): string[] {
  const lines = columns.map((column) => {
    const type = dialect === "sqlite" && column.base === "enum" ? "text" : column.type;
    return `  ${quoted(column.name)} ${type}${column.nullable ? " NULL" : " NOT NULL"}`;
  });
  const statements = [
    `CREATE TABLE ${quoted(name)} (\n${lines.join(",\n")},\n  PRIMARY KEY (${key.map(quoted).join(", ")})\n)`,
  ];
  if (columns.some((column) => column.name === "updated_at"))
    statements.push(`CREATE INDEX ${quoted(`${name}_updated_at`)} ON ${quoted(name)} (updated_at)`);
  return statements;
}
