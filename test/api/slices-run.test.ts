/** Runs that read slices side by side: what the checkpoint holds of them, and what a resumed run makes of it. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ThingsProject, type HistoryRow } from "../runtime/rules/things-project.ts";
import { type Handler, json, type Seen } from "../http/server.ts";
import { cursorPage, slowServer, type SlicedServer } from "./slices-server.ts";

/** One every hour, up to the project's now. */
const things = Array.from({ length: 400 }, (_, index) => {
  const at = new Date(Date.parse("2025-06-01T12:00:00Z") - (400 - index) * 3_600_000).toISOString();
  return { id: index + 1, name: `thing ${index + 1}`, updated_at: at };
});

const sliced = {
  source: {
    slices: { by: "date", from: "-18 days", to: "now", step: "2d" },
    request: { query: { from: "{{iso slice.from}}", to: "{{iso slice.to}}", limit: "{{page.size}}" } },
    records: "data",
    pagination: { cursor: "next", send_as: "query.cursor", size: 7 },
    incremental: { request: null, slices: { from: "{{since}}" } },
  },
};

let project: ThingsProject;
let server: SlicedServer;
let instead: Handler | undefined;

beforeEach(async () => {
  project = await ThingsProject.open();
  instead = undefined;
  server = await slowServer((request, response, index) => {
    response.setHeader("date", project.now.toUTCString());
    if (instead?.(request, response, index)) return;
    const { query } = request;
    const [from, to] = [Date.parse(query.get("from")!), Date.parse(query.get("to")!)];
    const found = things.filter(({ updated_at: at }) => Date.parse(at) >= from && Date.parse(at) < to);
    json(response, cursorPage(found, request));
  }, 3);
  project.connection({ base_url: server.url });
  project.spec(sliced);
});
afterEach(() => project.close());

type Slices = Record<string, { position?: unknown; done: boolean }>;
const slicesOf = (row: HistoryRow | undefined): Slices => (row?.checkpoint as { slices: Slices } | null)?.slices ?? {};
const firstDay = "2025-05-14T12:00:00Z";
/** Without those of the incremental run that follows: it starts at the last record, an hour before noon. */
const firstRunOnly = (seen: readonly Seen[]): Seen[] =>
  seen.filter(({ query }) => query.get("from")! < "2025-06-01T11:00:00Z");

describe("a run in slices", () => {
  it("reads each record once, several slices at a time, and then only the windows since", async () => {
    const { summary } = await project.run();
    expect(summary).toMatchObject({ status: "success", fetched: 400, created: 400, duplicates: 0 });
    expect(server.mostAtOnce).toBe(4);
    expect(await project.things()).toHaveLength(400);
    const before = server.seen.length;
    project.pass(3 * 86_400);
    const second = await project.run();
    expect(second.summary).toMatchObject({ status: "success", mode: "incremental", fetched: 1, unchanged: 1 });
    const windows = new Set(server.seen.slice(before).map(({ query }) => `${query.get("from")}/${query.get("to")}`));
    expect([...windows].sort()).toEqual([
      "2025-06-01T11:00:00Z/2025-06-03T11:00:00Z",
      "2025-06-03T11:00:00Z/2025-06-04T12:00:00Z",
    ]);
  });

  it("goes on in every slice where it was when one failed, hours later too", async () => {
    // The sixth window breaks on its third page, with others done and under way.
    instead = ({ query }, response) =>
      query.get("from") === "2025-05-24T12:00:00Z" && query.get("cursor") === "14"
        ? (json(response, { error: "broken" }, { status: 400 }), true)
        : false;
    const failed = await project.run();
    expect(failed.summary.status).toBe("failed");
    expect(failed.summary.error).toMatch(/^slice 2025-05-24T12:00:00Z\/2025-05-26T12:00:00Z: GET .* answered 400/);
    const slices = slicesOf((await project.history()).at(-1));
    expect(slices["2025-05-24T12:00:00Z/2025-05-26T12:00:00Z"]).toMatchObject({
      done: false,
      position: { after: "14" },
    });
    expect(Object.values(slices).filter(({ done }) => done).length).toBeGreaterThanOrEqual(4);
    const stored = (await project.things()).length;
    expect(stored).toBe(failed.summary.created);

    instead = undefined;
    const asked = server.seen.length;
    project.pass(5 * 3600);
    const { outcomes } = await project.run();
    const [resumed] = outcomes;
    expect(resumed!.summary).toMatchObject({ status: "success", fetched: 400, created: 400, duplicates: 0 });
    expect(await project.things()).toEqual(things.map(({ id, name }) => ({ id, name })));
    // No window that was done is asked for again; none has moved by five hours.
    const later = server.seen.slice(asked);
    const done = Object.entries(slices)
      .filter(([, { done: isDone }]) => isDone)
      .map(([key]) => key);
    expect(later.some(({ query }) => done.includes(`${query.get("from")}/${query.get("to")}`))).toBe(false);
    const resumedWindows = firstRunOnly(later);
    expect(resumedWindows.length).toBeGreaterThan(5);
    expect(resumedWindows.every(({ query }) => query.get("from")!.endsWith("T12:00:00Z"))).toBe(true);
  });

  it.each([1, 5, 12, 20, 33, 50])("is whole after a stop at request %i and another run", async (count) => {
    const stop = new AbortController();
    instead = (_request, _response, index) => {
      if (index + 1 === count) stop.abort("SIGTERM");
      return false;
    };
    const stopped = await project.run({}, { signal: stop.signal });
    expect(stopped.outcome.exitCode).toBe(130);
    const slices = slicesOf((await project.history()).at(-1));
    const kept = (await project.things()).length;
    instead = undefined;
    const asked = server.seen.length;
    const { outcomes } = await project.run();
    expect(outcomes[0]!.summary.status).toBe("success");
    expect(await project.things()).toEqual(things.map(({ id, name }) => ({ id, name })));
    expect(outcomes[0]!.summary.fetched).toBe(400);
    // Of what was kept no page is asked for again.
    const pagesOf = (key: string): number => (key.startsWith(`${firstDay}/`) ? 3 : 7);
    const keptPages = Object.entries(slices).reduce(
      (sum, [key, { position, done }]) =>
        sum + (done ? pagesOf(key) : Number((position as { after: string }).after) / 7),
      0,
    );
    expect(keptPages > 0).toBe(kept > 0);
    expect(firstRunOnly(server.seen.slice(asked))).toHaveLength(8 * 7 + 3 - keptPages);
  });
});
