/** The clock of a run: work counts once, waits side by side count once, and not while there is work. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { StageClock } from "../../src/stage-clock.ts";

/** Keeps the process busy. */
function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Timers are late on a machine that has much to do, and never early by more than this. */
const early = 0.002;

function expectAbout(seconds: number, expected: number): void {
  expect(seconds).toBeGreaterThanOrEqual(expected - early);
  expect(seconds).toBeLessThan(expected + 0.2);
}

describe("a stage clock", () => {
  it("counts waits of one stage side by side once", async () => {
    const clock = new StageClock();
    await Promise.all([clock.during("fetch", () => sleep(60)), clock.during("fetch", () => sleep(60))]);
    const { fetch, total, idle, wait, write } = clock.seconds();
    expectAbout(fetch, 0.06);
    expect(fetch).toBeLessThanOrEqual(total);
    expect(idle).toBeGreaterThan(0.03);
    expect({ wait, write }).toEqual({ wait: 0, write: 0 });
  });

  it("counts what is done while others are waited for as work alone", async () => {
    const clock = new StageClock();
    const end = clock.start("fetch");
    await sleep(30);
    await clock.work("map", () => busy(50));
    await sleep(30);
    end();
    end();
    const { fetch, map, total } = clock.seconds();
    expectAbout(map, 0.05);
    expectAbout(fetch, 0.06);
    expect(fetch + map).toBeLessThanOrEqual(total + 0.001);
  });

  it("counts work within work as the inner one, and a stage that lasts as far as it came", async () => {
    const clock = new StageClock();
    await clock.work("map", async () => {
      busy(20);
      await clock.work("parse", () => busy(30));
      busy(20);
    });
    clock.start("wait");
    await sleep(20);
    const { map, parse, wait } = clock.seconds();
    expectAbout(map, 0.04);
    expectAbout(parse, 0.03);
    expectAbout(wait, 0.02);
  });

  it("tells what a generator does from what it waits for and from what is done with what it gives", async () => {
    const clock = new StageClock();
    async function* bytes(): AsyncGenerator<number> {
      for (const each of [1, 2, 3]) {
        await sleep(20);
        yield each;
      }
    }
    async function* records(): AsyncGenerator<number> {
      for await (const each of clock.waiting("fetch", bytes(), "parse")) {
        busy(10);
        yield each;
      }
    }
    const seen: number[] = [];
    for await (const each of clock.working("parse", records())) {
      seen.push(each);
      await sleep(15);
    }
    expect(seen).toEqual([1, 2, 3]);
    const { fetch, parse } = clock.seconds();
    expectAbout(fetch, 0.06);
    expectAbout(parse, 0.03);
  });

  it("ends what it waits for when the reader leaves, and passes on what is thrown", async () => {
    const clock = new StageClock();
    let closed = 0;
    async function* source(): AsyncGenerator<number> {
      try {
        yield 1;
        throw new Error("broken");
      } finally {
        closed++;
      }
    }
    for await (const _ of clock.working("parse", clock.waiting("fetch", source(), "parse"))) break;
    expect(closed).toBe(1);
    await expect(Array.fromAsync(clock.waiting("fetch", source(), "parse"))).rejects.toThrow("broken");
    expect(closed).toBe(2);
    const before = clock.seconds();
    busy(10);
    expect(clock.seconds().parse).toBe(before.parse);
    expect(clock.seconds().fetch).toBe(before.fetch);
  });
});
