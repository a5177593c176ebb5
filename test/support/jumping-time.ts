/** Time as it is, but for long waits: they take none, and the clock jumps instead. */
import type { Time } from "../../src/sources/http/time.ts";

/** Paces within windows of seconds are waited for in truth; what lasts longer is a minute after a 429. */
const longMs = 5_000;

/** @param jumps takes each long wait, in milliseconds; emptied, the clock is right again */
export function jumpingTime(time: Time, jumps: number[]): Time {
  return {
    now: () => time.now() + jumps.reduce((sum, ms) => sum + ms, 0),
    random: () => 0.5,
    sleep(ms, signal) {
      if (ms < longMs) return time.sleep(ms, signal);
      signal.throwIfAborted();
      jumps.push(ms);
      return Promise.resolve();
    },
  };
}
