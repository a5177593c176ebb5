/** When a call is made again, and after how long: pure, so that tables can test it. */
import type { Retry } from "../../spec/types.ts";
import { parseDuration } from "../../values/instant.ts";
import { msUntil } from "./budgets/header-time.ts";
import type { HttpResponse, Verdict } from "./contract.ts";

/** Longer than this nobody waits for an answer, whatever `Retry-After` says. */
const longestRetryAfterMs = 600_000;
/** Where a 429 says nothing about how long. */
const silent429Ms = 60_000;

/** True when `on` names the status, its class (`5xx`), or (`undefined` for the status) the network. */
export function retries(on: Retry["on"], status: number | undefined): boolean {
  if (status === undefined) return on.includes("network");
  return on.some((entry) => entry === status || entry === String(status) || entry === `${Math.floor(status / 100)}xx`);
}

/** What a response means where no rule says otherwise: 2xx and 304 are successes, `on` is retried, the rest fails. */
export function defaultVerdict(response: HttpResponse, on: Retry["on"]): Verdict {
  if ((response.status >= 200 && response.status < 300) || response.status === 304) return { do: "accept" };
  return { do: retries(on, response.status) ? "retry" : "fail" };
}

/**
 * Milliseconds of a `Retry-After` header: seconds, or an HTTP date measured against the server's own `Date`. Never
 * negative, ten minutes at most; undefined where there is none that can be read. RFC 9110, section 10.2.3.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const value = headers["retry-after"]?.trim();
  if (value === undefined || value === "") return undefined;
  const serverNow = Date.parse(headers["date"] ?? "");
  const ms = /^\d+(?:\.\d+)?$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - (Number.isNaN(serverNow) ? now : serverNow);
  return Number.isNaN(ms) ? undefined : Math.min(longestRetryAfterMs, Math.max(0, Math.ceil(ms)));
}

/**
 * Compiles a rule's `wait`: a duration, or `header:Name`, whose value is seconds left, a time since 1970 or a date.
 * The result is undefined where that header is not there.
 */
export function compileWait(
  wait: string,
): (response: Pick<HttpResponse, "headers">, now: number) => number | undefined {
  const header = /^header:(.+)$/.exec(wait)?.[1]?.toLowerCase();
  if (header !== undefined) return ({ headers }, now) => msUntil(headers[header], headers, now);
  const ms = parseDuration(wait);
  return () => ms;
}

export interface Failure {
  /** Counted from 1. */
  attempt: number;
  /** What was answered; absent where the network failed. */
  response?: HttpResponse;
  /** What a rule asks for. */
  askedMs?: number;
  /** Until the budget is counted anew that is spent, where the answer's headers told it. */
  resetMs?: number;
}

/**
 * How long to wait after a failed attempt: what the rule asks for or what `Retry-After` does, whichever is longer; else
 * the reset of the budget that is spent, a minute for a silent 429, the spec's backoff. Exponential has full jitter
 * (anything up to wait × 2^(attempt − 1)), so that callers that failed together do not come back together; constant
 * lies between half and all of `wait`.
 */
export function waitMs(retry: Retry, failure: Failure, { now, random }: { now: number; random: number }): number {
  const asked = [failure.askedMs, retryAfterMs(failure.response?.headers ?? {}, now)].filter((ms) => ms !== undefined);
  const told = asked.length > 0 ? Math.max(...asked) : failure.resetMs;
  if (told !== undefined) return Math.min(told, longestRetryAfterMs);
  if (failure.response?.status === 429) return silent429Ms;
  const first = parseDuration(retry.wait);
  const most = parseDuration(retry.max_wait);
  if (retry.backoff === "constant") return Math.min(most, first * (0.5 + random / 2));
  return Math.min(most, first * 2 ** (failure.attempt - 1)) * random;
}
