/** Several reads at once, their pages as they come. */

/** Runs `readers` of the reads at a time. When one throws, or the reader leaves, `halt` must end the others. */
export async function* sideBySide<T>(
  reads: readonly (() => AsyncGenerator<T>)[],
  readers: number,
  halt: () => Promise<void>,
): AsyncGenerator<T> {
  const waiting = [...reads];
  const running = new Map<AsyncGenerator<T>, Promise<{ read: AsyncGenerator<T>; next: IteratorResult<T> }>>();
  const step = (read: AsyncGenerator<T>): void => {
    const next = read.next().then((result) => ({ read, next: result }));
    // Whoever waits for it is told; nobody may be waiting any more.
    next.catch(() => {});
    running.set(read, next);
  };
  let whole = false;
  try {
    for (;;) {
      while (running.size < readers && waiting.length > 0) step(waiting.shift()!());
      if (running.size === 0) break;
      const { read, next } = await Promise.race(running.values());
      running.delete(read);
      if (next.done) continue;
      step(read);
      yield next.value;
    }
    whole = true;
  } finally {
    if (!whole) await halt();
  }
}
