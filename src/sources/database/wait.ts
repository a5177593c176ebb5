/** Waiting between two attempts. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DatabaseConnection } from "../../spec/types.ts";
import { parseDuration } from "../../values/duration.ts";

/** How long to wait after so many failures, in milliseconds: twice as long each time, somewhere in the upper half. */
export function waitMs({ wait, max_wait: longest }: DatabaseConnection["retry"], failures: number): number {
  const whole = Math.min(parseDuration(wait) * 2 ** (failures - 1), parseDuration(longest));
  return Math.round(whole * (0.5 + Math.random() / 2));
}

/** Waits. Throws the signal's reason when it is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
