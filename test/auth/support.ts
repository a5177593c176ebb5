/** A token server and an API that takes its tokens, and clients to them. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { onTestFinished } from "vitest";
import type { CredentialStore } from "../../src/sources/contract.ts";
import { openHttpClient } from "../../src/sources/http/index.ts";
import { realTime, type Time } from "../../src/sources/http/time.ts";
import { connectionTo, json, keepLog, newMetrics, type Seen, serve, type Served } from "../http/server.ts";

export interface TokenWorld extends Served {
  /** Requests for a token, and those for data. */
  asked: Seen[];
  read: Seen[];
  /** Tokens that were given and are still good. */
  good: Set<string>;
  /** All tokens given, in order. */
  given: string[];
}

export interface TokenWorldOptions {
  /** Added to a token's reply, or instead of it where it has a status of its own. */
  reply?(request: Seen, index: number): { status?: number; body?: object | string; raw?: boolean } | undefined;
  /** Milliseconds before a token is given. */
  delayMs?: number;
  /** Answers a request for data that carries a good token. */
  data?(request: Seen): object;
}

/** One server: `POST /token` gives tokens, everything else wants one of them as a bearer. */
export async function tokenWorld({ reply, delayMs = 0, data }: TokenWorldOptions = {}): Promise<TokenWorld> {
  const asked: Seen[] = [];
  const read: Seen[] = [];
  const good = new Set<string>();
  const given: string[] = [];
  const served = await serve(async (request, response) => {
    if (request.path === "/token") {
      const index = asked.push(request) - 1;
      if (delayMs) await new Promise((resolve) => setTimeout(resolve, delayMs));
      const over = reply?.(request, index) ?? {};
      if (over.raw) return json(response, over.body ?? "", { status: over.status ?? 200 });
      const token = `access-${createHash("sha256").update(`${served.url} ${index}`).digest("hex")}`;
      good.add(token);
      given.push(token);
      const body = typeof over.body === "object" ? over.body : {};
      return json(response, { access_token: token, token_type: "Bearer", expires_in: 1800, ...body });
    }
    read.push(request);
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined || !good.has(token)) return json(response, { message: "expired" }, { status: 401 });
    json(response, data?.(request) ?? { ok: true });
  });
  return { ...served, asked, read, good, given };
}

export interface AuthClientOptions {
  connection?: object;
  credentials?: CredentialStore;
  time?: Time;
  signal?: AbortSignal;
}

/** A client whose auth is `oauth2` with the keys given; a connection name of its own keeps its tokens apart. */
export function oauthClient(base_url: string, auth: object, options: AuthClientOptions = {}) {
  const { connection = {}, credentials, time = realTime, signal = new AbortController().signal } = options;
  const metrics = newMetrics();
  const { log, lines } = keepLog();
  const secrets = new Set<string>();
  const client = openHttpClient({
    connection: connectionTo(base_url, {
      auth: { type: "oauth2", token_url: `${base_url}/token`, ...auth },
      ...connection,
    }),
    log,
    metrics,
    signal,
    time,
    credentials,
    secret: (value) => secrets.add(value),
  });
  onTestFinished(() => client.close());
  const get = (path = "/data") => client.text({ method: "GET", url: `${base_url}${path}` });
  return { client, get, metrics, lines, secrets };
}

export const clientCredentials = { grant: "client_credentials", client_id: "an id", client_secret: "s3cr:et&more" };

/** Time that only moves when it is told to; waits take none. */
export function manualTime(start = 1_700_000_000_000): Time & { pass(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    random: () => 0.5,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      now += ms;
    },
    pass(ms) {
      now += ms;
    },
  };
}

const keyPairs = {
  rsa: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ec: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
};

export function keyPair(kind: keyof typeof keyPairs) {
  const { privateKey, publicKey } = keyPairs[kind]();
  return { pem: privateKey.export({ type: "pkcs8", format: "pem" }) as string, publicKey };
}

/** Fields of a form. */
export function formOf({ body }: Seen): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body));
}
