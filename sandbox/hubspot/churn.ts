/** Records that change, come, leave and are archived while somebody reads them. */
import { performance } from "node:perf_hooks";
import type { ObjectTypeName } from "./object-type.ts";
import type { ObjectStore } from "./store.ts";

export interface ChurnOptions {
  /** Default: contacts. */
  type?: ObjectTypeName;
  touchesPerSecond?: number;
  createsPerSecond?: number;
  archivesPerSecond?: number;
  /** Records that leave for good, as after a GDPR deletion. */
  removesPerSecond?: number;
  /** So many are archived in all, one after the other, however long it lasts: the first at once. */
  archivePerRun?: number;
}

/** The ids of what was done, in the order in which it was done. */
export interface ChurnSummary {
  touched: string[];
  created: string[];
  archived: string[];
  removed: string[];
  durationMs: number;
  /** It ended by itself, because too few records were left. */
  exhausted: boolean;
}

export interface Churn {
  /** What was done so far. */
  summary(): ChurnSummary;
  /** Ends it. Gives what was done; a second call gives the same. */
  stop(): ChurnSummary;
}

/** How often the clock is looked at. */
const tickMs = 20;
/** How far apart the records of `archivePerRun` are archived. */
const archiveGapMs = 250;

/** Starts to change a store's records at the given rates, evenly spread. Does not keep the process alive. */
export function startChurn(store: ObjectStore, options: ChurnOptions): Churn {
  const startMs = performance.now();
  const done: Omit<ChurnSummary, "durationMs" | "exhausted"> = {
    touched: [],
    created: [],
    archived: [],
    removed: [],
  };
  let archivedForRun = 0;
  let archivedByRate = 0;
  let endMs: number | undefined;
  let exhausted = false;

  const tick = () => {
    const elapsedMs = performance.now() - startMs;
    const due = (perSecond: number | undefined) => Math.floor(((perSecond ?? 0) * elapsedMs) / 1_000);
    const archiveDue = Math.min(options.archivePerRun ?? 0, 1 + Math.floor(elapsedMs / archiveGapMs));
    const toArchive = archiveDue - archivedForRun + due(options.archivesPerSecond) - archivedByRate;
    archivedForRun = archiveDue;
    archivedByRate = due(options.archivesPerSecond);
    some(done.touched, due(options.touchesPerSecond) - done.touched.length, (count) => store.touch({ count }));
    some(done.created, due(options.createsPerSecond) - done.created.length, (count) => store.create(count));
    some(done.archived, toArchive, (count) => store.archive({ count }));
    some(done.removed, due(options.removesPerSecond) - done.removed.length, (count) => store.remove({ count }));
  };
  const end = () => {
    clearInterval(timer);
    endMs ??= performance.now();
  };
  const timer = setInterval(() => {
    try {
      tick();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      exhausted = true;
      end();
    }
  }, tickMs);
  timer.unref();

  const summary = () => ({
    ...structuredClone(done),
    durationMs: (endMs ?? performance.now()) - startMs,
    exhausted,
  });
  return {
    summary,
    stop: () => {
      end();
      return summary();
    },
  };
}

/** Does it so many times, or as often as there are records left: then it throws RangeError. */
function some(done: string[], count: number, act: (count: number) => string[]): void {
  if (count <= 0) return;
  try {
    done.push(...act(count));
  } catch (error) {
    if (!(error instanceof RangeError) || count === 1) throw error;
    for (let at = 0; at < count; at++) done.push(...act(1));
  }
}
