/** OAuth 2: requests carry an access token, which is asked for, kept, and renewed. */
import { FatalError, SpecError } from "../../../errors.ts";
import type { AuthOauth2 } from "../../../spec/types.ts";
import { askForToken } from "./ask-for-token.ts";
import { compileAssertion, pemOf } from "./assertion.ts";
import { type Authoriser, sameOrigin, type Token } from "./contract.ts";
import { compileHeaders } from "./fixed.ts";
import type { AuthOptions } from "./index.ts";
import { refreshTokens } from "./refresh-tokens.ts";
import { compileRefreshOn } from "./refused-token.ts";
import { type AskForToken, sharedKeeper } from "./token-keeper.ts";
import { compileReply, type TokenReply } from "./token-reply.ts";
import { tokenRequest } from "./token-request.ts";

/** Throws SpecError for what can be known before a token is asked for. */
export function tokenAuthoriser(auth: AuthOauth2, options: AuthOptions): Authoriser {
  const { connection, time, credentials, secret } = options;
  const headers = compileHeaders(connection.headers);
  const carrier = carrierOf(auth.header);
  const refuses = compileRefreshOn(auth.refresh_on);
  const ask = compileAsk(auth, options);
  // An address that the reply tells is no part of what tells tokens apart: what cleans up a job has it, and no other token.
  const base = auth.base_url === undefined ? connection.base_url : undefined;
  const keeper = sharedKeeper([connection.connection, base, auth, credentials?.address]);
  /** Addresses that requests may have been built with: a later token may name another. */
  const bases = new Set<string>();

  const known = (token: Token): Token => {
    // Whoever asked for it, it is masked in the log of each that uses it.
    secret(token.value);
    return token;
  };
  /** What was refused is not shown again by this client: who waits behind others would show it once more each. */
  let refusal: FatalError | undefined;
  const orRefusal = async (token: () => Promise<Token>): Promise<Token> => {
    if (refusal) throw refusal;
    try {
      return known(await token());
    } catch (error) {
      if (error instanceof FatalError) refusal = error;
      throw error;
    }
  };
  const current = (signal: AbortSignal): Promise<Token> =>
    orRefusal(() => keeper.get(ask, { now: time.now(), signal }));
  const baseUrl = async (signal: AbortSignal): Promise<string> => {
    if (auth.base_url === undefined) return connection.base_url;
    const base = (await current(signal)).baseUrl ?? connection.base_url;
    bases.add(base);
    return base;
  };

  return {
    baseUrl,
    refuses,
    async route(url, signal) {
      const base = await baseUrl(signal);
      const old = sameOrigin(url, base) ? undefined : [...bases].find((each) => sameOrigin(url, each));
      const moved = old === undefined ? url : `${new URL(base).origin}${url.slice(new URL(url).origin.length)}`;
      return { url: moved, authorised: sameOrigin(moved, base) };
    },
    async credentials(scope, signal) {
      const token = await current(signal);
      return { headers: { ...headers(scope), ...carrier(token.value) }, query: {}, token };
    },
    async renew(refused, signal) {
      await orRefusal(() => keeper.renew(refused, ask, signal));
    },
  };
}

/** `Authorization: Bearer {token}` as a header of a token. */
function carrierOf(header: string): (token: string) => Record<string, string> {
  const colon = header.indexOf(":");
  const name = header.slice(0, colon).toLowerCase();
  const value = header.slice(colon + 1).trim();
  return (token) => ({ [name]: value.replaceAll("{token}", () => token) });
}

/** What the grant shows to the token server, and how its reply is read. */
function compileAsk(auth: AuthOauth2, options: AuthOptions): AskForToken {
  const { connection, time, metrics, credentials, secret } = options;
  const name = connection.connection;
  const readReply = compileReply(auth);
  const missing = (key: string): SpecError =>
    new SpecError(`connection "${name}": the grant ${auth.grant} needs auth.${key}`);
  const send = async (
    proof: string | undefined,
    { advice, abandoned }: { advice: string; abandoned: AbortSignal },
  ): Promise<TokenReply> => {
    const request = tokenRequest(auth, proof);
    for (const text of request.secrets) secret(text);
    const reply = await askForToken({ auth, connection, request, readReply, time, metrics, advice, abandoned });
    secret(reply.token.value);
    if (reply.refreshToken !== undefined) secret(reply.refreshToken);
    return reply;
  };
  if (auth.grant === "refresh_token") {
    if (auth.refresh_token === undefined) throw missing("refresh_token");
    const { use, advice } = refreshTokens(auth.refresh_token, { connection: name, credentials });
    return async (abandoned) =>
      (await use((refreshToken) => send(refreshToken, { advice, abandoned }), abandoned)).token;
  }
  if (auth.grant === "jwt_bearer") {
    if (auth.assertion === undefined) throw missing("assertion");
    secret(pemOf(auth.assertion.key));
    const assertionOf = compileAssertion(auth.assertion, name);
    const advice = `Check key and claims of the assertion of connection "${name}".`;
    return async (abandoned) => (await send(assertionOf(time.now()), { advice, abandoned })).token;
  }
  const advice = `Check client_id and client_secret of connection "${name}".`;
  return async (abandoned) => (await send(undefined, { advice, abandoned })).token;
}
