/** Sets of rows whose pages are not all in: of each parent that was asked for, the keys of the rows that were read. */
import { FatalError, RecordError } from "../errors.ts";
import type { Row, RowSet, Value } from "../sinks/contract.ts";
import { compileCoercion } from "../values/coerce.ts";
import { restOfKey, setText } from "./child-batch.ts";
import type { Target } from "./target.ts";

export class OpenSets {
  readonly #target: Target;
  readonly #valueOf: (id: string) => Value;
  /** Keys that were read, by set. */
  readonly #kept = new Map<string, Value[]>();
  /** Sets that may hold a row that cannot be told: nothing of theirs is deleted. */
  readonly #held = new Set<string>();
  #asked: { ids: readonly string[]; texts: ReadonlySet<string> } | undefined;

  /** @param target of a table with one column in `replace_within`, which holds the parent's id. */
  constructor(target: Target) {
    const column = target.table.columns[target.within!.at[0]!]!;
    const coerce = compileCoercion(column.type, { nullValues: [] });
    this.#target = target;
    this.#valueOf = (id) => coerce(id, () => {}) ?? null;
  }

  /**
   * A row was read, or as much as could be mapped of one.
   * @param asked ids of the parents that its page is about.
   * @throws FatalError for a row of another parent: what is stored of that one would be deleted for want of an answer.
   */
  see(row: Row, isWhole: boolean, asked: readonly string[]): void {
    const { within, table } = this.#target;
    const value = row[within!.at[0]!] ?? null;
    if (value === null) {
      this.hold(asked);
      return;
    }
    const text = setText([value]);
    if (asked.length > 0 && !this.#textsOf(asked).has(text)) {
      throw new FatalError(
        `a row of ${table.name} has ${within!.columns[0]} ${text}, which is none of the ids that were asked for: replace_within must name the column of the parent's id`,
      );
    }
    if (!isWhole) this.#held.add(text);
    const kept = this.#kept.get(text) ?? [];
    this.#kept.set(text, kept);
    kept.push(...restOfKey(this.#target, row));
  }

  /** A record of one of these parents cannot be told: none of their sets is replaced. */
  hold(asked: readonly string[]): void {
    for (const text of this.#textsOf(asked)) this.#held.add(text);
  }

  /** All pages of these parents are in. Gives their sets, and those that must stay as they are. */
  close(answered: readonly string[]): { due: RowSet[]; held: string[] } {
    const due: RowSet[] = [];
    const held: string[] = [];
    for (const id of answered) {
      const value = this.#read(id);
      const text = value === null ? undefined : setText([value]);
      if (text === undefined || this.#held.delete(text)) held.push(id);
      else due.push({ within: [value], kept: this.#kept.get(text) ?? [] });
      if (text !== undefined) this.#kept.delete(text);
    }
    return { due, held };
  }

  /** Null for an id that the column cannot hold: no row of it is stored. */
  #read(id: string): Value {
    try {
      return this.#valueOf(id);
    } catch (error) {
      if (error instanceof RecordError) return null;
      throw error;
    }
  }

  /** The same ids come with every page of a batch: they are read once. */
  #textsOf(ids: readonly string[]): ReadonlySet<string> {
    if (this.#asked?.ids !== ids) {
      const values = ids.map((id) => this.#read(id)).filter((value) => value !== null);
      this.#asked = { ids, texts: new Set(values.map((value) => setText([value]))) };
    }
    return this.#asked.texts;
  }
}
