/** Several slices at once, in one stream of pages. */
import type { Page } from "../../contract.ts";

export interface SideBySideOptions {
  /** How many slices are under way at once, at the most. */
  concurrency: number;
  /** Ends the requests that are under way: a slice failed, or nobody wants more pages. */
  halt(reason: unknown): void;
}

interface Waiting {
  page: Page;
  /** Lets its slice go on. */
  taken(): void;
}

/**
 * Reads slices side by side: pages of one slice come in its order, and a slice has no more than one page waiting.
 * When one fails the others end, the pages that are there already come, and then what was thrown is thrown.
 * @param slices the pages of each; one is begun when it is its turn.
 */
export async function* readSideBySide(
  slices: Iterable<AsyncGenerator<Page>>,
  { concurrency, halt }: SideBySideOptions,
): AsyncGenerator<Page> {
  const turns = slices[Symbol.iterator]();
  const waiting: Waiting[] = [];
  let failure: { error: unknown } | undefined;
  let stopped = false;
  let wake = (): void => {};
  const stop = (reason: unknown): void => {
    if (stopped) return;
    stopped = true;
    halt(reason);
  };

  const readOne = async (pages: AsyncGenerator<Page>): Promise<void> => {
    for await (const page of pages) {
      if (stopped) return;
      await new Promise<void>((taken) => {
        waiting.push({ page, taken });
        wake();
      });
      if (stopped) return;
    }
  };
  const work = async (): Promise<void> => {
    try {
      for (let turn = turns.next(); !turn.done && !stopped; turn = turns.next()) await readOne(turn.value);
    } catch (error) {
      // What the others throw because they were ended is no news.
      if (!stopped) failure = { error };
      stop(error);
    }
  };

  let running = 0;
  const workers = Array.from({ length: concurrency }, async () => {
    running++;
    await work();
    running--;
    wake();
  });
  try {
    for (;;) {
      const next = waiting.shift();
      if (next) {
        next.taken();
        yield next.page;
      } else if (failure) throw failure.error;
      else if (running === 0) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    if (running > 0) stop(new Error("the read was left before its end"));
    for (const { taken } of waiting) taken();
    await Promise.all(workers);
  }
}
