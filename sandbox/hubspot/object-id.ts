/**
 * Ids of records are texts of digits that no double need hold. Whether HubSpot's search compares them as numbers or
 * as text is reported both ways and documented neither way, so the sandbox can do both.
 */

export type IdOrder = "number" | "text";

/** Below 0 when `left` comes first. Both are digits without leading zeros. */
export function compareIds(left: string, right: string, order: IdOrder): number {
  if (order === "number" && left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
}

/** Digits without leading zeros, or undefined where the text is no id. */
export function parseId(text: string): string | undefined {
  return /^\d{1,30}$/.test(text) ? text.replace(/^0+(?=\d)/, "") : undefined;
}
