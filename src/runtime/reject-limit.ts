/** `limits.max_rejects`: a count or a share of what was fetched. */
import type { Counters } from "./state/checkpoint.ts";

export interface RejectLimit {
  /** Where it is a count: passing it stops the run at once. */
  count?: number;
  exceeded(counters: Counters): boolean;
  message(counters: Counters): string;
}

/** Compiles the limit; undefined when none is written. */
export function rejectLimit(limit: number | string | undefined): RejectLimit | undefined {
  if (limit === undefined) return undefined;
  const message = ({ rejected, fetched }: Counters): string =>
    `${rejected.toLocaleString("en-US")} of ${fetched.toLocaleString("en-US")} records were rejected; limits.max_rejects allows ${limit}`;
  if (typeof limit === "number") return { count: limit, exceeded: ({ rejected }) => rejected > limit, message };
  const share = Number(limit.slice(0, -1)) / 100;
  // A share of a small delta is less than one record: one is always within it, unless the share is 0 %.
  return { exceeded: ({ rejected, fetched }) => rejected > Math.ceil(share * fetched), message };
}
