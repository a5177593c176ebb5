/**
 * A small API over records that tests change while it answers: cursor, page and last_id paging, filters by time,
 * a clock of its own, totals that may lie, an ETag, and whatever else a test makes it answer.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Thing {
  id: number | string | null;
  [property: string]: unknown;
}

/** One request, as it came. */
export interface Ask {
  path: string;
  query: Record<string, string>;
  headers: IncomingMessage["headers"];
}

/** An answer in place of the API's own. */
export interface Answer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

const wallTime = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z?$/;

/** Times as this API orders them: text with six decimals; whole numbers as numbers. */
function comparable(value: unknown): string | number {
  if (typeof value === "number") return value;
  const text = String(value);
  if (/^-?\d+$/.test(text)) return Number(text);
  const time = wallTime.exec(text);
  return time ? `${time[1]} ${time[2]}.${(time[3] ?? "").padEnd(6, "0")}` : text;
}

export class ThingsApi {
  readonly asks: Ask[] = [];
  things: Thing[] = [];
  /** The `Date` header; none is sent where this says undefined. */
  clock: () => Date | undefined = () => undefined;
  /** The property that `since` and `until` filter by. */
  changedAt = "updated_at";
  /** Told as `total` where it is there; "true" tells the real one. */
  total: number | "true" | undefined;
  /** Of `/things.csv`; it answers 304 to whoever shows it again. */
  etag: string | undefined;
  /** Called before each answer: may change the things, wait, or answer itself. */
  before: (ask: Ask, index: number) => Promise<Answer | undefined> | Answer | undefined | void = () => undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void this.#answer(request, response);
    });
  }

  static async start(): Promise<ThingsApi> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ThingsApi(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Changes one thing, or adds it. */
  put(thing: Thing): void {
    const at = this.things.findIndex(({ id }) => id === thing.id);
    if (at < 0) this.things.push(thing);
    else this.things[at] = { ...this.things[at], ...thing };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://things");
    const ask: Ask = { path: url.pathname, query: Object.fromEntries(url.searchParams), headers: request.headers };
    this.asks.push(ask);
    const answer: Answer = (await this.before(ask, this.asks.length - 1)) ?? this.#own(ask);
    const date = this.clock();
    response.sendDate = false;
    const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? null);
    response.writeHead(answer.status ?? 200, {
      "content-type": "application/json",
      ...(date ? { date: date.toUTCString() } : {}),
      ...answer.headers,
    });
    response.end(answer.status === 304 ? undefined : text);
  }

  #own(ask: Ask): Answer {
    switch (ask.path) {
      case "/things":
        return this.#byCursor(ask.query);
      case "/pages":
        return this.#byPage(ask.query);
      case "/after":
        return this.#afterId(ask.query);
      case "/things.csv":
        return this.#csv(ask.headers);
      default:
        return { status: 404, body: { message: `there is no ${ask.path}` } };
    }
  }

  /** What the filters leave, in the order of the ids; things without an id come last. */
  #matching({ since, until }: Ask["query"]): Thing[] {
    const place = ({ id }: Thing): number => (id === null ? Infinity : Number(id));
    return this.things
      .filter((thing) => {
        const value = thing[this.changedAt];
        if (since === undefined && until === undefined) return true;
        if (value === undefined || value === null) return false;
        if (since !== undefined && comparable(value) < comparable(since)) return false;
        return until === undefined || comparable(value) < comparable(until);
      })
      .sort((one, other) => place(one) - place(other));
  }

  #told(matching: readonly Thing[]): { total?: number } {
    return this.total === undefined ? {} : { total: this.total === "true" ? matching.length : this.total };
  }

  #byCursor(query: Ask["query"]): Answer {
    const matching = this.#matching(query);
    const limit = Number(query["limit"] ?? 100);
    const after = query["after"] === undefined ? -Infinity : Number(query["after"].slice("after-".length));
    const rest = matching.filter(({ id }) => id === null || Number(id) > after);
    const results = rest.slice(0, limit);
    const paging = rest.length > limit ? { paging: { next: { after: `after-${String(results.at(-1)!.id)}` } } } : {};
    return { body: { results, ...paging, ...this.#told(matching) } };
  }

  #byPage(query: Ask["query"]): Answer {
    const matching = this.#matching(query);
    const limit = Number(query["limit"] ?? 100);
    const from = (Number(query["page"] ?? 1) - 1) * limit;
    return { body: { results: matching.slice(from, from + limit), ...this.#told(matching) } };
  }

  #afterId(query: Ask["query"]): Answer {
    const matching = this.#matching(query);
    const after = Number(query["after"] ?? 0);
    const results = matching.filter(({ id }) => Number(id) > after).slice(0, Number(query["limit"] ?? 100));
    return { body: { results, ...this.#told(matching) } };
  }

  #csv(headers: Ask["headers"]): Answer {
    const shown: Record<string, string> = this.etag === undefined ? {} : { etag: this.etag };
    if (this.etag !== undefined && headers["if-none-match"] === this.etag) return { status: 304, headers: shown };
    const names = ["id", "name", "updated_at"];
    const lines = this.things.map((thing) => names.map((name) => String(thing[name] ?? "")).join(","));
    return { body: `${[names.join(","), ...lines].join("\n")}\n`, headers: { "content-type": "text/csv", ...shown } };
  }
}
