/** The keys of a table, out of its catalog's list of what its indexes hold. */

/** One column of an index, in the order of its columns. */
export interface IndexColumn {
  index: string;
  unique: boolean;
  /** Undefined where the index holds an expression, or only a part of the value. */
  column: string | undefined;
}

/**
 * What indexes say of a table.
 * @param list the columns of the primary key's index first
 * @param notNull columns that are never NULL
 */
export function keysOf(
  list: readonly IndexColumn[],
  notNull: ReadonlySet<string>,
): { keys: string[][]; indexed: string[] } {
  const indexes = new Map<string, IndexColumn[]>();
  for (const entry of list) indexes.set(entry.index, [...(indexes.get(entry.index) ?? []), entry]);
  const all = [...indexes.values()];
  return {
    keys: all
      .filter((entries) => entries.every(({ unique, column }) => unique && column !== undefined && notNull.has(column)))
      .map((entries) => entries.map(({ column }) => column as string)),
    indexed: [...new Set(all.flatMap(([first]) => first?.column ?? []))],
  };
}
