/** A first load in ranges of a key: each is a slice with a checkpoint of its own. */
import type { Logger } from "pino";
import type { ReadRequest } from "../contract.ts";
import type { Session } from "./dialects/contract.ts";
import { keyOf, type ReadPlan } from "./plan.ts";
import { indexOf } from "./sql/columns.ts";
import { deltaCondition } from "./sql/delta.ts";
import type { Key } from "./sql/keyset.ts";
import { allOf, type Sql } from "./sql/sql.ts";

/** Ranges for each reader: one that holds more than the others does not keep all waiting. */
const RANGES_PER_READER = 4;

/** From and to as whole numbers; absent: without an end. The rows without a key are a range of their own. */
export interface KeyRange {
  from?: bigint;
  to?: bigint;
  nulls?: boolean;
}

export interface RangeSlice {
  /** `id:500..1000`: the range itself, so that a resumed run has the same ones. */
  name: string;
  range: KeyRange;
}

/** Which column makes the ranges, and how many there are; undefined where the source is read in one. */
export function rangeKey({
  spec,
  keyset,
}: Pick<ReadPlan, "spec" | "keyset">): { by: string; count: number } | undefined {
  const { parallel } = spec;
  if (parallel === undefined) return undefined;
  const readers = typeof parallel === "number" ? parallel : parallel.readers;
  const by = (typeof parallel === "number" ? undefined : parallel.by) ?? keyset?.keys[0];
  if (by === undefined) return undefined;
  return { by, count: (typeof parallel === "number" ? undefined : parallel.ranges) ?? readers * RANGES_PER_READER };
}

/** The slices of a resumed run, from the names in its checkpoint; none where it was not read in ranges. */
export function resumedRanges(resume: ReadRequest["resume"]): RangeSlice[] {
  return Object.keys(resume).flatMap((name) => {
    const range = readName(name);
    return range ? [{ name, range }] : [];
  });
}

function readName(name: string): KeyRange | undefined {
  if (name.endsWith(":null")) return { nulls: true };
  const { from, to } = /:(?<from>-?\d*)\.\.(?<to>-?\d*)$/.exec(name)?.groups ?? {};
  if (from === undefined || to === undefined) return undefined;
  return { ...(from === "" ? {} : { from: BigInt(from) }), ...(to === "" ? {} : { to: BigInt(to) }) };
}

/** Divides what there is. None where the key is no whole number, or all is in one range. */
export async function planRanges(session: Session, plan: ReadPlan, log: Logger): Promise<RangeSlice[]> {
  const asked = rangeKey(plan);
  if (!asked || !plan.columns) return [];
  const key = keyOf(asked.by, plan.select, plan.columns);
  const least = await end(session, plan, { key, descending: false });
  const greatest = await end(session, plan, { key, descending: true });
  if (least === null || greatest === null) return [];
  if (least === undefined || greatest === undefined) {
    log.warn(`parallel needs a key of whole numbers, and ${asked.by} is ${key.column.type}: it is read in one`);
    return [];
  }
  const count = BigInt(asked.count);
  const width = (greatest - least) / count + 1n;
  const slices: RangeSlice[] = [];
  // Rows that come while we read lie below or above: the outer ranges are open.
  for (let from = least; from <= greatest; from += width) {
    const isFirst = from === least;
    const isLast = from + width > greatest;
    const range: KeyRange = { ...(isFirst ? {} : { from }), ...(isLast ? {} : { to: from + width }) };
    slices.push({ name: `${asked.by}:${range.from ?? ""}..${range.to ?? ""}`, range });
  }
  if (slices.length < 2) return [];
  return key.column.notNull ? slices : [...slices, { name: `${asked.by}:null`, range: { nulls: true } }];
}

/** The least or the greatest key; null where there are no rows, undefined where it is no whole number. */
async function end(
  session: Session,
  plan: ReadPlan,
  { key, descending }: { key: Key; descending: boolean },
): Promise<bigint | null | undefined> {
  const statement = plan.select.statement({
    delta: deltaCondition(plan.delta),
    keyset: [`${key.text} IS NOT NULL`],
    order: [key.text],
    descending,
    limit: 1,
  });
  let value: unknown;
  for await (const { columns, rows } of session.rows(statement)) value ??= rows[0]?.[indexOf(columns, key.column.name)];
  if (value === undefined) return null;
  return /^-?\d+$/.test(String(value)) ? BigInt(String(value)) : undefined;
}

/** The rows of a range. */
export function rangeCondition(range: KeyRange, key: Key, plan: Pick<ReadPlan, "dialect">): Sql {
  if (range.nulls) return [`${key.text} IS NULL`];
  const bound = (value: bigint): Sql => [plan.dialect.key(String(value), { ...key.column, kind: "integer" })];
  return allOf([
    ...(range.from === undefined ? [] : [[`${key.text} >= `, ...bound(range.from)]]),
    ...(range.to === undefined ? [] : [[`${key.text} < `, ...bound(range.to)]]),
    ...(range.from === undefined && range.to === undefined ? [] : [[`${key.text} IS NOT NULL`]]),
  ]);
}
