/** Which tables are being filled for the first time, by how their last batches went: there COPY needs no staging. */

interface Course {
  /** Batches one after another of which no row was stored before. */
  allNew: number;
  /** So many of them before COPY is tried: more after each time it failed, so that failing costs next to nothing. */
  needed: number;
}

export class FirstLoads {
  readonly #tables = new Map<string, Course>();

  /** Whether the next batch of this table is likely to hold new rows alone. */
  isLikely(table: string): boolean {
    const { allNew, needed } = this.#of(table);
    return allNew >= needed;
  }

  /** A batch was staged. @param isNew none of its rows was stored, and all of them are now. */
  staged(table: string, { isNew }: { isNew: boolean }): void {
    const course = this.#of(table);
    course.allNew = isNew ? course.allNew + 1 : 0;
  }

  /** A row was stored after all, or was refused. */
  failed(table: string): void {
    const course = this.#of(table);
    course.needed *= 4;
    course.allNew = 0;
  }

  #of(table: string): Course {
    const known = this.#tables.get(table) ?? { allNew: 0, needed: 1 };
    this.#tables.set(table, known);
    return known;
  }
}
