/** Where a request goes, what it carries there, and where an answer sends it next. */
import { FatalError } from "../../errors.ts";
import type { Credentials } from "./auth.ts";
import { acceptedEncodings } from "./body.ts";
import type { HttpRequest, HttpResponse } from "./contract.ts";
import { addQuery } from "./query.ts";

export interface Hop {
  url: string;
  headers: Record<string, string>;
  /** True when it goes to the connection's own host, with its credentials. */
  authorised: boolean;
}

/** What may go to another host: nothing that could hold a key. */
const harmless = new Set(["accept", "content-type", "if-none-match", "if-modified-since", "range", "user-agent"]);

/**
 * One hop of a request to `url` (the request's own, or where it was redirected). Credentials go to the origin of
 * `baseUrl` alone; a redirect to another origin loses the request's own headers too, but for the harmless ones.
 */
export function prepareHop(
  request: HttpRequest,
  url: string,
  { baseUrl, credentials }: { baseUrl: string; credentials: Credentials },
): Hop {
  const own = lowerCase(request.headers ?? {});
  const origin = originOf(url);
  const authorised = origin === originOf(baseUrl);
  const strays = origin !== originOf(request.url);
  const kept = strays ? Object.fromEntries(Object.entries(own).filter(([name]) => harmless.has(name))) : own;
  return {
    url: authorised ? addQuery(url, Object.entries(credentials.query)) : url,
    headers: {
      accept: "application/json",
      "accept-encoding": acceptedEncodings,
      "user-agent": "etl",
      ...(authorised ? credentials.headers : {}),
      ...kept,
    },
    authorised,
  };
}

function originOf(url: string): string {
  const { protocol, origin } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:")
    throw new FatalError(`${protocol}// is not an address to read from`);
  return origin;
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Where a GET is redirected to; undefined for any other answer. Other methods are not repeated elsewhere. */
export function redirection(method: string, { status, headers, url }: HttpResponse): string | undefined {
  const { location } = headers;
  if (method !== "GET" || location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  return URL.canParse(location, url) ? new URL(location, url).href : undefined;
}
