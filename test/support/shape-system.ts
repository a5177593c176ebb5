/** What a server of test/fixtures/api-shapes is: one that behaves as its system does, and says what it was asked. */
import type { ServerResponse } from "node:http";
import type { Seen } from "../http/server.ts";

export interface ShapeSystem {
  /** Environment variables of the connection and its pipelines, given the server's address. */
  variables(url: string): Record<string, string>;
  /** What must never be shown; credentials that are made while it runs are added. */
  secrets: string[];
  answer(request: Seen, response: ServerResponse): void;
  /** What happens in the system between the first run and the second. */
  change(): void;
  /** Requests that were not as the system wants them; a system may pass over what it does not know, a test may not. */
  complaints: string[];
}

export type OpenSystem = () => ShapeSystem;

/** Complains about query names that the system's documentation does not have. */
export function checkNames(request: Seen, known: readonly string[], complaints: string[]): void {
  for (const name of request.query.keys())
    if (!known.includes(name)) complaints.push(`${request.method} ${request.path}: no query "${name}" is known`);
}

export const badGateway = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

/** An error page as a proxy writes it. */
export function html(response: ServerResponse, status: number, text = badGateway): void {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" });
  response.end(text);
}
