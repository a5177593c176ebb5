/** Times in headers, as APIs write them. */

/** Below this a number is a length, from it on an instant: 2001 in seconds, and 31 years of waiting. */
const firstEpochSeconds = 1e9;
/** From here on it counts milliseconds: 1973 in them, the year 5138 in seconds. */
const firstEpochMs = 1e11;

/**
 * Milliseconds from now to what a header names: seconds left (fractions too), seconds or milliseconds since 1970 (told
 * by their size), or a date. An instant is measured against the server's own `Date`, where it tells one. Never
 * negative; undefined for what is none of these.
 */
export function msUntil(
  value: string | undefined,
  headers: Readonly<Record<string, string>>,
  now: number,
): number | undefined {
  const text = value?.trim() ?? "";
  if (text === "") return undefined;
  const number = leadingNumber(text);
  if (number !== undefined && Math.abs(number) < firstEpochSeconds) return Math.max(0, number * 1000);
  const serverNow = Date.parse(headers["date"] ?? "");
  const instant = number === undefined ? Date.parse(text) : Math.abs(number) < firstEpochMs ? number * 1000 : number;
  const ms = instant - (Number.isNaN(serverNow) ? now : serverNow);
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** The number that a header is, or begins with (`100, 100;window=60`). */
export function leadingNumber(text: string | undefined): number | undefined {
  const found = /^\s*(-?\d+(?:\.\d+)?)\s*(?:$|[,;])/.exec(text ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
}
