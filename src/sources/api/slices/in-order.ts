/** Several parts under way at once, their pages in the order of the parts. */
import type { Page } from "../../contract.ts";

/** What a part may have waiting while it is not its turn; one page always. */
const bytesAhead = 500_000;

export interface InOrderOptions {
  /** How many parts are under way or waiting at once, at the most. */
  concurrency: number;
  /** Ends the requests that are under way: a part failed, or nobody wants more pages. */
  halt(reason: unknown): void;
}

/**
 * Reads parts side by side, and gives one after the other. What a part throws comes after all that stands before it;
 * from then on none is begun, and those behind it end.
 * @param parts the pages of each; one is begun when there is room.
 */
export async function* readInOrder(
  parts: AsyncIterator<AsyncGenerator<Page>>,
  { concurrency, halt }: InOrderOptions,
): AsyncGenerator<Page> {
  const underWay: Ahead[] = [];
  let ended = false;
  let failure: { error: unknown } | undefined;
  const begin = async (): Promise<void> => {
    while (!ended && underWay.length < concurrency && !underWay.some(({ failed }) => failed)) {
      try {
        const next = await parts.next();
        if (next.done) ended = true;
        else underWay.push(new Ahead(next.value));
      } catch (error) {
        ended = true;
        failure = { error };
      }
    }
  };
  try {
    for (await begin(); underWay[0] !== undefined; await begin()) {
      yield* underWay[0].pages();
      underWay.shift();
    }
    if (failure) throw failure.error;
  } finally {
    if (underWay.some(({ reading }) => reading)) halt(new Error("the read was left before its end"));
    await Promise.all(underWay.map((part) => part.stop()));
  }
}

/** One part, read ahead of its turn. */
class Ahead {
  /** It has not come to its end. */
  reading = true;
  private readonly waiting: Page[] = [];
  private bytes = 0;
  private stopped = false;
  private failure: { error: unknown } | undefined;
  private wake = (): void => {};
  private readonly done: Promise<void>;

  constructor(pages: AsyncGenerator<Page>) {
    this.done = this.fill(pages);
  }

  get failed(): boolean {
    return this.failure !== undefined;
  }

  async *pages(): AsyncGenerator<Page> {
    for (;;) {
      const page = this.waiting.shift();
      if (page) {
        this.bytes -= page.bytes;
        this.wake();
        yield page;
      } else if (this.failure) throw this.failure.error;
      else if (!this.reading) return;
      else await this.change();
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.done;
  }

  private async fill(pages: AsyncGenerator<Page>): Promise<void> {
    try {
      for await (const page of pages) {
        this.waiting.push(page);
        this.bytes += page.bytes;
        this.wake();
        while (!this.stopped && this.bytes > bytesAhead) await this.change();
        if (this.stopped) return;
      }
    } catch (error) {
      this.failure = { error };
    } finally {
      this.reading = false;
      this.wake();
    }
  }

  /** Reader and taker never wait both: the one waits for what there is too much of, the other for what is not there. */
  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
