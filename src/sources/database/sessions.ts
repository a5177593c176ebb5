/** The connections of one source: lent to who reads, made when they are needed, closed when something goes wrong. */
import { FatalError, messageOf, TransientError } from "../../errors.ts";
import type { SourceContext } from "../contract.ts";
import type { Dialect, Session, SessionOptions } from "./dialects/contract.ts";
import { pause, waitMs } from "./wait.ts";

export class Sessions {
  readonly #dialect: Dialect;
  readonly #options: SessionOptions;
  readonly #context: Pick<SourceContext, "log" | "metrics">;
  readonly #idle: Session[] = [];
  readonly #all = new Set<Session>();
  readonly #halted = new AbortController();

  constructor(dialect: Dialect, options: SessionOptions, context: Pick<SourceContext, "log" | "metrics">) {
    this.#dialect = dialect;
    this.#options = { ...options, signal: AbortSignal.any([options.signal, this.#halted.signal]) };
    this.#context = context;
  }

  /** Aborted with the run, and when the source is closed. */
  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** One to read with: its view of the data begins now and stays as it is. */
  async take(): Promise<Session> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const session = await this.open();
    try {
      await session.begin();
      return session;
    } catch (error) {
      await this.drop(session);
      throw error;
    }
  }

  /** One that sees the data as it is at each statement. */
  async open(): Promise<Session> {
    const session = await this.#dialect.open(this.#options);
    this.#all.add(session);
    return session;
  }

  giveBack(session: Session): void {
    if (this.#all.has(session)) this.#idle.push(session);
  }

  async drop(session: Session | undefined): Promise<void> {
    if (!session) return;
    this.#all.delete(session);
    const at = this.#idle.indexOf(session);
    if (at >= 0) this.#idle.splice(at, 1);
    await session.close();
  }

  /** Ends what nobody reads with any more: a view of the data keeps its tables from being altered. */
  async dropIdle(): Promise<void> {
    for (const session of this.#idle.splice(0)) await this.drop(session);
  }

  /** Does something with a connection of its own, again and again while that is what errors ask for. */
  async withRetries<T>(action: (session: Session) => Promise<T>): Promise<T> {
    for (let failures = 0; ;) {
      let session: Session | undefined;
      try {
        session = await this.open();
        const result = await action(session);
        if (failures > 0) this.#context.metrics.recovered++;
        return result;
      } catch (error) {
        await this.afterFailure(error, ++failures);
      } finally {
        await this.drop(session);
      }
    }
  }

  /** The same with one that is lent: what is asked one after the other sees the same data. */
  async lend<T>(action: (session: Session) => Promise<T>): Promise<T> {
    for (let failures = 0; ;) {
      let session: Session | undefined;
      try {
        session = await this.take();
        const result = await action(session);
        this.giveBack(session);
        if (failures > 0) this.recovered();
        return result;
      } catch (error) {
        await this.drop(session);
        await this.afterFailure(error, ++failures);
      }
    }
  }

  /** Waits before the next attempt. Throws the error where there is none. */
  async afterFailure(error: unknown, failures: number): Promise<void> {
    const { signal, connection } = this.#options;
    signal.throwIfAborted();
    if (!(error instanceof TransientError)) throw error;
    const { attempts } = connection.retry;
    if (failures >= attempts) {
      const times = attempts === 1 ? "" : `, ${attempts} times in a row`;
      throw new FatalError(`${messageOf(error)}${times}; giving up. The run can be resumed.`, { cause: error });
    }
    const wait = waitMs(connection.retry, failures);
    this.#context.metrics.retries++;
    this.#context.log.warn(
      `${messageOf(error)} Trying again in ${(wait / 1000).toFixed(1)} s (attempt ${failures + 1} of ${attempts})`,
    );
    await this.#context.metrics.clock.during("wait", () => pause(wait, signal));
  }

  recovered(): void {
    this.#context.metrics.recovered++;
  }

  async close(): Promise<void> {
    this.#halted.abort(new Error("the source is closed"));
    await Promise.allSettled([...this.#all].map((session) => session.close()));
    this.#all.clear();
    this.#idle.length = 0;
  }
}
