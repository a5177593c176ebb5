import type { Logger } from "pino";
import { Agent } from "undici";
import { FatalError, messageOf, SpecError, TransientError } from "../../errors.ts";
import type { Connection } from "../../spec/types.ts";
import type { Scope } from "../../template/index.ts";
import { instantFromDate, isoOf, parseDuration } from "../../values/instant.ts";
import type { BudgetForecast, CredentialStore, SourceMetrics } from "../contract.ts";
import { type Authoriser, openAuthoriser, type Route, type Token } from "./auth/index.ts";
import { parseByteSize } from "./byte-size.ts";
import type { HttpClient, HttpRequest, HttpResponse, StreamResponse, TextResponse, Verdict } from "./contract.ts";
import { describeBody } from "./describe-body.ts";
import { type Arrival, type Exchange, exchange, exchangeStream } from "./exchange.ts";
import { gaveUp, refused } from "./give-up.ts";
import { prepareHop, redirection } from "./hop.ts";
import { NetworkFailure } from "./network-error.ts";
import { type Admission, type Gate, sharedGate, type Target } from "./rate-limits.ts";
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
  /** Where rotated refresh tokens are kept. */
  credentials?: CredentialStore;
  /** Told every secret that is obtained while requests are sent, before it is used. */
  secret?(value: string): void;
  /** For tests: the clock, waits and chance of retries. */
  time?: Time;
}

/** A request on its way: once it is sent, with the token that it carries. */
interface Sending extends Route {
  /** It was redirected to another origin than the request's own. */
  strays: boolean;
  token?: Token;
}

/** Sends a request where it leads, and says which token it carried. */
type Go<T> = (sending: Sending) => Promise<T>;

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
  private readonly auth: Authoriser;
  private readonly warned = new Set<string>();

  constructor({ connection, log, metrics, signal, credentials, secret = () => {}, time = realTime }: HttpOptions) {
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
    this.auth = openAuthoriser({ connection, time, metrics, credentials, secret });
    this.agent = new Agent({ connections: connection.concurrency, connect: { timeout: this.timeoutMs } });
  }

  text(request: HttpRequest, judge?: (response: TextResponse) => Verdict | Promise<Verdict>): Promise<TextResponse> {
    const shown = this.show(request.method, request.url);
    return this.attempt(request, {
      send: () => this.follow(request, (sending) => this.exchangeText(request, sending, shown)),
      judge: judge ?? ((response) => defaultVerdict(response, this.connection.retry.on)),
    });
  }

  async stream(request: HttpRequest): Promise<StreamResponse> {
    const shown = this.show(request.method, request.url);
    const response = await this.attempt<StreamResponse | TextResponse>(request, {
      send: () =>
        this.follow<StreamResponse | TextResponse>(request, (sending) => this.exchangeStream(request, sending, shown)),
      judge: (answer) => defaultVerdict(answer, this.connection.retry.on),
    });
    if ("body" in response) return response;
    throw new FatalError(`${shown} answered ${response.status} without a body to stream`);
  }

  budgets(request: HttpRequest): BudgetForecast[] {
    const now = this.time.now();
    return this.gate.matching(targetOf(request)).map((budget) => budget.forecast(request.cost ?? 1, now));
  }

  baseUrl(): Promise<string> {
    return this.auth.baseUrl(this.signal);
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
        const { authorised } = await this.auth.route(response.url, this.signal);
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
    const resetMs = limited ? this.gate.resetMs(targetOf(request)) : undefined;
    // A quota that is spent is not waited for attempt by attempt.
    if (limited) this.gate.check(targetOf(request), request.cost ?? 1);
    const now = this.time.now();
    const ms = waitMs(retry, { attempt, response, askedMs, resetMs }, { now, random: this.time.random() });
    const what = typeof outcome === "number" ? `answered ${outcome}` : `failed: ${outcome}`;
    const line = `${this.show(request.method, request.url)} ${what}; attempt ${attempt + 1} of ${retry.attempts} follows in ${(ms / 1000).toFixed(1)} s`;
    if (ms >= notableWaitMs) this.log.warn(line);
    else this.log.debug(line);
    if (limited) {
      this.gate.pause(targetOf(request), ms);
      this.metrics.rateLimitWaitSeconds += ms / 1000;
    }
    await this.time.sleep(ms, this.signal);
    this.metrics.retries++;
  }

  /** Sends, and follows redirects of a GET. */
  private async follow<T extends HttpResponse>(request: HttpRequest, go: Go<T>): Promise<T> {
    let { url } = request;
    for (let redirects = 0; ; redirects++) {
      // The answer's URL is the one that was asked for: without the keys that auth put into it.
      const response = Object.assign(await this.sendAuthorised(request, url, go), { url });
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

  /** Sends once; once more with a new token where the answer says that the old one is no longer good. */
  private async sendAuthorised<T extends HttpResponse>(request: HttpRequest, url: string, go: Go<T>): Promise<T> {
    for (let renewed = false; ; renewed = true) {
      const strays = new URL(url).origin !== new URL(request.url).origin;
      const sending: Sending = { ...(await this.auth.route(url, this.signal)), strays };
      const response: T & { text?: string } = await go(sending);
      if (!sending.token || !(await this.auth.refuses(response))) return response;
      const shown = this.show(request.method, request.url);
      if (renewed) {
        const said = describeBody(response.text ?? "");
        throw new FatalError(
          `${shown} answered ${response.status} to a new access token too${said === undefined ? "" : `: ${said}`}. Check the credentials of connection "${this.connection.connection}".`,
        );
      }
      this.log.debug(`${shown} answered ${response.status}: the access token is renewed`);
      await this.auth.renew(sending.token, this.signal);
      this.metrics.retries++;
    }
  }

  private async exchangeText(request: HttpRequest, sending: Sending, shown: string): Promise<TextResponse> {
    const admission = await this.enter(request, sending);
    try {
      const onDamaged = (): void =>
        this.warnOnce(
          "charset",
          `the answer to ${shown} is not valid UTF-8: what could not be read is shown as \ufffd`,
        );
      const response = await exchange(await this.call(request, sending), (arrival) =>
        readText(arrival, { ...this.readLimits(shown), onDamaged }),
      );
      await this.learnLimits(admission, response);
      this.warnOfRetirement(response, shown);
      return response;
    } finally {
      admission?.release();
    }
  }

  /** A success streams; anything else is read, so that it can be described. */
  private async exchangeStream(
    request: HttpRequest,
    sending: Sending,
    shown: string,
  ): Promise<StreamResponse | TextResponse> {
    const admission = await this.enter(request, sending);
    const release = (): void => admission?.release();
    const call = await this.call(request, sending).catch((error: unknown) => {
      release();
      throw error;
    });
    const arrival = await exchangeStream(call, release);
    await this.learnLimits(admission, arrival);
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
      return await readText(arrival, limits);
    } catch {
      discard(arrival.body);
      return {
        status: arrival.status,
        headers: arrival.headers,
        url: arrival.url,
        content: Buffer.alloc(0),
        text: "",
        bytes: 0,
      };
    }
  }

  /** Credentials are made last: a signature's time or a token may be old after a wait for the budgets. */
  private async call(request: HttpRequest, sending: Sending): Promise<Exchange> {
    const credentials = sending.authorised
      ? await this.auth.credentials(this.scopeOf(request), this.signal)
      : undefined;
    sending.token = credentials?.token;
    const { url, headers } = prepareHop(request, sending.url, { credentials, strays: sending.strays });
    this.metrics.apiCalls++;
    const { timeoutMs, signal, agent: dispatcher } = this;
    return {
      dispatcher,
      method: request.method,
      url,
      headers,
      body: request.body,
      timeoutMs,
      signal,
    };
  }

  /** One instant for the whole request: a signature and the time beside it must agree. */
  private scopeOf({ now = instantFromDate(new Date()) }: HttpRequest): Scope {
    return { values: { now: { text: isoOf(now), instant: now }, vars: this.connection.vars ?? {} } };
  }

  /** Waits for the budgets; another host has none of ours. */
  private async enter(request: HttpRequest, sending: Sending): Promise<Admission | undefined> {
    if (!sending.authorised) return undefined;
    const { metrics, signal } = this;
    const admission = await this.gate.acquire({
      target: targetOf({ ...request, url: sending.url }),
      cost: request.cost ?? 1,
      signal,
      onHeld: (text) => this.log.info(`${this.show(request.method, request.url)} is ${text}`),
    });
    metrics.rateLimitWaitSeconds += admission.heldMs / 1000;
    for (const { budget, price } of admission.charges) {
      metrics.quotaUsed ??= {};
      const use = (metrics.quotaUsed[budget.name] ??= { charged: 0, limit: budget.limit });
      use.charged += price;
    }
    return admission;
  }

  /** What the answer says about the budgets holds for all who share them. */
  private async learnLimits(admission: Admission | undefined, response: HttpResponse): Promise<void> {
    if (!admission) return;
    for (const problem of await admission.learn(response)) this.warnOnce(problem, problem);
    const now = this.time.now();
    for (const { budget } of admission.charges) {
      const use = this.metrics.quotaUsed?.[budget.name];
      if (use && budget.isQuota) Object.assign(use, { limit: budget.limit, used: budget.usage(now).used });
    }
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
