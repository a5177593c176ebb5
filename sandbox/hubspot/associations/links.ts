/**
 * Who is linked to whom, in one direction, by record index. The links of the base data lie in two arrays (where each
 * record's begin, and all targets one after the other): 60,000 of them take half a megabyte. A record whose links
 * change gets a list of its own.
 */

const none = new Int32Array();

export class Links {
  private readonly starts: Int32Array;
  private readonly targets: Int32Array;
  private readonly changed = new Map<number, Int32Array>();

  /** @param froms, tos the two ends of each link, no link twice; @param size how many records can be at `from`. */
  constructor(froms: Int32Array, tos: Int32Array, size: number) {
    const starts = new Int32Array(size + 1);
    for (const from of froms) starts[from + 1] = (starts[from + 1] ?? 0) + 1;
    for (let at = 0; at < size; at++) starts[at + 1] = (starts[at + 1] ?? 0) + (starts[at] ?? 0);
    const next = starts.slice();
    const targets = new Int32Array(tos.length);
    for (const [at, from] of froms.entries()) {
      const place = next[from] ?? 0;
      targets[place] = tos[at] ?? 0;
      next[from] = place + 1;
    }
    for (let at = 0; at < size; at++) targets.subarray(starts[at], starts[at + 1]).sort();
    this.starts = starts;
    this.targets = targets;
  }

  /** All that `from` is linked to, ascending. Not to be altered. */
  of(from: number): Int32Array {
    const own = this.changed.get(from);
    if (own) return own;
    return from + 1 < this.starts.length ? this.targets.subarray(this.starts[from], this.starts[from + 1]) : none;
  }

  /** Whether it is new. */
  add(from: number, to: number): boolean {
    const before = this.of(from);
    if (before.includes(to)) return false;
    this.changed.set(from, Int32Array.of(...before, to).sort());
    return true;
  }

  /** Whether it was there. */
  delete(from: number, to: number): boolean {
    const before = this.of(from);
    if (!before.includes(to)) return false;
    this.changed.set(
      from,
      before.filter((one) => one !== to),
    );
    return true;
  }
}
