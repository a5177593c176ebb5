/** What a dry run knows of keys: kept in memory, and its rows doomed there as rows.ts does it in the database. */
import type { KeyLedger, SeenKey, SeenKind } from "../state/seen-keys.ts";
import type { Rows, Within } from "./rows.ts";

/** About 200 MB of them. */
const mostKeys = 2_000_000;

export class MemoryKeys implements KeyLedger {
  /** By kind: keys with all their details. */
  readonly #kinds = new Map<SeenKind, Map<string, Set<string>>>();
  #size = 0;

  async save(keys: readonly SeenKey[]): Promise<void> {
    for (const { kind, key, detail } of keys) {
      const known = this.of(kind);
      const details = known.get(key);
      if (details) details.add(detail);
      else if (this.#size++ < mostKeys) known.set(key, new Set([detail]));
      else
        this.of("off").set(`a dry run keeps ${mostKeys.toLocaleString("en-US")} keys, and there are more`, new Set());
    }
  }

  of(kind: SeenKind): Map<string, Set<string>> {
    const known = this.#kinds.get(kind) ?? new Map<string, Set<string>>();
    this.#kinds.set(kind, known);
    return known;
  }

  async clear(kind?: SeenKind): Promise<void> {
    if (kind === undefined) this.#kinds.clear();
    else this.#kinds.delete(kind);
    this.#size = this.#kinds.values().reduce((sum, keys) => sum + keys.size, 0);
  }

  async remove(kind: SeenKind, keys: readonly string[]): Promise<void> {
    for (const key of keys) this.of(kind).delete(key);
  }

  async first(kind: SeenKind): Promise<string | undefined> {
    return this.of(kind).keys().next().value;
  }

  async after(kind: SeenKind, key: string, limit: number): Promise<string[]> {
    return [...this.of(kind).keys()]
      .filter((other) => other > key)
      .sort()
      .slice(0, limit);
  }

  async count(kind: SeenKind): Promise<number> {
    return this.of(kind).size;
  }
}

/** Dooms in memory what `Rows` would doom in the database. */
export async function doomInMemory(
  rows: Rows,
  keys: MemoryKeys,
  { missingWithin, compareNewer }: { missingWithin?: readonly Within[]; compareNewer(a: string, b: string): number },
): Promise<void> {
  const doomed: SeenKey[] = [];
  const doom = (key: string): void => void doomed.push({ kind: "doomed", key, detail: "" });
  if (missingWithin) await doomMissingInMemory(rows, keys, missingWithin);
  const lost = lostByMerging(keys.of("merged"));
  const gone = keys.of("gone");
  if (lost.size > 0 || gone.size > 0) {
    for await (const page of rows.keys(undefined)) {
      for (const { key, newer } of page) {
        const versions = gone.get(key);
        const isGone =
          versions &&
          [...versions].some((detail) => detail === "" || newer === null || compareNewer(newer, detail) <= 0);
        if (isGone || lost.has(key)) doom(key);
      }
    }
  }
  await keys.save(doomed);
}

/** Dooms in memory live rows within the scope that were not seen. */
export async function doomMissingInMemory(rows: Rows, keys: MemoryKeys, within: readonly Within[]): Promise<void> {
  for await (const page of rows.keys(within))
    await keys.save(
      page.flatMap(({ key }) => (keys.of("seen").has(key) ? [] : [{ kind: "doomed" as const, key, detail: "" }])),
    );
}

/** From those that nobody was merged into, over any number of steps; a circle of its own says nothing for certain. */
function lostByMerging(winnersOf: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const losersOf = new Map<string, string[]>();
  for (const [loser, winners] of winnersOf)
    for (const winner of winners) losersOf.set(winner, [...(losersOf.get(winner) ?? []), loser]);
  const lost = new Set<string>();
  const next = [...losersOf.keys()].filter((winner) => !winnersOf.has(winner));
  for (let winner = next.pop(); winner !== undefined; winner = next.pop()) {
    for (const loser of losersOf.get(winner) ?? []) {
      if (lost.has(loser)) continue;
      lost.add(loser);
      next.push(loser);
    }
  }
  return lost;
}
