/** How requests are authorised: what the client asks of every kind of auth. */
import type { Scope } from "../../../template/index.ts";
import type { TextResponse } from "../contract.ts";

/** What is added to a request that goes to the connection's own host. */
export interface Credentials {
  /** Names in lower case. */
  headers: Record<string, string>;
  query: Record<string, string>;
  /** The access token among the headers, where there is one that can be renewed. */
  token?: Token;
}

/** An access token, as the client knows it. */
export interface Token {
  value: string;
  /** From then on it is renewed before it is used; milliseconds since 1970, Infinity where no expiry was told. */
  renewAt: number;
  /** Where requests go, if the token's reply says so. */
  baseUrl?: string;
}

/** Where a URL leads. */
export interface Route {
  url: string;
  /** True when that is the connection's own host, which gets its credentials. */
  authorised: boolean;
}

export interface Authoriser {
  /** The address that paths are below. Asks for a token where only its reply tells. */
  baseUrl(signal: AbortSignal): Promise<string>;
  route(url: string, signal: AbortSignal): Promise<Route>;
  /** @param scope `now` and `vars`, for templates. */
  credentials(scope: Scope, signal: AbortSignal): Promise<Credentials>;
  /** True when the answer says that the token it was sent with is no longer good. */
  refuses(response: Pick<TextResponse, "status" | "headers"> & { text?: string }): Promise<boolean>;
  /** Renews a token that was refused, unless that has happened meanwhile. */
  renew(refused: Token, signal: AbortSignal): Promise<void>;
}

/** True when both are of one scheme, host and port. */
export function sameOrigin(url: string, other: string): boolean {
  return new URL(url).origin === new URL(other).origin;
}
