/**
 * HubSpot's rate limits: so many calls in any ten seconds (190 for a private app of a Professional account), so many
 * searches in any second (5 for the account), so many calls a day. What is refused is not charged.
 * Source: the changelog entries "increasing our API limits" and "CRM search API rate limit increase".
 */
import { rateLimited } from "./api-error.ts";
import type { ApiAnswer } from "./api-error.ts";

export interface RateLimits {
  /** All calls but searches, in any ten seconds. */
  requestsPer10s: number;
  /** Searches, in any second. */
  searchesPerSecond: number;
  /** All calls, from midnight to midnight UTC. */
  requestsPerDay: number;
}

export const documentedLimits: Readonly<RateLimits> = {
  requestsPer10s: 190,
  searchesPerSecond: 5,
  requestsPerDay: 650_000,
};

/** Instants of the calls within the window that ends now. */
class RollingWindow {
  private times: number[] = [];
  private readonly windowMs: number;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  count(nowMs: number): number {
    const gone = this.times.findIndex((time) => time > nowMs - this.windowMs);
    this.times = gone < 0 ? [] : this.times.slice(gone);
    return this.times.length;
  }

  add(nowMs: number): void {
    this.times.push(nowMs);
  }
}

export class RateLimiter {
  private readonly limits: RateLimits;
  private readonly lastTenSeconds = new RollingWindow(10_000);
  private readonly lastSecond = new RollingWindow(1_000);
  private readonly searches = new RollingWindow(1_000);
  private day = "";
  private today = 0;

  constructor(limits: RateLimits) {
    this.limits = limits;
  }

  /** Charges one call. Gives the 429 that answers it, or undefined where it may go on. */
  charge(kind: "general" | "search"): ApiAnswer | undefined {
    const nowMs = performance.now();
    this.rollDay();
    if (this.today >= this.limits.requestsPerDay) return this.withHeaders(rateLimited("DAILY"), kind);
    if (kind === "search") {
      if (this.searches.count(nowMs) >= this.limits.searchesPerSecond) return rateLimited("SECONDLY");
      this.searches.add(nowMs);
    } else {
      if (this.lastTenSeconds.count(nowMs) >= this.limits.requestsPer10s)
        return this.withHeaders(rateLimited("TEN_SECONDLY_ROLLING"), kind);
      this.lastTenSeconds.add(nowMs);
      this.lastSecond.add(nowMs);
    }
    this.today++;
    return undefined;
  }

  /** The answer with the `X-HubSpot-RateLimit-*` headers of this instant; searches carry none. */
  withHeaders(answer: ApiAnswer, kind: "general" | "search"): ApiAnswer {
    if (kind === "search") return answer;
    const nowMs = performance.now();
    const { requestsPer10s, requestsPerDay } = this.limits;
    const perSecond = Math.max(1, Math.floor(requestsPer10s / 10));
    const left = (limit: number, used: number) => String(Math.max(0, limit - used));
    const headers = {
      "X-HubSpot-RateLimit-Daily": String(requestsPerDay),
      "X-HubSpot-RateLimit-Daily-Remaining": left(requestsPerDay, this.today),
      "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
      "X-HubSpot-RateLimit-Max": String(requestsPer10s),
      "X-HubSpot-RateLimit-Remaining": left(requestsPer10s, this.lastTenSeconds.count(nowMs)),
      // Old headers that are still sent and no longer enforced.
      "X-HubSpot-RateLimit-Secondly": String(perSecond),
      "X-HubSpot-RateLimit-Secondly-Remaining": left(perSecond, this.lastSecond.count(nowMs)),
    };
    return { ...answer, headers: { ...answer.headers, ...headers } };
  }

  /** Calls charged since midnight UTC, and how many the day allows. */
  usage(): { used: number; limit: number } {
    this.rollDay();
    return { used: this.today, limit: this.limits.requestsPerDay };
  }

  private rollDay(): void {
    const day = new Date().toISOString().slice(0, 10);
    if (day === this.day) return;
    this.day = day;
    this.today = 0;
  }
}
