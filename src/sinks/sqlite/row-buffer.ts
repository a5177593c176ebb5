/** Rows for SQLite: as they are, for they are bound value by value. */
import { keep } from "../buffered.ts";
import type { Row, RowBuffer, Table, Value } from "../contract.ts";
import { type RowProblem, type Screen, type ScreenCodes, screenOf } from "../screen.ts";

const CODES: ScreenCodes = {
  missingKey: "SQLITE_CONSTRAINT_NOTNULL",
  badText: "SQLITE_MISMATCH",
  outOfRange: "SQLITE_RANGE",
};

export class SqliteRows implements RowBuffer {
  /** Why rows cannot be written, by their indexes. */
  readonly problems = new Map<number, RowProblem>();
  /** What was given as `newerLimit`, by the rows' indexes. */
  readonly limits = new Map<number, Value>();
  readonly #rows: Row[] = [];
  readonly #screen: Screen;

  constructor(table: Table) {
    this.#screen = screenOf(table, CODES);
  }

  get length(): number {
    return this.#rows.length;
  }

  set(index: number, row: Row, newerLimit?: Value): void {
    keep(this.problems, index, this.#problemOf(row));
    keep(this.limits, index, newerLimit);
    this.#rows[index] = row;
  }

  get(index: number): Row {
    return this.#rows[index] ?? [];
  }

  #problemOf(row: Row): RowProblem | undefined {
    const missing = this.#screen.key(row);
    if (missing) return missing;
    for (let at = 0; at < row.length; at++) {
      const problem = this.#screen.value(row[at] ?? null, at);
      if (problem) return problem;
    }
    return undefined;
  }
}
