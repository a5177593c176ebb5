/** What the names of a template stand for. */
import type { Bound } from "../sources/contract.ts";

export interface Scope {
  /** Values by root name: since, until, now, page, params, vars, record. */
  values: Readonly<Record<string, unknown>>;
  /** `mapped 'properties'`; absent where no mapping is at hand. */
  mapped?: (path: string) => string[];
}

/**
 * The value of a leaf that stands on a param which was not given, or on a page's position before there is one:
 * its item of a map or list is left out.
 */
export const DROPPED: unique symbol = Symbol("left out");

/** True for a bound of the window: shown as its text, and read as its instant by the helpers of time. */
export function isBound(value: unknown): value is Bound {
  if (typeof value !== "object" || value === null || typeof (value as Bound).text !== "string") return false;
  return Object.keys(value).every((key) => key === "text" || key === "instant");
}
