/** Reads one slice, page after page, to a proven end. */
import type { Logger } from "pino";
import { FatalError } from "../../errors.ts";
import type { Page } from "../contract.ts";
import type { AnswerFacts } from "./page-facts.ts";
import { DistinctCount } from "./distinct-count.ts";
import { RepeatedPages, refuseNextLink } from "./page-guards.ts";
import type { FetchedPage, PageReader } from "./page-reader.ts";
import type { Step } from "./paginators/index.ts";
import { PagesAhead, type Places } from "./pages-ahead.ts";
import { positionOf, type ResumePoint } from "./position.ts";

export interface SliceOptions {
  slice: string;
  /** Where an earlier run came to. */
  resume?: ResumePoint;
  /** The slice begins anew although an earlier run had begun it. */
  restarted: boolean;
  /** Takes the source's clock from the first answer; true when the window moved and the request is to be made again. */
  observeClock?(date: Date): boolean;
  /** What is read was made by an earlier run, and may be gone by now. */
  mayBeGone?: boolean;
  /** The source said that there is nothing new. */
  onUnchanged(): void;
  /** Looks at what an answer said, before its page is given. */
  onAnswer?(facts: AnswerFacts): void;
  /** Room for pages that are asked for before their turn. */
  places: Places;
  log: Logger;
}

/** How often a slice is read again when rows may have shifted past us, or fewer came than the total says. */
const maxRereads = 2;

/** What one pass over the slice knows so far. */
interface Pass {
  resumed: boolean;
  repeated: RepeatedPages;
  distinct: DistinctCount;
  pages: number;
  read: number;
  /** What the last page told. */
  told?: AnswerFacts;
  /** The total as the first page told it. */
  total?: number;
}

/**
 * Pages of a slice, the last one marked. A pass that proves incomplete is followed by another, marked `restarted`.
 * Ends without a page where what `mayBeGone` is.
 */
export async function* readSlice(reader: PageReader, options: SliceOptions): AsyncGenerator<Page, "read" | "gone"> {
  let { resume, restarted } = options;
  let rereads = 0;
  for (;;) {
    const ahead = new PagesAhead(reader, options);
    const mayReread = rereads < maxRereads;
    let outcome: PassOutcome;
    try {
      outcome = yield* readPass(reader, { ...options, resume, restarted, mayReread, ahead });
    } finally {
      await ahead.end();
    }
    if (outcome === "done") return "read";
    if (outcome === "gone") return "gone";
    // A refused position is no fault of the reading: it costs none of its chances.
    if (outcome === "again") rereads++;
    resume = undefined;
    restarted = true;
  }
}

type PassOptions = SliceOptions & { mayReread: boolean; ahead: PagesAhead };
type PassOutcome = "done" | "again" | "refused" | "gone";

async function* readPass(reader: PageReader, options: PassOptions): AsyncGenerator<Page, PassOutcome> {
  const { slice, resume, restarted, log, ahead } = options;
  const { paginator, facts } = reader;
  const pass: Pass = {
    resumed: resume !== undefined,
    repeated: new RepeatedPages(),
    distinct: new DistinctCount(resume?.distinct),
    pages: 0,
    read: 0,
  };
  let step = resume?.step ?? paginator.first();
  for (;;) {
    const page = pass.told
      ? await ahead.fetch(step, pass.told, reader.maxPages - pass.pages)
      : await fetchFirst(reader, step, options);
    if (page.meaning === "refused" && !pass.resumed) return "gone";
    if (page.meaning === "refused") {
      log.warn(
        `${page.answer.shown} answered ${page.answer.status} to the position that an earlier run came to; reading starts from the beginning`,
      );
      return "refused";
    }
    await take(reader, pass, page);
    if (page.meaning === "unchanged") options.onUnchanged();
    options.onAnswer?.(page.facts);
    const next = paginator.next({ ...page.facts, read: pass.read, url: page.answer.request.url }, step);
    const shown: Page = {
      slice,
      records: page.records,
      last: false,
      bytes: page.answer.length,
      ...(page.answer.rejects ? { rejects: page.answer.rejects } : {}),
      ...(restarted && pass.pages === 1 ? { restarted: true } : {}),
      ...(pass.pages === 1 && page.facts.total !== undefined && !pass.resumed ? { expected: page.facts.total } : {}),
    };
    if (next === undefined) {
      // Pages that were guessed after this one would hold up the total.
      await ahead.end();
      const end = await proveEnd(reader, { pass, page, options });
      yield { ...shown, last: end.done, ...(end.completeness ? { completeness: end.completeness } : {}) };
      return end.done ? "done" : "again";
    }
    refuseTooMany(reader, pass, page);
    yield {
      ...shown,
      ...(paginator.stable ? { position: positionOf(next, facts.hasTotal ? pass.distinct.count : 0) } : {}),
    };
    step = next;
  }
}

/** The first page; again where the source's clock moved the window and the request with it. */
async function fetchFirst(
  reader: PageReader,
  step: Step,
  { resume, mayBeGone = false, observeClock }: PassOptions,
): Promise<FetchedPage> {
  const before = observeClock ? JSON.stringify(reader.request(step)) : undefined;
  const page = await reader.fetch(step, { resumed: resume !== undefined || mayBeGone });
  if (page.date === undefined || !observeClock?.(page.date)) return page;
  return JSON.stringify(reader.request(step)) === before ? page : reader.fetch(step, { resumed: false });
}

/** Counts a page's records, and lets the guards look at it. */
async function take(reader: PageReader, pass: Pass, page: FetchedPage): Promise<void> {
  const { answer, meaning, records, facts } = page;
  if (meaning === "unchanged" && pass.pages > 0) {
    throw new FatalError(`${answer.shown} answered that nothing has changed, in the middle of a read`);
  }
  pass.pages++;
  pass.read += records.length;
  pass.told = facts;
  if (pass.pages === 1) pass.total = facts.total;
  if (reader.pagination.type === "none") refuseNextLink(answer);
  else pass.repeated.admit(records, answer.shown);
  if (!reader.facts.hasTotal) return;
  for (const record of records) {
    const id = reader.facts.id ? reader.facts.id(record) : record;
    pass.distinct.add(id instanceof Promise ? await id : id);
  }
}

function refuseTooMany(reader: PageReader, pass: Pass, { answer }: FetchedPage): void {
  if (pass.pages < reader.maxPages) return;
  throw new FatalError(
    `${answer.shown} is page ${pass.pages} of a read, and there are more: that is the limit (pagination.max_pages). Is the end recognised?`,
  );
}

interface End {
  done: boolean;
  completeness?: { total: number; distinct: number };
}

/**
 * Asks for the total once more, and compares. A single page that told it was asked a moment ago. Where fewer records
 * came than there are, or where pages shift and the total shrank meanwhile, the slice is to be read again.
 */
async function proveEnd(
  reader: PageReader,
  { pass, page, options }: { pass: Pass; page: FetchedPage; options: PassOptions },
): Promise<End> {
  if (!reader.facts.hasTotal || page.meaning === "unchanged") return { done: true };
  const total = pass.pages === 1 && !pass.resumed ? pass.total : await reader.total();
  const distinct = pass.distinct.count;
  if (total === undefined) {
    options.log.warn(
      `${page.answer.shown} tells no total at pagination.total: whether all records came cannot be said`,
    );
    return { done: true };
  }
  const shrank = !reader.paginator.stable && pass.total !== undefined && total < pass.total;
  const missing = total > distinct;
  if (!missing && !shrank) return { done: true, completeness: { total, distinct } };
  const what = missing
    ? `${distinct} distinct records came, and the API has ${total}`
    : `the API had ${pass.total} records and has ${total} now: pages may have shifted past us`;
  options.log.warn(`${page.answer.shown}: ${what}${options.mayReread ? "; reading again" : ""}`);
  return options.mayReread ? { done: false } : { done: true, completeness: { total, distinct } };
}
