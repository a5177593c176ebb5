/** A real HTTP server on a port of its own for one test, and a connection that leads to it. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import pino from "pino";
import { onTestFinished } from "vitest";
import { openHttpClient } from "../../src/sources/http/index.ts";
import { realTime, type Time } from "../../src/sources/http/time.ts";
import { newMetrics } from "../../src/sources/contract.ts";
import { connectionTo } from "./connection.ts";

export { connectionTo, newMetrics };

export interface Seen {
  method: string;
  /** Path and query. */
  url: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
  /** performance.now() when the request was there as a whole. */
  at: number;
}

export interface Served {
  url: string;
  seen: Seen[];
}

export type Handler = (request: Seen, response: ServerResponse, index: number) => unknown;

/** Starts a server that lives until the test ends. The handler's index counts requests from 0. */
export async function serve(handler: Handler): Promise<Served> {
  const seen: Seen[] = [];
  const server = createServer((message, response) => {
    const pieces: Buffer[] = [];
    message.on("data", (piece: Buffer) => pieces.push(piece));
    message.on("end", () => {
      const { pathname, searchParams } = new URL(message.url!, "http://server");
      const request = {
        method: message.method!,
        url: message.url!,
        path: pathname,
        query: searchParams,
        headers: message.headers,
        body: Buffer.concat(pieces).toString(),
        at: performance.now(),
      };
      seen.push(request);
      void handler(request, response, seen.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

export function json(
  response: ServerResponse,
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string | string[]> } = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

/** A logger that keeps its lines: `warn text`. */
export function keepLog() {
  const lines: string[] = [];
  const log = pino(
    { level: "debug", base: null },
    {
      write: (line: string) => void lines.push(`${pino.levels.labels[JSON.parse(line).level]} ${JSON.parse(line).msg}`),
    },
  );
  return { log, lines };
}

/** Time that passes only while somebody sleeps. */
export function fakeTime(random = 0.5): Time & { slept: number[] } {
  let now = 1_700_000_000_000;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    random: () => random,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  };
}

/** A client to the server that lives until the test ends. */
export function clientTo(
  base_url: string,
  {
    connection = {},
    time = realTime,
    signal = new AbortController().signal,
  }: { connection?: object; time?: Time; signal?: AbortSignal } = {},
) {
  const metrics = newMetrics();
  const { log, lines } = keepLog();
  const client = openHttpClient({ connection: connectionTo(base_url, connection), log, metrics, signal, time });
  onTestFinished(() => client.close());
  return { client, metrics, lines };
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not reject");
}
