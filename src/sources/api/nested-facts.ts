/** What an answer about a batch says of each record: which have more pages, and which nobody asked for. */
import { FatalError } from "../../errors.ts";
import type { PaginationNested } from "../../spec/types.ts";
import { showValue } from "../../values/show-value.ts";
import type { Position } from "../contract.ts";
import { type Answer, compileOverAnswer, compileOverRecord } from "./answer.ts";

/** A record that has more, and where its next page starts. */
export interface MoreOf {
  id: string;
  cursor: Position;
}

export interface NestedFacts {
  more: MoreOf[];
  /** Ids of records that nobody asked for: one that was merged answers under the id of the one it became. */
  others: string[];
}

/**
 * Compiles `over`, `key` and `cursor`. The result throws FatalError where records came and none is at `over`, where one
 * that has more has no id, and where none of several was asked for: rest of them would be lost, or sought in vain.
 */
export function compileNested({ over, key, cursor }: PaginationNested) {
  const listOf = compileOverAnswer(over, "pagination.over");
  const idOf = compileOverRecord(key, "pagination.key");
  const cursorOf = compileOverRecord(cursor, "pagination.cursor");
  return async (answer: Answer, records: readonly unknown[]): Promise<NestedFacts> => {
    const found = await listOf(answer);
    if (found === undefined || found === null) {
      if (records.length === 0) return { more: [], others: [] };
      throw new FatalError(
        `${answer.shown}: there is nothing at pagination.over (${over}), so it cannot be told which of the ${records.length} records have more pages`,
      );
    }
    const list: unknown[] = Array.isArray(found) ? found : [found];
    const asked = askedIds(answer);
    const more = new Map<string, MoreOf>();
    const others = new Set<string>();
    let known = 0;
    for (const record of list) {
      const [rawId, rawCursor] = [idOf(record), cursorOf(record)];
      const id = rawId instanceof Promise ? await rawId : rawId;
      const next = rawCursor instanceof Promise ? await rawCursor : rawCursor;
      if (asked.has(String(id))) known++;
      else if (typeof id === "string" || typeof id === "number") others.add(String(id));
      if (next === undefined || next === null || next === "" || next === false) continue;
      if (typeof id !== "string" && typeof id !== "number") {
        throw new FatalError(
          `${answer.shown}: a record has more pages (${showValue(next)}), but pagination.key (${key}) gives ${showValue(id)} for its id`,
        );
      }
      more.set(String(id), { id: String(id), cursor: next as Position });
    }
    // Another goes on under its own id; where none is known, it is the key that is wrong.
    const [first] = more.keys();
    if (first !== undefined && known === 0 && list.length > 1) {
      throw new FatalError(
        `${answer.shown}: record ${JSON.stringify(first)} has more pages, but no such record was asked for, nor any other of the ${list.length} that came. Is pagination.key (${key}) its id?`,
      );
    }
    return { more: [...more.values()], others: [...others] };
  };
}

function askedIds({ slice }: Answer): Set<string> {
  const { inputs = [] } = (slice ?? {}) as { inputs?: readonly { id: string }[] };
  return new Set(inputs.map(({ id }) => id));
}
