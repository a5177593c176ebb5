/** What a run has counted: of the records' own table, and of each table of `children`. */
import { noCounts, type Counters } from "./state/checkpoint.ts";

export interface Tally {
  /** Of the records' own table; of records that were filtered or rejected where only their children are rows. */
  own: Counters;
  /** Of each of `children`, by table. */
  tables: Readonly<Record<string, Counters>>;
  /** Records read of the source. */
  read: number;
}

/** Each count of `b` added to that of `a`. */
export function plus(a: Counters, b: Partial<Counters>): Counters {
  const sum = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name as keyof Counters] += count;
  return sum;
}

/** Of all tables together. */
export function allCounts({ own, tables }: Pick<Tally, "own" | "tables">): Counters {
  return Object.values(tables).reduce((sum, counters) => plus(sum, counters), plus(noCounts(), own));
}

/**
 * What a run says of itself and the history keeps in its columns: the counts of the records' own table, or those of
 * the children where only they are rows.
 */
export function headline(tally: Tally, hasMain: boolean): Counters {
  return hasMain ? tally.own : allCounts(tally);
}
