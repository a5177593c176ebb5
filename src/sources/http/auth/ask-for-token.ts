/** Asks a token server, and again where the network or the server fails for now. */
import { Agent } from "undici";
import { FatalError, messageOf, TransientError } from "../../../errors.ts";
import type { AuthOauth2, Connection } from "../../../spec/types.ts";
import { parseDuration } from "../../../values/instant.ts";
import type { SourceMetrics } from "../../contract.ts";
import type { TextResponse } from "../contract.ts";
import { exchange } from "../exchange.ts";
import { gaveUp } from "../give-up.ts";
import { NetworkFailure } from "../network-error.ts";
import { readText } from "../read-body.ts";
import { retries, waitMs } from "../retry.ts";
import { showUrl } from "../shown-url.ts";
import type { Time } from "../time.ts";
import { type ReadReply, saidBy, type TokenReply } from "./token-reply.ts";
import type { TokenRequest } from "./token-request.ts";

/** The server said no: what was shown to it is not, or no longer, good. */
export class TokenRefused extends FatalError {}

export interface AskOptions {
  auth: AuthOauth2;
  connection: Connection;
  request: TokenRequest;
  readReply: ReadReply;
  time: Time;
  metrics: SourceMetrics;
  /** Where the user finds what to mend, for a refusal. */
  advice: string;
  /** Aborted when nobody waits any more: then it is not asked again. What is under way is always read to its end. */
  abandoned: AbortSignal;
}

/** No token's reply is larger. */
const maxBytes = 1_048_576;

/** Throws TokenRefused, TransientError when the attempts are used up, FatalError for a reply that holds no token. */
export async function askForToken(options: AskOptions): Promise<TokenReply> {
  const { auth, connection, request, readReply, time, metrics, advice, abandoned } = options;
  const { retry } = connection;
  const shown = `connection "${connection.connection}": POST ${showUrl(auth.token_url)}`;
  const started = time.now();
  const outcomes: (number | string)[] = [];
  for (let attempt = 1; ; attempt++) {
    const askedAt = time.now();
    const answer = await metrics.clock.during("fetch", () => send(options));
    if (answer instanceof NetworkFailure) outcomes.push(messageOf(answer));
    else if (answer.status >= 200 && answer.status < 300) return readReply(answer.text, { shown, askedAt });
    else if (retries(retry.on, answer.status)) outcomes.push(answer.status);
    else {
      const said = saidBy(answer.text, request.secrets);
      throw new TokenRefused(
        `${shown} answered ${answer.status}${said === undefined ? "" : `: ${said}`}. There is no access token without it. ${advice}`,
      );
    }
    const response = answer instanceof NetworkFailure ? undefined : answer;
    if (attempt >= retry.attempts || (!response && !retries(retry.on, undefined))) {
      const said = response && saidBy(response.text, request.secrets);
      throw new TransientError(gaveUp({ shown, outcomes, durationMs: time.now() - started, said }));
    }
    const pauseMs = waitMs(retry, { attempt, response }, { now: time.now(), random: time.random() });
    await metrics.clock.during("wait", () => time.sleep(pauseMs, abandoned));
    metrics.retries++;
  }
}

/** One request. Nothing but the time-out ends it: a reply that is lost may be the end of the refresh token. */
async function send({ auth, connection, request, metrics }: AskOptions): Promise<TextResponse | NetworkFailure> {
  const timeoutMs = parseDuration(connection.timeout);
  const dispatcher = new Agent({ connect: { timeout: timeoutMs } });
  const limits = {
    response: maxBytes,
    decompressed: maxBytes,
    tooLarge: () => new FatalError(`${showUrl(auth.token_url)} answered with more than a token's reply can hold`),
    onBytes: (count: number): void => void (metrics.bytesIn += count),
  };
  metrics.apiCalls++;
  try {
    return await exchange(
      {
        dispatcher,
        method: "POST",
        url: auth.token_url,
        headers: { "user-agent": "etl", ...request.headers },
        body: request.body,
        timeoutMs,
        signal: new AbortController().signal,
      },
      (arrival) => readText(arrival, limits),
    );
  } catch (error) {
    if (error instanceof NetworkFailure) return error;
    throw error instanceof FatalError
      ? error
      : new FatalError(`POST ${showUrl(auth.token_url)} failed: ${messageOf(error)}`, { cause: error });
  } finally {
    await dispatcher.close();
  }
}
