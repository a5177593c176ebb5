/** The registry of slices: one line each. */
import type { Slices } from "../../../spec/types.ts";
import type { Slice, SliceScope } from "./contract.ts";
import { dateSlices } from "./date.ts";
import { listSlices } from "./list.ts";

type Of<By extends Slices["by"]> = Extract<Slices, { by: By }>;

const kinds: { [By in Slices["by"]]: (slices: Of<By>, scope: SliceScope) => Iterable<Slice> } = {
  date: dateSlices,
  list: listSlices,
};

/** The only slice of a source that has none. */
const wholeSource: Slice = { key: "" };

/** The slices of a run, in the order in which they are begun. Throws SpecError, also while they are gone through. */
export function slicesOf(slices: Slices | undefined, scope: SliceScope): Iterable<Slice> {
  if (slices === undefined) return [wholeSource];
  const make = kinds[slices.by] as (slices: Slices, scope: SliceScope) => Iterable<Slice>;
  return make(slices, scope);
}

export type { Slice, SliceScope } from "./contract.ts";
