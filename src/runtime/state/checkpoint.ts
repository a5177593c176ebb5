/** Where inside a run we are: committed with the rows, so that a killed run goes on from there. */
import type { Position } from "../../sources/contract.ts";
import type { Bound } from "../../sources/contract.ts";

/** What a run counts; a resumed run goes on counting. */
export interface Counters {
  fetched: number;
  filtered: number;
  duplicates: number;
  rejected: number;
  mapped: number;
  created: number;
  updated: number;
  unchanged: number;
  stale: number;
  deleted: number;
  warnings: number;
}

export function noCounts(): Counters {
  return {
    fetched: 0,
    filtered: 0,
    duplicates: 0,
    rejected: 0,
    mapped: 0,
    created: 0,
    updated: 0,
    unchanged: 0,
    stale: 0,
    deleted: 0,
    warnings: 0,
  };
}

/** Where reading goes on in a slice. */
export interface Place {
  position?: Position;
  done: boolean;
}

export interface Checkpoint {
  /** Strategy and window of the first attempt. */
  strategy: string;
  since: Bound;
  until: Bound;
  /** Canonical instant of the first attempt's start by the earlier clock. */
  start: string;
  /** Fingerprint of the flags and params that decide what is read: a resumed run must have the same. */
  asked: string;
  specHash: string;
  /** Of the records' own table; of records that were filtered or rejected where only their children are rows. */
  counters: Counters;
  /** Of each of `children`, by table. */
  tables?: Record<string, Counters>;
  /** Records read of the source. */
  read?: number;
  /** Of slices by parent: which parents are asked for, those that changed since an instant or all (null). */
  parentsSince?: string | null;
  /** Greatest delta value read so far. */
  greatest?: Bound;
  slices: Record<string, Place>;
}

/** True when reading can go on somewhere: a position, or a slice that is done. */
export function hasProgress(checkpoint: Checkpoint): boolean {
  return Object.values(checkpoint.slices).some(({ position, done }) => done || position !== undefined);
}
