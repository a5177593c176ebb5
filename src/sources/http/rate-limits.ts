/**
 * Budgets of requests, shared by everything in this process that uses one connection. Each budget lets requests
 * through one by one, `per / requests` apart: a reservoir would let two windows' worth through at a border.
 */
import Bottleneck from "bottleneck";
import { SpecError } from "../../errors.ts";
import type { Connection, RateLimit } from "../../spec/types.ts";
import { parseDuration } from "../../values/instant.ts";
import { Places } from "./places.ts";
import type { Time } from "./time.ts";

/** What a budget is chosen by. */
export interface Target {
  method: string;
  /** Path of the URL, without query. */
  path: string;
}

/**
 * Requests that left evenly do not arrive evenly. Spread over the window's length and this much more, as many as
 * the budget says arrive within it even when one is held up on its way and the next is not.
 */
const slackMs = 50;

class Budget {
  readonly paceMs: number;
  readonly limiter: Bottleneck;
  pausedUntil = 0;
  private readonly path: RegExp | undefined;
  private readonly method: string | undefined;

  constructor({ requests, per, match }: RateLimit) {
    const windowMs = parseDuration(per);
    this.paceMs = (windowMs + Math.min(slackMs, windowMs / 10)) / requests;
    this.limiter = new Bottleneck({ maxConcurrent: 1, minTime: this.paceMs });
    this.path = match?.path === undefined ? undefined : patternOf(match.path);
    this.method = match?.method?.toUpperCase();
  }

  matches({ method, path }: Target): boolean {
    return (this.method === undefined || this.method === method) && (this.path === undefined || this.path.test(path));
  }
}

function patternOf(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (cause) {
    throw new SpecError(`rate_limits: "${source}" is not a regular expression`, { cause });
  }
}

/** Gives the place of a finished request to the next one. */
export type Release = () => void;

type Admit = (release: Release) => void;

/** The one way to a system: every request passes its budgets and then takes one of `concurrency` places. */
export class Gate {
  private readonly budgets: Budget[];
  private readonly places: Places;
  private readonly time: Time;
  /** For what no budget matches. */
  private pausedUntil = 0;

  constructor({ rate_limits, concurrency }: Pick<Connection, "rate_limits" | "concurrency">, time: Time) {
    // Slowest first: a request that waits in a slow budget does not hold up those that only need the fast ones.
    this.budgets = rate_limits.map((limit) => new Budget(limit)).sort((a, b) => b.paceMs - a.paceMs);
    this.places = new Places(concurrency);
    this.time = time;
  }

  /** Resolves when the request may be sent, at once. Rejects with the signal's reason when it is aborted. */
  acquire(target: Target, signal: AbortSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      // Pauses after a request (see `enter`) do not keep the process alive; who waits for them does.
      const alive = setInterval(() => {}, 60_000);
      const settle = (): void => {
        clearInterval(alive);
        signal.removeEventListener("abort", stop);
      };
      const stop = (): void => {
        settle();
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", stop, { once: true });
      const matching = this.budgets.filter((budget) => budget.matches(target));
      this.enter(matching, signal, (release) => {
        settle();
        resolve(release);
      }).catch((error: unknown) => {
        settle();
        reject(error as Error);
      });
    });
  }

  /** Holds back whatever shares a budget with the target: the system has said that it is spent. */
  pause(target: Target, ms: number): void {
    const until = this.time.now() + ms;
    const matching = this.budgets.filter((budget) => budget.matches(target));
    for (const budget of matching) budget.pausedUntil = Math.max(budget.pausedUntil, until);
    if (matching.length === 0) this.pausedUntil = Math.max(this.pausedUntil, until);
  }

  /** Passes the budgets one inside the other. Gives when the request was let go. */
  private async enter([budget, ...others]: readonly Budget[], signal: AbortSignal, admit: Admit): Promise<number> {
    if (budget === undefined) return this.takePlace(signal, admit);
    return budget.limiter.schedule(async () => {
      const started = performance.now();
      await this.unpaused(() => budget.pausedUntil, signal);
      const sent = await this.enter(others, signal, admit);
      // The limiter counts from when it let the request in. Where that then waited for something else, the next
      // one would follow too soon: the budget is held until its pace after the request was really sent.
      if (sent - started > 1) await hold(budget.paceMs - (performance.now() - sent));
      return sent;
    });
  }

  private async takePlace(signal: AbortSignal, admit: Admit): Promise<number> {
    await this.unpaused(() => this.pausedUntil, signal);
    await this.places.take();
    let left = false;
    const release = (): void => {
      if (!left) this.places.leave();
      left = true;
    };
    if (signal.aborted) {
      release();
      throw signal.reason;
    }
    admit(release);
    return performance.now();
  }

  private async unpaused(until: () => number, signal: AbortSignal): Promise<void> {
    for (let ms = until() - this.time.now(); ms > 0; ms = until() - this.time.now()) await this.time.sleep(ms, signal);
  }
}

function hold(ms: number): Promise<void> | undefined {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms).unref()) : undefined;
}

const gates = new Map<string, Gate>();

/** The gate of a connection; one for all pipelines of this process that use the same one with the same budgets. */
export function sharedGate(connection: Connection, time: Time): Gate {
  const { connection: name, base_url, rate_limits, concurrency } = connection;
  const key = JSON.stringify([name, base_url, rate_limits, concurrency]);
  const known = gates.get(key);
  if (known) return known;
  const gate = new Gate(connection, time);
  gates.set(key, gate);
  return gate;
}
