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

  /**
   * @param startedAt our clock at the run's start.
   * @param resumed bounds of the first attempt, which stay as they are.
   */
  constructor(since: Bound, startedAt: Date, bounds: { endDate?: string; resumed?: { until: Bound; start: string } }) {
    this.since = since;
    this.#startedAt = startedAt;
    this.start = bounds.resumed?.start ?? instantFromDate(startedAt);
    this.#fixed = bounds.resumed !== undefined;
    const until = bounds.endDate !== undefined && bounds.endDate < this.start ? bounds.endDate : this.start;
    this.until = bounds.resumed?.until ?? { text: until, instant: until };
  }

  observeClock(sourceNow: Date): boolean {
    if (this.#fixed) return false;
    this.#fixed = true;
    // The source answered after our start; where its clock still shows an earlier time, it is behind ours.
    if (Number.isNaN(sourceNow.getTime()) || sourceNow.getTime() + clockResolutionMs > this.#startedAt.getTime())
      return false;
    const elapsed = Date.now() - this.#startedAt.getTime();
    this.start = shiftInstant(instantFromDate(sourceNow), -elapsed);
    if (this.until.instant! <= this.start) return false;
    this.until = { text: this.start, instant: this.start };
    return true;
  }
}
