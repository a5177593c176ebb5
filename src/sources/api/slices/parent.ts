/** Slices by parent: batches of ids of another pipeline's rows, ascending, one after another. */
import { FatalError, SpecError } from "../../../errors.ts";
import type { SlicesParent } from "../../../spec/types.ts";
import type { ParentIds, Position, SourceContext } from "../../contract.ts";
import type { Slice } from "./contract.ts";

/** All batches together are one slice: what is done is everything up to an id. */
export const parentsKey = "parents";

/** Ids that are read from the table at once, at the least: with `batch: 1` a query for each would cost more than its call. */
const blockSize = 1000;

/** Opens the rows that a spec names. Throws SpecError where there is no warehouse, table or column. */
export async function openParents(slices: SlicesParent, { parents }: SourceContext): Promise<ParentIds> {
  const { pipeline, column, changed, overlap, full_every } = slices;
  if (!parents)
    throw new SpecError(`source.slices asks for the rows of ${pipeline}, and there is no warehouse to read them in`);
  return parents({ pipeline, column, changed, overlap, ...(full_every === undefined ? {} : { full_every }) });
}

/** The batches after an id. Throws FatalError for ids that are not unique. */
export async function* batchesAfter(
  parents: ParentIds,
  { after, slices }: { after: string | undefined; slices: SlicesParent },
): AsyncGenerator<string[]> {
  const { batch, pipeline, column } = slices;
  const block = batch * Math.ceil(blockSize / batch);
  for (let last = after; ;) {
    const ids = await parents.after(last, block);
    const twin = ids.find((id, index) => id === (index === 0 ? last : ids[index - 1]));
    if (twin !== undefined)
      throw new FatalError(
        `${pipeline} has the ${column} ${JSON.stringify(twin)} twice: source.slices.column must be unique`,
      );
    for (let start = 0; start < ids.length; start += batch) yield ids.slice(start, start + batch);
    if (ids.length === 0) return;
    last = ids.at(-1);
  }
}

/** What a request and its answer know of a batch. @param batch as the spec has it: `id` stands where it is 1. */
export function parentSlice(ids: readonly string[], batch: number): Slice {
  const names = { ...namesOf(ids, batch), inputs: ids.map((id) => ({ id })) };
  return { key: parentsKey, inTemplates: names, inExpressions: names };
}

/** `$slice` of mappings. */
export function namesOf(ids: readonly string[], batch: number): { ids: readonly string[]; id?: string } {
  return { ids, ...(batch === 1 ? { id: ids[0] as string } : {}) };
}

/** A resumed run goes on after this id; at the first one without it. */
export function positionAfter(id: string | undefined): Position {
  return { after: id ?? null };
}

/** Undefined for a position that is not of parents. */
export function readParentPosition(position: Position | undefined): { after: string | undefined } | undefined {
  if (typeof position !== "object" || position === null || Array.isArray(position)) return undefined;
  const { after } = position;
  if (after === null) return { after: undefined };
  return typeof after === "string" ? { after } : undefined;
}
