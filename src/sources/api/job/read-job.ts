/** Reads one slice by an export: makes it or takes over that of an earlier run, waits for it, fetches its files. */
import type { Logger } from "pino";
import { FatalError } from "../../../errors.ts";
import type { Page, Position, ReadRequest } from "../../contract.ts";
import type { PageReader } from "../page-reader.ts";
import type { Places } from "../pages-ahead.ts";
import { readPosition } from "../position.ts";
import { readSlice } from "../read-slice.ts";
import type { RequestSurroundings } from "../request-scope.ts";
import type { CompiledJob } from "./index.ts";
import type { Item, Look } from "./look.ts";
import type { OpenJob, OpenJobs } from "./open-jobs.ts";
import { type JobPlace, jobPosition, readJobPosition } from "./position.ts";
import { waitForJob } from "./wait.ts";

export interface ReadJobOptions {
  job: CompiledJob;
  jobs: OpenJobs;
  surroundings: RequestSurroundings;
  slice: string;
  /** The slice as an earlier run left it. */
  before?: { position?: Position };
  keep?: ReadRequest["keep"];
  observeClock?(date: Date): boolean;
  onUnchanged(): void;
  places: Places;
  log: Logger;
  signal: AbortSignal;
}

/** What a slice starts from: a job, where it is, and whether it was made by an earlier run. */
interface Start {
  open: OpenJob;
  place: JobPlace;
  taken: boolean;
  firstWaitMs?: number;
}

/** Pages of the slice, the last one marked. */
export async function* readJob(reader: PageReader, options: ReadJobOptions): AsyncGenerator<Page> {
  const { slice, before, log } = options;
  const place = readJobPosition(before?.position);
  if (place) {
    const taken = takeOver(place, options);
    const why = yield* readStarted(reader, taken, { ...options, restarted: false });
    if (why === undefined) return;
    log.warn(
      `job ${taken.open.values["id"]} of the run before ${why}; another one is made, and read from the beginning`,
    );
  }
  const restarted = before !== undefined;
  const made = yield* make(options);
  if (made === undefined) yield { ...emptyPage(slice), last: true, ...(restarted ? { restarted } : {}) };
  else yield* readStarted(reader, made, { ...options, restarted });
}

function emptyPage(slice: string): Page {
  return { slice, records: [], last: false, bytes: 0 };
}

function takeOver(place: JobPlace, { job, jobs, surroundings, log }: ReadJobOptions): Start {
  log.info(`going on with job ${place.job["id"]} of the run before`);
  const open = jobs.add(place.job, { kept: true, cleanUp: job.cleanUp(surroundings) });
  return { open, place, taken: true };
}

/**
 * Makes a job and commits it; undefined where there is nothing to export. The first answer of a run tells the
 * source's clock: where that moved the window, the job was asked for something else, and another one is made.
 */
async function* make(options: ReadJobOptions): AsyncGenerator<Page, Start | undefined> {
  const { job, jobs, surroundings, slice, keep, observeClock, onUnchanged, log } = options;
  const asked = (): string => JSON.stringify(job.create.request(surroundings));
  for (let moved = false; ;) {
    const before = asked();
    const made = await job.create.make(surroundings);
    if (made.meaning === "unchanged") onUnchanged();
    if (!made.job) return undefined;
    const open = jobs.add(made.job, { kept: false, cleanUp: job.cleanUp(surroundings) });
    if (!moved && made.date && observeClock?.(made.date)) {
      moved = true;
      if (asked() !== before) {
        log.info(
          `the source's clock is behind ours: job ${open.values["id"]} is made again for the time that it tells`,
        );
        jobs.spent(open);
        continue;
      }
    }
    const place: JobPlace = { job: open.values };
    // The other slices are begun once this one, whose first answer told the clock, has a page.
    if (observeClock && slice !== "") yield { ...emptyPage(slice), position: jobPosition(place) };
    if (keep) await jobs.keep(open, () => keep(slice, jobPosition(place)));
    log.info(`job ${open.values["id"]} is made; waiting for it, ${job.spec.poll.for} at the most`);
    return { open, place, taken: false, firstWaitMs: made.waitMs };
  }
}

type StartedOptions = ReadJobOptions & { restarted: boolean };

/** Gives why nothing came of a job that was taken over; undefined when it was read to its end. */
async function* readStarted(
  reader: PageReader,
  start: Start,
  options: StartedOptions,
): AsyncGenerator<Page, string | undefined> {
  const { job, jobs, surroundings, slice, log, signal, restarted } = options;
  const { open, taken } = start;
  const within = { ...surroundings, job: open.values };
  const found = await waitForJob(job.spec.poll, {
    job: open.values,
    look: () => job.look(within, { resumed: taken }),
    ...(taken ? {} : { firstWaitMs: start.firstWaitMs ?? 0 }),
    kept: open.kept,
    log,
    signal,
    clock: surroundings.context.metrics.clock,
  });
  if (found.state === "gone") {
    jobs.forget(open);
    return `is gone (${found.shown} answered ${found.status})`;
  }
  if (found.state === "failed") {
    jobs.spent(open);
    if (taken) return `failed: ${found.message ?? found.said}`;
    throw new FatalError(`job ${open.values["id"]} failed: ${found.message ?? found.said} (${found.shown})`);
  }
  if (found.state === "nothing" || found.items.length === 0) {
    yield { ...emptyPage(slice), last: true, ...(restarted ? { restarted } : {}), committed: () => jobs.spent(open) };
    return undefined;
  }
  const outcome = yield* readFiles(reader, { start, found, options });
  if (outcome === "read") return undefined;
  jobs.spent(open);
  return "is done, but its results are gone";
}

/** The files of a job, one after the other: from the beginning where there are not as many as there were. */
async function* readFiles(
  reader: PageReader,
  { start, found, options }: { start: Start; found: Look; options: StartedOptions },
): AsyncGenerator<Page, "read" | "gone"> {
  const { jobs, slice, log, onUnchanged, places } = options;
  const { open, place, taken } = start;
  const of = found.items.length;
  const same = place.file === undefined || place.file.of === of;
  if (!same)
    log.warn(`job ${open.values["id"]} has ${of} files, and had ${place.file?.of}: they are read from the beginning`);
  const first = same ? (place.file?.index ?? 0) : 0;
  const sum: Summary = { total: 0, distinct: 0, told: false };
  for (let index = first; index < of; index++) {
    const point = index === first && same && reader.paginator.stable ? readPosition(place.at) : undefined;
    // What a file that stands in the middle is read again from is counted already: its records are duplicates then.
    const restarted = index === first && (options.restarted || !same || (taken && first === 0 && point === undefined));
    const pages = readSlice(reader.forJob(valuesFor(open, found.items[index])), {
      slice,
      resume: point,
      restarted,
      mayBeGone: taken && index === first,
      onUnchanged,
      places,
      log,
    });
    for (;;) {
      const next = await pages.next();
      if (next.done) {
        if (next.value === "gone") return "gone";
        break;
      }
      yield asPageOfJob(next.value, { open, index, of, sum, jobs });
    }
  }
  return "read";
}

function valuesFor({ values }: OpenJob, item: Item): Record<string, string | number> {
  return item === undefined ? values : { ...values, item };
}

interface Summary {
  total: number;
  distinct: number;
  /** Some file told its total. */
  told: boolean;
}

/** A file's page as one of the whole slice: its position names the job, and only the last file's last page is the last. */
function asPageOfJob(
  page: Page,
  { open, index, of, sum, jobs }: { open: OpenJob; index: number; of: number; sum: Summary; jobs: OpenJobs },
): Page {
  const { completeness, position, last, expected, restarted, ...rest } = page;
  if (completeness) {
    sum.told = true;
    sum.total += completeness.total;
    sum.distinct += completeness.distinct;
  }
  const shown: Page = {
    ...rest,
    last: false,
    ...(restarted && index === 0 ? { restarted } : {}),
    ...(expected !== undefined && of === 1 ? { expected } : {}),
  };
  if (last && index === of - 1) {
    const { told, ...completenessOfAll } = sum;
    return {
      ...shown,
      last: true,
      ...(told ? { completeness: completenessOfAll } : {}),
      committed: () => jobs.spent(open),
    };
  }
  const file = last ? { index: index + 1, of } : { index, of };
  return {
    ...shown,
    position: jobPosition({ job: open.values, file, ...(last || position === undefined ? {} : { at: position }) }),
  };
}
