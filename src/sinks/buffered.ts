/** What of a buffer a merge writes. */
import { FatalError } from "../errors.ts";
import type { MergeInput, WriteReject } from "./contract.ts";
import type { RowProblem } from "./screen.ts";

/** A sink's own buffer of a merge's rows. */
export function bufferOf<T>(kind: abstract new (...options: never[]) => T, { rows, table }: MergeInput): T {
  if (rows instanceof kind) return rows;
  throw new FatalError(`rows for "${table.name}" are in another sink's buffer: a bug of the runner`);
}

/** Keeps what is known of a row, in the place of what was; nothing where there is nothing. */
export function keep<T>(known: Map<number, T>, index: number, value: T | undefined): void {
  if (value !== undefined) known.set(index, value);
  else if (known.size > 0) known.delete(index);
}

/** Indexes of the rows that may be written, and the others as rejects. */
export function screened(
  { rows, indexes }: MergeInput,
  problems: ReadonlyMap<number, RowProblem>,
): { kept: readonly number[]; rejects: WriteReject[] } {
  const all = indexes ?? upTo(rows.length);
  if (problems.size === 0) return { kept: all, rejects: [] };
  const rejects = all.flatMap((index) => {
    const problem = problems.get(index);
    return problem ? [{ index, ...problem }] : [];
  });
  return { kept: all.filter((index) => !problems.has(index)), rejects };
}

/** From 0 on; a loop, for `Array.from` takes twenty times as long. */
function upTo(length: number): number[] {
  const all: number[] = [];
  for (let index = 0; index < length; index++) all.push(index);
  return all;
}

/** How many rows a merge was given. */
export function givenRows({ rows, indexes }: MergeInput): number {
  return indexes?.length ?? rows.length;
}
