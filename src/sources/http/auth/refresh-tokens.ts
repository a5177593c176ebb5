/** Which refresh token is in force, and where the next one goes before anything is done with its access token. */
import { createHash } from "node:crypto";
import { FatalError, messageOf, SpecError } from "../../../errors.ts";
import type { AuthOauth2 } from "../../../spec/types.ts";
import type { CredentialStore } from "../../contract.ts";
import { TokenRefused } from "./ask-for-token.ts";
import type { TokenReply } from "./token-reply.ts";

export interface RefreshTokens {
  /** Asks with the refresh token in force; a new one in the reply is stored before the reply is given. */
  use(ask: (refreshToken: string) => Promise<TokenReply>, signal: AbortSignal): Promise<TokenReply>;
  /** What to do when the server refuses the token. */
  advice: string;
}

/** How often the token is read again because somebody else has replaced it meanwhile. */
const maxTurns = 3;

/**
 * A token of the store, or one that the connection holds. What a server gives instead of the latter is kept in the
 * store under a name made of its digest: it is used as long as the connection holds the same one.
 * @throws SpecError for a stored token without a store.
 */
export function refreshTokens(
  given: NonNullable<AuthOauth2["refresh_token"]>,
  { connection, credentials }: { connection: string; credentials?: CredentialStore },
): RefreshTokens {
  const name = typeof given === "string" ? `${connection}.refresh_token_${fingerprint(given)}` : given.stored;
  if (!credentials) {
    if (typeof given === "string") return withoutStore(given, connection);
    throw new SpecError(
      `connection "${connection}": its refresh token is stored as ${name}, and ETL_CREDENTIALS_KEY, the key of the credential store, is not set`,
    );
  }
  const first = typeof given === "string" ? given : undefined;
  const advice =
    first === undefined
      ? `Get a new refresh token for connection "${connection}" and put it in: etl credentials set ${name}`
      : `Check client_id, client_secret and refresh_token of connection "${connection}"; if the token was used up, get a new one.`;
  return { advice, use: (ask, signal) => useStored({ name, first, connection, credentials }, ask, signal) };
}

interface Stored {
  name: string;
  /** What the connection holds, until there is a stored one. */
  first: string | undefined;
  connection: string;
  credentials: CredentialStore;
}

async function useStored(
  { name, first, connection, credentials }: Stored,
  ask: (refreshToken: string) => Promise<TokenReply>,
  signal: AbortSignal,
): Promise<TokenReply> {
  // One process at a time: a server may take the second use of a refresh token for theft and revoke them all.
  return credentials.exclusive(
    name,
    async () => {
      for (let turn = 1; ; turn++) {
        const stored = await credentials.get(name);
        const inForce = stored ?? first;
        if (inForce === undefined) {
          throw new FatalError(
            `connection "${connection}": there is no ${name} in the credential store of ${credentials.address}. Put it in: etl credentials set ${name}`,
          );
        }
        try {
          const reply = await ask(inForce);
          const next = reply.refreshToken;
          if (next === undefined || next === inForce || (await keep(next, stored))) return reply;
        } catch (error) {
          const again = error instanceof TokenRefused && (await credentials.get(name)) !== stored;
          if (!again) throw error;
        }
        // Somebody has put in another one meanwhile: that one is in force.
        if (turn === maxTurns) throw new FatalError(`connection "${connection}": ${name} changes all the time`);
      }
    },
    signal,
  );

  async function keep(next: string, stored: string | undefined): Promise<boolean> {
    try {
      return await credentials.replace(name, stored, next);
    } catch (cause) {
      throw new FatalError(
        `connection "${connection}": the server gave a new refresh token, and it could not be stored as ${name}: ${messageOf(cause)}. ` +
          `The old one may be used up: if the next run is refused, get a new one and put it in: etl credentials set ${name}`,
        { cause },
      );
    }
  }
}

/** As long as the server gives no other one, none has to be stored. */
function withoutStore(given: string, connection: string): RefreshTokens {
  return {
    advice: `Check client_id, client_secret and refresh_token of connection "${connection}".`,
    async use(ask) {
      const reply = await ask(given);
      if (reply.refreshToken === undefined || reply.refreshToken === given) return reply;
      throw new FatalError(
        `connection "${connection}": the server replaced the refresh token, and there is no place to keep the new one; the old one may be used up. ` +
          "Set ETL_CREDENTIALS_KEY (openssl rand -base64 32), get a new refresh token, and run again: from then on new ones are kept in the credential store",
      );
    },
  };
}

/** Tells one long random text from another, and says nothing of either. */
function fingerprint(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
