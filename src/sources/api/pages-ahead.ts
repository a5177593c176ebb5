/**
 * Pages that are asked for before their turn, where an answer told how many there are. A read goes from page to page
 * and proves its end as ever: whatever was guessed wrongly is thrown away. That costs calls, never records.
 */
import type { Logger } from "pino";
import type { AnswerFacts } from "./page-facts.ts";
import type { FetchedPage, PageReader } from "./page-reader.ts";
import type { Step } from "./paginators/index.ts";

/** Room for pages that wait for their turn, shared by all slices of a read: what bounds the memory. */
export interface Places {
  free: number;
}

/** How often what follows may be guessed wrongly before a slice is read page by page. */
const maxMisses = 3;

interface Asked {
  step: Step;
  page: Promise<FetchedPage>;
}

export interface AheadOptions {
  places: Places;
  log: Logger;
}

/** One pass over a slice. `end` must be called when it is over, whatever came of it. */
export class PagesAhead {
  private readonly reader: PageReader;
  private readonly places: Places;
  private readonly log: Logger;
  /** In the order of the pages. */
  private asked: Asked[] = [];
  private flight: { reader: PageReader; stop: AbortController } | undefined;
  private failed = false;
  private misses = 0;
  private fullPage = 0;

  constructor(reader: PageReader, { places, log }: AheadOptions) {
    this.reader = reader;
    this.places = places;
    this.log = log;
  }

  /**
   * The page of a step. Those that are likely to follow are asked for beside it, as far as there is room.
   * @param told what the page before it told.
   * @param left how many pages may still be asked for, this one included.
   * @throws what reading the page throws; a page after it fails when it is its turn.
   */
  async fetch(step: Step, told: AnswerFacts, left: number): Promise<FetchedPage> {
    this.fullPage = Math.max(this.fullPage, told.count);
    const { page } = (await this.taken(step)) ?? { page: this.reader.fetch(step, { resumed: false }) };
    this.askFurther(step, told, left - 1);
    return page;
  }

  /** Ends the requests that are under way and gives their places back. */
  async end(): Promise<void> {
    const { asked } = this;
    this.flight?.stop.abort(new Error("the page is not needed"));
    this.flight = undefined;
    this.asked = [];
    this.failed = false;
    await Promise.allSettled(asked.map(({ page }) => page));
    this.places.free += asked.length;
  }

  /** The page where it is the next one of those that were asked for; if it is not, none of them is. */
  private async taken(step: Step): Promise<{ page: Promise<FetchedPage> } | undefined> {
    const [next] = this.asked;
    if (next === undefined) return undefined;
    if (next.step.number === step.number && next.step.offset === step.offset) {
      this.asked.shift();
      this.places.free++;
      return next;
    }
    await this.end();
    if (++this.misses === maxMisses)
      this.log.debug(`pages are not as long as ${this.fullPage} records: the rest is read one after the other`);
    return undefined;
  }

  private askFurther(from: Step, told: AnswerFacts, left: number): void {
    const { paginator } = this.reader;
    let last = this.asked.at(-1)?.step ?? from;
    while (this.places.free > 0 && this.asked.length < left && this.misses < maxMisses && !this.failed) {
      const step = paginator.guess?.(last, { ...told, count: this.fullPage });
      if (step === undefined) return;
      const { reader, stop } = (this.flight ??= this.takeOff());
      const page = reader.fetch(step, { resumed: false });
      // Thrown when it is its turn; what comes after it is not worth a call.
      page.catch(() => (this.failed ||= !stop.signal.aborted));
      this.asked.push({ step, page });
      this.places.free--;
      last = step;
    }
  }

  private takeOff(): { reader: PageReader; stop: AbortController } {
    const stop = new AbortController();
    return { reader: this.reader.until(stop.signal), stop };
  }
}

/** Why no page of a source can be asked for before its turn; undefined where it can. */
export function whyNotAhead({ paginator, pagination, facts }: PageReader): string | undefined {
  if (pagination.type === "none") return "there is one page (pagination: none)";
  if (!paginator.guess) return `each page names the next one (pagination: ${pagination.type})`;
  if (facts.hasTotal || ("pages" in pagination && pagination.pages !== undefined)) return undefined;
  return `nothing tells how many pages there are (pagination.total${pagination.type === "page" ? ", pagination.pages" : ""})`;
}
