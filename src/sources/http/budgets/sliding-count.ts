/** What was charged within the last window, wherever the window begins. */

/** So many pieces a window has at the most: a day's million charges take no more room than a thousand. */
const pieces = 1_000;
/** An answer that took this much longer than the fastest was slow at the other end, not on its way there. */
const longestDelayMs = 250;

export interface Piece {
  /** Of the first charge in it, and of the last: a piece leaves the window as a whole, when the last one does. */
  first: number;
  last: number;
  amount: number;
  /** Of the slowest of its answers. */
  latencyMs: number;
}

export class SlidingCount {
  private readonly windowMs: number;
  private readonly window: Piece[] = [];
  private sum = 0;
  private fastestMs = Number.POSITIVE_INFINITY;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** Gives the piece that the charge is counted in. */
  add(amount: number, now: number): Piece {
    this.sum += amount;
    const latest = this.window.at(-1);
    if (latest && now - latest.first < this.windowMs / pieces) {
      latest.last = Math.max(latest.last, now);
      latest.amount += amount;
      return latest;
    }
    const piece = { first: now, last: now, amount, latencyMs: 0 };
    this.window.push(piece);
    return piece;
  }

  /**
   * How long an answer took. The first request over a new connection arrives later than those that follow: it is in the
   * other side's window for longer than in ours, by as much as it was slower than the fastest.
   */
  answered(piece: Piece, latencyMs: number): void {
    piece.latencyMs = Math.max(piece.latencyMs, latencyMs);
    this.fastestMs = Math.min(this.fastestMs, latencyMs);
  }

  /** Charged in the window that ends now. */
  total(now: number): number {
    while (this.window[0] && this.leavesAt(this.window[0]) <= now) this.sum -= (this.window.shift() as Piece).amount;
    // Sums of fractions leave crumbs.
    if (this.window.length === 0) this.sum = 0;
    return this.sum;
  }

  /** When the total is `most` or less: `now` where it is already. */
  fallsTo(most: number, now: number): number {
    let left = this.total(now);
    let at = now;
    for (const piece of this.window) {
      if (left <= most) break;
      left -= piece.amount;
      // They leave in order, even where one was slower than the next.
      at = Math.max(at, this.leavesAt(piece));
    }
    return at;
  }

  /** When the first of what is counted leaves the window; undefined where nothing is. */
  firstLeaves(now: number): number | undefined {
    this.total(now);
    const [first] = this.window;
    return first && this.leavesAt(first);
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

  private leavesAt({ last, latencyMs }: Piece): number {
    const delay = Math.max(0, latencyMs - this.fastestMs);
    return last + this.windowMs + Math.min(delay, longestDelayMs, this.windowMs / 4);
  }
}
