/** A read of one answer that is asked for only if it is another one by now: ETag and Last-Modified, RFC 9110, 8.8. */
import { hash } from "node:crypto";
import type { Position } from "../contract.ts";
import type { Answer } from "./answer.ts";
import type { BuiltRequest } from "./build-request.ts";
import type { EffectiveSource } from "./effective-source.ts";
import type { Meaning } from "./response-rules.ts";

/** What a server said of an answer's state, and of which answer, read how. */
interface Validators {
  /** A digest: a request may hold what nobody should see. */
  answer: string;
  etag?: string;
  lastModified?: string;
}

/** True where a whole read is one answer: pages and parts change apart from each other. */
export function isOneAnswer({ request, pagination, slices, job }: EffectiveSource): boolean {
  return request.method === "GET" && pagination.type === "none" && slices === undefined && job === undefined;
}

export class Conditional {
  readonly #reading: unknown;
  readonly #known: Validators | undefined;
  #now: Validators | undefined;

  /** @param since what `validators` gave after an earlier read */
  constructor({ records, decode, responses }: EffectiveSource, since: Position | undefined) {
    this.#reading = { records, decode, responses };
    this.#known = validatorsOf(since);
  }

  /** For the next run; undefined before an answer that says something of its state. */
  get validators(): Position | undefined {
    return this.#now && { ...this.#now };
  }

  /** The request as it goes out: conditional if it is the one that was answered then, and says nothing of it itself. */
  apply(request: BuiltRequest): BuiltRequest {
    const { etag, lastModified } = this.#known ?? {};
    if (hasCondition(request) || this.#digest(request) !== this.#known?.answer) return request;
    const headers = {
      ...(etag === undefined ? {} : { "if-none-match": etag }),
      ...(lastModified === undefined ? {} : { "if-modified-since": lastModified }),
    };
    return { ...request, headers: { ...request.headers, ...headers } };
  }

  /** @param request as it was before `apply` */
  note(request: BuiltRequest, { status, headers }: Answer, meaning: Meaning): void {
    if (hasCondition(request)) return;
    const answer = this.#digest(request);
    const { etag, "last-modified": lastModified } = headers;
    const told = { ...(etag ? { etag } : {}), ...(lastModified ? { lastModified } : {}) };
    // A 304 repeats what it has: RFC 9110, section 15.4.5.
    if (meaning === "unchanged") this.#now = this.#known?.answer === answer ? { ...this.#known, ...told } : undefined;
    else if (status === 200 && meaning === "records" && (etag || lastModified)) this.#now = { answer, ...told };
    else this.#now = undefined;
  }

  #digest({ url, headers }: BuiltRequest): string {
    return hash("sha256", JSON.stringify([url, headers, this.#reading]), "base64");
  }
}

function hasCondition({ headers }: BuiltRequest): boolean {
  return Object.keys(headers ?? {}).some((name) => /^if-/i.test(name));
}

function validatorsOf(since: Position | undefined): Validators | undefined {
  if (typeof since !== "object" || since === null || Array.isArray(since)) return undefined;
  const { answer, etag, lastModified } = since;
  if (typeof answer !== "string") return undefined;
  return {
    answer,
    ...(typeof etag === "string" ? { etag } : {}),
    ...(typeof lastModified === "string" ? { lastModified } : {}),
  };
}
