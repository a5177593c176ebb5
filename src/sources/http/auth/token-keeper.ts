/** Access tokens of this process: one for each connection, asked for once however many requests want it. */
import { createHash } from "node:crypto";
import type { Token } from "./contract.ts";
import { Flight } from "./flight.ts";

/** Asks for a new token. May go on to its end after nobody waits any more: its reply may hold the only refresh token. */
export type AskForToken = (abandoned: AbortSignal) => Promise<Token>;

export class TokenKeeper {
  #token: Token | undefined;
  #flight: Flight<Token> | undefined;

  /** A token that is good for now. */
  async get(ask: AskForToken, { now, signal }: { now: number; signal: AbortSignal }): Promise<Token> {
    return this.#token && now < this.#token.renewAt ? this.#token : this.#fly(ask, signal);
  }

  /** Gives up a token that was refused. Where another request was faster, its new token is the answer. */
  async renew(refused: Token, ask: AskForToken, signal: AbortSignal): Promise<Token> {
    return this.#token && this.#token !== refused ? this.#token : this.#fly(ask, signal);
  }

  async #fly(ask: AskForToken, signal: AbortSignal): Promise<Token> {
    // One that nobody waits for any more ends first: two at once would use one refresh token twice.
    while (this.#flight?.abandoned) {
      const token = await this.#flight.result.catch(() => undefined);
      signal.throwIfAborted();
      if (token) return token;
    }
    if (!this.#flight) {
      const flight = new Flight(ask);
      this.#flight = flight;
      flight.result
        .then((token) => (this.#token = token))
        .catch(() => {})
        .finally(() => (this.#flight = undefined));
    }
    return this.#flight.wait(signal);
  }
}

const keepers = new Map<string, TokenKeeper>();

/** The keeper of whatever is described by `identity`; one for all pipelines of this process. */
export function sharedKeeper(identity: unknown): TokenKeeper {
  // A digest, for the identity holds secrets.
  const key = createHash("sha256").update(JSON.stringify(identity)).digest("base64");
  const keeper = keepers.get(key) ?? new TokenKeeper();
  keepers.set(key, keeper);
  return keeper;
}
