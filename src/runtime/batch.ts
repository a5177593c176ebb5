/** Rows gathered between two commits: distinct by key, the newer of two wins. */
import type { Row, RowBuffer, RowSet, Sink, Value } from "../sinks/contract.ts";
import type { ChildSet } from "./mapping/index.ts";
import type { Place } from "./state/checkpoint.ts";
import type { Reject } from "./state/rejects.ts";
import type { Target } from "./target.ts";

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

  /** @param target absent where only children are rows */
  constructor(target: Target | undefined, sink: Pick<Sink, "buffer">) {
    this.main = new TableBatch(target, sink);
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

  /** Records whose children count: rows that were written, and those that are none. @param lost indexes of the others. */
  parents(lost: ReadonlySet<number>): Parent[] {
    const { keys, records, children } = this.main;
    const written = keys.map((key, index): Parent => ({ key, record: records[index], children: children[index] }));
    return [...(lost.size === 0 ? written : written.filter((_, index) => !lost.has(index))), ...this.loose];
  }

  /** Records that came last, `count` at the most. */
  lastRecords(count: number): unknown[] {
    return this.loose.length > 0
      ? this.loose.slice(-count).map(({ record }) => record)
      : this.main.records.slice(-count);
  }
}

/** Rows for one table. What is known of a row beside its values lies in lists by its index: an object a row costs more. */
export class TableBatch {
  /** The rows, in their sink's form. */
  readonly rows: RowBuffer | undefined;
  readonly keys: string[] = [];
  readonly records: unknown[] = [];
  /** Filled where records have children. */
  readonly children: (readonly ChildSet[])[] = [];
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
  /** What says how new each row is, where something does. */
  readonly #newer: (Value | undefined)[] = [];
  readonly #newerAt: number | undefined;

  /** @param target absent where nothing is written */
  constructor(target: Target | undefined, sink: Pick<Sink, "buffer">) {
    this.rows = target && sink.buffer(target.table);
    this.#newerAt = target?.at.newerBy;
  }

  /** Adds a row; of two with one key the newer stays, the later read where they are equal or one has no time. */
  add(candidate: BatchRow): void {
    const { key } = candidate;
    const newer = this.#newerAt === undefined ? undefined : candidate.row[this.#newerAt];
    if (this.rejectedKeys.size > 0 && !this.#isBehindReject(key, newer)) this.rejectedKeys.delete(key);
    const known = this.#byKey.get(key);
    if (known === undefined) {
      const index = this.keys.length;
      this.#byKey.set(key, index);
      this.keys.push(key);
      this.#put(index, candidate, newer);
      return;
    }
    this.duplicates++;
    if (!isOlder(candidate.newerLimit ?? newer, this.#newer[known])) this.#put(known, candidate, newer);
  }

  #put(index: number, { row, record, newerLimit, children }: BatchRow, newer: Value | undefined): void {
    this.rows!.set(index, row, newerLimit);
    this.records[index] = record;
    if (children) this.children[index] = children;
    if (this.#newerAt !== undefined) this.#newer[index] = newer;
  }

  /** The row of a key that is in the batch. */
  rowOf(key: string): Row {
    const index = this.#byKey.get(key);
    return index === undefined ? [] : (this.rows?.get(index) ?? []);
  }

  /**
   * Keeps why a record could not become a row: one reject or more.
   * @param row as far as it was mapped.
   */
  reject(rejects: readonly Reject[], row?: Row): void {
    this.rejected++;
    const newer = row && this.#newerAt !== undefined ? row[this.#newerAt] : undefined;
    for (const reject of rejects) {
      this.rejects.push(reject);
      this.rejectedKeys.add(reject.key);
      if (newer !== null && newer !== undefined) this.#rejectedNewer.set(reject.key, newer);
    }
  }

  /** An older version than a rejected one does not make good what is wrong with the newer. */
  #isBehindReject(key: string, newer: Value | undefined): boolean {
    return isOlder(newer, this.#rejectedNewer.get(key));
  }
}

/** Both say how new they are, and the first says less. */
function isOlder(mine: Value | undefined, theirs: Value | undefined): boolean {
  return mine !== null && mine !== undefined && theirs !== null && theirs !== undefined && mine < theirs;
}

/** A row's key as one text; ids of the same digits are one key whether they came as number or as bigint. */
export function keyOf(row: Row, keys: readonly number[]): string {
  return keys.length === 1
    ? String(row[keys[0]!])
    : keys.map((index) => String(row[index]).replace(/[\\,]/g, "\\$&")).join(",");
}
