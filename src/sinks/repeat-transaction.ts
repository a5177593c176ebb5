/** A transaction again and again while the database asks for that. */
import { setTimeout as sleep } from "node:timers/promises";

export interface RepeatOptions {
  /** True for an error that goes away when the whole transaction is made again. */
  repeatable: (error: unknown) => boolean;
  /** After this long no new attempt is made. */
  giveUpAfterMs: number;
  firstWaitMs: number;
  maxWaitMs: number;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

/** Runs `attempt` until it comes through; waits double each time, with jitter. Throws the last error. */
export async function repeatTransaction<T>(attempt: () => Promise<T>, options: RepeatOptions): Promise<T> {
  const deadline = Date.now() + options.giveUpAfterMs;
  for (let waitMs = options.firstWaitMs; ; waitMs = Math.min(waitMs * 2, options.maxWaitMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (!options.repeatable(error) || Date.now() >= deadline || options.signal?.aborted) throw error;
    }
    // Two that collided would collide again without jitter.
    await sleep(waitMs * (0.5 + Math.random() / 2));
  }
}
