/** `deletes.max`: how many rows a run may delete. */

const count = (value: number): string => value.toLocaleString("en-US");

export interface Guard {
  /** The most that may go. */
  limit: number;
  /** Why nothing is deleted, and what allows it. */
  message(doomed: number): string;
}

/**
 * @param max a count, or a share of the live rows; a share of few rows is one at least, unless it is 0 %.
 * @param allowed `--allow-deletes`: where it is more, it is the limit.
 */
export function compileGuard(max: number | string, { live, allowed = 0 }: { live: number; allowed?: number }): Guard {
  const own = typeof max === "number" ? max : Math.ceil((Number(max.slice(0, -1)) / 100) * live);
  const said = typeof max === "number" ? count(max) : `${max}, ${count(own)}`;
  return {
    limit: Math.max(own, allowed),
    message: (doomed) =>
      `${count(doomed)} of ${count(live)} rows would be deleted, and deletes.max allows ${said}: nothing was deleted. If they are gone for certain, run it with --allow-deletes ${doomed}`,
  };
}

/** What a read without a single record says of the source, or of its credentials. */
export function emptyReadMessage(doomed: number): string {
  return `the source gave no records at all, so that ${count(doomed)} rows would be deleted: nothing was. If it is empty for certain, run it with --allow-deletes ${doomed}`;
}
