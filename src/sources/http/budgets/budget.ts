/**
 * One budget: when it lets a request through, what was charged to it, what the system says about it. Its clock is
 * what it is handed, so that a day passes in a test at once.
 */
import { FatalError, SpecError } from "../../../errors.ts";
import type { RateLimit } from "../../../spec/types.ts";
import type { BudgetForecast } from "../../contract.ts";
import { parseDuration } from "../../../values/instant.ts";
import { compileMatch, type Target } from "./match.ts";
import { limitText, longWait, quotaSpent } from "./messages.ts";
import { compileReading, type Reading } from "./read-headers.ts";
import { type Piece, SlidingCount } from "./sliding-count.ts";

/**
 * Requests that left evenly do not arrive evenly. Spread over the window's length and this much more, as many as
 * the budget says arrive within it even when one is held up on its way and the next is not.
 */
const slackMs = 50;
/** Windows of up to this length are paced evenly from the first request on. */
const longestEvenMs = 60_000;
/** From here on a window is a quota: nobody waits for tomorrow, and one call every nine seconds helps nobody. */
const shortestQuotaMs = 86_400_000;
/** A window is waited for as long as six attempts would wait that are told to come back in ten minutes. */
const longestWindowWaitMs = 3_600_000;
/** A quota is waited for when it is counted anew soon. */
const longestQuotaWaitMs = 900_000;

/** What was taken from a budget for one request. */
export interface Charge {
  budget: Budget;
  at: number;
  /** All that was ever charged to the budget, this included. */
  total: number;
  price: number;
  /** Where it is counted. */
  piece: Piece;
}

/** What headers said, and what was charged before they did. */
interface Told {
  remaining: number;
  resetAt: number;
  /** No header told the reset: `resetAt` is only how long this may be believed. */
  estimated: boolean;
  charge: Charge;
}

export class Budget {
  readonly name: string;
  readonly isQuota: boolean;
  readonly matches: (target: Target) => boolean;
  readonly reading: ReturnType<typeof compileReading>;
  /** The system has said that it is spent. */
  pausedUntil = 0;
  private readonly connection: string;
  private readonly unit: "requests" | "cost";
  private readonly size: number;
  private readonly windowMs: number;
  private readonly burst: number;
  private readonly reserve: RateLimit["reserve"];
  private readonly own: SlidingCount;
  private charged = 0;
  private lastAt = Number.NEGATIVE_INFINITY;
  /** When all that was charged is paid for at the budget's pace: the generic cell rate algorithm's arrival time. */
  private paidAt = 0;
  private toldLimit: number | undefined;
  private told: Told | undefined;
  private spentUntil = 0;

  /** Throws SpecError for a pattern, duration or expression that cannot be read. */
  constructor(limit: RateLimit, connection: string) {
    const { requests, cost, per, burst, reserve } = limit;
    const size = requests ?? cost;
    if (size === undefined) throw new SpecError(`rate_limits: a budget needs requests or cost: how many per ${per}`);
    const periodMs = parseDuration(per);
    this.name = limitText(limit);
    this.connection = connection;
    this.unit = requests === undefined ? "cost" : "requests";
    this.size = size;
    this.isQuota = periodMs >= shortestQuotaMs || reserve !== undefined;
    this.reserve = reserve;
    this.windowMs = this.isQuota ? periodMs : periodMs + Math.min(slackMs, periodMs / 10);
    this.burst = Math.min(size, burst ?? (periodMs <= longestEvenMs ? 1 : Math.ceil(size / 2)));
    this.own = new SlidingCount(this.windowMs);
    this.matches = compileMatch(limit.match);
    this.reading = compileReading(limit);
  }

  /** What a request of this cost takes from it. */
  price(cost: number): number {
    return this.unit === "requests" ? 1 : cost;
  }

  /** Milliseconds that one unit takes at the even pace; 0 for a quota, which has none. */
  get paceMs(): number {
    return this.isQuota ? 0 : this.windowMs / this.limit;
  }

  /** What a window holds: the smaller one of the spec's word and the system's paces, a quota is what the system says. */
  get limit(): number {
    return this.isQuota ? (this.toldLimit ?? this.size) : Math.min(this.size, this.toldLimit ?? this.size);
  }

  /**
   * When a request of this price may go: `now`, or later.
   * @throws FatalError where that is too late to wait for, or never.
   */
  readyAt(price: number, now: number): number {
    this.followClock(now);
    if (price === 0) return Math.max(now, this.pausedUntil);
    const at = Math.max(now, this.pausedUntil, this.isQuota ? this.quotaReadyAt(price, now) : this.pacedAt(price, now));
    if (at - now > longestWindowWaitMs)
      throw new FatalError(longWait({ ...this.words(now), waitMs: at - now, readyAt: at }));
    return at;
  }

  charge(price: number, now: number): Charge {
    this.charged += price;
    const piece = this.own.add(price, now);
    this.paidAt = Math.max(now, this.paidAt) + price * this.paceMs;
    this.lastAt = now;
    return { budget: this, at: now, total: this.charged, price, piece };
  }

  /** The answer to a charged request is there. */
  answered({ piece, at }: Charge, now: number): void {
    this.own.answered(piece, now - at);
  }

  /** Takes in what the answer to a charged request said. What is known of a later request stays. */
  learn(charge: Charge, { remaining, used, limit, resetMs }: Reading, now: number): void {
    if (limit !== undefined) this.toldLimit = limit;
    const left = remaining ?? (used === undefined ? undefined : (this.toldLimit ?? this.size) - used);
    if (resetMs !== undefined && (left === undefined || left < charge.price)) this.spentUntil = now + resetMs;
    if (left === undefined || (this.told && this.told.charge.total > charge.total)) return;
    const before = this.currentlyTold(now);
    const estimated = resetMs === undefined;
    const resetAt = estimated ? this.estimateReset(charge, left, before) : now + resetMs;
    this.told = { remaining: left, resetAt, estimated, charge };
  }

  /** Milliseconds until the system said that it is counted anew, if it said so when it was spent. */
  resetMs(now: number): number | undefined {
    return this.spentUntil > now ? this.spentUntil - now : undefined;
  }

  /** As far as is known: by headers, else by our own count. */
  usage(now: number): { limit: number; used: number; remaining: number } {
    const { limit } = this;
    const { amount } = this.left(now);
    return { limit, used: limit - amount, remaining: amount };
  }

  /** What may be spent in a window at the most: the reserve is left to others. */
  get reserved(): number {
    const { reserve = 0, limit } = this;
    return typeof reserve === "number" ? reserve : Math.ceil((limit * Number.parseFloat(reserve)) / 100);
  }

  /** A clock that was set back takes all instants along: it must not hold up anybody for an hour. */
  private followClock(now: number): void {
    const back = this.lastAt - now;
    if (back <= 0) return;
    this.own.shift(-back);
    this.lastAt = now;
    this.paidAt -= back;
    this.pausedUntil -= back;
    if (this.told) this.told.resetAt -= back;
  }

  /** How it stands, for a forecast; `charged` is what a request of this cost takes. */
  forecast(cost: number, now: number): BudgetForecast {
    const { name, unit, isQuota, reserved, burst, paceMs } = this;
    return { name, unit, isQuota, reserved, burst, pace: paceMs / 1000, charged: this.price(cost), ...this.usage(now) };
  }

  private quotaReadyAt(price: number, now: number): number {
    const { amount, resetAt } = this.left(now);
    if (amount - price >= this.reserved) return now;
    if (resetAt !== undefined && resetAt > now && resetAt - now <= longestQuotaWaitMs) return resetAt;
    throw new FatalError(quotaSpent({ ...this.words(now), reserved: this.reserved, resetAt }));
  }

  private pacedAt(price: number, now: number): number {
    const { limit, burst, paceMs } = this;
    if (price > limit) {
      throw new SpecError(
        `a request costs ${price}, and the budget "${this.name}" of connection "${this.connection}" is never more than ${limit}`,
      );
    }
    const paid = this.paidAt - Math.max(0, burst - price) * paceMs;
    return Math.max(paid, this.own.fallsTo(limit - price, now), this.spreadAt(price, now));
  }

  /** What remains is spread over the time to the reset, once the burst is gone and the pace would spend it sooner. */
  private spreadAt(price: number, now: number): number {
    const { amount, resetAt } = this.left(now);
    if (resetAt === undefined) return now;
    if (amount < price) return resetAt;
    if (amount > this.limit - this.burst) return now;
    // The first request of the next window has its place in the row, too.
    return Math.min(resetAt, this.lastAt + ((resetAt - this.lastAt) * price) / (amount + price));
  }

  private left(now: number): { amount: number; resetAt?: number } {
    const told = this.currentlyTold(now);
    if (told) {
      const amount = told.remaining - (this.charged - told.charge.total);
      return told.estimated && this.isQuota ? { amount } : { amount, resetAt: told.resetAt };
    }
    return { amount: this.limit - this.own.total(now), resetAt: this.own.firstLeaves(now) };
  }

  private currentlyTold(now: number): Told | undefined {
    const { told } = this;
    if (told === undefined || now < told.resetAt) return told;
    // What was spent before the system began to count anew is no longer used.
    if (this.isQuota && !told.estimated) this.own.clear();
    this.told = undefined;
    return undefined;
  }

  /** A window began when what remains last rose. Of a quota nothing is known: what it said is asked again now and then. */
  private estimateReset(charge: Charge, remaining: number, before: Told | undefined): number {
    if (this.isQuota) return charge.at + longestQuotaWaitMs;
    return before && remaining <= before.remaining ? before.resetAt : charge.at + this.windowMs;
  }

  private words(now: number) {
    const { name, connection, unit } = this;
    return { name, connection, unit, isTold: this.currentlyTold(now) !== undefined, ...this.usage(now) };
  }
}
