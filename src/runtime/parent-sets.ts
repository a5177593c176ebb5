/** Slices by parent: which rows belong to the parents that are asked for, until the answer about each is whole. */
import type { Page } from "../sources/contract.ts";
import type { Row } from "../sinks/contract.ts";
import { parentSlices } from "../spec/parent-slices.ts";
import type { Pipeline } from "../spec/types.ts";
import type { Batch } from "./batch.ts";
import { heldWarning } from "./child-batch.ts";
import type { ChildSet } from "./mapping/index.ts";
import { OpenSets } from "./open-sets.ts";
import { rowKey, type Target } from "./target.ts";
import type { RecordLabel, Teller } from "./warnings.ts";

/** Whether some run of a pipeline asks for records by the ids of another one's rows. */
export function asksForParents({ source }: Pipeline): boolean {
  return parentSlices(source) !== undefined;
}

export interface ParentSetsOptions {
  main?: Target;
  children: readonly Target[];
  teller: Teller;
  label(text: string, id: string): RecordLabel;
}

export class ParentSets {
  readonly #options: ParentSetsOptions;
  /** Tables that are replaced: the records' own (undefined), or one of `children`. */
  readonly #open = new Map<number | undefined, { sets: OpenSets; target: Target }>();
  #asked: readonly string[] = [];

  constructor(options: ParentSetsOptions) {
    this.#options = options;
    const add = (index: number | undefined, target: Target | undefined): void => {
      if (target?.within) this.#open.set(index, { sets: new OpenSets(target), target });
    };
    add(undefined, options.main);
    options.children.forEach((target, index) => add(index, target));
  }

  /** A page's records follow. */
  open({ sliceValue }: Page): void {
    const ids = (sliceValue as { ids?: unknown } | undefined)?.ids;
    this.#asked = Array.isArray(ids) ? (ids as string[]) : [];
  }

  /** A record of this page cannot be told from one that is stored. */
  hold(): void {
    for (const { sets } of this.#open.values()) sets.hold(this.#asked);
  }

  /** A record of the table of records, as far as it was mapped. */
  see(row: Row, isWhole: boolean): void {
    this.#open.get(undefined)?.sets.see(row, isWhole, this.#asked);
  }

  /** The children of a record, whatever becomes of it: those that are dropped are stored perhaps. */
  seeChildren(found: readonly ChildSet[]): void {
    for (const [index, { sets, target }] of this.#open) {
      if (index === undefined) continue;
      const set = found[index];
      if (!set || set.failure) sets.hold(this.#asked);
      else
        for (const { record, mapped } of set.children)
          sets.see(mapped.row, rowKey(target, mapped.row, record).isWhole, this.#asked);
    }
  }

  /** The page is in: what it answers for is due with the batch. */
  close({ answered }: Page, batch: Batch): void {
    if (!answered?.length) return;
    for (const [index, { sets, target }] of this.#open) {
      const { due, held } = sets.close(answered);
      batch.due.set(index, [...(batch.due.get(index) ?? []), ...due]);
      for (const id of held) {
        const warning = heldWarning("a record of it, or the id itself, cannot be read");
        const label = `${target.table.name} ${target.within?.columns[0]}=${id}`;
        this.#options.teller.warn(warning, () => this.#options.label(label, id));
      }
    }
  }
}
