/** Asks the source about rows before they are deleted: what it still has stays. */
import type { Source } from "../../sources/contract.ts";
import type { DeletesLookup } from "../../spec/types.ts";
import type { KeyLedger } from "../state/seen-keys.ts";
import type { Watch } from "./watch.ts";

export interface AskInput {
  keys: KeyLedger;
  /** Of so many keys at once. */
  batch: number;
  /** Which of them the source still has. */
  alive(keys: readonly string[]): Promise<string[]>;
  /** More than so many are not deleted anyway: then no more are asked about. */
  enough: number;
  signal: AbortSignal;
}

/**
 * Takes out of the doomed what the source has. Gives how many rows it asked about and how many of them are gone.
 * Throws what a request failed with: then nothing is known.
 */
export async function askAboutDoomed(input: AskInput): Promise<{ asked: number; gone: number }> {
  const { keys, enough, signal } = input;
  let last = "";
  let asked = 0;
  let gone = 0;
  for (;;) {
    const batch = await keys.after("doomed", last, input.batch);
    if (batch.length === 0 || gone > enough) return { asked, gone };
    last = batch.at(-1) as string;
    signal.throwIfAborted();
    const alive = await input.alive(batch);
    asked += batch.length;
    gone += batch.length - alive.length;
    await keys.remove("doomed", alive);
  }
}

/** Asks by `deletes.lookup`. */
export function byLookup(lookup: DeletesLookup, source: Source, watch: Watch): AskInput["alive"] {
  return async (batch) => {
    const answer = await source.lookUp?.({ lookup, keys: batch });
    const texts = (ids: readonly unknown[] | undefined): Set<unknown> => new Set(ids?.map(watch.keyTextOf));
    const found = answer?.found && texts(answer.found);
    const lost = answer?.gone && texts(answer.gone);
    // Of a batch that was asked in parts some answers may name what exists, and others what is gone.
    return batch.filter((key) => (found ? found.has(key) : true) && !lost?.has(key));
  };
}
