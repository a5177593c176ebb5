/** One slice, from a position to its end. */
import { FatalError } from "../../errors.ts";
import type { Page, Position } from "../contract.ts";
import type { ResultColumn, Session } from "./dialects/contract.ts";
import { PageBuilder } from "./page-builder.ts";
import { keyOf, type ReadPlan } from "./plan.ts";
import { type KeyRange, rangeCondition, rangeKey } from "./ranges.ts";
import { keyIndex } from "./sql/columns.ts";
import { deltaCondition } from "./sql/delta.ts";
import { keysetAfter, keysetCondition, type KeysetPosition, readPosition } from "./sql/keyset.ts";
import { ALWAYS, allOf, type Sql, type Statement } from "./sql/sql.ts";

export interface SliceRead {
  name: string;
  range?: KeyRange;
  position?: Position;
  /** It was begun before and cannot go on where it was. */
  restarted: boolean;
  pageSize: number;
}

/** Pages of a slice; the last one is marked. Throws TransientError where it may go on after the last page. */
export async function* readSlice(session: Session, plan: ReadPlan, slice: SliceRead): AsyncGenerator<Page> {
  const pages = plan.keyset ? readByKeys(session, plan, slice) : readAtOnce(session, plan, slice);
  yield* pages;
}

/** The conditions of a slice's range, if it has one. */
function rangeOf(plan: ReadPlan, { range }: SliceRead): Sql[] {
  const by = rangeKey(plan)?.by;
  if (!range || by === undefined || !plan.columns) return [];
  return [rangeCondition(range, keyOf(by, plan.select, plan.columns), plan)];
}

/** One query, its result streamed. There is no place in it to go on from. */
async function* readAtOnce(session: Session, plan: ReadPlan, slice: SliceRead): AsyncGenerator<Page> {
  const builder = new PageBuilder(slice.name, slice.restarted);
  const statement = plan.select.statement({
    delta: deltaCondition(plan.delta),
    keyset: allOf(rangeOf(plan, slice)),
  });
  for await (const { columns, rows } of session.rows(statement)) {
    for (const row of rows) {
      builder.add(columns, row);
      if (builder.isFull) yield builder.page({ last: false });
    }
  }
  yield builder.page({ last: true });
}

/** Query after query, each after the last row of the one before. */
async function* readByKeys(session: Session, plan: ReadPlan, slice: SliceRead): AsyncGenerator<Page> {
  const builder = new PageBuilder(slice.name, slice.restarted);
  let at: KeysetPosition | undefined = firstPosition(plan, slice);
  while (at) {
    const position: KeysetPosition = at;
    const page = new KeysetPage(plan, slice.pageSize, position.after);
    const isOpen = position.nulls === true && plan.keys.length === 1;
    for await (const { columns, rows } of session.rows(keysetStatement(plan, slice, position))) {
      for (const row of rows) {
        if (!page.take(columns, row) && !isOpen) continue;
        builder.add(columns, row);
        // Among rows without any key there is no place to go on from.
        if (builder.isFull)
          yield builder.page({ last: false, position: isOpen ? (position as Position) : page.position(position) });
      }
    }
    at = nextPosition(plan, slice, { position, page, isOpen });
  }
  yield builder.page({ last: true });
}

function firstPosition(plan: ReadPlan, slice: SliceRead): KeysetPosition {
  if (slice.position !== undefined) return readPosition(slice.position);
  return slice.range?.nulls && isFirstKey(plan) ? { nulls: true } : {};
}

/** The ranges are made of the key that the rows are ordered by. */
function isFirstKey(plan: ReadPlan): boolean {
  return rangeKey(plan)?.by === plan.keyset?.keys[0];
}

function nextPosition(
  plan: ReadPlan,
  slice: SliceRead,
  { position, page, isOpen }: { position: KeysetPosition; page: KeysetPage; isOpen: boolean },
): KeysetPosition | undefined {
  if (page.hasMore && !isOpen) return readPosition(page.position(position));
  const nullsAreElsewhere = slice.range !== undefined && isFirstKey(plan);
  return position.nulls || plan.keys[0]!.column.notNull || nullsAreElsewhere ? undefined : { nulls: true };
}

/** The first statement of a read, for those who want to see it. */
export function firstStatement(plan: ReadPlan, pageSize: number): Statement {
  const slice = { name: "", restarted: false, pageSize };
  if (plan.keyset) return keysetStatement(plan, slice, {});
  return plan.select.statement({ delta: deltaCondition(plan.delta), keyset: ALWAYS });
}

function keysetStatement(plan: ReadPlan, slice: SliceRead, position: KeysetPosition): Statement {
  const { keys, delta, dialect, select } = plan;
  const [first, ...rest] = keys.map(({ text }) => text);
  const leads = delta.delta && select.column(delta.delta.columns[0] ?? "") === first;
  const isOpen = position.nulls && rest.length === 0;
  return select.statement({
    delta: deltaCondition(delta, leads ? (position.nulls ? "null" : "not null") : undefined),
    keyset: allOf([...rangeOf(plan, slice), keysetCondition(keys, position, dialect)]),
    order: position.nulls ? rest : [first!, ...rest],
    // One row more than the page: it tells whether another page follows, and shows keys that are not unique.
    ...(isOpen ? {} : { limit: slice.pageSize + 1 }),
  });
}

/** The rows of one query. */
class KeysetPage {
  readonly #plan: ReadPlan;
  readonly #size: number;
  readonly #after: KeysetPosition["after"];
  #indexes: number[] | undefined;
  #taken = 0;
  #last: readonly unknown[] | undefined;
  /** There was a row beyond the page. */
  hasMore = false;

  /** @param after the keys that the page starts after */
  constructor(plan: ReadPlan, size: number, after: KeysetPosition["after"]) {
    this.#plan = plan;
    this.#size = size;
    this.#after = after;
  }

  /** True for a row of the page; false for the one beyond it. @throws FatalError for two rows with the same keys */
  take(columns: readonly ResultColumn[], row: readonly unknown[]): boolean {
    this.#indexes ??= (this.#plan.keyset?.keys ?? []).map((key) => keyIndex(columns, key));
    if (this.#repeats(row, this.#indexes)) this.#refuse();
    if (this.#taken === this.#size) {
      this.hasMore = true;
      return false;
    }
    this.#taken++;
    this.#last = row;
    return true;
  }

  /** It has the keys of the row before it: should the database call it later, it would come again and again. */
  #repeats(row: readonly unknown[], indexes: readonly number[]): boolean {
    const last = this.#last;
    if (!last && !this.#after) return false;
    for (let at = 0; at < indexes.length; at++) {
      const index = indexes[at]!;
      const key = row[index];
      if (key === null || key !== (last ? last[index] : this.#after![at])) return false;
    }
    return true;
  }

  /** The keys of the last row of the page. */
  get #keys(): readonly unknown[] {
    return this.#last ? this.#indexes!.map((index) => this.#last![index]) : (this.#after ?? []);
  }

  #refuse(): never {
    const names = this.#plan.keyset?.keys ?? [];
    const keys = this.#keys;
    throw new FatalError(
      `two rows have the same keys (${names.map((name, index) => `${name} = ${JSON.stringify(keys[index])}`).join(", ")}), and a page that ends between them would lose one: end pagination.keys in a unique column`,
    );
  }

  position({ nulls = false }: KeysetPosition): Position {
    return keysetAfter(this.#keys, nulls);
  }
}
