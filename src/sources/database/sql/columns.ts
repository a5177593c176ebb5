/** Columns as a spec writes them: `id`, `a.id`, `a."Id"`. */
import { SpecError } from "../../../errors.ts";
import { didYouMean } from "../../../suggest.ts";
import type { ResultColumn } from "../dialects/contract.ts";

/** The name that a column has in the result: its last part, without quotes. */
export function resultName(column: string): string {
  const last = /(?:"([^"]+)"|`([^`]+)`|([^."`]+))$/.exec(column);
  return last?.[1] ?? last?.[2] ?? last?.[3] ?? column;
}

/** Where a column stands in the result; -1 where it does not. Databases differ in how they see capitals. */
export function indexOf(columns: readonly ResultColumn[], column: string): number {
  const name = resultName(column);
  const exact = columns.findIndex((candidate) => candidate.name === name);
  if (exact >= 0) return exact;
  return columns.findIndex((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
}

/** Where a key stands. @throws SpecError where the query does not select it. */
export function keyIndex(columns: readonly ResultColumn[], key: string): number {
  const index = indexOf(columns, key);
  if (index >= 0) return index;
  const name = resultName(key);
  throw new SpecError(
    `the result has no column "${name}", and pagination.keys holds ${key}: select it under that name.${didYouMean(
      name,
      columns.map((column) => column.name),
    )}`,
  );
}

/** A record has one value under a name. @throws SpecError for two columns of one name */
export function refuseTwins(columns: readonly ResultColumn[]): void {
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name))
      throw new SpecError(`the result has two columns named "${name}": give one of them another name with AS`);
    seen.add(name);
  }
}
