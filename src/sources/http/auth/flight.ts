/** One piece of work that many wait for, each as long as it wants to. */
export class Flight<T> {
  readonly result: Promise<T>;
  readonly #abandoned = new AbortController();
  #waiting = 0;

  /** @param run gets a signal that is aborted when nobody waits any more; it need not end at once. */
  constructor(run: (abandoned: AbortSignal) => Promise<T>) {
    this.result = run(this.#abandoned.signal);
    // Who waits is told; when nobody does, nobody is to be told.
    this.result.catch(() => {});
  }

  get abandoned(): boolean {
    return this.#abandoned.signal.aborted;
  }

  /** The result, or the signal's reason when it is aborted first. */
  wait(signal: AbortSignal): Promise<T> {
    this.#waiting++;
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener("abort", stop);
        if (--this.#waiting === 0) this.#abandoned.abort(signal.reason ?? new Error("nobody waits for it"));
      };
      const stop = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop, { once: true });
      this.result.then(resolve, reject).finally(leave);
    });
  }
}
