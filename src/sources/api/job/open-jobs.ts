/** The jobs that a read has made or taken over, and which of them are removed at the end. */
import type { Logger } from "pino";
import { messageOf } from "../../../errors.ts";
import type { JobValues } from "./position.ts";

/** A failed cleanup delays the end of a run by no more than this. */
const longestCleanupMs = 15_000;

export interface OpenJob {
  readonly values: JobValues;
  /** A checkpoint has it: a later run goes on with it, unless it is of no use any more. */
  kept: boolean;
}

/** Removes a job. Throws what went wrong, the signal's reason too. */
export type CleanUp = (job: JobValues, signal: AbortSignal) => Promise<void>;

export class OpenJobs {
  readonly #open = new Map<OpenJob, CleanUp | undefined>();
  readonly #under = new Set<Promise<void>>();
  readonly #log: Logger;
  readonly #longestMs: number;

  constructor(log: Logger, longestMs = longestCleanupMs) {
    this.#log = log;
    this.#longestMs = longestMs;
  }

  /** @param cleanUp absent where the spec names none. */
  add(values: JobValues, { kept, cleanUp }: { kept: boolean; cleanUp: CleanUp | undefined }): OpenJob {
    const job: OpenJob = { values, kept };
    this.#open.set(job, cleanUp);
    return job;
  }

  /** Commits the job with a checkpoint; whoever ends the read waits for it. */
  async keep(job: OpenJob, commit: () => Promise<boolean>): Promise<void> {
    const committing = commit().then((kept) => {
      job.kept = kept;
    });
    const settled = committing.catch(() => {});
    this.#under.add(settled);
    await committing.finally(() => this.#under.delete(settled));
  }

  /** Nobody needs the job any more: it is removed, once. What fails is a warning. */
  spent(job: OpenJob): void {
    const cleanUp = this.#open.get(job);
    if (!this.#open.delete(job) || cleanUp === undefined) return;
    const removing = this.#remove(job.values, cleanUp);
    this.#under.add(removing);
    void removing.then(() => this.#under.delete(removing));
  }

  /** The job is not there any more: nothing is to be removed. */
  forget(job: OpenJob): void {
    this.#open.delete(job);
  }

  /** Removes what no later run goes on with, and waits for all that is under way. */
  async close({ final }: { final: boolean }): Promise<void> {
    await Promise.all(this.#under);
    for (const job of this.#open.keys()) {
      if (final || !job.kept) this.spent(job);
      else this.#log.info(`job ${job.values["id"]} is left as it is: the next run goes on with it`);
    }
    await Promise.all(this.#under);
  }

  async #remove(job: JobValues, cleanUp: CleanUp): Promise<void> {
    const signal = AbortSignal.timeout(this.#longestMs);
    try {
      await cleanUp(job, signal);
      this.#log.debug(`job ${job["id"]} is cleaned up`);
    } catch (error) {
      const what = signal.aborted ? `it took longer than ${this.#longestMs / 1000} s` : messageOf(error);
      this.#log.warn(`job ${job["id"]} could not be cleaned up, and stays with the source: ${what}`);
    }
  }
}
