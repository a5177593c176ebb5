/** The SQL of a merge into PostgreSQL. Staged columns are named c0, c1, …: no name of a mapping can clash with one. */
import { createHash } from "node:crypto";
import { parseColumnType } from "../column-type.ts";
import { BOOKKEEPING, DELETED_AT } from "../bookkeeping.ts";
import type { Column, Table } from "../contract.ts";
import { joinKeyTexts } from "../key-text.ts";
import { quote } from "../quote.ts";
import { storedAs } from "./storage.ts";

/**
 * Stored rows are found by correlated subqueries, which go through the unique index whatever the planner believes of a
 * staging table that was never analyzed; a hash join would read the whole target for every batch.
 * `s` is the staging table, `t` the target; a range of staged rows is bound as its first and last `n`.
 */
export interface MergeSql {
  stage: string;
  createStage: string;
  emptyStage: string;
  copy: string;
  /** Straight into the table, of the columns and then `now`, `now`, the run: for rows of which none is stored. */
  copyNew: string;
  /** Binds now, the run and a range. Gives `created` and `updated`. */
  upsert: string;
  /** The same for rows of which most are stored: it looks first, and what it need not write it does not even lock. */
  upsertChanged: string;
  /** Binds a range. Gives `n` of the rows that are older than the stored ones, ascending. */
  listStale: string;
  /** Gives `matched`, `stale` and `updated` of everything staged, from reads alone. */
  classify: string;
}

export interface MergeSqlOptions {
  table: Table;
  /** Types of the stored columns by name; a column that is not there has none. */
  stored: ReadonlyMap<string, { type: string }>;
  replaceNewer: boolean;
}

const isDeleted = `t.${quote(DELETED_AT.name)} IS NOT NULL`;

export function mergeSql({ table, stored, replaceNewer }: MergeSqlOptions): MergeSql {
  // The types of the stored columns, so that what does not fit them shows at the line of its row.
  const types = table.columns.map((column) => stored.get(column.name)?.type ?? storedAs(column.type));
  const newerAt = table.columns.findIndex((column) => column.name === table.newerBy);
  const staging = [`n integer`, `l ${types[newerAt] ?? "text"}`, ...types.map((type, at) => `c${at} ${type}`)].join(
    ", ",
  );
  const stage = `pg_temp.etl_stage_${createHash("sha256").update(staging).digest("hex").slice(0, 12)}`;
  const staged = (name: string): string => `s.c${table.columns.findIndex((column) => column.name === name)}`;
  const target = quote(table.name);
  const sameKey = table.keys.map((key) => `t.${quote(key)} = ${staged(key)}`).join(" AND ");
  const newer = stored.has(table.newerBy ?? "") && !replaceNewer ? table.columns[newerAt] : undefined;
  const stale = newer
    ? `(${staged(newer.name)} IS NOT NULL AND ${isNewer(newer, `coalesce(s.l, ${staged(newer.name)})`)})`
    : "false";
  const rest = table.columns.filter((column) => !table.keys.includes(column.name));
  const changed = anyOf([
    ...rest.map((column) => differs(column, staged(column.name), stored.has(column.name))),
    ...(table.keepsDeleted && stored.has(DELETED_AT.name) ? [isDeleted] : []),
  ]);
  const lookUp = (expression: string): string => `(SELECT ${expression} FROM ${target} AS t WHERE ${sameKey})`;
  const upsert = { table, stage, rest, newer };
  return {
    stage,
    createStage: `CREATE TEMPORARY TABLE IF NOT EXISTS ${stage} (${staging}) ON COMMIT DELETE ROWS`,
    emptyStage: `TRUNCATE ${stage}`,
    copy: `COPY ${stage} FROM STDIN`,
    copyNew: `COPY ${target} (${writtenColumns(table).join(", ")}) FROM STDIN`,
    upsert: upsertSql({ ...upsert, where: "" }),
    // ON CONFLICT does not see the limit of a row, so the guard against newer rows is here alone.
    upsertChanged: upsertSql({
      ...upsert,
      newer: undefined,
      where: ` AND coalesce(${lookUp(`${changed} AND NOT ${stale}`)}, true)`,
    }),
    listStale: `SELECT s.n AS n FROM ${stage} AS s WHERE s.n BETWEEN $1 AND $2 AND ${lookUp(stale)} ORDER BY s.n`,
    // A join would carry the columns of both sides, and from 833 each they are too many.
    classify: `SELECT count(*) AS matched, count(*) FILTER (WHERE stale) AS stale,
      count(*) FILTER (WHERE changed AND NOT stale) AS updated FROM ${stage} AS s
      CROSS JOIN LATERAL (SELECT ${stale} AS stale, ${changed} AS changed FROM ${target} AS t WHERE ${sameKey} OFFSET 0) AS found`,
  };
}

function writtenColumns(table: Table): string[] {
  return [...table.columns, ...BOOKKEEPING].map((column) => quote(column.name));
}

interface UpsertParts {
  table: Table;
  stage: string;
  /** Columns that are no keys. */
  rest: readonly Column[];
  /** The column that guards a stored row that is newer. */
  newer: Column | undefined;
  /** A further condition on the staged rows. */
  where: string;
}

function upsertSql({ table, stage, rest, newer, where }: UpsertParts): string {
  const names = writtenColumns(table);
  const values = [...table.columns.map((_, at) => `s.c${at}`), "$1::timestamptz", "$1::timestamptz", "$2::bigint"];
  const changed = rest.map((column) => differs(column, `excluded.${quote(column.name)}`, true));
  const current = newer ? ` AND NOT ${isNewer(newer, `excluded.${quote(newer.name)}`)}` : "";
  const set = [...rest.map((column) => quote(column.name)), "sync_updated_at", "sync_run_id"].map(
    (name) => `${name} = excluded.${name}`,
  );
  if (table.keepsDeleted) {
    set.push(`${quote(DELETED_AT.name)} = NULL`);
    changed.push(isDeleted);
  }
  const action =
    changed.length === 0 ? "DO NOTHING" : `DO UPDATE SET ${set.join(", ")} WHERE ${anyOf(changed)}${current}`;
  // A row that was inserted has no xmax; one that was updated carries the lock that ON CONFLICT took on it.
  return `WITH written AS (
      INSERT INTO ${quote(table.name)} AS t (${names.join(", ")}) SELECT ${values.join(", ")} FROM ${stage} AS s
      WHERE s.n BETWEEN $3 AND $4${where} ON CONFLICT (${table.keys.map(quote).join(", ")}) ${action} RETURNING t.xmax = 0 AS created)
    SELECT count(*) FILTER (WHERE created) AS created, count(*) FILTER (WHERE NOT created) AS updated FROM written`;
}

/** The stored row is newer: both values are there, and the stored one is greater. */
function isNewer(newer: Column, than: string): string {
  // By code points, not by the database's language: SQLite compares so too.
  const collate = parseColumnType(newer.type).kind === "text" ? ` COLLATE "C"` : "";
  return `coalesce(t.${quote(newer.name)}${collate} > ${than}${collate}, false)`;
}

function differs(column: Column, given: string, isStored: boolean): string {
  if (!isStored) return `${given} IS NOT NULL`;
  // Intervals are equal when they last as long: 30 days and a month, 24 hours and a day. Their texts are not.
  const cast = parseColumnType(column.type).kind === "interval" ? "::text" : "";
  return `t.${quote(column.name)}${cast} IS DISTINCT FROM ${given}${cast}`;
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : `(${conditions.join(" OR ")})`;
}

/** A row's key as one text, in the form that the column's values have. */
export function keyText(table: Table): string {
  const texts = table.keys.map((key) => {
    const column = `t.${quote(key)}`;
    const type = table.columns.find(({ name }) => name === key)?.type ?? "text";
    const { kind } = parseColumnType(type);
    if (kind === "timestamp") return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
    // A column that was adopted may have more decimals.
    return kind === "decimal" ? `${column}::${storedAs(type)}::text` : `${column}::text`;
  });
  return joinKeyTexts(texts);
}
