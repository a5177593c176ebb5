/**
 * Slow and failing answers on demand. A rule says which requests (path, method, every Nth, the first N) and what
 * becomes of them. Rules come from a test, from `POST /__sandbox/faults` or in a request's own `X-Sandbox-Fault`.
 */
import { answerFor } from "./api-error.ts";
import type { ApiAnswer, RateLimitPolicy } from "./api-error.ts";

export interface FaultRule {
  /** A regular expression over path and query; absent: every request. */
  match?: string;
  method?: string;
  /** Lets so many matching requests pass first. */
  skip?: number;
  /** Strikes so many times, then no more. */
  times?: number;
  /** Strikes each Nth matching request only. */
  every?: number;

  /** Waits before anything else happens. */
  delayMs?: number;
  /**
   * Answers with this status instead of serving; the body is HubSpot's for it unless `body` says otherwise. 200 gives
   * an error body with a good status, 477 a `Retry-After`.
   */
  status?: number;
  /** Answers with this; a text goes out as it is, all else as JSON. Status 200 unless given. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Seconds or an HTTP date, for the `Retry-After` header. */
  retryAfter?: number | string;
  /** Which limit a 429 names. */
  policy?: RateLimitPolicy;
  /** Answers with a page of HTML, as a proxy in front does. Status 502 unless given. */
  html?: boolean;
  /** Serves a batch, but as a 207: half of its results could not be read, which says nothing about the records. */
  partial?: boolean;
  /** Cuts the connection without a byte. */
  drop?: boolean;
  /** Sends half of the answer's body, then cuts the connection. */
  truncate?: boolean;
  /** Sends half of the answer's body, waits so long, then sends the rest. */
  stallMs?: number;
}

/** A rule in force. */
export interface Fault {
  readonly id: number;
  readonly rule: Readonly<FaultRule>;
  /** How many requests matched it, and how many it struck. */
  readonly matched: number;
  readonly hits: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const kinds: Record<keyof FaultRule, readonly string[]> = {
  match: ["string"],
  method: ["string"],
  skip: ["number"],
  times: ["number"],
  every: ["number"],
  delayMs: ["number"],
  status: ["number"],
  body: ["string", "object", "number", "boolean"],
  headers: ["object"],
  retryAfter: ["number", "string"],
  policy: ["string"],
  html: ["boolean"],
  partial: ["boolean"],
  drop: ["boolean"],
  truncate: ["boolean"],
  stallMs: ["number"],
};

/**
 * A rule from JSON. Throws TypeError naming what is wrong: a misspelt fault that strikes nothing would make a test
 * pass for no reason.
 */
export function parseFaultRule(value: unknown): FaultRule {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("a fault is an object");
  for (const [key, one] of Object.entries(value)) {
    if (!Object.hasOwn(kinds, key))
      throw new TypeError(`unknown key "${key}" in a fault; known: ${Object.keys(kinds).join(", ")}`);
    if (!kinds[key as keyof FaultRule].includes(typeof one))
      throw new TypeError(`"${key}" of a fault is a ${kinds[key as keyof FaultRule].join(" or ")}`);
  }
  const rule = value as FaultRule;
  if (rule.match !== undefined) new RegExp(rule.match);
  return rule;
}

/**
 * A rule from the `X-Sandbox-Fault` header: JSON, a bare status, or words and `key=value` with commas between:
 * `status=429, retryAfter=2, times=1` · `drop` · `delayMs=500` · `html`.
 */
export function parseFaultHeader(header: string): FaultRule {
  const text = header.trim();
  if (text.startsWith("{")) return parseFaultRule(JSON.parse(text));
  const entries = text.split(",").map((part): [string, unknown] => {
    const [key = "", value] = part.trim().split("=", 2);
    if (/^\d{3}$/.test(key) && value === undefined) return ["status", Number(key)];
    if (value === undefined) return [key, true];
    return [key, /^\d+$/.test(value) ? Number(value) : value];
  });
  return parseFaultRule(Object.fromEntries(entries));
}

export class FaultBook {
  private faults: Array<Writable<Fault>> = [];
  /** Header rules by header and URL: `times=1` must not strike a request's second attempt. */
  private readonly fromHeaders = new Map<string, Writable<Fault>>();
  private lastId = 0;

  add(rule: FaultRule): Fault {
    const fault = { id: ++this.lastId, rule: parseFaultRule(rule), matched: 0, hits: 0 };
    this.faults.push(fault);
    return fault;
  }

  list(): readonly Fault[] {
    return this.faults;
  }

  /** Takes back one rule, or all of them. Gives how many there were. */
  remove(id?: number): number {
    const before = this.faults.length;
    this.faults = id === undefined ? [] : this.faults.filter((fault) => fault.id !== id);
    if (id === undefined) this.fromHeaders.clear();
    return before - this.faults.length;
  }

  /** The rule that strikes this request: its own header's, else the oldest in force that does. Counts it. */
  strike(request: { method: string; url: string; header: string | undefined }): FaultRule | undefined {
    if (request.header !== undefined) {
      const key = `${request.method} ${request.url}\n${request.header}`;
      const fault = this.fromHeaders.get(key) ?? {
        id: 0,
        rule: parseFaultHeader(request.header),
        matched: 0,
        hits: 0,
      };
      this.fromHeaders.set(key, fault);
      if (strikes(fault, request)) return fault.rule;
    }
    return this.faults.find((fault) => strikes(fault, request))?.rule;
  }
}

function strikes(fault: Writable<Fault>, request: { method: string; url: string }): boolean {
  const { match, method, skip = 0, times = Infinity, every = 1 } = fault.rule;
  if (method !== undefined && method.toUpperCase() !== request.method) return false;
  if (match !== undefined && !new RegExp(match).test(request.url)) return false;
  fault.matched++;
  if (fault.hits >= times || fault.matched <= skip || (fault.matched - skip) % every !== 0) return false;
  fault.hits++;
  return true;
}

/** The headers that a rule adds, to its own answer or to the API's. */
export function faultHeaders(rule: FaultRule): Record<string, string> {
  const headers = { ...rule.headers };
  if (rule.retryAfter !== undefined) headers["Retry-After"] = String(rule.retryAfter);
  return headers;
}

/** What a rule answers in the place of the API; undefined where it lets the API answer. */
export function faultAnswer(rule: FaultRule): ApiAnswer | undefined {
  if (rule.html) {
    const status = rule.status ?? 502;
    const page = `<!DOCTYPE html>\n<html><head><title>${status}</title></head><body><h1>${status}</h1><p>The web server did not answer.</p></body></html>\n`;
    return {
      status,
      body: rule.body ?? page,
      headers: { "Content-Type": "text/html; charset=utf-8" },
    };
  }
  if (rule.body !== undefined) return { status: rule.status ?? 200, body: rule.body };
  return rule.status === undefined ? undefined : answerFor(rule.status, rule.policy);
}

/**
 * A batch's answer in which the first half of the results, at least one, has become errors of the server. Other
 * answers stay as they are.
 */
export function partly(answer: ApiAnswer): ApiAnswer {
  const { results = [], errors = [], ...rest } = answer.body as BatchBody;
  if (rest.status !== "COMPLETE" || results.length === 0) return answer;
  const half = Math.ceil(results.length / 2);
  const failed = results.slice(0, half).map((result) => ({
    status: "error",
    category: "INTERNAL_ERROR",
    message: "internal error",
    context: { ids: [result.from?.id ?? result.id] },
  }));
  const all = [...errors, ...failed];
  return {
    ...answer,
    status: 207,
    body: { ...rest, results: results.slice(half), numErrors: all.length, errors: all },
  };
}

/** Of a batch of records, or of associations; only batches say that they are complete. */
interface BatchBody {
  status?: unknown;
  results?: Array<{ id?: string; from?: { id: string } }>;
  errors?: unknown[];
}
