import { describe, expect, it } from "vitest";
import { DistinctCount } from "../../src/sources/api/distinct-count.ts";
import { hashOf } from "../../src/sources/api/hash.ts";

describe("DistinctCount", () => {
  it("counts what a Set counts, through every growth", () => {
    const distinct = new DistinctCount();
    const set = new Set<string>();
    // A walk that comes back to what it has seen: 60,000 steps over 20,011 values.
    for (let step = 0; step < 60_000; step++) {
      const value = `id-${(step * step) % 20_011}`;
      distinct.add(value);
      set.add(value);
    }
    expect(distinct.count).toBe(set.size);
  });

  it("goes on from what an earlier run counted", () => {
    const distinct = new DistinctCount(100);
    for (const value of [1, 2, 2]) distinct.add(value);
    expect(distinct.count).toBe(102);
  });

  it("takes everything for new beyond its limit: never a false alarm", () => {
    const distinct = new DistinctCount(0, 10);
    for (let step = 0; step < 20; step++) distinct.add(step % 5);
    expect(distinct.count).toBe(5);
    for (let step = 0; step < 20; step++) distinct.add(step);
    expect(distinct.count).toBe(20);
  });

  it("tells values by their JSON", () => {
    const values = [1, "1", { a: 1 }, { a: "1" }, [1], null, { a: 1, b: 2 }];
    expect(new Set(values.map(hashOf)).size).toBe(values.length);
    expect(hashOf({ a: 1 })).toBe(hashOf({ a: 1 }));
    expect(values.map(hashOf).every((hash) => Number.isSafeInteger(hash) && hash >= 0)).toBe(true);
  });
});
