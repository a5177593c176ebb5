/**
 * The way to a system, shared by everything in this process that uses one connection: every request is charged to all
 * budgets that match it, and takes one of `concurrency` places.
 */
import { messageOf } from "../../errors.ts";
import type { Connection } from "../../spec/types.ts";
import { Budget, type Charge } from "./budgets/budget.ts";
import type { Target } from "./budgets/match.ts";
import { waitingText } from "./budgets/messages.ts";
import type { HttpResponse } from "./contract.ts";
import type { Time } from "./time.ts";

export type { Target } from "./budgets/match.ts";

export interface Passage {
  target: Target;
  /** What budgets of cost are charged. */
  cost: number;
  signal: AbortSignal;
  /** Told once where a budget holds the request back for seconds. */
  onHeld?(text: string): void;
  /** Told when budgets begin to hold it back; what it gives is called when none does any more. */
  onWait?(): () => void;
}

/** A request that may be sent now. */
export interface Admission {
  /** How long budgets held it back. */
  heldMs: number;
  charges: readonly Charge[];
  /**
   * Takes in what the answer's headers say about the budgets. Gives sentences about headers that cannot be read; never
   * throws.
   */
  learn(response: Pick<HttpResponse, "headers">): Promise<string[]>;
  /** Gives the place to the next request; once is enough. */
  release(): void;
}

interface Waiter extends Passage {
  budgets: readonly Budget[];
  /** Since when a budget holds it back; undefined while none does. */
  heldSince: number | undefined;
  heldMs: number;
  /** What `onWait` gave. */
  goesOn?: () => void;
  isTold: boolean;
  admit(admission: Admission): void;
  refuse(error: unknown): void;
}

/** One look at everybody who waits. */
interface Round {
  now: number;
  /**
   * Budgets without room for somebody who came earlier. Who waits in a slow budget does not hold up those that only
   * need the fast ones; but in a budget nobody overtakes another, or what costs much would wait for ever behind what
   * costs little.
   */
  taken: Set<Budget>;
  /** When to look again. */
  next: number;
}

/** Waits from here on are told. */
const notableWaitMs = 5_000;

export class Gate {
  private readonly budgets: Budget[];
  private readonly concurrency: number;
  private readonly time: Time;
  private readonly waiting: Waiter[] = [];
  private underWay = 0;
  /** For what no budget matches. */
  private pausedUntil = 0;
  /** Of the sleep until somebody may go, while there is one. */
  private alarm: AbortController | undefined;

  constructor(
    { connection, rate_limits, concurrency }: Pick<Connection, "connection" | "rate_limits" | "concurrency">,
    time: Time,
  ) {
    this.budgets = rate_limits.map((limit) => new Budget(limit, connection));
    this.concurrency = concurrency;
    this.time = time;
  }

  /**
   * Resolves when the request may be sent, at once. Rejects with the signal's reason when it is aborted, with
   * FatalError where a quota is spent or a budget has no room for longer than anybody waits.
   */
  acquire(passage: Passage): Promise<Admission> {
    const { signal, target } = passage;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        waiter.goesOn?.();
        signal.removeEventListener("abort", stop);
      };
      const stop = (): void => {
        leave();
        reject(signal.reason as Error);
        this.pump();
      };
      const waiter: Waiter = {
        ...passage,
        budgets: this.matching(target),
        heldSince: undefined,
        heldMs: 0,
        isTold: false,
        admit(admission) {
          leave();
          resolve(admission);
        },
        refuse(error) {
          leave();
          reject(error as Error);
        },
      };
      signal.addEventListener("abort", stop, { once: true });
      this.waiting.push(waiter);
      this.pump();
    });
  }

  /** Holds back whatever shares a budget with the target: the system has said that it is spent. */
  pause(target: Target, ms: number): void {
    const until = this.time.now() + ms;
    const matching = this.matching(target);
    for (const budget of matching) budget.pausedUntil = Math.max(budget.pausedUntil, until);
    if (matching.length === 0) this.pausedUntil = Math.max(this.pausedUntil, until);
  }

  /** Milliseconds until the budgets are counted anew that the system called spent, where it said when. */
  resetMs(target: Target): number | undefined {
    const now = this.time.now();
    const waits = this.matching(target).flatMap((budget) => budget.resetMs(now) ?? []);
    return waits.length === 0 ? undefined : Math.max(...waits);
  }

  /** Throws FatalError when the request could not be sent for longer than anybody waits. */
  check(target: Target, cost: number): void {
    const now = this.time.now();
    for (const budget of this.matching(target)) budget.readyAt(budget.price(cost), now);
  }

  /** Budgets that a request is charged to. */
  matching(target: Target): Budget[] {
    return this.budgets.filter((budget) => budget.matches(target));
  }

  /** Lets go whoever may go, in order, and sets the alarm for the next one. */
  private pump(): void {
    this.alarm?.abort();
    this.alarm = undefined;
    const round: Round = { now: this.time.now(), taken: new Set(), next: Number.POSITIVE_INFINITY };
    // A copy: who goes or is refused leaves the list.
    for (const waiter of this.waiting.slice()) {
      if (this.mayGo(waiter, round) && this.underWay < this.concurrency) this.letGo(waiter, round.now);
    }
    if (round.next < Number.POSITIVE_INFINITY) this.wakeAt(round.next, round.now);
  }

  /** Whether all budgets have room for a waiter now. One that they will not have room for is refused. */
  private mayGo(waiter: Waiter, round: Round): boolean {
    try {
      const held = waiter.budgets.length === 0 ? this.heldByPause(round) : heldByBudgets(waiter, round);
      countHeld(waiter, { held, now: round.now });
      return !held;
    } catch (error) {
      waiter.refuse(error);
      return false;
    }
  }

  private heldByPause(round: Round): boolean {
    if (this.pausedUntil <= round.now) return false;
    round.next = Math.min(round.next, this.pausedUntil);
    return true;
  }

  private letGo(waiter: Waiter, now: number): void {
    const charges = waiter.budgets.map((budget) => budget.charge(budget.price(waiter.cost), now));
    this.underWay++;
    let left = false;
    waiter.admit({
      heldMs: waiter.heldMs,
      charges,
      learn: (response) => this.learn(charges, response),
      release: () => {
        if (left) return;
        left = true;
        this.underWay--;
        this.pump();
      },
    });
  }

  private async learn(charges: readonly Charge[], { headers }: Pick<HttpResponse, "headers">): Promise<string[]> {
    const problems: string[] = [];
    for (const charge of charges) {
      const { budget } = charge;
      const now = this.time.now();
      budget.answered(charge, now);
      if (!budget.reading) continue;
      try {
        budget.learn(charge, await budget.reading(headers, now), now);
      } catch (error) {
        problems.push(`budget "${budget.name}": ${messageOf(error)}; our own count is used`);
      }
    }
    return problems;
  }

  private wakeAt(at: number, now: number): void {
    const alarm = new AbortController();
    this.alarm = alarm;
    this.time.sleep(at - now, alarm.signal).then(
      () => this.pump(),
      () => {},
    );
  }
}

function heldByBudgets(waiter: Waiter, round: Round): boolean {
  let held = false;
  for (const budget of waiter.budgets) {
    const at = budget.readyAt(budget.price(waiter.cost), round.now);
    if (round.taken.has(budget)) held = true;
    else if (at > round.now) {
      held = true;
      round.taken.add(budget);
      round.next = Math.min(round.next, at);
      tellOnce(waiter, budget, at - round.now);
    }
  }
  return held;
}

function countHeld(waiter: Waiter, { held, now }: { held: boolean; now: number }): void {
  if (held && waiter.heldSince === undefined) {
    waiter.heldSince = now;
    waiter.goesOn = waiter.onWait?.();
  } else if (!held && waiter.heldSince !== undefined) {
    waiter.heldMs += now - waiter.heldSince;
    waiter.heldSince = undefined;
    waiter.goesOn?.();
  }
}

function tellOnce(waiter: Waiter, budget: Budget, waitMs: number): void {
  if (waiter.isTold || waitMs < notableWaitMs) return;
  waiter.isTold = true;
  waiter.onHeld?.(waitingText(budget.name, waitMs));
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
