/** Rows gathered between two commits: distinct by key, the newer of two wins. */
import type { Row, RowSet, Value } from "../sinks/contract.ts";
import type { ChildSet } from "./mapping/index.ts";
import type { Place } from "./state/checkpoint.ts";
import type { Reject } from "./state/rejects.ts";

export interface BatchRow {
  key: string;
  row: Row;
  record: unknown;
  newerLimit?: Value;
  /** What it holds for the tables of `children`, in their order. */
  children?: readonly ChildSet[];
}

/** A record that may have children: a row of its own, or none. */
export type Parent = Pick<BatchRow, "record" | "children"> & { key?: string };

export interface BatchKeys {
  /** Positions of the upsert keys in a row. */
  keys: readonly number[];
  /** Position of `newer_by`, if there is one. */
  newerBy?: number;
}

/** What two commits have between them: the records' own table, their children, and how far it leads. */
export class Batch {
  /** Of the records themselves; where only their children are rows, those that were filtered or rejected. */
  readonly main: TableBatch;
  /** Records that are no rows themselves. */
  readonly loose: Parent[] = [];
  /** Sets whose last page is in, of the records' own table (undefined) and of each of `children`. */
  readonly due = new Map<number | undefined, RowSet[]>();
  /** Parents that an answer was had about: that one of them was refused is over. */
  readonly answered: string[] = [];
  /** Where reading goes on after its pages. */
  readonly slices = new Map<string, Place>();
  /** Who wants to know when its pages are committed. */
  readonly whenCommitted: (() => void)[] = [];
  bytes = 0;
  /** Those that are in: one without a record, without a body even, leads on all the same, and empties sets. */
  pages = 0;
  /** Records of the source. */
  read = 0;
  #children = 0;

  constructor(at: BatchKeys) {
    this.main = new TableBatch(at);
  }

  /** Records and their children: what memory goes by. */
  get weight(): number {
    return this.read + this.#children;
  }

  /** Nothing came in: there is nothing to write, not even a place to go on from. */
  get isEmpty(): boolean {
    return this.read === 0 && this.main.fetched === 0 && this.pages === 0;
  }

  /** Counts the children of a record that was taken. */
  weigh(found: readonly ChildSet[]): void {
    for (const { children } of found) this.#children += children.length;
  }

  /** Records whose children count: rows that were written, and those that are none. @param lost places of the others. */
  parents(lost: ReadonlySet<number>): Parent[] {
    const rows = lost.size === 0 ? this.main.rows : this.main.rows.filter((_, index) => !lost.has(index));
    return [...rows, ...this.loose];
  }
}

/** Rows for one table. */
export class TableBatch {
  readonly rows: BatchRow[] = [];
  readonly rejects: Reject[] = [];
  /** Keys whose last version in this batch was rejected. */
  readonly rejectedKeys = new Set<string>();
  /** Of a rejected version, what says how new it is, where that could be read. */
  readonly #rejectedNewer = new Map<string, Value>();
  duplicates = 0;
  /** Records that this batch answers for. */
  fetched = 0;
  filtered = 0;
  rejected = 0;
  warnings = 0;
  readonly #byKey = new Map<string, number>();
  readonly #at: BatchKeys;

  constructor(at: BatchKeys) {
    this.#at = at;
  }

  /** Adds a row; of two with one key the newer stays, the later read where they are equal or one has no time. */
  add(candidate: BatchRow): void {
    if (!this.#isBehindReject(candidate)) this.rejectedKeys.delete(candidate.key);
    const index = this.#byKey.get(candidate.key);
    if (index === undefined) {
      this.#byKey.set(candidate.key, this.rows.push(candidate) - 1);
      return;
    }
    this.duplicates++;
    if (!this.#isOlder(candidate, this.rows[index]!)) this.rows[index] = candidate;
  }

  /**
   * Keeps why a record could not become a row: one reject or more.
   * @param row as far as it was mapped.
   */
  reject(rejects: readonly Reject[], row?: Row): void {
    this.rejected++;
    const newer = row && this.#at.newerBy !== undefined ? row[this.#at.newerBy] : undefined;
    for (const reject of rejects) {
      this.rejects.push(reject);
      this.rejectedKeys.add(reject.key);
      if (newer !== null && newer !== undefined) this.#rejectedNewer.set(reject.key, newer);
    }
  }

  /** An older version than a rejected one does not make good what is wrong with the newer. */
  #isBehindReject({ key, row }: BatchRow): boolean {
    const rejected = this.#rejectedNewer.get(key);
    const mine = this.#at.newerBy === undefined ? undefined : row[this.#at.newerBy];
    return rejected !== undefined && rejected !== null && mine !== null && mine !== undefined && mine < rejected;
  }

  #isOlder(candidate: BatchRow, held: BatchRow): boolean {
    const { newerBy } = this.#at;
    if (newerBy === undefined) return false;
    const mine = candidate.newerLimit ?? candidate.row[newerBy];
    const theirs = held.row[newerBy];
    return mine !== null && mine !== undefined && theirs !== null && theirs !== undefined && mine < theirs;
  }
}

/** A row's key as one text; ids of the same digits are one key whether they came as number or as bigint. */
export function keyOf(row: Row, keys: readonly number[]): string {
  return keys.length === 1
    ? String(row[keys[0]!])
    : keys.map((index) => String(row[index]).replace(/[\\,]/g, "\\$&")).join(",");
}
