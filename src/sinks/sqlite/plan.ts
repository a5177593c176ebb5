/** Compares a table with what is in a SQLite file. */
import { bookkeepingOf, checkTable } from "../bookkeeping.ts";
import { parseColumnType } from "../column-type.ts";
import type { Column, Table, TablePlan } from "../contract.ts";
import { quote } from "../quote.ts";
import { foldCase, hasUniqueIndex, looseCollation, readTable, type StoredColumn, type StoredTable } from "./catalog.ts";
import type { SqliteConnection } from "./connection.ts";
import { keeps, storedAs } from "./storage.ts";

type Problem = TablePlan["problems"][number];

/** Says which statements bring the file to the table, and what only a person may do. Throws SpecError. */
export function planTable(connection: SqliteConnection, table: Table): TablePlan {
  checkTable(table);
  const problems = nameProblems(table);
  const stored = problems.length > 0 ? undefined : readTable(connection, table.name);
  if (problems.length > 0) return { table, creates: false, statements: [], problems };
  if (!stored) return { table, creates: true, statements: [createTable(table)], problems: [] };
  if (stored.kind !== "table") {
    const message = `"${table.name}" is a ${stored.kind}, not a table: rows cannot be upserted into it`;
    problems.push({ message, sql: `DROP VIEW ${quote(table.name)}` });
    return { table, creates: false, statements: [], problems };
  }
  return adopt(connection, table, stored);
}

function adopt(connection: SqliteConnection, table: Table, stored: StoredTable): TablePlan {
  const isNew = (column: Column): boolean => !stored.columns.has(foldCase(column.name));
  const added = [...table.columns, ...bookkeepingOf(table)].filter(isNew);
  const problems = table.columns.flatMap((column) => columnProblems(table, column, stored));
  problems.push(...unfilledProblems(table, stored));
  const keysAreThere = !table.columns.some((column) => table.keys.includes(column.name) && isNew(column));
  if (!keysAreThere || !hasUniqueIndex(connection, table.name, table.keys)) problems.push(indexProblem(table, isNew));
  const collation = looseCollation(connection, table.name, table.keys);
  if (collation !== undefined) problems.push(collationProblem(table, collation));
  return {
    table,
    creates: false,
    statements: added.map((column) => addColumn(table, column)),
    problems,
  };
}

/** No ALTER of SQLite's changes a collation: a person makes the table anew, or maps into another one. */
function collationProblem(table: Table, collation: string): Problem {
  const keys = table.keys.map((key) => `"${key}"`).join(", ");
  return {
    message: `table "${table.name}": its unique index on ${keys} compares by ${collation}, so that keys which differ would be one row. Make the table anew without COLLATE ${collation}, or name another in sink.table`,
    sql: "",
  };
}

function createTable(table: Table): string {
  const lines = table.columns.map(
    (column) => `${quote(column.name)} ${storedAs(column.type)}${table.keys.includes(column.name) ? " NOT NULL" : ""}`,
  );
  const own = bookkeepingOf(table).map((column) => `${quote(column.name)} ${storedAs(column.type)}`);
  const key = `PRIMARY KEY (${table.keys.map(quote).join(", ")})`;
  return `CREATE TABLE ${quote(table.name)} (\n  ${[...lines, ...own, key].join(",\n  ")}\n)`;
}

function addColumn(table: Table, column: Column): string {
  return `ALTER TABLE ${quote(table.name)} ADD COLUMN ${quote(column.name)} ${storedAs(column.type)}`;
}

function nameProblems(table: Table): Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { name } of [...table.columns, ...bookkeepingOf(table)]) {
    const other = seen.get(foldCase(name));
    if (other !== undefined) {
      const message = `"${other}" and "${name}" are one column name to SQLite, which does not look at case`;
      problems.push({
        message: `table "${table.name}": ${message}: rename one in the mapping`,
        sql: "",
      });
    }
    seen.set(foldCase(name), name);
  }
  return problems;
}

function columnProblems(table: Table, column: Column, stored: StoredTable): Problem[] {
  const there = stored.columns.get(foldCase(column.name));
  if (!there) return [];
  const what = `column "${there.name}" of table "${table.name}"`;
  if (there.generated) {
    return [
      {
        message: `${what} is computed by SQLite and cannot be written`,
        sql: rebuild(table, there, column),
      },
    ];
  }
  if (keeps(there.declared, column.type)) return [];
  const declared = there.declared === "" ? "without a type" : there.declared;
  const wanted = storedAs(column.type);
  const message = `${what} is ${declared}, which does not keep ${column.type} exactly; it has to be ${wanted}`;
  return [{ message, sql: rebuild(table, there, column) }];
}

/** Columns that a row of ours leaves empty although they may not be. */
function unfilledProblems(table: Table, stored: StoredTable): Problem[] {
  const ours = new Set([...table.columns, ...bookkeepingOf(table)].map((column) => foldCase(column.name)));
  return [...stored.columns.values()]
    .filter((there) => !ours.has(foldCase(there.name)) && there.notNull && !there.hasDefault && !there.generated)
    .map((there) => ({
      message: `column "${there.name}" of table "${table.name}" is NOT NULL without a default, and the mapping does not fill it`,
      sql: rebuild(table, there),
    }));
}

function indexProblem(table: Table, isNew: (column: Column) => boolean): Problem {
  const missing = table.columns.filter((column) => table.keys.includes(column.name) && isNew(column));
  const name = [table.name, ...table.keys, "key"].join("_");
  const columns = table.keys.map(quote).join(", ");
  const index = `CREATE UNIQUE INDEX ${quote(name)} ON ${quote(table.name)} (${columns})`;
  return {
    message: `table "${table.name}" has no unique index on its upsert key (${table.keys.join(", ")})`,
    sql: [...missing.map((column) => addColumn(table, column)), index].join(";\n"),
  };
}

/**
 * SQLite cannot change a column, so the SQL moves its values into a new one. A column of the key is part of an index
 * and cannot be dropped: there the whole table is moved aside, and the next run fills a new one.
 */
function rebuild(table: Table, there: StoredColumn, column?: Column): string {
  const name = quote(table.name);
  if (column && table.keys.includes(column.name)) return `ALTER TABLE ${name} RENAME TO ${quote(`${table.name}_old`)}`;
  const [now, old] = [quote(there.name), quote(`${there.name}_old`)];
  const type = column ? storedAs(column.type) : there.declared;
  return [
    `ALTER TABLE ${name} RENAME COLUMN ${now} TO ${old}`,
    `ALTER TABLE ${name} ADD COLUMN ${now} ${type}`.trimEnd(),
    `UPDATE ${name} SET ${now} = ${column ? converted(old, column) : old}`,
    `ALTER TABLE ${name} DROP COLUMN ${old}`,
  ].join(";\n");
}

function converted(old: string, column: Column): string {
  const { kind, scale } = parseColumnType(column.type);
  if (kind === "decimal") return `CASE WHEN ${old} IS NOT NULL THEN printf('%.${scale}f', ${old}) END`;
  return `CAST(${old} AS ${storedAs(column.type)})`;
}
