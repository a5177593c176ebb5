/** Rows as records: what is compiled for a list of columns is kept with it. */
import { recordMaker } from "../record-maker.ts";
import type { ResultColumn } from "./dialects/contract.ts";

type Maker = (row: readonly unknown[]) => Record<string, unknown>;

const makers = new WeakMap<readonly ResultColumn[], Maker>();

/** Makes a record of a row with these columns. */
export function recordsOf(columns: readonly ResultColumn[]): Maker {
  let maker = makers.get(columns);
  if (!maker) {
    maker = recordMaker<unknown>(columns.map(({ name }) => name));
    makers.set(columns, maker);
  }
  return maker;
}
