/** Getting a file from an http(s) URL, and what tells whether it has changed since it was last read. */
import { FatalError, messageOf, SpecError, TransientError } from "../../errors.ts";
import { compileTemplate, DROPPED, type Scope } from "../../template/index.ts";
import type { Position } from "../contract.ts";
import type { HttpClient, StreamResponse } from "../http/contract.ts";
import { discard } from "../http/read-body.ts";

/** What the server said of the file's state, RFC 9110 section 8.8, and of which file it said so. */
export interface Validators {
  url: string;
  etag?: string;
  lastModified?: string;
}

export type Fetched =
  | { unchanged: true; validators: Validators }
  | { unchanged: false; validators?: Validators; bytes: AsyncGenerator<Buffer> };

/**
 * The file's address with its templates filled in.
 * @throws SpecError for one that is not http(s) or that stands on a param without a value
 */
export function urlOf(template: string, scope: Scope): string {
  const url = compileTemplate(template).render(scope, { mode: "path" });
  if (url === DROPPED) throw new SpecError(`source.url ${template} needs a param that was not given`);
  return checkedUrl(url);
}

/** @throws SpecError for what is no http(s) address */
export function checkedUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return parsed.href;
  throw new SpecError(`source.url ${url} is not an http(s) URL; a local file is written as path`);
}

/**
 * Asks for the file; with `since`, only if it is another one by now (If-None-Match, If-Modified-Since).
 * @param since what `fetchFile` gave the last time; of another URL it is not sent
 * @throws what the client throws; FatalError for an answer that is not a whole file
 */
export async function fetchFile(client: HttpClient, url: string, since: Position | undefined): Promise<Fetched> {
  const known = validatorsOf(since, url);
  const headers: Record<string, string> = {};
  if (known?.etag !== undefined) headers["if-none-match"] = known.etag;
  if (known?.lastModified !== undefined) headers["if-modified-since"] = known.lastModified;
  const response = await client.stream({ method: "GET", url, headers });
  const { etag, "last-modified": lastModified } = response.headers;
  if (response.status === 304 && known) {
    discard(response.body);
    // A 304 repeats what it has: RFC 9110, section 15.4.5.
    return { unchanged: true, validators: { ...known, ...(etag && { etag }), ...(lastModified && { lastModified }) } };
  }
  if (response.status !== 200) {
    discard(response.body);
    throw new FatalError(`GET ${url} answered ${response.status}; a whole file (200) was expected`);
  }
  const validators =
    etag || lastModified ? { url, ...(etag && { etag }), ...(lastModified && { lastModified }) } : undefined;
  return { unchanged: false, validators, bytes: bodyBytes(response, url) };
}

function validatorsOf(since: Position | undefined, url: string): Validators | undefined {
  if (typeof since !== "object" || since === null || Array.isArray(since) || since["url"] !== url) return undefined;
  const { etag, lastModified } = since;
  return { url, ...(typeof etag === "string" && { etag }), ...(typeof lastModified === "string" && { lastModified }) };
}

async function* bodyBytes({ body }: StreamResponse, url: string): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  } catch (error) {
    if (error instanceof TransientError || error instanceof FatalError) throw error;
    throw new TransientError(`GET ${url} broke off after ${bytes} bytes: ${messageOf(error)}. Run it again.`, {
      cause: error,
    });
  } finally {
    body.destroy();
  }
}
