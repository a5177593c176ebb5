/** `{{keyset}}`: the rows after a row, in the order of the keys. */
import type { Position } from "../../contract.ts";
import type { Dialect, ResultColumn } from "../dialects/contract.ts";
import { ALWAYS, NEVER, allOf, anyOf, type BoundValue, type Sql } from "./sql.ts";

/**
 * Where a read by keys stands. Rows whose first key is NULL are read in a step of their own, after the others: so
 * no database's place for NULLs matters, and each step is one range of an index.
 */
export interface KeysetPosition {
  /** The keys of the last row; absent before the first. */
  after?: readonly (string | number | boolean | null)[];
  nulls?: boolean;
}

export interface Key {
  /** As it is written in the statement. */
  text: string;
  column: ResultColumn;
}

/** The condition of one step. */
export function keysetCondition(keys: readonly Key[], { after, nulls = false }: KeysetPosition, dialect: Dialect): Sql {
  const [first, ...rest] = keys as [Key, ...Key[]];
  if (nulls)
    return allOf([
      [`${first.text} IS NULL`],
      ...(after && rest.length > 0 ? [later(rest, after.slice(1), dialect)] : []),
    ]);
  if (!after) return first.column.notNull ? ALWAYS : [`${first.text} IS NOT NULL`];
  const value = after[0];
  // Alone it adds nothing, but an index can begin at it, which it could not at an OR.
  const from: Sql = [`${first.text} >= `, dialect.key(value, first.column)];
  return rest.length === 0
    ? [`${first.text} > `, dialect.key(value, first.column)]
    : allOf([from, later(keys, after, dialect, true)]);
}

/** `a > x OR (a = x AND b > y)`; NULLs stand where the dialect puts them. */
function later(
  [key, ...rest]: readonly Key[],
  [value, ...values]: readonly (string | number | boolean | null)[],
  dialect: Dialect,
  neverNull = false,
): Sql {
  if (!key) return NEVER;
  const { text, column } = key;
  const nullable = !column.notNull && !neverNull;
  if (value === null || value === undefined)
    return anyOf([
      ...(dialect.nullsFirst ? [[`${text} IS NOT NULL`]] : []),
      allOf([[`${text} IS NULL`], ...(rest.length > 0 ? [later(rest, values, dialect)] : [NEVER])]),
    ]);
  const bound = (): BoundValue => dialect.key(value, column);
  return anyOf([
    [`${text} > `, bound()],
    ...(nullable && !dialect.nullsFirst ? [[`${text} IS NULL`]] : []),
    ...(rest.length > 0 ? [allOf([[`${text} = `, bound()], later(rest, values, dialect)])] : []),
  ]);
}

/** The position after a row. */
export function keysetAfter(values: readonly unknown[], nulls: boolean): Position {
  const after = values.map((value) => (value === undefined ? null : (value as Position)));
  return nulls ? { after, nulls } : { after };
}

/** A position as a checkpoint kept it; the beginning where there is none. */
export function readPosition(position: Position | undefined): KeysetPosition {
  if (typeof position !== "object" || position === null || Array.isArray(position)) return {};
  const { after, nulls } = position;
  return {
    ...(Array.isArray(after) ? { after: after as (string | number | boolean | null)[] } : {}),
    ...(nulls === true ? { nulls } : {}),
  };
}
