import type { Logger } from "pino";
import { Agent } from "undici";
import { FatalError, messageOf, TransientError } from "../../errors.ts";
import type { Connection } from "../../spec/types.ts";
import type { Scope } from "../../template/index.ts";
import { instantFromDate, isoOf, parseDuration } from "../../values/instant.ts";
import type { SourceMetrics } from "../contract.ts";
import { compileCredentials, type Credentials } from "./auth.ts";
import { parseByteSize } from "./byte-size.ts";
import type { HttpClient, HttpRequest, HttpResponse, StreamResponse, TextResponse, Verdict } from "./contract.ts";
import { describeBody } from "./describe-body.ts";
import { type Arrival, type Exchange, exchange, exchangeStream } from "./exchange.ts";
import { gaveUp, refused } from "./give-up.ts";
import { type Hop, prepareHop, redirection } from "./hop.ts";
import { NetworkFailure } from "./network-error.ts";
import { type Gate, type Release, sharedGate, type Target } from "./rate-limits.ts";
import { discard, type ReadLimits, readText, streamBody } from "./read-body.ts";
import { defaultVerdict, retries, waitMs } from "./retry.ts";
import { showUrl } from "./shown-url.ts";
import { realTime, type Time } from "./time.ts";

export interface HttpOptions {
  /** Environment resolved, defaults filled in. */
  connection: Connection;
  log: Logger;
  metrics: SourceMetrics;
  signal: AbortSignal;
  /** For tests: the clock, waits and chance of retries. */
  time?: Time;
}

const maxRedirects = 5;
/** Of an answer that is only described in a message. */
const describedBytes = 65_536;
/** Shorter waits are not worth a line in the log. */
const notableWaitMs = 5_000;

/** Opens the way to a connection's system. Throws SpecError for a template or pattern that cannot be read. */
export function openHttpClient(options: HttpOptions): HttpClient {
  return new Client(options);
}

class Client implements HttpClient {
  private readonly connection: Connection;
  private readonly log: Logger;
  private readonly metrics: SourceMetrics;
  private readonly signal: AbortSignal;
  private readonly time: Time;
  private readonly gate: Gate;
  private readonly agent: Agent;
  private readonly timeoutMs: number;
  private readonly limits: { response: number; decompressed: number };
  private readonly credentials: (scope: Scope) => Credentials;
  private readonly warned = new Set<string>();

  constructor({ connection, log, metrics, signal, time = realTime }: HttpOptions) {
    this.connection = connection;
    this.log = log;
    this.metrics = metrics;
    this.signal = signal;
    this.time = time;
    this.gate = sharedGate(connection, time);
    this.timeoutMs = parseDuration(connection.timeout);
    this.limits = {
      response: parseByteSize(connection.limits.response),
      decompressed: parseByteSize(connection.limits.decompressed),
    };
    this.credentials = compileCredentials(connection);
    this.agent = new Agent({ connections: connection.concurrency, connect: { timeout: this.timeoutMs } });
  }

  text(request: HttpRequest, judge?: (response: TextResponse) => Verdict | Promise<Verdict>): Promise<TextResponse> {
    const shown = this.show(request.method, request.url);
    return this.attempt(request, {
      send: () => this.follow(request, (hop) => this.exchangeText(request, hop, shown)),
      judge: judge ?? ((response) => defaultVerdict(response, this.connection.retry.on)),
    });
  }

  async stream(request: HttpRequest): Promise<StreamResponse> {
    const shown = this.show(request.method, request.url);
    const response = await this.attempt<StreamResponse | TextResponse>(request, {
      send: () =>
        this.follow<StreamResponse | TextResponse>(request, (hop) => this.exchangeStream(request, hop, shown)),
      judge: (answer) => defaultVerdict(answer, this.connection.retry.on),
    });
    if ("body" in response) return response;
    throw new FatalError(`${shown} answered ${response.status} without a body to stream`);
  }

  async close(): Promise<void> {
    // A body may still be open when the run was stopped: destroy does not wait for it.
    await this.agent.destroy();
  }

  /** Sends until the verdict is final. What is thrown says how often, over how long, and what came of it. */
  private async attempt<T extends HttpResponse & { text?: string }>(
    request: HttpRequest,
    { send, judge }: { send(): Promise<T>; judge(response: T): Verdict | Promise<Verdict> },
  ): Promise<T> {
    const { retry, connection } = this.connection;
    const shown = this.show(request.method, request.url);
    const started = this.time.now();
    const outcomes: (number | string)[] = [];
    for (let attempt = 1; ; attempt++) {
      const { response, failure } = await this.tryOnce(send, shown);
      const verdict: Verdict = response
        ? await judge(response)
        : { do: retries(retry.on, undefined) ? "retry" : "fail" };
      if (response && verdict.do === "accept") {
        if (attempt > 1) this.metrics.recovered++;
        return response;
      }
      const message = verdict.do === "accept" ? undefined : verdict.message;
      if (response && verdict.do === "fail") {
        const authorised = new URL(response.url).origin === new URL(this.connection.base_url).origin;
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
      if (error instanceof FatalError) throw error;
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
    const ms = waitMs(retry, { attempt, response, askedMs }, { now: this.time.now(), random: this.time.random() });
    const what = typeof outcome === "number" ? `answered ${outcome}` : `failed: ${outcome}`;
    const line = `${this.show(request.method, request.url)} ${what}; attempt ${attempt + 1} of ${retry.attempts} follows in ${(ms / 1000).toFixed(1)} s`;
    if (ms >= notableWaitMs) this.log.warn(line);
    else this.log.debug(line);
    if (response?.status === 429) {
      this.gate.pause(targetOf(request), ms);
      this.metrics.rateLimitWaitSeconds += ms / 1000;
    }
    await this.time.sleep(ms, this.signal);
    this.metrics.retries++;
  }

  /** Sends, and follows redirects of a GET. */
  private async follow<T extends HttpResponse>(request: HttpRequest, go: (hop: Hop) => Promise<T>): Promise<T> {
    // One instant for the whole request: a signature and the header beside it must agree.
    const now = instantFromDate(new Date());
    const scope: Scope = { values: { now: { text: isoOf(now), instant: now }, vars: this.connection.vars ?? {} } };
    const context = { baseUrl: this.connection.base_url, credentials: this.credentials(scope) };
    let { url } = request;
    for (let redirects = 0; ; redirects++) {
      // The answer's URL is the one that was asked for: without the keys that auth put into it.
      const response = Object.assign(await go(prepareHop(request, url, context)), { url });
      const next = redirection(request.method, response);
      if (next === undefined) return response;
      if (redirects === maxRedirects) {
        throw new FatalError(
          `${this.show(request.method, request.url)} was redirected more than ${maxRedirects} times, at last to ${this.showUrl(next)}`,
        );
      }
      url = next;
    }
  }

  private async exchangeText(request: HttpRequest, hop: Hop, shown: string): Promise<TextResponse> {
    const release = await this.enter(request, hop);
    try {
      const { damaged, ...response } = await exchange(this.call(request, hop), (arrival) =>
        readText(arrival, this.readLimits(shown)),
      );
      if (damaged)
        this.warnOnce(
          "charset",
          `the answer to ${shown} is not valid UTF-8: what could not be read is shown as \ufffd`,
        );
      this.warnOfRetirement(response, shown);
      return response;
    } finally {
      release();
    }
  }

  /** A success streams; anything else is read, so that it can be described. */
  private async exchangeStream(request: HttpRequest, hop: Hop, shown: string): Promise<StreamResponse | TextResponse> {
    const release = await this.enter(request, hop);
    const arrival = await exchangeStream(this.call(request, hop), release);
    this.warnOfRetirement(arrival, shown);
    if (arrival.status >= 200 && arrival.status < 300) {
      return streamBody(arrival, { shown, explain: arrival.explain, onBytes: (count) => this.countBytes(count) });
    }
    return this.describable(arrival, shown);
  }

  private async describable(arrival: Arrival, shown: string): Promise<StreamResponse | TextResponse> {
    // 304 is accepted too: its body is empty, and its reader ends it.
    if (arrival.status === 304) return arrival;
    try {
      const limits = { ...this.readLimits(shown), response: describedBytes, decompressed: describedBytes };
      const { damaged: _damaged, ...response } = await readText(arrival, limits);
      return response;
    } catch {
      discard(arrival.body);
      return { status: arrival.status, headers: arrival.headers, url: arrival.url, text: "", bytes: 0 };
    }
  }

  private call(request: HttpRequest, hop: Hop): Exchange {
    this.metrics.apiCalls++;
    const { timeoutMs, signal, agent: dispatcher } = this;
    return {
      dispatcher,
      method: request.method,
      url: hop.url,
      headers: hop.headers,
      body: request.body,
      timeoutMs,
      signal,
    };
  }

  /** Waits for the budgets; another host has none of ours. */
  private async enter(request: HttpRequest, hop: Hop): Promise<Release> {
    if (!hop.authorised) return () => {};
    const started = performance.now();
    const release = await this.gate.acquire(targetOf({ ...request, url: hop.url }), this.signal);
    const waited = performance.now() - started;
    // Less than that is the price of passing the gate at all.
    if (waited > 20) this.metrics.rateLimitWaitSeconds += waited / 1000;
    return release;
  }

  private readLimits(shown: string): ReadLimits {
    const { connection, limits } = this.connection;
    return {
      ...this.limits,
      onBytes: (count) => this.countBytes(count),
      tooLarge: (limit) =>
        new FatalError(
          `the answer to ${shown} is larger than ${limits[limit]}${limit === "decompressed" ? " when decompressed" : ""} ` +
            `(limits.${limit} of connection "${connection}"). Ask for smaller pages, or raise the limit.`,
        ),
    };
  }

  private countBytes(count: number): void {
    this.metrics.bytesIn += count;
  }

  /** RFC 9745 (Deprecation), RFC 8594 (Sunset). */
  private warnOfRetirement({ headers }: HttpResponse, shown: string): void {
    const { deprecation, sunset } = headers;
    if (deprecation === undefined && sunset === undefined) return;
    const said = [deprecation && `Deprecation: ${deprecation}`, sunset && `Sunset: ${sunset}`]
      .filter(Boolean)
      .join(", ");
    this.warnOnce("retirement", `${shown} is going away, the API says (${said})`);
  }

  private warnOnce(about: string, line: string): void {
    if (this.warned.has(about)) return;
    this.warned.add(about);
    this.log.warn(line);
  }

  private show(method: string, url: string): string {
    return `${method} ${this.showUrl(url)}`;
  }

  private showUrl(url: string): string {
    const { auth } = this.connection;
    return showUrl(url, auth?.type === "query" ? Object.keys(auth.query) : []);
  }
}

function targetOf({ method, url }: HttpRequest): Target {
  return { method, path: new URL(url).pathname };
}
