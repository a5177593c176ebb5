/** Reading a request's body, and sending an answer whole, cut or stalled. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { ApiError, invalid } from "./api-error.ts";
import type { ApiAnswer } from "./api-error.ts";

const maxBodyBytes = 3_000_000;

/** The JSON of a request; undefined where there is no body. Throws ApiError (400, 413, 415). */
export async function readJson(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
  }
  if (bytes > maxBodyBytes)
    throw new ApiError(413, "VALIDATION_ERROR", `The request body is larger than ${maxBodyBytes} bytes.`);
  if (bytes === 0) return undefined;
  if (!/^application\/json\b/i.test(message.headers["content-type"] ?? ""))
    throw new ApiError(415, "VALIDATION_ERROR", "Content-Type must be application/json.");
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch (error) {
    throw invalid(`Invalid input JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export interface Sending {
  /** Half of the body, then the connection is cut. */
  truncate?: boolean;
  /** Half of the body, a wait of so many milliseconds, the other half. */
  stallMs?: number;
  signal: AbortSignal;
}

/** Sends an answer. Gives the bytes of the body that went out. Throws AbortError when the caller has gone. */
export async function send(response: ServerResponse, answer: ApiAnswer, how: Sending): Promise<number> {
  const body = Buffer.from(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  response.writeHead(answer.status, {
    "Content-Type": "application/json;charset=utf-8",
    ...answer.headers,
    "Content-Length": body.length,
  });
  if (!how.truncate && how.stallMs === undefined) {
    response.end(body);
    return body.length;
  }
  const half = body.length >>> 1;
  await new Promise<void>((resolve, reject) =>
    response.write(body.subarray(0, half), (error) => (error ? reject(error) : resolve())),
  );
  if (how.truncate) {
    // FIN, not RST: what was written arrives, and the caller sees a body that is shorter than its Content-Length.
    response.socket?.destroySoon();
    return half;
  }
  await wait(how.stallMs ?? 0, undefined, { signal: how.signal });
  response.end(body.subarray(half));
  return body.length;
}
