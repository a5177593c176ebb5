/** The columns that every table carries for the sink itself. */
import { SpecError } from "../errors.ts";
import { parseColumnType } from "./column-type.ts";
import type { Column, Table } from "./contract.ts";

/** In the order in which a merge fills them: `now`, `now`, the run. */
export const BOOKKEEPING: readonly Column[] = [
  { name: "sync_created_at", type: "timestamp" },
  { name: "sync_updated_at", type: "timestamp" },
  { name: "sync_run_id", type: "bigint" },
];

/** Where a table keeps its deleted rows: when a row was deleted, NULL while it lives. */
export const DELETED_AT: Column = { name: "deleted_at", type: "timestamp" };

/** The columns that the sink keeps in this table. */
export function bookkeepingOf({ keepsDeleted }: Table): readonly Column[] {
  return keepsDeleted ? [...BOOKKEEPING, DELETED_AT] : BOOKKEEPING;
}

/** Throws SpecError for a table that no database could hold as it is meant: it is the spec that has to change. */
export function checkTable(table: Table): void {
  if (table.columns.length === 0) return; // asks whether it is there, and no more
  const names = new Set(table.columns.map((column) => column.name));
  const problem = (text: string): never => {
    throw new SpecError(`table "${table.name}": ${text}`);
  };
  if (table.keys.length === 0) problem("upsert.keys names no column");
  if (names.size < table.columns.length) problem("two columns have one name");
  for (const name of [...table.keys, ...(table.newerBy === undefined ? [] : [table.newerBy])]) {
    if (!names.has(name)) problem(`"${name}" is not one of its columns`);
  }
  for (const { name } of bookkeepingOf(table)) {
    if (names.has(name)) problem(`the column name "${name}" is kept for the runner's own use`);
  }
  const newer = table.columns.find((column) => column.name === table.newerBy);
  if (newer && ["json", "interval"].includes(parseColumnType(newer.type).kind)) {
    problem(`newer_by cannot be "${newer.name}": values of type ${newer.type} have no order`);
  }
}
