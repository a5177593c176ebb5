/** The window of a run: one object, whose upper bound moves back once where the source's clock is behind ours. */
import type { Bound, Window } from "../sources/contract.ts";
import { instantFromDate, shiftInstant } from "../values/instant.ts";

/** The `Date` header has whole seconds. */
const clockResolutionMs = 1_000;

export class RunWindow implements Window {
  readonly since: Bound;
  until: Bound;
  /** Start of the run's first attempt by the earlier of the two clocks, canonical. */
  start: string;
  #fixed: boolean;
  readonly #startedAt: Date;
  readonly #now: () => Date;

  /**
   * @param startedAt our clock at the run's start.
   * @param bounds `resumed`: of the first attempt, which stay as they are. `now`: our clock; the system's if absent.
   */
  constructor(
    since: Bound,
    startedAt: Date,
    bounds: { endDate?: string; resumed?: { until: Bound; start: string }; now?: () => Date },
  ) {
    this.since = since;
    this.#startedAt = startedAt;
    this.#now = bounds.now ?? (() => new Date());
    this.start = bounds.resumed?.start ?? instantFromDate(startedAt);
    this.#fixed = bounds.resumed !== undefined;
    const until = bounds.endDate !== undefined && bounds.endDate < this.start ? bounds.endDate : this.start;
    this.until = bounds.resumed?.until ?? { text: until, instant: until };
  }

  observeClock(sourceNow: Date): boolean {
    if (this.#fixed || Number.isNaN(sourceNow.getTime())) return false;
    this.#fixed = true;
    const elapsed = this.#now().getTime() - this.#startedAt.getTime();
    // The header cuts the second off and the answer took its time: both make the start earlier, which loses nothing.
    const start = shiftInstant(instantFromDate(sourceNow), -elapsed);
    if (start < this.start) this.start = start;
    // It answered after our start: only where its clock still shows an earlier time, it is behind for certain, and
    // worth asking again.
    if (sourceNow.getTime() + clockResolutionMs > this.#startedAt.getTime()) return false;
    if (this.until.instant! <= this.start) return false;
    this.until = { text: this.start, instant: this.start };
    return true;
  }
}
