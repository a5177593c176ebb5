/** Waits for an export within its time limit. */
import type { Logger } from "pino";
import { TransientError } from "../../../errors.ts";
import type { JobPoll } from "../../../spec/types.ts";
import type { StageClock } from "../../../stage-clock.ts";
import { parseDuration } from "../../../values/instant.ts";
import { realTime, type Time } from "../../http/index.ts";
import type { Look } from "./look.ts";
import type { JobValues } from "./position.ts";

export interface Waiting {
  job: JobValues;
  look(): Promise<Look>;
  /** Before the first look: what the answer that made the job asked for; absent for a job that was there already. */
  firstWaitMs?: number;
  /** A later run finds the job again. */
  kept: boolean;
  log: Logger;
  signal: AbortSignal;
  clock: StageClock;
  time?: Time;
}

/**
 * Looks until the job is no longer running: every `every`, doubling up to `max_every`; not sooner than a Retry-After
 * asks for, and once more when the time is up.
 * @throws TransientError when it still runs after `for`.
 */
export async function waitForJob(
  { every, max_every, for: limit }: Pick<JobPoll, "every" | "max_every" | "for">,
  { job, look, firstWaitMs, kept, log, signal, clock, time = realTime }: Waiting,
): Promise<Look> {
  const started = time.now();
  const end = started + parseDuration(limit);
  const longest = parseDuration(max_every ?? every);
  let pause = parseDuration(every);
  const sleep = (ms: number): Promise<void> =>
    clock.during("wait", () => time.sleep(Math.min(ms, end - time.now()), signal));
  if (firstWaitMs !== undefined) await sleep(Math.max(pause, firstWaitMs));
  for (;;) {
    const found = await look();
    signal.throwIfAborted();
    const seconds = Math.round((time.now() - started) / 1000);
    if (found.state === "done") log.info(`job ${job["id"]} is done after ${seconds} s`);
    if (found.state !== "running") return found;
    if (time.now() >= end) {
      const next = kept ? "The next run goes on waiting for it" : "The next run makes another one";
      throw new TransientError(
        `job ${job["id"]} is not done after ${limit} (job.poll.for); ${found.shown} answered at last: ${found.said}. ${next}; if it always takes so long, write a longer time.`,
      );
    }
    log.debug(`job ${job["id"]} is not done after ${seconds} s: ${found.said}`);
    await sleep(Math.max(pause, found.waitMs));
    pause = Math.min(longest, pause * 2);
  }
}
