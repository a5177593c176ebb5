/** One way out to HTTP for every source: budgets, retries, time-outs, authorisation and size limits live behind it. */
import type { Readable } from "node:stream";
import type { BudgetForecast } from "../contract.ts";

export interface HttpRequest {
  method: string;
  /** Absolute. */
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** The instant that its own templates took for `now`, where they did: its authorisation takes the same. */
  now?: string;
  /** What it takes from budgets that count cost; 1 if absent. */
  cost?: number;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case; a repeated header is joined with `, `. */
  headers: Record<string, string>;
  url: string;
}

export interface TextResponse extends HttpResponse {
  /** The body, decompressed. */
  content: Buffer;
  /** The charset that its content type names. */
  charset?: string;
  /** The content by that charset, UTF-8 where there is none; decoded when it is asked for. */
  readonly text: string;
  /** Bytes over the wire. */
  bytes: number;
}

export interface StreamResponse extends HttpResponse {
  /** As it came over the wire, content encoding undone. Must be read to its end or destroyed. */
  body: Readable;
}

/** What the caller makes of a response before the client decides whether it is final. */
export type Verdict =
  | { do: "accept" }
  | { do: "retry"; waitMs?: number; message?: string }
  | { do: "fail"; message?: string };

export interface HttpClient {
  /**
   * Sends, waits for the budgets, retries what is transient, and gives the final response whatever its status,
   * unless `judge` says otherwise. Throws TransientError when the attempts are used up (method, URL, status, how
   * often, over how long), FatalError for what no retry mends (a response over the limits, a host not allowed,
   * credentials refused).
   * @param judge looks at each response; absent: 2xx and 304 are accepted, the connection's `retry.on` is retried,
   *   the rest fails.
   */
  text(request: HttpRequest, judge?: (response: TextResponse) => Verdict | Promise<Verdict>): Promise<TextResponse>;
  /** The same for a body that is streamed: retried until the headers are in; 2xx and 304 are accepted. */
  stream(request: HttpRequest): Promise<StreamResponse>;
  /** The same way out, whose requests end when the signal does too. It needs no closing of its own. */
  until(signal: AbortSignal): HttpClient;
  /** The budgets that a request would be charged to, as they stand; `charged` is what it would take. */
  budgets(request: HttpRequest): BudgetForecast[];
  /** The address that paths are below: the connection's, or what the reply to its token request says. */
  baseUrl(): Promise<string>;
  close(): Promise<void>;
}
