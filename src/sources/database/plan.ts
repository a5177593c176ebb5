/** What a read asks: the columns of the result, the keys, the conditions of the window. Known before the first row. */
import { SpecError } from "../../errors.ts";
import type { DatabaseSource, PaginationKeyset } from "../../spec/types.ts";
import { didYouMean } from "../../suggest.ts";
import type { SourceContext, Window } from "../contract.ts";
import { refusedBinary } from "./dialects/binary.ts";
import { type Dialect, type ResultColumn, type Session, UNKNOWN } from "./dialects/contract.ts";
import { keyIndex, refuseTwins, resultName } from "./sql/columns.ts";
import type { DeltaInput } from "./sql/delta.ts";
import type { Key } from "./sql/keyset.ts";
import { compileSelect, type Select } from "./sql/select.ts";
import { suggestColumn } from "./explain-unknown.ts";
import { ALWAYS } from "./sql/sql.ts";

export interface ReadPlan {
  spec: DatabaseSource;
  dialect: Dialect;
  select: Select;
  /** Of the result, where the database tells them beforehand. */
  columns: readonly ResultColumn[] | undefined;
  keyset: PaginationKeyset | undefined;
  keys: readonly Key[];
  delta: DeltaInput;
}

export interface PlanInput {
  spec: DatabaseSource;
  context: SourceContext;
  dialect: Dialect;
  window: Pick<Window, "since" | "until">;
  incremental: boolean;
  /** Names of a table's columns, over a connection of its own: after an error the one in hand is closed. */
  columnsOf: Session["columnsOf"];
}

/** Asks the database what the SQL will give. @throws SpecError where that cannot be read */
export async function planRead(session: Session, input: PlanInput): Promise<ReadPlan> {
  const { spec, context, dialect, window, incremental } = input;
  const { since, until } = window;
  const scope = {
    values: { since, until, params: context.params, vars: context.connection?.vars ?? {} },
    mapped: context.mapped,
  };
  const select = compileSelect({ spec, dialect, wanted: await wantedColumns(session, input), scope });
  const columns = await describe(session, select, input);
  if (columns) {
    refuseTwins(columns);
    const binary = spec.binary === "fail" ? columns.find(({ kind }) => kind === "binary") : undefined;
    if (binary) throw refusedBinary(binary.name, binary.type);
  }
  const keyset = spec.pagination.type === "keyset" ? spec.pagination : undefined;
  if (keyset && !dialect.supportsKeyset)
    throw new SpecError(`${dialect.label} reads the whole table for each page: take pagination { type: none }`);
  return {
    spec,
    dialect,
    select,
    columns,
    keyset,
    keys: (keyset?.keys ?? []).map((key) => keyOf(key, select, columns ?? [])),
    delta: { delta: spec.delta, column: select.column, dialect, window, incremental, columns },
  };
}

/** A key of the spec. @throws SpecError where the result does not have it, or it orders nothing */
export function keyOf(key: string, select: Select, columns: readonly ResultColumn[]): Key {
  const column = columns[keyIndex(columns, key)]!;
  if (column.sortsOtherwise || column.kind === "json" || column.kind === "binary")
    throw new SpecError(`${key} is ${column.type}, by which pages cannot be made: take another key`);
  return { text: select.column(key), column };
}

async function describe(session: Session, select: Select, input: PlanInput): Promise<ResultColumn[] | undefined> {
  const statement = select.statement({ delta: ALWAYS, keyset: ALWAYS, limit: 0 });
  try {
    return await session.describe(statement);
  } catch (error) {
    throw await suggestColumn(error, statement.text, input);
  }
}

/** What is asked of a table: every column that something reads, and no other. Empty for a query. */
async function wantedColumns(session: Session, { spec, context }: PlanInput): Promise<string[]> {
  if (spec.table === undefined) return [];
  const { pagination, delta, parallel } = spec;
  const own = [
    ...(pagination.type === "keyset" ? pagination.keys : []),
    ...(delta?.columns ?? []),
    ...(typeof parallel === "object" && parallel.by !== undefined ? [parallel.by] : []),
  ].map(resultName);
  const wanted = [...new Set([...own, ...context.mapped("")])];
  const columns = await session.columnsOf(spec.table.split("."));
  if (columns === UNKNOWN) return wanted;
  if (!columns) throw new SpecError(`there is no table ${spec.table}, or the user may not see it`);
  const known = new Set(columns);
  const missing = wanted.filter((name) => !known.has(name));
  if (missing.length > 0)
    throw new SpecError(
      `table ${spec.table} has no column ${missing.map((name) => `"${name}"`).join(", ")}.${didYouMean(missing[0]!, columns) || (columns.length <= 30 ? ` It has: ${columns.join(", ")}.` : "")}`,
    );
  return wanted.length > 0 ? wanted : columns.slice(0, 1);
}
