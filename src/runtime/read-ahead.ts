/** Pages are fetched while the last batch is being written; what waits is bounded in bytes. */
import type { Page } from "../sources/contract.ts";

/**
 * Reads ahead of the consumer until `maxBytes` wait (always at least one page). What the source throws comes after
 * the pages before it. Leaving the loop early stops the source.
 */
export async function* readAhead(pages: AsyncIterable<Page>, maxBytes: number): AsyncGenerator<Page> {
  const waiting: Page[] = [];
  let bytes = 0;
  let ended = false;
  let failure: { error: unknown } | undefined;
  let wakeReader = (): void => {};
  let wakeWriter = (): void => {};
  const iterator = pages[Symbol.asyncIterator]();
  const fill = async (): Promise<void> => {
    try {
      for (;;) {
        const next = await iterator.next();
        if (next.done || ended) return;
        waiting.push(next.value);
        bytes += next.value.bytes;
        wakeReader();
        while (bytes >= maxBytes && !ended) await new Promise<void>((resolve) => (wakeWriter = resolve));
        if (ended) return;
      }
    } catch (error) {
      failure = { error };
    } finally {
      ended = true;
      wakeReader();
    }
  };
  const filling = fill();
  try {
    for (;;) {
      const page = waiting.shift();
      if (page) {
        bytes -= page.bytes;
        wakeWriter();
        yield page;
      } else if (ended) {
        if (failure) throw failure.error;
        return;
      } else await new Promise<void>((resolve) => (wakeReader = resolve));
    }
  } finally {
    ended = true;
    wakeWriter();
    // A source in the middle of a request ends when its signal is aborted; do not wait for it here.
    void filling.then(() => iterator.return?.()).catch(() => {});
  }
}
