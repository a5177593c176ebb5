/** One request and its answer over the wire, within the time-out. No retries, no meaning. */
import type { Readable } from "node:stream";
import { request as send, type Dispatcher } from "undici";
import type { HttpResponse } from "./contract.ts";
import { NetworkFailure, networkFailure } from "./network-error.ts";

export interface Exchange {
  dispatcher: Dispatcher;
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
  timeoutMs: number;
  signal: AbortSignal;
}

/** Headers are in; the body is still to be read or destroyed. */
export interface Arrival extends HttpResponse {
  body: Readable;
}

/**
 * Sends, and hands the answer to `read`, which must be done with the body when it returns: the time-out runs until
 * then. Throws NetworkFailure for what may pass, the signal's reason when it is aborted.
 */
export async function exchange<T>(call: Exchange, read: (arrival: Arrival) => Promise<T>): Promise<T> {
  const watch = watchTime(call);
  try {
    return await read(await arrive(call, watch.signal));
  } catch (error) {
    throw watch.explain(error);
  } finally {
    watch.end();
  }
}

/**
 * Sends, and gives the answer when its headers are in. Its body is read later, by someone else: from then on the
 * time-out is between two pieces of it. The caller gives back what it took in `done`, called once.
 */
export async function exchangeStream(
  call: Exchange,
  done: () => void,
): Promise<Arrival & { explain(error: unknown): unknown }> {
  const watch = watchTime(call);
  const end = (): void => {
    watch.end();
    done();
  };
  try {
    const arrival = await arrive(call, watch.signal);
    watch.stopClock();
    arrival.body.once("close", end);
    return { ...arrival, explain: watch.explain };
  } catch (error) {
    end();
    throw watch.explain(error);
  }
}

async function arrive(call: Exchange, signal: AbortSignal): Promise<Arrival> {
  const { method, url, headers, body, timeoutMs, dispatcher } = call;
  const answer = await send(url, {
    method: method as Dispatcher.HttpMethod,
    headers,
    body: body ?? null,
    dispatcher,
    signal,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return { status: answer.statusCode, headers: joinHeaders(answer.headers), url, body: answer.body };
}

function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return joined;
}

const undiciTimeouts = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);

/**
 * A signal that is aborted with the caller's or when the time is up. Made by hand: AbortSignal.any would leave a
 * listener on the run's signal for every request of the run.
 */
function watchTime({ timeoutMs, signal }: Exchange) {
  const controller = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    controller.abort();
  }, timeoutMs);
  const stop = (): void => controller.abort(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return {
    signal: controller.signal,
    stopClock: (): void => clearTimeout(timer),
    end(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    },
    explain(error: unknown): unknown {
      if (signal.aborted) return signal.reason;
      const code = (error as { code?: unknown } | null)?.code;
      if (late || (typeof code === "string" && undiciTimeouts.has(code))) {
        return new NetworkFailure(`no complete answer within ${timeoutMs / 1000} s`, { cause: error });
      }
      return networkFailure(error);
    },
  };
}
