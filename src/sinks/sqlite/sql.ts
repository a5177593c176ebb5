/** The SQL of a merge into SQLite. Staged columns are named c0, c1, …: no name of a mapping can clash with one. */
import { createHash } from "node:crypto";
import { parseColumnType } from "../column-type.ts";
import { DELETED_AT } from "../bookkeeping.ts";
import type { Column, Table } from "../contract.ts";
import { joinKeyTexts } from "../key-text.ts";
import { quote } from "../quote.ts";
import { storedAs } from "./storage.ts";

/** `s` is the staging table, `t` the target; a range of staged rows is bound as its first and last `n`. */
export interface MergeSql {
  createStage: string;
  emptyStage: string;
  /** Gives `n` of the rows that are staged, ascending. */
  listStage: string;
  /** Binds n, the newer limit, and the values. */
  fillStage: string;
  /** Binds a range. Gives `matched`, `stale`, `updated`. */
  classify: string;
  /** Binds a range. Gives `n` of the staged rows that are older than the stored ones, ascending. */
  listStale: string;
  /** Binds a range. Removes staged rows that are older than the stored ones. */
  dropStale: string;
  /** Binds created_at, updated_at, the run and a range. */
  upsert: string;
}

export interface MergeSqlOptions {
  table: Table;
  replaceNewer: boolean;
  /** False for a column that the table does not have yet: nothing is stored in it. */
  isStored: (column: Column) => boolean;
}

const RANGE = "s.n BETWEEN ? AND ?";
const isDeleted = `t.${quote(DELETED_AT.name)} IS NOT NULL`;

export function mergeSql({ table, replaceNewer, isStored }: MergeSqlOptions): MergeSql {
  const target = `main.${quote(table.name)}`;
  const types = table.columns.map((column) => storedAs(column.type));
  const stage = stageName(types);
  const staged = (name: string): string => `s.c${table.columns.findIndex((column) => column.name === name)}`;
  const sameKey = table.keys.map((key) => `t.${quote(key)} = ${staged(key)}`).join(" AND ");
  const rest = table.columns.filter((column) => !table.keys.includes(column.name));
  const stale = replaceNewer ? "0" : staleCondition(table, staged, isStored);
  const changed = anyOf([
    ...rest.map((column) =>
      isStored(column) ? `t.${quote(column.name)} IS NOT ${staged(column.name)}` : `${staged(column.name)} IS NOT NULL`,
    ),
    ...(table.keepsDeleted && isStored(DELETED_AT) ? [isDeleted] : []),
  ]);
  const isStale = `${RANGE} AND EXISTS (SELECT 1 FROM ${target} AS t WHERE ${sameKey} AND ${stale})`;
  return {
    createStage: `CREATE TEMP TABLE IF NOT EXISTS ${stage} (n INTEGER PRIMARY KEY, l, ${types.map((type, at) => `c${at} ${type}`).join(", ")})`,
    listStage: `SELECT n FROM temp.${stage} ORDER BY n`,
    emptyStage: `DELETE FROM temp.${stage}`,
    fillStage: `INSERT INTO temp.${stage} VALUES (?, ?${", ?".repeat(types.length)})`,
    // CROSS JOIN fixes the order: a few staged rows, each looked up by the target's index.
    classify: `SELECT count(*) AS matched, coalesce(sum(${stale}), 0) AS stale,
      coalesce(sum(NOT ${stale} AND ${changed}), 0) AS updated
      FROM temp.${stage} AS s CROSS JOIN ${target} AS t ON ${sameKey} WHERE ${RANGE}`,
    listStale: `SELECT s.n AS n FROM temp.${stage} AS s WHERE ${isStale} ORDER BY s.n`,
    dropStale: `DELETE FROM temp.${stage} AS s WHERE ${isStale}`,
    upsert: upsertSql({ table, target, stage, rest }),
  };
}

function upsertSql(parts: { table: Table; target: string; stage: string; rest: readonly Column[] }): string {
  const { table, target, stage, rest } = parts;
  const names = [
    ...table.columns.map((column) => quote(column.name)),
    "sync_created_at",
    "sync_updated_at",
    "sync_run_id",
  ];
  const values = [...table.columns.map((_, at) => `s.c${at}`), "?", "?", "?"];
  const set = [...rest.map((column) => quote(column.name)), "sync_updated_at", "sync_run_id"].map(
    (name) => `${name} = excluded.${name}`,
  );
  const changed = rest.map((column) => `t.${quote(column.name)} IS NOT excluded.${quote(column.name)}`);
  if (table.keepsDeleted) {
    set.push(`${quote(DELETED_AT.name)} = NULL`);
    changed.push(isDeleted);
  }
  const action = changed.length === 0 ? "DO NOTHING" : `DO UPDATE SET ${set.join(", ")} WHERE ${anyOf(changed)}`;
  return `INSERT INTO ${target} AS t (${names.join(", ")}) SELECT ${values.join(", ")} FROM temp.${stage} AS s
    WHERE ${RANGE} ON CONFLICT (${table.keys.map(quote).join(", ")}) ${action}`;
}

/**
 * SQLite refuses expressions nested deeper than 1,000, and a chain of ORs nests once for each: the conditions are
 * grouped by 100.
 */
function anyOf(conditions: readonly string[]): string {
  if (conditions.length === 0) return "0";
  const groups: string[] = [];
  for (let at = 0; at < conditions.length; at += 100) groups.push(`(${conditions.slice(at, at + 100).join(" OR ")})`);
  return `(${groups.join(" OR ")})`;
}

function staleCondition(table: Table, staged: (name: string) => string, isStored: (column: Column) => boolean): string {
  const newer = table.columns.find((column) => column.name === table.newerBy);
  if (!newer || !isStored(newer)) return "0";
  const stored = `t.${quote(newer.name)}`;
  const limit = `coalesce(s.l, ${staged(newer.name)})`;
  const greater =
    parseColumnType(newer.type).kind === "decimal" ? decimalGreater(stored, limit) : `${stored} > ${limit}`;
  return `coalesce(${staged(newer.name)} IS NOT NULL AND ${greater}, 0)`;
}

/** Decimals are text of one scale: without a sign the longer one is the greater, and equal lengths go by the digits. */
function decimalGreater(left: string, right: string): string {
  const beyond = (a: string, b: string): string =>
    `(length(${a}) > length(${b}) OR (length(${a}) = length(${b}) AND ${a} > ${b}))`;
  return `CASE WHEN ${left} IS NULL THEN 0
    WHEN ${left} LIKE '-%' AND ${right} LIKE '-%' THEN ${beyond(right, left)}
    WHEN ${left} LIKE '-%' THEN 0 WHEN ${right} LIKE '-%' THEN 1 ELSE ${beyond(left, right)} END`;
}

function stageName(types: readonly string[]): string {
  return `etl_stage_${createHash("sha256").update(types.join()).digest("hex").slice(0, 12)}`;
}

/** A row's key as one text. Booleans are kept as numbers. */
export function keyText(table: Table): string {
  const texts = table.keys.map((key) => {
    const column = `t.${quote(key)}`;
    const type = table.columns.find(({ name }) => name === key)?.type ?? "text";
    return parseColumnType(type).kind === "boolean"
      ? `CASE ${column} WHEN 0 THEN 'false' ELSE 'true' END`
      : `CAST(${column} AS TEXT)`;
  });
  return joinKeyTexts(texts);
}
