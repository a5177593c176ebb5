/** What a token server answered: the token, or why there is none. */
import { FatalError, messageOf, SpecError } from "../../../errors.ts";
import { type Compiled, compile } from "../../../jsonata/index.ts";
import type { AuthOauth2 } from "../../../spec/types.ts";
import { describeBody } from "../describe-body.ts";
import type { Token } from "./contract.ts";

export interface TokenReply {
  token: Token;
  /** A refresh token among the reply: the next one to use. */
  refreshToken?: string;
}

/** A token is renewed this long before it expires, or a tenth of its life where that is shorter. */
const earlyMs = 60_000;

export type ReadReply = (text: string, options: { shown: string; askedAt: number }) => Promise<TokenReply>;

/**
 * Compiles the reading of a successful reply.
 * @throws SpecError for an expression that cannot be read; what it gives throws FatalError for a reply without a
 *   token. No value of the reply is shown then, for any of them may be a secret.
 */
export function compileReply(auth: AuthOauth2): ReadReply {
  const { token_field, expires_field, base_url } = auth;
  const tokenOf = named(token_field, "token_field");
  const expiryOf = named(expires_field, "expires_field");
  const baseUrlOf = base_url === undefined ? undefined : named(base_url, "base_url");
  return async (text, { shown, askedAt }) => {
    const reply = parse(text, shown);
    const value = await tokenOf(reply);
    if (typeof value !== "string" || value === "") {
      throw new FatalError(`${shown} answered without a token at auth.token_field (${token_field}): ${keysOf(reply)}`);
    }
    // RFC 6749, section 5.1; some servers write the number as a text.
    const seconds = Number((await expiryOf(reply)) ?? Number.NaN);
    const lifeMs = seconds > 0 ? seconds * 1000 : Number.POSITIVE_INFINITY;
    const token: Token = { value, renewAt: askedAt + lifeMs - Math.min(earlyMs, lifeMs / 10) };
    if (baseUrlOf) token.baseUrl = readBaseUrl(await baseUrlOf(reply), { shown, expression: base_url as string });
    const refreshToken = (reply as { refresh_token?: unknown } | null)?.refresh_token;
    return { token, ...(typeof refreshToken === "string" && refreshToken !== "" ? { refreshToken } : {}) };
  };
}

function named(expression: string, key: string): (reply: unknown) => Promise<unknown> {
  let compiled: Compiled;
  try {
    compiled = compile(expression);
  } catch (cause) {
    throw new SpecError(`auth.${key} (${expression}): ${messageOf(cause)}`, { cause });
  }
  return async (reply) => {
    try {
      return await compiled.evaluate(reply);
    } catch (cause) {
      throw new FatalError(`auth.${key} (${expression}) failed over the token's reply: ${messageOf(cause)}`);
    }
  };
}

function parse(text: string, shown: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const what = /^\s*</.test(text) ? describeBody(text) : text.trim() === "" ? "nothing" : "something else";
    throw new FatalError(`${shown} answered with ${what}, where JSON with a token was expected`);
  }
}

function keysOf(reply: unknown): string {
  if (typeof reply !== "object" || reply === null || Array.isArray(reply)) return "it is no map";
  const { error } = reply as { error?: unknown };
  const keys = Object.keys(reply).join(", ") || "nothing";
  return `it has ${keys}${typeof error === "string" ? `, and says ${JSON.stringify(error.slice(0, 200))}` : ""}`;
}

function readBaseUrl(value: unknown, { shown, expression }: { shown: string; expression: string }): string {
  if (typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
  throw new FatalError(
    `${shown} answered without an address at auth.base_url (${expression})${typeof value === "string" ? ": it is not an http(s) URL" : ""}`,
  );
}

/** What a refusal says, its secrets taken out: `"invalid_grant: the token is expired"`. */
export function saidBy(text: string, secrets: readonly string[]): string | undefined {
  // Before it is cut to its first words: half a secret would not be known again.
  const clean = secrets
    .filter((secret) => secret !== "")
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    .reduce((said, form) => said.replaceAll(form, "***"), text);
  try {
    const { error, error_description: more } = JSON.parse(clean) as { error?: unknown; error_description?: unknown };
    if (typeof error === "string" && typeof more === "string") return describeBody(`${error}: ${more}`);
  } catch {
    // Not the JSON of RFC 6749, section 5.2: its own words are shown.
  }
  return describeBody(clean);
}
