/** Sends requests until their answer is final: what is transient is tried again. */
import type { Logger } from "pino";
import { FatalError, messageOf, SpecError, TransientError } from "../../errors.ts";
import type { Connection } from "../../spec/types.ts";
import type { BudgetForecast, SourceMetrics } from "../contract.ts";
import type { HttpClient, HttpRequest, HttpResponse, StreamResponse, TextResponse, Verdict } from "./contract.ts";
import { describeBody } from "./describe-body.ts";
import { gaveUp, refused } from "./give-up.ts";
import { NetworkFailure } from "./network-error.ts";
import { defaultVerdict, retries, waitMs } from "./retry.ts";
import { type HttpOptions, Sender } from "./sender.ts";
import { realTime, type Time } from "./time.ts";

export type { HttpOptions } from "./sender.ts";

/** Shorter waits are not worth a line in the log. */
const notableWaitMs = 5_000;

/** Opens the way to a connection's system. Throws SpecError for a template or pattern that cannot be read. */
export function openHttpClient(options: HttpOptions): HttpClient {
  return new Client(options, new Sender(options));
}

class Client implements HttpClient {
  private readonly options: HttpOptions;
  private readonly sender: Sender;
  private readonly connection: Connection;
  private readonly log: Logger;
  private readonly metrics: SourceMetrics;
  private readonly signal: AbortSignal;
  private readonly time: Time;

  constructor(options: HttpOptions, sender: Sender) {
    const { connection, log, metrics, signal, time = realTime } = options;
    this.options = options;
    this.sender = sender;
    this.connection = connection;
    this.log = log;
    this.metrics = metrics;
    this.signal = signal;
    this.time = time;
  }

  text(request: HttpRequest, judge?: (response: TextResponse) => Verdict | Promise<Verdict>): Promise<TextResponse> {
    return this.attempt(request, {
      send: () => this.sender.text(request),
      judge: judge ?? ((response) => defaultVerdict(response, this.connection.retry.on)),
    });
  }

  async stream(request: HttpRequest): Promise<StreamResponse> {
    const response = await this.attempt<StreamResponse | TextResponse>(request, {
      send: () => this.sender.stream(request),
      judge: (answer) => defaultVerdict(answer, this.connection.retry.on),
    });
    if ("body" in response) return response;
    throw new FatalError(
      `${this.sender.show(request.method, request.url)} answered ${response.status} without a body to stream`,
    );
  }

  until(signal: AbortSignal): HttpClient {
    const either = AbortSignal.any([this.signal, signal]);
    return new Client({ ...this.options, signal: either }, this.sender.within(either));
  }

  budgets(request: HttpRequest): BudgetForecast[] {
    return this.sender.passages.forecast(request);
  }

  baseUrl(): Promise<string> {
    return this.sender.baseUrl();
  }

  close(): Promise<void> {
    return this.sender.close();
  }

  /** Sends until the verdict is final. What is thrown says how often, over how long, and what came of it. */
  private async attempt<T extends HttpResponse & { text?: string }>(
    request: HttpRequest,
    { send, judge }: { send(): Promise<T>; judge(response: T): Verdict | Promise<Verdict> },
  ): Promise<T> {
    const { retry, connection } = this.connection;
    const shown = this.sender.show(request.method, request.url);
    const started = this.time.now();
    const outcomes: (number | string)[] = [];
    for (let attempt = 1; ; attempt++) {
      const { response, failure } = await this.tryOnce(send, shown);
      const verdict: Verdict = response
        ? await this.metrics.clock.work("parse", () => judge(response))
        : { do: retries(retry.on, undefined) ? "retry" : "fail" };
      if (response && verdict.do === "accept") {
        if (attempt > 1) this.metrics.recovered++;
        return response;
      }
      const message = verdict.do === "accept" ? undefined : verdict.message;
      if (response && verdict.do === "fail") {
        const authorised = await this.sender.isAuthorised(response.url);
        throw new FatalError(refused({ shown, response, message, connection, authorised }));
      }
      outcomes.push(response?.status ?? messageOf(failure));
      if (attempt >= retry.attempts || verdict.do === "fail") {
        const said = response && (message ?? describeBody(response.text ?? ""));
        throw new TransientError(gaveUp({ shown, outcomes, durationMs: this.time.now() - started, said }), {
          cause: failure,
        });
      }
      const askedMs = verdict.do === "retry" ? verdict.waitMs : undefined;
      await this.waitAfter(request, { attempt, response, askedMs, outcome: outcomes.at(-1)! });
    }
  }

  private async tryOnce<T>(send: () => Promise<T>, shown: string): Promise<{ response?: T; failure?: NetworkFailure }> {
    try {
      return { response: await send() };
    } catch (error) {
      if (this.signal.aborted) throw this.signal.reason;
      if (error instanceof NetworkFailure) return { failure: error };
      if ([FatalError, TransientError, SpecError].some((known) => error instanceof known)) throw error;
      throw new FatalError(`${shown} failed: ${messageOf(error)}`, { cause: error });
    }
  }

  private async waitAfter(
    request: HttpRequest,
    {
      attempt,
      response,
      askedMs,
      outcome,
    }: { attempt: number; response?: HttpResponse; askedMs?: number; outcome: number | string },
  ): Promise<void> {
    const { retry } = this.connection;
    const limited = response?.status === 429;
    const resetMs = limited ? this.sender.passages.resetMs(request) : undefined;
    const now = this.time.now();
    const ms = waitMs(retry, { attempt, response, askedMs, resetMs }, { now, random: this.time.random() });
    const what = typeof outcome === "number" ? `answered ${outcome}` : `failed: ${outcome}`;
    const line = `${this.sender.show(request.method, request.url)} ${what}; attempt ${attempt + 1} of ${retry.attempts} follows in ${(ms / 1000).toFixed(1)} s`;
    if (ms >= notableWaitMs) this.log.warn(line);
    else this.log.debug(line);
    if (limited) this.sender.passages.pause(request, ms);
    await this.metrics.clock.during("wait", () => this.time.sleep(ms, this.signal));
    this.metrics.retries++;
  }
}
