/** `{{delta}}`: the rows of the window. */
import type { DatabaseDelta } from "../../../spec/types.ts";
import type { Window } from "../../contract.ts";
import type { Dialect, ResultColumn } from "../dialects/contract.ts";
import { indexOf } from "./columns.ts";
import { ALWAYS, NEVER, allOf, anyOf, type Sql } from "./sql.ts";

export interface DeltaInput {
  delta: DatabaseDelta | undefined;
  /** How a column is written in the statement. */
  column(name: string): string;
  dialect: Dialect;
  window: Pick<Window, "since" | "until">;
  /** The run asks for what changed; else everything from `delta.start` on. */
  incremental: boolean;
  /** Of the result, as far as they are known. */
  columns: readonly ResultColumn[] | undefined;
}

/**
 * The condition: the first of the columns that holds a time lies in the window. Written so that an index on one of
 * them can be used.
 * @param leading whether the first column is known to be NULL, or known not to be, in the rows that are asked for
 */
export function deltaCondition(input: DeltaInput, leading?: "null" | "not null"): Sql {
  const { delta, incremental } = input;
  if (!delta || delta.local || (!incremental && delta.start === undefined)) return ALWAYS;
  const [first, ...rest] = delta.columns;
  if (first === undefined) return ALWAYS;
  if (leading === "null") return fallBack(input, rest);
  const missing = leading === "not null" ? zero(input, first) : [isNull(input, first), ...zero(input, first)];
  return firstOf(input, first, { missing, rest });
}

/** Rows in which all columns so far are missing. */
function fallBack(input: DeltaInput, [next, ...rest]: readonly string[]): Sql {
  if (next === undefined) return input.delta?.missing === "exclude" ? NEVER : ALWAYS;
  return firstOf(input, next, { missing: [isNull(input, next), ...zero(input, next)], rest });
}

function firstOf(
  input: DeltaInput,
  name: string,
  { missing, rest }: { missing: readonly Sql[]; rest: readonly string[] },
): Sql {
  if (missing.length === 0) return within(input, name);
  return anyOf([within(input, name), allOf([anyOf(missing), fallBack(input, rest)])]);
}

function isNull(input: DeltaInput, name: string): Sql {
  return [`${input.column(name)} IS NULL`];
}

/** What a database keeps in the place of a time that is not there, as a condition; none where it has no such thing. */
function zero(input: DeltaInput, name: string): Sql[] {
  const { delta, columns = [], dialect } = input;
  const column = columns[indexOf(columns, name)];
  if (!column || delta?.type === "integer" || delta?.format !== undefined) return [];
  const condition = dialect.zeroTime?.(column);
  return condition === undefined ? [] : [[`${input.column(name)} ${condition}`]];
}

function within({ delta, column: written, dialect, window, incremental, columns }: DeltaInput, name: string): Sql {
  const index = columns ? indexOf(columns, name) : -1;
  const column = columns?.[index];
  const since: Sql = [`${written(name)} >= `, dialect.bound(window.since, { end: "since", delta, column })];
  // An integer has no upper bound: ids are not times.
  if (!incremental || delta?.type === "integer") return since;
  return ["(", ...since, ` AND ${written(name)} < `, dialect.bound(window.until, { end: "until", delta, column }), ")"];
}
