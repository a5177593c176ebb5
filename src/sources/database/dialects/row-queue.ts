/** Rows that a driver gives one by one, taken in lists: one promise a list, not one a row. */

/** What keeps the driver from giving more. */
export interface Flow {
  pause(): void;
  resume(): void;
}

export class RowQueue {
  readonly #flow: Flow;
  readonly #most: number;
  #rows: unknown[][] = [];
  #isPaused = false;
  #end: { error?: unknown } | undefined;
  #wake = (): void => {};

  /** @param most rows that wait before the driver is stopped; it gives those that it has in hand all the same */
  constructor(most: number, flow: Flow) {
    this.#most = most;
    this.#flow = flow;
  }

  push(row: unknown[]): void {
    if (this.#rows.push(row) === 1) this.#wake();
    if (this.#rows.length !== this.#most) return;
    this.#isPaused = true;
    // Stopped at once the driver would make copies of what it has in hand.
    queueMicrotask(() => {
      if (this.#isPaused) this.#flow.pause();
    });
  }

  /** No more rows come; with an error, those that wait are lost. */
  end(error?: unknown): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake();
  }

  /** What has come since the last time; undefined at the end. Throws what the read ended with. */
  async take(): Promise<unknown[][] | undefined> {
    if (this.#rows.length === 0 && !this.#end) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#end && "error" in this.#end) throw this.#end.error;
    const rows = this.#rows;
    if (rows.length === 0) return undefined;
    this.#rows = [];
    if (this.#isPaused) {
      this.#isPaused = false;
      this.#flow.resume();
    }
    return rows;
  }
}
