/** Reads what a real server answers, through the whole api source. */
import type { ServerResponse } from "node:http";
import { rejection, serve } from "../http/server.ts";
import { openApi, type OpenOptions, readPages } from "./harness.ts";

export interface AnswerOptions extends OpenOptions {
  status?: number;
  headers?: Record<string, string>;
}

export function send(
  response: ServerResponse,
  body: string | Uint8Array,
  { status = 200, headers = {} }: AnswerOptions = {},
): void {
  response.writeHead(status, headers);
  response.end(body);
}

/** What is read when every answer is this one. */
export async function readBody(source: object, body: string | Uint8Array, options: AnswerOptions = {}) {
  const server = await serve((_request, response) => send(response, body, options));
  const opened = await openApi(server.url, { records: "$", ...source }, options);
  const pages = await readPages(opened.source);
  return {
    records: JSON.parse(JSON.stringify(pages.flatMap(({ records }) => records))) as unknown[],
    rejects: pages.flatMap(({ rejects = [] }) => rejects),
    seen: server.seen,
    ...opened,
  };
}

/** The records alone. */
export async function recordsIn(
  source: object,
  body: string | Uint8Array,
  options: AnswerOptions = {},
): Promise<unknown[]> {
  return (await readBody(source, body, options)).records;
}

/** The error that reading this ends with; two attempts where another may help. */
export function failure(source: object, body: string | Uint8Array, options: AnswerOptions = {}): Promise<Error> {
  const connection = { retry: { attempts: 2, wait: "1ms" }, ...options.connection };
  return rejection(readBody(source, body, { ...options, connection }));
}
