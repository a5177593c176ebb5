/** Time and chance as the client uses them; tests put their own in place. */
export interface Time {
  /** Milliseconds since 1970. */
  now(): number;
  /** Waits; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1, for jitter. */
  random(): number;
}

/** setTimeout holds 2^31 - 1 milliseconds; anything longer would fire at once. */
const longestTimer = 2_147_483_647;

export const realTime: Time = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const timer = setTimeout(done, Math.min(Math.max(0, ms), longestTimer));
      signal.addEventListener("abort", stop, { once: true });
      function done(): void {
        signal.removeEventListener("abort", stop);
        resolve();
      }
      function stop(): void {
        clearTimeout(timer);
        reject(signal.reason as Error);
      }
    });
  },
};
