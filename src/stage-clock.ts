/** Where a run's time goes: seconds by stage. Looked at once a page, a batch or a request, never once a record. */

/** Work of this process: one at a time. */
const works = ["parse", "map"] as const;
/** What others are waited for, several of them at once and while there is work. */
const waits = ["fetch", "write", "wait"] as const;

export type Work = (typeof works)[number];
export type Wait = (typeof waits)[number];
/** Validators and rules are measured as a part of the mapping, by samples: whoever has those tells the two apart. */
export type Stage = Work | "validate" | Wait;

/** In seconds. Keys are those of the history and of `--output json`. */
export interface StageSeconds extends Record<Stage, number> {
  total: number;
  /** The process had nothing to do but wait. */
  idle: number;
}

/** Of a run that never began. */
export const noSeconds: StageSeconds = {
  total: 0,
  idle: 0,
  fetch: 0,
  parse: 0,
  map: 0,
  validate: 0,
  write: 0,
  wait: 0,
};

interface OpenWait {
  /** How many are under way. */
  count: number;
  since: number;
  /** Milliseconds of work that had been done by then. */
  worked: number;
}

/**
 * The clock of one run; it starts when it is made. Work is counted once: while a page is parsed or mapped, nobody else is
 * waited for, whatever is under way. Of several waits of one stage at once the time counts once.
 */
export class StageClock {
  readonly #startedAt = performance.now();
  readonly #loopAtStart = performance.eventLoopUtilization();
  readonly #spent: Record<Work | Wait, number> = { fetch: 0, parse: 0, map: 0, write: 0, wait: 0 };
  readonly #open: Record<Wait, OpenWait> = {
    fetch: { count: 0, since: 0, worked: 0 },
    write: { count: 0, since: 0, worked: 0 },
    wait: { count: 0, since: 0, worked: 0 },
  };
  /** What is being done; of work that began within other work, the last. */
  readonly #working: Work[] = [];
  #workSince = 0;
  /** Milliseconds of all work so far. */
  #worked = 0;

  /** Work begins. Each beginning has its end, before whoever works hands on what was made. */
  begin(work: Work): void {
    this.#charge();
    this.#working.push(work);
  }

  /** False where none of that work was under way. */
  end(work: Work): boolean {
    this.#charge();
    const at = this.#working.lastIndexOf(work);
    if (at >= 0) this.#working.splice(at, 1);
    return at >= 0;
  }

  /** Does work that hands nothing on before it is done. */
  async work<T>(work: Work, action: () => T | Promise<T>): Promise<T> {
    this.begin(work);
    try {
      return await action();
    } finally {
      this.end(work);
    }
  }

  /** In the middle of work, others have their turn: what they do is none of it. */
  async pause<T>(work: Work, turn: () => Promise<T>): Promise<T> {
    const pauses = this.end(work);
    try {
      return await turn();
    } finally {
      if (pauses) this.begin(work);
    }
  }

  /** Milliseconds that were spent on some work so far. */
  spentOn(work: Work): number {
    this.#charge();
    return this.#spent[work];
  }

  /** A wait begins. Gives its end; only the first call of that counts. */
  start(wait: Wait): () => void {
    const open = this.#open[wait];
    if (open.count++ === 0) {
      this.#charge();
      open.since = performance.now();
      open.worked = this.#worked;
    }
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      if (--open.count === 0) this.#spent[wait] += this.#lasted(open);
    };
  }

  /** Waits for what `action` gives. */
  async during<T>(wait: Wait, action: () => Promise<T>): Promise<T> {
    const end = this.start(wait);
    try {
      return await action();
    } finally {
      end();
    }
  }

  /** Passes on what comes; making each is work, handing it on is not. */
  working<T>(work: Work, source: AsyncIterable<T>): AsyncGenerator<T> {
    return passOn(source, (next) => this.work(work, next));
  }

  /** Passes on what comes; until each is there it is waited for, also by the work that asked for it. */
  waiting<T>(wait: Wait, source: AsyncIterable<T>, asker: Work): AsyncGenerator<T> {
    return passOn(source, (next) => this.pause(asker, () => this.during(wait, next)));
  }

  /** What it has counted so far. */
  seconds(): StageSeconds {
    this.#charge();
    const spent = { ...this.#spent };
    for (const wait of waits) if (this.#open[wait].count > 0) spent[wait] += this.#lasted(this.#open[wait]);
    const { idle } = performance.eventLoopUtilization(this.#loopAtStart);
    const { fetch, parse, map, write, wait } = spent;
    const all = { total: performance.now() - this.#startedAt, idle, fetch, parse, map, validate: 0, write, wait };
    return Object.fromEntries(
      Object.entries(all).map(([stage, ms]) => [stage, Math.round(ms * 10) / 10_000]),
    ) as unknown as StageSeconds;
  }

  /** How long a wait has lasted, the work done meanwhile taken off. */
  #lasted({ since, worked }: OpenWait): number {
    this.#charge();
    return Math.max(0, performance.now() - since - (this.#worked - worked));
  }

  /** Puts down the work since it was last looked at. */
  #charge(): void {
    const now = performance.now();
    const work = this.#working.at(-1);
    if (work !== undefined) {
      this.#spent[work] += now - this.#workSince;
      this.#worked += now - this.#workSince;
    }
    this.#workSince = now;
  }
}

/** Takes one after the other out of `source`, by way of `take`. */
async function* passOn<T>(
  source: AsyncIterable<T>,
  take: (next: () => Promise<IteratorResult<T>>) => Promise<IteratorResult<T>>,
): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  const next = async (): Promise<IteratorResult<T>> => {
    try {
      const result = await iterator.next();
      ended = result.done === true;
      return result;
    } catch (error) {
      ended = true;
      throw error;
    }
  };
  try {
    for (;;) {
      const result = await take(next);
      if (result.done) return;
      yield result.value;
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
}
