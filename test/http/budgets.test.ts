/** Budgets by their own clock: a day passes at once. */
import { describe, expect, it } from "vitest";
import { FatalError, SpecError } from "../../src/errors.ts";
import { Budget, type Charge } from "../../src/sources/http/budgets/budget.ts";
import { leadingNumber, msUntil } from "../../src/sources/http/budgets/header-time.ts";
import { compileReading } from "../../src/sources/http/budgets/read-headers.ts";
import { SlidingCount } from "../../src/sources/http/budgets/sliding-count.ts";
import type { RateLimit } from "../../src/spec/types.ts";

const start = Date.parse("2025-01-01T00:00:00Z");
const hour = 3_600_000;
const day = 24 * hour;

/** Sends requests of these prices as soon as the budget lets them. Gives when each went, from the first one on. */
function send(budget: Budget, prices: readonly number[], from = start): { at: number; price: number }[] {
  let now = from;
  return prices.map((price) => {
    now = budget.readyAt(price, now);
    budget.charge(price, now);
    return { at: now - start, price };
  });
}

/** The most that any window, wherever it begins, holds. */
function fullest(sent: readonly { at: number; price: number }[], windowMs: number): number {
  const within = (from: number) => sent.filter(({ at }) => at >= from && at < from + windowMs);
  return Math.max(...sent.map(({ at }) => within(at).reduce((sum, { price }) => sum + price, 0)));
}

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

/** Chance that a failing test can be run with again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe("the pace", () => {
  it("is even from the first request on, for windows of up to a minute", () => {
    const sent = send(new Budget({ requests: 10, per: "1s" }, "test"), ones(25));
    expect(sent.map(({ at }) => Math.round(at))).toEqual(ones(25).map((_one, index) => index * 105));
    expect(fullest(sent, 1_000)).toBe(10);
  });

  it("lets a burst go at once, and no window holds more than the budget for that", () => {
    const sent = send(new Budget({ requests: 100, per: "10s", burst: 20 }, "test"), ones(500));
    expect(sent.filter(({ at }) => at === 0)).toHaveLength(20);
    expect(fullest(sent, 10_000)).toBeLessThanOrEqual(100);
    // As many as the budget gives, and no stall: what remains is spread.
    expect(sent.at(-1)!.at).toBeLessThan(50_300);
    const gaps = sent.slice(1).map(({ at }, index) => at - sent[index]!.at);
    expect(Math.max(...gaps)).toBeLessThan(200);
  });

  it("is free until half of a long window is used, then spreads the rest", () => {
    const sent = send(new Budget({ requests: 1000, per: "1h" }, "test"), ones(3_000));
    expect(sent[499]!.at).toBeLessThan(1);
    expect(sent[500]!.at).toBeGreaterThan(7_000);
    expect(fullest(sent, hour)).toBeLessThanOrEqual(1000);
    expect(sent[2_999]!.at).toBeLessThan(3 * hour);
    const gaps = sent.slice(1).map(({ at }, index) => at - sent[index]!.at);
    expect(Math.max(...gaps)).toBeLessThan(15_000);
  });

  it.each([
    ["what divides", 20],
    ["what does not", 30],
    ["all of it", 80],
  ])("counts cost: %s", (_what, price) => {
    const sent = send(
      new Budget({ cost: 80, per: "2s" }, "test"),
      Array.from({ length: 20 }, () => price),
    );
    expect(fullest(sent, 2_000)).toBeLessThanOrEqual(80);
    expect(fullest(sent, 2_000)).toBe(Math.floor(80 / price) * price);
  });

  it("never lets a window hold more, whatever the prices, bursts and pauses", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seeded(seed);
      const cost = 20 + Math.floor(random() * 100);
      const burst = 1 + Math.floor(random() * cost);
      const budget = new Budget({ cost, per: "2s", burst }, "test");
      let now = start;
      const sent = Array.from({ length: 300 }, () => {
        const price = 1 + Math.floor(random() * Math.min(20, cost));
        now = budget.readyAt(price, now + (random() < 0.05 ? random() * 5_000 : 0));
        budget.charge(price, now);
        return { at: now, price };
      });
      expect(fullest(sent, 2_000), `seed ${seed}`).toBeLessThanOrEqual(cost);
    }
  });

  it("a clock that is set back holds up nobody for longer than a window", () => {
    const budget = new Budget({ requests: 10, per: "1s" }, "test");
    send(budget, ones(5));
    expect(budget.readyAt(1, start - hour) - (start - hour)).toBeLessThanOrEqual(1_050);
  });

  it("a request that costs more than the budget ever holds is refused", () => {
    const budget = new Budget({ cost: 80, per: "2s" }, "test");
    expect(() => budget.readyAt(100, start)).toThrow(SpecError);
    expect(() => budget.readyAt(100, start)).toThrow(
      'a request costs 100, and the budget "80 cost per 2s" of connection "test" is never more than 80',
    );
  });

  it("what costs nothing waits for nothing but a pause", () => {
    const budget = new Budget({ cost: 1, per: "1h" }, "test");
    send(budget, [1]);
    expect(budget.readyAt(0, start)).toBe(start);
    budget.pausedUntil = start + 500;
    expect(budget.readyAt(0, start)).toBe(start + 500);
  });
});

describe("what headers say", () => {
  /** Sends one request and takes in what its answer says. */
  function ask(budget: Budget, now: number, reading: Parameters<Budget["learn"]>[1]): Charge {
    const charge = budget.charge(1, now);
    budget.learn(charge, reading, now);
    return charge;
  }

  it("slows down before the limit is reached: what remains is spread over the time to the reset", () => {
    const budget = new Budget({ requests: 100, per: "10s" }, "test");
    ask(budget, start, { remaining: 5, resetMs: 10_000 });
    expect(send(budget, ones(5)).map(({ at }) => Math.round(at))).toEqual([1_667, 3_333, 5_000, 6_667, 8_333]);
  });

  it("stops at none, until the reset", () => {
    const budget = new Budget({ requests: 100, per: "10s" }, "test");
    ask(budget, start, { remaining: 0, resetMs: 7_000 });
    expect(budget.readyAt(1, start)).toBe(start + 7_000);
    expect(budget.resetMs(start)).toBe(7_000);
  });

  it("goes at the spec's pace while enough is left", () => {
    const budget = new Budget({ requests: 100, per: "10s" }, "test");
    ask(budget, start, { remaining: 99, resetMs: 10_000 });
    expect(budget.readyAt(1, start) - start).toBeCloseTo(100.5, 1);
  });

  it("used, and the limit that it is of, say what remains", () => {
    const budget = new Budget({ requests: 100, per: "10s" }, "test");
    ask(budget, start, { used: 48, limit: 50, resetMs: 10_000 });
    expect(budget.usage(start)).toEqual({ limit: 50, used: 48, remaining: 2 });
    expect(Math.round(budget.readyAt(1, start) - start)).toBe(3_333);
  });

  it("a limit above the spec's does not make it faster", () => {
    const budget = new Budget({ requests: 100, per: "10s" }, "test");
    ask(budget, start, { remaining: 199, limit: 200, resetMs: 10_000 });
    expect(budget.readyAt(1, start) - start).toBeCloseTo(100.5, 1);
  });

  it("charges that were made after the answer's request are taken off", () => {
    const budget = new Budget({ requests: 100, per: "10s" }, "test");
    const first = budget.charge(1, start);
    budget.charge(1, start + 200);
    budget.charge(1, start + 400);
    budget.learn(first, { remaining: 10, resetMs: 9_000 }, start + 500);
    expect(budget.usage(start + 500).remaining).toBe(8);
  });

  it("an answer that comes late tells nothing about what was sent after it", () => {
    const budget = new Budget({ requests: 100, per: "10s" }, "test");
    const first = budget.charge(1, start);
    ask(budget, start + 200, { remaining: 3, resetMs: 9_000 });
    budget.learn(first, { remaining: 4, resetMs: 9_000 }, start + 300);
    expect(budget.usage(start + 300).remaining).toBe(3);
  });

  it("without a reset the window is taken to have begun when what remains last rose", () => {
    const budget = new Budget({ cost: 80, per: "2s" }, "test");
    ask(budget, start, { remaining: 79 });
    ask(budget, start + 1_000, { remaining: 0 });
    expect(budget.readyAt(1, start + 1_000)).toBe(start + 2_050);
  });
});

describe("a quota", () => {
  const daily: RateLimit = { name: "daily", requests: 1000, per: "1d", reserve: "20%" };

  it("is not paced, and is never waited for: the reserve stops the run", () => {
    const budget = new Budget(daily, "shop");
    expect(send(budget, ones(800)).at(-1)!.at).toBe(0);
    expect(() => budget.readyAt(1, start)).toThrow(FatalError);
    expect(() => budget.readyAt(1, start + hour)).toThrow(
      'the quota "daily" of connection "shop" is spent: 800 of 1,000 requests are used, and 200 are the reserve for others. ' +
        "By our own count the first of them leaves the window at 2025-01-02T00:00:00Z. The run can be resumed after that: run it again",
    );
    expect(budget.readyAt(1, start + day)).toBe(start + day);
  });

  it("what other programs used counts: headers win over our own count", () => {
    const budget = new Budget(daily, "shop");
    budget.learn(budget.charge(1, start), { used: 12_000, limit: 15_000, resetMs: 5 * hour }, start);
    expect(() => budget.readyAt(1, start)).toThrow(
      'the quota "daily" of connection "shop" is spent: 12,000 of 15,000 requests are used, the system says, and 3,000 are the reserve for others. ' +
        "It is counted anew from 2025-01-01T05:00:00Z. The run can be resumed after that: run it again",
    );
    // It was: what we spent before no longer counts either.
    expect(budget.readyAt(1, start + 5 * hour)).toBe(start + 5 * hour);
    expect(budget.usage(start + 5 * hour).used).toBe(0);
  });

  it("a reserve may be a count, and there may be none", () => {
    const ten = new Budget({ requests: 100, per: "1d", reserve: 10 }, "shop");
    send(ten, ones(90));
    expect(() => ten.readyAt(1, start)).toThrow("90 of 100 requests are used, and 10 are the reserve for others");
    const none = new Budget({ requests: 100, per: "1d" }, "shop");
    send(none, ones(100));
    expect(() => none.readyAt(1, start)).toThrow("100 of 100 requests are used. By our own count");
  });

  it("is waited for where it is counted anew within a quarter of an hour", () => {
    const budget = new Budget(daily, "shop");
    budget.learn(budget.charge(1, start), { remaining: 100, resetMs: 600_000 }, start);
    expect(budget.readyAt(1, start)).toBe(start + 600_000);
    budget.learn(budget.charge(1, start), { remaining: 100, resetMs: 901_000 }, start);
    expect(() => budget.readyAt(1, start)).toThrow(FatalError);
  });

  it("without a reset it is asked again after a quarter of an hour", () => {
    const budget = new Budget(daily, "shop");
    budget.learn(budget.charge(1, start), { remaining: 100 }, start);
    expect(() => budget.readyAt(1, start)).toThrow("When it is counted anew, no header says. The run can be resumed");
    expect(budget.readyAt(1, start + 900_000)).toBe(start + 900_000);
  });

  it("with cost, stops before a request that would take from the reserve", () => {
    const budget = new Budget({ cost: 100, per: "1d", reserve: 20 }, "shop");
    send(budget, [30, 30]);
    expect(budget.readyAt(20, start)).toBe(start);
    expect(() => budget.readyAt(21, start)).toThrow("60 of 100 of cost are used");
  });
});

it("a long window is not waited for longer than an hour", () => {
  const budget = new Budget({ requests: 10, per: "12h" }, "shop");
  budget.learn(budget.charge(1, start), { remaining: 0, resetMs: 50 * 60_000 }, start);
  expect(budget.readyAt(1, start)).toBe(start + 50 * 60_000);
  budget.learn(budget.charge(1, start), { remaining: 0, resetMs: 5 * hour }, start);
  expect(() => budget.readyAt(1, start)).toThrow(
    'the budget "10 per 12h" of connection "shop" has no room for another 300 minutes: 10 of 10 requests are used, the system says. ' +
      "The run can be resumed from 2025-01-01T05:00:00Z: run it again",
  );
});

describe("a time in a header", () => {
  const headers = { date: "Wed, 01 Jan 2025 00:00:00 GMT" };
  it.each<[string | undefined, Record<string, string>, number | undefined]>([
    ["2", {}, 2_000],
    ["0.5", {}, 500],
    ["0", {}, 0],
    ["-3", {}, 0],
    ["86400", {}, day],
    [String(start / 1000 + 30), {}, 30_000],
    [String(start + 30_000), {}, 30_000],
    // The server's clock, where it shows one, not ours: here it is ten seconds behind.
    [String(start / 1000), { date: "Tue, 31 Dec 2024 23:59:50 GMT" }, 10_000],
    [String(start / 1000 - 30), headers, 0],
    ["Wed, 01 Jan 2025 00:01:00 GMT", headers, 60_000],
    ["2025-01-01T00:01:00Z", {}, 60_000],
    ["60, 60;w=1", {}, 60_000],
    ["soon", {}, undefined],
    ["", {}, undefined],
    [undefined, {}, undefined],
  ])("%s %j -> %s", (value, given, expected) => expect(msUntil(value, given, start)).toBe(expected));

  it.each([
    ["79", 79],
    [" 79 ", 79],
    ["1.5", 1.5],
    ["100, 100;window=60", 100],
    ["100;w=60", 100],
    ["api-usage=8/15000", undefined],
    ["", undefined],
  ])("the number of %j is %s", (text, expected) => expect(leadingNumber(text)).toBe(expected));
});

describe("the header keys of a budget", () => {
  const budget = { requests: 15_000, per: "1d" };

  it("Salesforce's usage by JSONata over its text", async () => {
    const read = compileReading({
      ...budget,
      used_header: "Sforce-Limit-Info",
      used: "$number($match(value, /api-usage=([0-9]+)/).groups[0])",
    })!;
    expect(await read({ "sforce-limit-info": "api-usage=8/15000" }, start)).toEqual({ used: 8 });
    expect(await read({}, start)).toEqual({});
    await expect(read({ "sforce-limit-info": "per-app" }, start)).rejects.toThrow(
      /gives nothing for "per-app", which is not a number|failed for "per-app"/,
    );
  });

  it("numbers and times by name, whatever the case", async () => {
    const read = compileReading({
      ...budget,
      remaining_header: "X-RateLimit-Remaining",
      limit_header: "x-ratelimit-limit",
      reset_header: "X-RateLimit-Reset",
    })!;
    const headers = { "x-ratelimit-remaining": "79", "x-ratelimit-limit": "80", "x-ratelimit-reset": "2" };
    expect(await read(headers, start)).toEqual({ remaining: 79, limit: 80, resetMs: 2_000 });
    await expect(read({ "x-ratelimit-remaining": "many" }, start)).rejects.toThrow(
      'the header X-RateLimit-Remaining is "many", which is not a number',
    );
  });

  it("none, no reading", () => expect(compileReading(budget)).toBeUndefined());
});

it("a request that was slow on its way stays in the window for longer", () => {
  const count = new SlidingCount(1_000);
  const [slow, fast] = [count.add(1, start), count.add(1, start + 100)];
  count.answered(slow, 170);
  count.answered(fast, 20);
  expect(count.fallsTo(1, start + 200)).toBe(start + 1_150);
  expect(count.fallsTo(0, start + 200)).toBe(start + 1_150);
  // Slower than any way there can be: the other side took its time.
  count.answered(fast, 9_000);
  expect(count.fallsTo(0, start + 200)).toBe(start + 1_350);
});

it("a window's count takes little room, and never forgets too early", () => {
  const count = new SlidingCount(day);
  for (let index = 0; index < 200_000; index++) count.add(1, start + index * 100);
  const end = start + 200_000 * 100;
  expect(count.total(end)).toBe(200_000);
  // Eight hours later than the first: none has left. A day and a piece later, the first pieces have.
  expect(count.total(start + day - 1)).toBe(200_000);
  const left = count.total(start + day + hour);
  expect(left).toBeGreaterThanOrEqual(200_000 - 36_000);
  expect(left).toBeLessThan(200_000 - 35_000);
});
