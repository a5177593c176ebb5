/** A table that a run fills: where its keys are in a row, and what its rows are called. */
import type { Column, Row, Table } from "../sinks/contract.ts";
import { mainTarget, type TargetSpec } from "../spec/targets.ts";
import type { Pipeline } from "../spec/types.ts";
import { keyOf, type BatchKeys } from "./batch.ts";
import type { Mapping } from "./mapping/index.ts";
import { recordHash } from "./state/rejects.ts";

export interface Target {
  table: Table;
  at: BatchKeys;
  /** Of `upsert.replace_within`: which columns make a set, and where they stand in a row. */
  within?: { columns: readonly string[]; at: readonly number[] };
  /** Empty for the table of the records themselves: their rejects carry none. */
  rejectTable: string;
}

/** Keys longer than this are stored as a hash. */
const longestKey = 500;

/** @param isChild its rejects name the table. */
function targetOf(
  { upsert, sink }: Pick<TargetSpec, "upsert" | "sink">,
  columns: readonly Column[],
  isChild: boolean,
): Target {
  const { keys, newer_by: newerBy, replace_within: within } = upsert;
  const position = (name: string): number => columns.findIndex((column) => column.name === name);
  return {
    table: { name: sink.table, columns, keys, newerBy },
    at: { keys: keys.map(position), newerBy: newerBy === undefined ? undefined : position(newerBy) },
    ...(within ? { within: { columns: within, at: within.map(position) } } : {}),
    rejectTable: isChild ? sink.table : "",
  };
}

/** The tables that a pipeline fills. */
export function targetsFor(spec: Pipeline, mapping: Mapping): { main?: Target; children: readonly Target[] } {
  const main = mainTarget(spec);
  return {
    ...(main && mapping.main ? { main: keeping(spec, targetOf(main, mapping.main.columns, false)) } : {}),
    children: (spec.children ?? []).map((child, index) => targetOf(child, mapping.children[index]!.columns, true)),
  };
}

/** With `mode: soft` the rows that are deleted stay. */
function keeping({ deletes }: Pipeline, target: Target): Target {
  return deletes?.mode === "soft" ? { ...target, table: { ...target.table, keepsDeleted: true } } : target;
}

/** A row's key as messages and rejects have it; a hash of the record where a part of it is missing. */
export function rowKey({ at }: Pick<Target, "at">, row: Row, record: unknown): { key: string; isWhole: boolean } {
  const isWhole = at.keys.every((index) => row[index] !== null);
  const key = isWhole ? keyOf(row, at.keys) : recordHash(record);
  return { key: key.length > longestKey ? recordHash(key) : key, isWhole };
}

/** `id=123`, by the columns of the upsert key. */
export function keyLabel({ table, at }: Target, row: Row): string {
  return table.keys.map((name, index) => `${name}=${String(row[at.keys[index]!] ?? "?")}`).join(", ");
}
