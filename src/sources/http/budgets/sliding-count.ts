/** What was charged within the last window, wherever the window begins. */

/** So many pieces a window has at the most: a day's million charges take no more room than a thousand. */
const pieces = 1_000;

interface Piece {
  /** Of the first charge in it, and of the last: a piece leaves the window as a whole, when the last one does. */
  first: number;
  last: number;
  amount: number;
}

export class SlidingCount {
  private readonly windowMs: number;
  private readonly window: Piece[] = [];
  private sum = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  add(amount: number, now: number): void {
    this.sum += amount;
    const latest = this.window.at(-1);
    if (latest && now - latest.first < this.windowMs / pieces) {
      latest.last = Math.max(latest.last, now);
      latest.amount += amount;
    } else this.window.push({ first: now, last: now, amount });
  }

  /** Charged in the window that ends now. */
  total(now: number): number {
    while (this.window[0] && this.window[0].last <= now - this.windowMs)
      this.sum -= (this.window.shift() as Piece).amount;
    // Sums of fractions leave crumbs.
    if (this.window.length === 0) this.sum = 0;
    return this.sum;
  }

  /** Moves all instants, for a clock that was set. */
  shift(ms: number): void {
    for (const piece of this.window) {
      piece.first += ms;
      piece.last += ms;
    }
  }

  clear(): void {
    this.window.length = 0;
    this.sum = 0;
  }

  /** When the total is `most` or less: `now` where it is already. */
  fallsTo(most: number, now: number): number {
    let left = this.total(now);
    for (const { last, amount } of this.window) {
      if (left <= most) return now;
      left -= amount;
      if (left <= most) return last + this.windowMs;
    }
    return now;
  }

  /** When the first of what is counted leaves the window; undefined where nothing is. */
  firstLeaves(now: number): number | undefined {
    this.total(now);
    const [first] = this.window;
    return first && first.last + this.windowMs;
  }
}
