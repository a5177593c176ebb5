/** One sending of a request: authorised, within the budgets, along its redirects, its answer within the limits. */
import type { Logger } from "pino";
import { Agent } from "undici";
import { FatalError } from "../../errors.ts";
import { compileAllowedHosts } from "../../spec/allowed-hosts.ts";
import type { Connection } from "../../spec/types.ts";
import type { Scope } from "../../template/index.ts";
import { instantFromDate, isoOf, parseDuration } from "../../values/instant.ts";
import type { CredentialStore, SourceMetrics } from "../contract.ts";
import { type Authoriser, openAuthoriser, type Route, type Token } from "./auth/index.ts";
import { parseByteSize } from "./byte-size.ts";
import type { HttpRequest, HttpResponse, StreamResponse, TextResponse } from "./contract.ts";
import { describeBody } from "./describe-body.ts";
import { type Arrival, type Exchange, exchange, exchangeStream } from "./exchange.ts";
import { prepareHop, redirection } from "./hop.ts";
import { Passages } from "./passages.ts";
import type { Admission } from "./rate-limits.ts";
import { discard, type ReadLimits, readText, streamBody } from "./read-body.ts";
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

export class Sender {
  /** The budgets, and who waits for them. */
  readonly passages: Passages;
  private readonly connection: Connection;
  private readonly log: Logger;
  private readonly metrics: SourceMetrics;
  private readonly signal: AbortSignal;
  private readonly agent: Agent;
  private readonly timeoutMs: number;
  private readonly limits: { response: number; decompressed: number };
  private readonly auth: Authoriser;
  private readonly warned = new Set<string>();
  private readonly hosts: ReturnType<typeof compileAllowedHosts>;

  /** Throws SpecError for a template or pattern that cannot be read. */
  constructor({ connection, log, metrics, signal, credentials, secret = () => {}, time = realTime }: HttpOptions) {
    this.connection = connection;
    this.log = log;
    this.metrics = metrics;
    this.signal = signal;
    this.passages = new Passages({ connection, metrics, time });
    this.timeoutMs = parseDuration(connection.timeout);
    this.limits = {
      response: parseByteSize(connection.limits.response),
      decompressed: parseByteSize(connection.limits.decompressed),
    };
    this.hosts = compileAllowedHosts(connection);
    this.auth = openAuthoriser({ connection, time, metrics, credentials, secret });
    this.agent = new Agent({ connections: connection.concurrency, connect: { timeout: this.timeoutMs } });
  }

  /** The same, whose sendings end with another signal. */
  within(signal: AbortSignal): Sender {
    return Object.assign(Object.create(Sender.prototype) as Sender, this, { signal });
  }

  /** Throws NetworkFailure for what may pass. */
  text(request: HttpRequest): Promise<TextResponse> {
    const shown = this.show(request.method, request.url);
    return this.follow(request, (sending) => this.exchangeText(request, sending, shown));
  }

  /** A success streams; anything else is read, so that it can be described. */
  stream(request: HttpRequest): Promise<StreamResponse | TextResponse> {
    const shown = this.show(request.method, request.url);
    return this.follow<StreamResponse | TextResponse>(request, (sending) =>
      this.exchangeStream(request, sending, shown),
    );
  }

  /** Whether a URL is one that credentials are sent to. */
  async isAuthorised(url: string): Promise<boolean> {
    return (await this.route(url)).authorised;
  }

  /** Where a URL leads. Throws FatalError for a host that the connection does not allow. */
  private async route(url: string): Promise<Route> {
    const route = await this.auth.route(url, this.signal);
    if (route.authorised || this.hosts === undefined) return route;
    const admittance = this.hosts(route.url);
    if (admittance !== "no") return { ...route, authorised: admittance === "trusted" };
    const { origin, host } = new URL(route.url);
    throw new FatalError(
      `${this.showUrl(route.url)} is not asked for: connection "${this.connection.connection}" does not allow ${origin}. If requests may go there, add ${host} to its allowed_hosts.`,
    );
  }

  baseUrl(): Promise<string> {
    return this.auth.baseUrl(this.signal);
  }

  async close(): Promise<void> {
    // A body may still be open when the run was stopped: destroy does not wait for it.
    await this.agent.destroy();
  }

  /** `GET https://…`, for messages. */
  show(method: string, url: string): string {
    return `${method} ${this.showUrl(url)}`;
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
      const sending: Sending = { ...(await this.route(url)), strays };
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
      const call = await this.call(request, sending);
      const response = await this.metrics.clock.during("fetch", () =>
        exchange(call, (arrival) => readText(arrival, { ...this.readLimits(shown), onDamaged })),
      );
      await this.learnLimits(admission, response);
      this.warnOfRetirement(response, shown);
      return response;
    } finally {
      admission?.release();
    }
  }

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
    const arrival = await this.metrics.clock.during("fetch", () => exchangeStream(call, release));
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
  private async enter(request: HttpRequest, { authorised, url }: Sending): Promise<Admission | undefined> {
    if (!authorised) return undefined;
    const onHeld = (text: string): void => this.log.info(`${this.show(request.method, request.url)} is ${text}`);
    return this.passages.enter({ ...request, url }, { signal: this.signal, onHeld });
  }

  private async learnLimits(admission: Admission | undefined, response: HttpResponse): Promise<void> {
    if (!admission) return;
    for (const problem of await this.passages.learn(admission, response)) this.warnOnce(problem, problem);
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

  private showUrl(url: string): string {
    const { auth } = this.connection;
    return showUrl(url, auth?.type === "query" ? Object.keys(auth.query) : []);
  }
}
