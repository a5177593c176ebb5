/** Reads all slices of a run: each to its own end, side by side, going on where an earlier run came to. */
import type { Logger } from "pino";
import { FatalError, SpecError, TransientError } from "../../../errors.ts";
import type { Page, Position, ReadRequest } from "../../contract.ts";
import type { PageReader } from "../page-reader.ts";
import type { Places } from "../pages-ahead.ts";
import { readPosition } from "../position.ts";
import { readSlice } from "../read-slice.ts";
import type { Slice } from "./contract.ts";
import { readSideBySide } from "./side-by-side.ts";

export interface SlicesOptions {
  reader: PageReader;
  /** The slices, as the window stands now. */
  plan(): Slice[];
  resume: ReadRequest["resume"];
  /** Takes the source's clock from the first answer; true when it moved the window. Absent in a run that is resumed. */
  observeClock?(date: Date): boolean;
  concurrency: number;
  /** Room for pages that are asked for before their turn. */
  places: Places;
  /** Ends the requests that are under way; afterwards there are no more. */
  halt(reason: unknown): void;
  /** Reads a slice in another way than page by page: by an export. */
  readWith?(slice: Slice, how: ReadWith): AsyncGenerator<Page>;
  log: Logger;
  /** Every slice said that there is nothing new. */
  onUnchanged(): void;
}

/** What a slice needs to know that is read in another way. */
export interface ReadWith {
  /** The slice as an earlier run left it; absent where none began it. */
  before?: { position?: Position };
  places: Places;
  observeClock?(date: Date): boolean;
  onUnchanged(): void;
}

type Pages = AsyncGenerator<Page>;
type Clock = (date: Date) => boolean;

/** Pages of all slices that are not done yet. What a slice throws names it. */
export async function* readSlices(options: SlicesOptions): Pages {
  const { plan, resume, observeClock } = options;
  let slices = plan();
  const [first] = slices;
  if (first === undefined) return;
  if (observeClock === undefined) {
    const rest = slices.filter(({ key }) => !resume[key]?.done);
    return yield* readAll(rest.length, new OpenSlices(options, slices.length).all(rest), options);
  }
  // The windows may depend on the source's clock, which the first answer tells: until then nothing else is asked.
  let moved = false;
  const open = new OpenSlices(options, slices.length);
  const pages = open.one(
    first,
    once((date) => {
      if (!observeClock(date)) return false;
      slices = plan();
      moved = slices[0]?.key !== first.key;
      // A page of a slice that there is no more is not asked for again.
      return !moved;
    }),
  );
  const page = await pages.next();
  if (moved) {
    await pages.return(undefined);
    return yield* readAll(slices.length, new OpenSlices(options, slices.length).all(slices), options);
  }
  const turns = function* (): Generator<Pages> {
    yield goOn(page, pages);
    yield* open.all(slices.slice(1));
  };
  return yield* readAll(slices.length, turns(), options);
}

/** With nothing beside it a slice is not read ahead. */
async function* readAll(count: number, turns: Iterable<Pages>, { concurrency, halt }: SlicesOptions): Pages {
  const atOnce = Math.min(count, concurrency);
  if (atOnce > 1) yield* readSideBySide(turns, { concurrency: atOnce, halt });
  else for (const pages of turns) yield* pages;
}

/** A page that was waited for, and those after it. */
export async function* goOn(page: IteratorResult<Page, unknown>, pages: Pages): Pages {
  if (!page.done) yield page.value;
  yield* pages;
}

/** Only the first answer of a run tells the clock, also when the slice is read again. */
export function once(observe: Clock): Clock {
  let observed = false;
  return (date) => {
    if (observed) return false;
    observed = true;
    return observe(date);
  };
}

/** Opens slices, and knows what they say of the whole. */
class OpenSlices {
  private readonly options: SlicesOptions;
  private readonly count: number;
  private readonly unchanged = new Set<string>();
  private readonly expected = new Map<string, number>();

  /** @param count of all slices, those that are done included. */
  constructor(options: SlicesOptions, count: number) {
    this.options = options;
    this.count = count;
  }

  *all(slices: readonly Slice[]): Generator<Pages> {
    for (const slice of slices) yield this.one(slice);
  }

  async *one(slice: Slice, observeClock?: Clock): Pages {
    const { reader, resume, readWith, places, log, onUnchanged } = this.options;
    const before = resume[slice.key];
    const unchanged = (): void => {
      if (this.unchanged.add(slice.key).size === this.count) onUnchanged();
    };
    const told = { ...(observeClock ? { observeClock } : {}), places, onUnchanged: unchanged };
    const point = reader.paginator.stable ? readPosition(before?.position) : undefined;
    const pages =
      readWith?.(slice, { ...(before ? { before } : {}), ...told }) ??
      readSlice(reader.forSlice(slice), {
        slice: slice.key,
        resume: point,
        restarted: before !== undefined && point === undefined,
        ...told,
        log,
      });
    try {
      for await (const page of pages) yield this.expectingAll(page);
    } catch (error) {
      throw slice.key === "" ? error : naming(error, slice.key);
    }
  }

  /** How many records there will be can be said once every slice has told. */
  private expectingAll(page: Page): Page {
    const { slice, expected: own, ...rest } = page;
    if (own === undefined) return page;
    this.expected.set(slice, own);
    if (this.expected.size < this.count) return { slice, ...rest };
    return { slice, ...rest, expected: this.expected.values().reduce((sum, count) => sum + count, 0) };
  }
}

/** The same class of error, its message beginning with the slice. What is none of ours, an abort too, stays. */
export function naming(error: unknown, key: string): unknown {
  const message = `slice ${key}: ${(error as Error).message}`;
  if (error instanceof TransientError)
    return new TransientError(message, {
      cause: error,
      ...(error.waitMs === undefined ? {} : { waitMs: error.waitMs }),
    });
  if (error instanceof SpecError) return new SpecError(message, { cause: error });
  return error instanceof FatalError ? new FatalError(message, { cause: error }) : error;
}
