/** Servers that are read in slices, and what a runtime would hold of a read. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Page, ReadRequest } from "../../src/sources/contract.ts";
import { type Handler, json, type Seen, serve, type Served } from "../http/server.ts";

export interface Call {
  id: string;
  start_time: string;
}

/** One call every `hours` hours of [from, to). */
export function callsBetween(from: string, to: string, hours: number): Call[] {
  const calls: Call[] = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += hours * 3_600_000)
    calls.push({ id: `c${at / 1000}`, start_time: new Date(at).toISOString() });
  return calls;
}

export interface SlicedServer extends Served {
  /** The most requests that were under way at once. */
  readonly mostAtOnce: number;
}

/** A server that takes its time, and counts who waits. */
export async function slowServer(
  handler: Handler,
  delayMs: number | ((request: Seen) => number) = 5,
): Promise<SlicedServer> {
  let underWay = 0;
  let mostAtOnce = 0;
  const served = await serve(async (request, response, index) => {
    mostAtOnce = Math.max(mostAtOnce, ++underWay);
    await sleep(typeof delayMs === "number" ? delayMs : delayMs(request));
    underWay--;
    await handler(request, response, index);
  });
  return {
    ...served,
    get mostAtOnce() {
      return mostAtOnce;
    },
  };
}

/** As CallRail: dates in the query, pages by number, their number and the total in the body, a quoted token. */
export function callRail(calls: readonly Call[]): Handler {
  return ({ path, query, headers }, response) => {
    if (headers.authorization !== 'Token token="k3y"')
      return json(response, { error: "unauthorized" }, { status: 401 });
    if (path !== "/a/ACC1/calls.json") return json(response, { error: "no such account" }, { status: 404 });
    const [from, to] = [Date.parse(query.get("start_date")!), Date.parse(query.get("end_date")!)];
    const found = calls.filter(({ start_time: at }) => Date.parse(at) >= from && Date.parse(at) < to);
    const size = Number(query.get("per_page"));
    const page = Number(query.get("page"));
    return json(response, {
      page,
      per_page: size,
      total_pages: Math.max(1, Math.ceil(found.length / size)),
      total_records: found.length,
      calls: found.slice((page - 1) * size, page * size),
    });
  };
}

export const callRailConnection = {
  auth: { type: "header", headers: { Authorization: 'Token token="k3y"' } },
};

/** A list by cursor: the next index, as text. */
export function cursorPage(items: readonly unknown[], { query }: Seen): { data: unknown[]; next: string | null } {
  const start = Number(query.get("cursor") ?? 0);
  const end = start + Number(query.get("limit"));
  return { data: items.slice(start, end), next: end < items.length ? String(end) : null };
}

/** What a runtime would hold: a page that restarts its slice voids what came of that slice. */
export function recordsBySlice<T>(pages: readonly Page[]): Map<string, T[]> {
  const held = new Map<string, T[]>();
  for (const { slice, records, restarted } of pages)
    held.set(slice, [...(restarted ? [] : (held.get(slice) ?? [])), ...(records as T[])]);
  return held;
}

/** The checkpoint after these pages, as the database would give it back. */
export function checkpointAfter(pages: readonly Page[], before: ReadRequest["resume"] = {}): ReadRequest["resume"] {
  const slices: ReadRequest["resume"] = { ...before };
  for (const { slice, position, last } of pages)
    slices[slice] = last ? { done: true } : { ...(position === undefined ? {} : { position }), done: false };
  return JSON.parse(JSON.stringify(slices)) as ReadRequest["resume"];
}
