/** The registry of slices: one line each. */
import type { Slices, SlicesParent } from "../../../spec/types.ts";
import type { Slice, SliceScope } from "./contract.ts";
import { dateSlices } from "./date.ts";
import { listSlices } from "./list.ts";

/** Those that are known before the read; parents are read from their table as it goes on. */
type Listed = Exclude<Slices, SlicesParent>;
type Of<By extends Listed["by"]> = Extract<Listed, { by: By }>;

const kinds: { [By in Listed["by"]]: (slices: Of<By>, scope: SliceScope) => Iterable<Slice> } = {
  date: dateSlices,
  list: listSlices,
};

/** The only slice of a source that has none. */
const wholeSource: Slice = { key: "" };

/** The slices of a run, in the order in which they are begun. Throws SpecError, also while they are gone through. */
export function slicesOf(slices: Listed | undefined, scope: SliceScope): Iterable<Slice> {
  if (slices === undefined) return [wholeSource];
  const make = kinds[slices.by] as (slices: Listed, scope: SliceScope) => Iterable<Slice>;
  return make(slices, scope);
}

export type { Slice, SliceScope } from "./contract.ts";
