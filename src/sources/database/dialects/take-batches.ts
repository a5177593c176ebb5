/** Rows of a stream in lists: one promise a list, not one a row. */
import type { Readable } from "node:stream";

/** Lists of at most `size` rows. The stream is destroyed when the reader stops early. Throws what the stream throws. */
export async function* takeBatches<Row>(stream: Readable, size: number): AsyncGenerator<Row[]> {
  let ended = false;
  let failure: { error: unknown } | undefined;
  let wake = (): void => {};
  stream.on("readable", () => wake());
  stream.on("end", () => {
    ended = true;
    wake();
  });
  stream.on("close", () => {
    ended = true;
    wake();
  });
  stream.on("error", (error) => {
    failure = { error };
    wake();
  });
  try {
    for (;;) {
      const rows: Row[] = [];
      while (rows.length < size) {
        const row = stream.read() as Row | null;
        if (row === null) break;
        rows.push(row);
      }
      if (rows.length > 0) {
        yield rows;
        continue;
      }
      if (failure) throw failure.error;
      if (ended) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    if (!ended) stream.destroy();
  }
}
