/** What one batch of parents tells beforehand: for `etl plan` and for the call that tries a connection. */
import { SpecError } from "../../../errors.ts";
import type { SlicesParent } from "../../../spec/types.ts";
import type { SourceContext } from "../../contract.ts";
import type { Slice } from "./contract.ts";
import { openParents, parentSlice } from "./parent.ts";

export interface ParentSample {
  /** The first batch; absent where there are no parents. */
  slice?: Slice;
  /** How many batches there are. */
  batches: number;
  /** Why they could not be looked at: their table may not be made yet. */
  problem?: string;
}

/** Looks at the parents. @param limit the most ids that the first batch may have; default: as the spec has it. */
export async function sampleParents(
  slices: SlicesParent,
  context: SourceContext,
  limit = slices.batch,
): Promise<ParentSample> {
  try {
    const parents = await openParents(slices, context);
    const ids = await parents.after(undefined, limit);
    const batches = Math.ceil((await parents.count()) / slices.batch);
    return { ...(ids.length === 0 ? {} : { slice: parentSlice(ids, slices.batch) }), batches };
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return { batches: 0, problem: error.message };
  }
}
