/** Reads the records of a batch of parents; where the batch is refused, in parts. */
import type { Logger } from "pino";
import type { Page, Position } from "../../contract.ts";
import type { PageReader } from "../page-reader.ts";
import type { Places } from "../pages-ahead.ts";
import { readSlice } from "../read-slice.ts";
import { RefusedBatch } from "../refused-batch.ts";
import { namesOf, parentsKey, parentSlice, positionAfter } from "./parent.ts";
import { naming } from "./read-slices.ts";

export interface BatchOptions {
  reader: PageReader;
  /** Ids in a call, as the spec has it. */
  batch: number;
  /** Takes the source's clock from the first answer; absent in all batches but the first. */
  observeClock?(date: Date): boolean;
  places: Places;
  log: Logger;
}

/**
 * Pages of a batch. All but its last are open, at the position `before` it; none is the last of the slice. What is
 * thrown names the batch.
 */
export async function* readBatch(
  ids: readonly string[],
  before: Position,
  options: BatchOptions,
): AsyncGenerator<Page> {
  let refusal: RefusedBatch;
  try {
    return yield* readWhole(ids, before, options);
  } catch (error) {
    if (!(error instanceof RefusedBatch)) throw naming(error, shownBatch(ids));
    refusal = error;
  }
  if (ids.length === 1) return yield refusedPage(ids[0] as string, refusal, options.batch);
  options.log.debug(
    `${shownBatch(ids)}: ${refusal.message}; asking for ${refusal.action === "split" ? "its halves" : "each on its own"}`,
  );
  let position = before;
  for (const part of refusal.action === "split" ? halves(ids) : ids.map((id) => [id])) {
    yield* readBatch(part, position, options);
    position = positionAfter(part.at(-1));
  }
}

async function* readWhole(
  ids: readonly string[],
  before: Position,
  { reader, batch, observeClock, places, log }: BatchOptions,
): AsyncGenerator<Page> {
  let unchanged = false;
  let sliceValue = namesOf(ids, batch);
  const pages = readSlice(reader.forSlice(parentSlice(ids, batch)), {
    slice: parentsKey,
    restarted: false,
    ...(observeClock ? { observeClock } : {}),
    onUnchanged: () => {
      unchanged = true;
    },
    // Records of others are about them: whoever sees the page must not take them for records of nobody.
    onAnswer: ({ others = [] }) => {
      const more = others.filter((id) => !sliceValue.ids.includes(id));
      if (more.length > 0) sliceValue = { ...sliceValue, ids: [...sliceValue.ids, ...more] };
    },
    places,
    log,
  });
  for await (const page of pages) {
    // A batch that is read again voids nothing of the others; how many records will come only all of them could tell.
    const { last, restarted: _restarted, expected: _expected, ...rest } = page;
    const { completeness } = page;
    // Of whom records are missing is not known: no set of the batch is whole.
    const isWhole = !unchanged && !(completeness && completeness.total > completeness.distinct);
    const end = { position: positionAfter(ids.at(-1)), answered: isWhole ? ids : [] };
    yield { ...rest, last: false, sliceValue, ...(last ? end : { position: before, open: true }) };
  }
}

/** A single id that is refused is kept, and what is stored of it stays: it is not among the answered. */
function refusedPage(id: string, { message }: RefusedBatch, batch: number): Page {
  return {
    slice: parentsKey,
    records: [],
    rejects: [{ rule: "refused_id", message, record: { id } }],
    position: positionAfter(id),
    last: false,
    bytes: message.length,
    sliceValue: namesOf([id], batch),
    answered: [],
  };
}

function halves(ids: readonly string[]): (readonly string[])[] {
  const middle = Math.ceil(ids.length / 2);
  return [ids.slice(0, middle), ids.slice(middle)];
}

function shownBatch(ids: readonly string[]): string {
  return ids.length === 1 ? `parent ${ids[0]}` : `parents ${ids[0]} to ${ids.at(-1)}`;
}
