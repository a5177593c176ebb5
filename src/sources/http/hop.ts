/** Where a request goes, what it carries there, and where an answer sends it next. */
import { FatalError } from "../../errors.ts";
import type { Credentials } from "./auth/index.ts";
import { acceptedEncodings } from "./body.ts";
import type { HttpRequest, HttpResponse } from "./contract.ts";
import { addQuery } from "./query.ts";

export interface Hop {
  url: string;
  headers: Record<string, string>;
}

/** What may go to another host: nothing that could hold a key. */
const harmless = new Set(["accept", "content-type", "if-none-match", "if-modified-since", "range", "user-agent"]);

/**
 * One hop of a request to `url` (the request's own, or where it was redirected).
 * @param credentials absent for another host than the connection's own.
 * @param strays it was redirected to another origin: the request's own headers are lost too, but for the harmless ones.
 */
export function prepareHop(
  request: HttpRequest,
  url: string,
  { credentials, strays }: { credentials: Credentials | undefined; strays: boolean },
): Hop {
  const own = lowerCase(request.headers ?? {});
  refuseOtherSchemes(url);
  const kept = strays ? Object.fromEntries(Object.entries(own).filter(([name]) => harmless.has(name))) : own;
  return {
    url: credentials ? addQuery(url, Object.entries(credentials.query)) : url,
    headers: {
      accept: "application/json",
      "accept-encoding": acceptedEncodings,
      "user-agent": "etl",
      ...credentials?.headers,
      ...kept,
    },
  };
}

function refuseOtherSchemes(url: string): void {
  const { protocol } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:")
    throw new FatalError(`${protocol}// is not an address to read from`);
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
