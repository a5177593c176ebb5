/** Reads what belongs to the rows of another pipeline, batch after batch, going on where an earlier run came to. */
import type { Logger } from "pino";
import type { SlicesParent } from "../../../spec/types.ts";
import type { Page, ParentIds, ReadRequest } from "../../contract.ts";
import type { PageReader } from "../page-reader.ts";
import type { Places } from "../pages-ahead.ts";
import { readInOrder } from "./in-order.ts";
import { batchesAfter, parentsKey, positionAfter, readParentPosition } from "./parent.ts";
import { readBatch } from "./read-batch.ts";
import { goOn, once } from "./read-slices.ts";

export interface ParentsOptions {
  reader: PageReader;
  slices: SlicesParent;
  parents: ParentIds;
  resume: ReadRequest["resume"];
  /** Takes the source's clock from the first answer; true when it moved the window. Absent in a run that is resumed. */
  observeClock?(date: Date): boolean;
  concurrency: number;
  /** Room for pages that are asked for before their turn. */
  places: Places;
  /** Ends the requests that are under way; afterwards there are no more. */
  halt(reason: unknown): void;
  log: Logger;
}

type Pages = AsyncGenerator<Page>;

/** Pages of all batches in order, and an empty last one. */
export async function* readParents(options: ParentsOptions): Pages {
  const before = options.resume[parentsKey];
  if (before?.done) return;
  const point = readParentPosition(before?.position);
  const { concurrency, halt } = options;
  const turns = batchReads(options, point?.after);
  let restarted = before !== undefined && point === undefined;
  for await (const page of concurrency > 1 ? readInOrder(turns, { concurrency, halt }) : oneByOne(turns)) {
    yield restarted ? { ...page, restarted } : page;
    restarted = false;
  }
  yield { slice: parentsKey, records: [], last: true, bytes: 0, ...(restarted ? { restarted } : {}) };
}

async function* oneByOne(turns: AsyncIterable<Pages>): Pages {
  for await (const pages of turns) yield* pages;
}

/** The reads of batches. The first answer tells the clock, which may move the window: it is waited for. */
async function* batchReads(
  { reader, slices, parents, observeClock, places, log }: ParentsOptions,
  after: string | undefined,
): AsyncGenerator<Pages> {
  const { batch } = slices;
  let position = positionAfter(after);
  let clock = observeClock && once(observeClock);
  for await (const ids of batchesAfter(parents, { after, slices })) {
    const pages = readBatch(ids, position, { reader, batch, places, log, ...(clock ? { observeClock: clock } : {}) });
    yield clock ? goOn(await pages.next(), pages) : pages;
    clock = undefined;
    position = positionAfter(ids.at(-1));
  }
}
