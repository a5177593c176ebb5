/** The HTTP side: every request goes fault → token → rate limit → route, and is counted whatever becomes of it. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { ApiError, invalid, unauthenticated } from "./api-error.ts";
import type { ApiAnswer } from "./api-error.ts";
import { answerControl, controlPrefix } from "./control.ts";
import { faultAnswer, faultHeaders, partly } from "./faults.ts";
import type { FaultBook, FaultRule } from "./faults.ts";
import { readJson, send } from "./http-body.ts";
import type { Account, ApiRequest } from "./routes/api-request.ts";
import { answerRequest, routeOf } from "./routes/index.ts";
import type { Route } from "./routes/index.ts";
import type { HubspotSandbox } from "./sandbox.ts";
import { checkScopes } from "./scopes.ts";
import type { Grants } from "./scopes.ts";
import type { StatsKeeper } from "./stats.ts";

/** HubSpot answers 414 to longer ones; Airbyte's connector keeps below it by asking for properties in pieces. */
const maxUrlLength = 15_000;

export interface ServerParts {
  account: Account;
  grants: Grants;
  faults: FaultBook;
  stats: StatsKeeper;
  /** For the control endpoints. */
  sandbox: () => HubspotSandbox;
}

export function createSandboxServer(parts: ServerParts): Server {
  const server = createServer({ maxHeaderSize: 131_072, keepAliveTimeout: 65_000 }, (message, response) => {
    handle(message, response, parts).catch((error: unknown) => {
      // The caller has gone, or what we do next would reach nobody.
      if (!response.headersSent && !response.destroyed) response.writeHead(500).end(String(error));
      else response.destroy();
    });
  });
  server.on("clientError", (_, socket) => socket.destroy());
  return server;
}

async function handle(message: IncomingMessage, response: ServerResponse, parts: ServerParts): Promise<void> {
  const url = message.url ?? "/";
  const method = message.method ?? "GET";
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.setHeader("Date", parts.account.now().toUTCString());
  const { pathname, searchParams } = new URL(url, "http://sandbox");
  const path = pathname.length > 1 ? pathname.replace(/\/$/, "") : pathname;
  const request = {
    method,
    path,
    query: searchParams,
    origin: `http://${message.headers.host ?? "localhost"}`,
  };

  if (path.startsWith(controlPrefix)) {
    const answer = await answered(async () =>
      answerControl({ ...request, body: await readJson(message) }, parts.sandbox()),
    );
    await send(response, answer, { signal: gone.signal });
    return;
  }
  const route = routeOf(path, parts.account.types);
  const seen = parts.stats.begin(method, url, { name: route?.name ?? "other", budget: route?.budget ?? "general" });
  let status = 0;
  let bytes = 0;
  try {
    const strike = await answered(() => ({ rule: strikeOf(message, parts.faults) }));
    if (!("rule" in strike)) {
      ({ status } = strike);
      bytes = await send(response, strike, { signal: gone.signal });
      return;
    }
    const rule = strike.rule ?? {};
    if (rule.delayMs !== undefined) await wait(rule.delayMs, undefined, { signal: gone.signal });
    if (rule.drop) {
      response.socket?.destroy();
      return;
    }
    const served = async () => {
      const answer = serve({ ...request, body: await readJson(message) }, message, { route, parts });
      return rule.partial ? partly(answer) : answer;
    };
    const answer = faultAnswer(rule) ?? (await answered(served));
    if (!rule.truncate) ({ status } = answer);
    bytes = await send(
      response,
      { ...answer, headers: { ...answer.headers, ...faultHeaders(rule) } },
      { ...rule, signal: gone.signal },
    );
  } finally {
    parts.stats.end(seen, status, bytes);
  }
}

function strikeOf(message: IncomingMessage, faults: FaultBook): FaultRule | undefined {
  const header = message.headers["x-sandbox-fault"];
  try {
    return faults.strike({
      method: message.method ?? "GET",
      url: message.url ?? "/",
      header: Array.isArray(header) ? header[0] : header,
    });
  } catch (error) {
    throw invalid(`X-Sandbox-Fault: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function serve(
  request: ApiRequest,
  message: IncomingMessage,
  { route, parts }: { route: Route | undefined; parts: ServerParts },
): ApiAnswer {
  if ((message.url ?? "").length > maxUrlLength)
    throw new ApiError(414, "URI_TOO_LONG", `The request URI is longer than ${maxUrlLength} characters.`);
  const token = /^Bearer (.+)$/.exec(message.headers.authorization ?? "")?.[1] ?? "";
  if (!parts.grants.has(token)) throw unauthenticated();
  const { limiter } = parts.account;
  const budget = route?.budget ?? "general";
  const refused = limiter?.charge(budget);
  if (refused) return refused;
  const answer = answeredNow(() => {
    checkScopes(parts.grants.get(token), route?.scopes ?? []);
    return answerRequest(request, route, parts.account);
  });
  return limiter?.withHeaders(answer, budget) ?? answer;
}

/** What was thrown as an answer becomes one; all else stays an error. */
function answeredNow(act: () => ApiAnswer): ApiAnswer {
  try {
    return act();
  } catch (error) {
    return answerOf(error);
  }
}

async function answered<T>(act: () => T | Promise<T>): Promise<T | ApiAnswer> {
  try {
    return await act();
  } catch (error) {
    return answerOf(error);
  }
}

function answerOf(error: unknown): ApiAnswer {
  if (error instanceof ApiError) return error.answer;
  if (error instanceof URIError) return invalid(error.message).answer;
  throw error;
}
