/** Export jobs as the api source reads them: what answers may hold, files, waits, and what is removed when. */
import { describe, expect, it } from "vitest";
import type { Page, Position, ReadRequest } from "../../src/sources/contract.ts";
import type { Look } from "../../src/sources/api/job/look.ts";
import { OpenJobs } from "../../src/sources/api/job/open-jobs.ts";
import { waitForJob } from "../../src/sources/api/job/wait.ts";
import { StageClock } from "../../src/stage-clock.ts";
import { fakeTime, type Handler, json, keepLog, rejection, type Seen, serve } from "../http/server.ts";
import { send } from "./decode-support.ts";
import { openApi, readPages, readRequest, recordsOf } from "./harness.ts";
import { checkpointAfter } from "./slices-server.ts";

/** A small export API: two looks, then files of two records each. */
function exports(over: Record<string, Handler> = {}): Handler {
  let looks = 0;
  const parts: Record<string, Handler> = {
    "POST /exports": (_request, response) => json(response, { id: "e1", links: { self: "/exports/e1" } }),
    "GET /exports/e1": (_request, response) => json(response, { done: ++looks > 1, files: ["a", "b", "c"] }),
    "DELETE /exports/e1": (_request, response) => response.writeHead(204).end(),
    "GET /files": ({ query }, response) => {
      const file = query.get("file");
      json(response, { rows: [`${file}1`, `${file}2`], next: null });
    },
    ...over,
  };
  return (request, response, index) => {
    const part = parts[`${request.method} ${request.path}`];
    if (part) return part(request, response, index);
    return json(response, { error: "no such path" }, { status: 404 });
  };
}

interface Parts {
  create?: object;
  poll?: object;
  results?: object;
}

const jobOf = ({ create, poll, results }: Parts = {}) => ({
  create: { method: "POST", path: "/exports", id: "id", ...create },
  poll: { path: "/exports/{{job.id}}", every: "1ms", done: "done", ...poll },
  results: { path: "/files", query: { file: "{{job.item}}" }, each: "files", records: "rows", ...results },
  cleanup: { method: "DELETE", path: "/exports/{{job.id}}" },
});

/** A checkpoint that keeps what it is given. */
function keeper() {
  const kept: [string, Position][] = [];
  const keep: NonNullable<ReadRequest["keep"]> = async (slice, position) => {
    kept.push([slice, position]);
    return true;
  };
  return { kept, keep };
}

const removed = (seen: readonly Seen[]): number => seen.filter(({ method }) => method === "DELETE").length;

async function open(handler: Handler, parts: Parts = {}, source: object = {}) {
  const server = await serve(handler);
  const opened = await openApi(
    server.url,
    { job: jobOf(parts), ...source },
    { connection: { retry: { attempts: 2, wait: "1ms" } } },
  );
  return { ...opened, server };
}

async function failureOf(handler: Handler, parts: Parts = {}): Promise<string> {
  const { source } = await open(handler, parts);
  return (await rejection(readPages(source))).message.replace(/http:\/\/127\.0\.0\.1:\d+/, "");
}

const answering = (route: string, body: unknown, options: { status?: number } = {}): Handler =>
  exports({ [route]: (_request, response) => json(response, body, options) });

describe("what a job's answers must hold", () => {
  it.each<[string, Handler, Parts, RegExp]>([
    [
      "no id",
      answering("POST /exports", { job: 7, message: "queued" }),
      {},
      /^POST \/exports answered 200, but there is nothing at job\.create\.id \(id\): the body has job, message, and says "queued"\. So the job cannot be waited for\.$/,
    ],
    [
      "no body at all",
      exports({ "POST /exports": (_r, response) => send(response, "", { status: 202 }) }),
      {},
      /nothing at job\.create\.id \(id\): the body is empty/,
    ],
    [
      "a map for an id",
      answering("POST /exports", { id: { value: 1 } }),
      {},
      /job\.create\.id \(id\) is \{"value":1\}, which is neither a text nor a number/,
    ],
    [
      "nothing to keep",
      exports(),
      { create: { keep: { status: "links.state" } } },
      /nothing at job\.create\.keep\.status \(links\.state\): the body has id, links/,
    ],
    [
      "no files",
      answering("GET /exports/e1", { done: true }),
      {},
      /says that the job is done, but there is nothing at job\.results\.each \(files\): the body has done\. If that means no files, write \[files\]\.$/,
    ],
    [
      "maps for files",
      answering("GET /exports/e1", { done: true, files: [{ url: 1 }] }),
      {},
      /job\.results\.each \(files\) gives \{"url":1\}, which is neither a URL nor an id/,
    ],
    [
      "a job that this run has made and nobody knows",
      answering("GET /exports/e1", { message: "unknown" }, { status: 404 }),
      {},
      /^GET \/exports\/e1 answered 404: "unknown"$/,
    ],
    [
      "a page that names another one",
      exports({ "GET /files": (_r, response) => json(response, { rows: [1], next: "/files?x" }) }),
      {},
      /has more pages \(next\), but pagination is none/,
    ],
  ])("%s", async (_name, handler, parts, message) => {
    expect(await failureOf(handler, parts)).toMatch(message);
  });

  it("takes an id from a header, and a number", async () => {
    const handler = exports({
      "POST /exports": (_request, response) => json(response, { n: 1 }, { headers: { location: "/exports/e1" } }),
    });
    const { source } = await open(handler, {
      create: { id: "n", keep: { at: "$headers.location" } },
      poll: { path: "{{{job.at}}}" },
    });
    expect(recordsOf(await readPages(source))).toHaveLength(6);
  });

  it.each(["POST /exports", "GET /exports/e1"])(
    "reads nothing where a rule says that %s has nothing",
    async (route) => {
      const { source, server } = await open(
        answering(route, { code: "NO_DATA" }, { status: 400 }),
        {},
        {
          responses: [{ when: "code = 'NO_DATA'", do: "empty" }],
        },
      );
      const pages = await readPages(source);
      expect(pages).toMatchObject([{ records: [], last: true }]);
      await source.close();
      expect(removed(server.seen)).toBe(route.startsWith("POST") ? 0 : 1);
    },
  );

  it("tries an answer again that a rule says to", async () => {
    let tries = 0;
    const handler = exports({
      "POST /exports": (_request, response) =>
        ++tries < 2 ? json(response, { code: "BUSY" }, { status: 400 }) : json(response, { id: "e1" }),
    });
    const { source } = await open(handler, {}, { responses: [{ when: "code = 'BUSY'", do: "retry", wait: "1ms" }] });
    expect(recordsOf(await readPages(source))).toHaveLength(6);
  });
});

describe("a look that is answered 200 with an error", () => {
  const poll = { every: "1ms", for: "1h" };
  const handler = answering("GET /exports/e1", { error: "quota exceeded" });

  it.each<[string, Parts, object]>([
    ["poll.failed", { poll: { ...poll, failed: "$exists(error)", message: "error" } }, {}],
    ["a rule", { poll }, { responses: [{ when: "$exists(error)", do: "fail" }] }],
  ])("stops at once by %s", async (_name, parts, responses) => {
    const { source, server } = await open(handler, parts, responses);
    expect((await rejection(readPages(source))).message).toMatch(/quota exceeded/);
    expect(server.seen.filter(({ method }) => method === "GET")).toHaveLength(1);
  });
});

describe("results that are several files", () => {
  it("are read one after the other, the last page of the last one last", async () => {
    const { source } = await open(exports());
    const pages = await readPages(source);
    expect(pages.map(({ last }) => last)).toEqual([false, false, true]);
    expect(recordsOf(pages)).toEqual(["a1", "a2", "b1", "b2", "c1", "c2"]);
  });

  it("go on with the file that an earlier run came to", async () => {
    const { kept, keep } = keeper();
    const first = await open(exports());
    const pages: Page[] = [];
    for await (const page of first.source.read(readRequest({ keep }))) {
      pages.push(page);
      if (pages.length === 1) break;
    }
    await first.source.close();
    expect(kept).toEqual([["", { job: { id: "e1" } }]]);
    expect(removed(first.server.seen)).toBe(0);
    const resume = checkpointAfter(pages);
    expect(resume).toEqual({ "": { done: false, position: { job: { id: "e1" }, file: { index: 1, of: 3 } } } });
    const second = await open(exports());
    const rest = await readPages(second.source, { resume, keep });
    expect(rest.flatMap(({ records }) => records)).toEqual(["b1", "b2", "c1", "c2"]);
    expect(rest.some(({ restarted }) => restarted)).toBe(false);
    expect(second.server.seen.some(({ method }) => method === "POST")).toBe(false);
  });

  it("are read from the beginning where there are not as many as there were", async () => {
    const resume = { "": { done: false, position: { job: { id: "e1" }, file: { index: 1, of: 2 } } } };
    const { source, lines } = await open(exports());
    const pages = await readPages(source, { resume });
    expect(pages[0]).toMatchObject({ restarted: true, records: ["a1", "a2"] });
    expect(recordsOf(pages)).toHaveLength(6);
    expect(lines).toContain("warn job e1 has 3 files, and had 2: they are read from the beginning");
  });

  it("are complete only together", async () => {
    const handler = exports({
      "GET /files": ({ query }, response) => {
        const [file, number] = [query.get("file"), Number(query.get("page"))];
        json(response, { rows: number > 1 ? [] : [`${file}1`], total: file === "b" ? 2 : 1 });
      },
    });
    const { source } = await open(handler, {
      results: { pagination: { type: "page", send_as: "query.page", total: "total" } },
    });
    const pages = await readPages(source);
    expect(pages.at(-1)).toMatchObject({ last: true, completeness: { total: 4, distinct: 3 } });
    expect(pages.slice(0, -1).some(({ completeness }) => completeness)).toBe(false);
  });

  it("may be none", async () => {
    const { source, server } = await open(answering("GET /exports/e1", { done: true, files: [] }), {
      results: { each: "[files]" },
    });
    const pages = await readPages(source, { keep: keeper().keep });
    expect(pages).toMatchObject([{ records: [], last: true }]);
    pages[0]!.committed?.();
    await source.close();
    expect(removed(server.seen)).toBe(1);
  });
});

describe("a job that is left behind", () => {
  it("is removed where nobody keeps it, kept where a later run goes on, and removed for good where none does", async () => {
    for (const [keep, final, count] of [
      [undefined, false, 1],
      [async () => false, false, 1],
      [async () => true, false, 0],
      [async () => true, true, 1],
    ] as const) {
      const { source, server } = await open(exports());
      const pages = source.read(readRequest(keep ? { keep } : {}))[Symbol.asyncIterator]();
      await pages.next();
      await source.close({ final });
      expect(removed(server.seen)).toBe(count);
      await pages.return?.(undefined);
    }
  });

  it("is removed once, as soon as its last page is committed", async () => {
    const { source, server } = await open(exports());
    const pages = await readPages(source, { keep: keeper().keep });
    expect(removed(server.seen)).toBe(0);
    for (const { committed } of pages) committed?.();
    await source.close();
    await source.close({ final: true });
    expect(removed(server.seen)).toBe(1);
  });

  it("is not asked for when a checkpoint cannot be written", async () => {
    const { source, server } = await open(exports());
    const keep = (): Promise<boolean> => Promise.reject(new Error("the disk is full"));
    expect((await rejection(readPages(source, { keep }))).message).toBe("the disk is full");
    await source.close();
    expect(server.seen.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
  });

  it("delays the end by no more than the time for it", async () => {
    const { log, lines } = keepLog();
    const jobs = new OpenJobs(log, 20);
    const never = (_job: unknown, signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    jobs.add({ id: 7 }, { kept: false, cleanUp: never });
    // The time-out alone keeps no process alive.
    const alive = setInterval(() => {}, 5);
    await jobs.close({ final: false });
    clearInterval(alive);
    expect(lines).toEqual([
      "warn job 7 could not be cleaned up, and stays with the source: it took longer than 0.02 s",
    ]);
  });
});

describe("nobody makes a job to look around", () => {
  it("in a forecast, which shows the request that would", async () => {
    const { source, server } = await open(exports(), { create: { body: { since: "{{iso since}}" } } });
    expect(await source.forecast!(readRequest())).toMatchObject({
      asked: 0,
      request: { method: "POST", url: `${server.url}/exports`, body: { since: "2025-01-01T00:00:00Z" } },
    });
    expect(server.seen).toEqual([]);
  });

  it("in a check, unless the connection says what to ask", async () => {
    const { source, server } = await open(exports());
    expect(await source.check!()).toMatch(/^nothing that is cheap to ask: its pipeline makes an export/);
    expect(server.seen).toEqual([]);
  });
});

describe("waiting", () => {
  const look = (state: Look["state"], waitMs = 0): Look => ({
    state,
    items: [],
    said: '{"state":"working"}',
    waitMs,
    status: 200,
    shown: "GET /jobs/1",
  });

  async function waits(
    poll: { every: string; max_every?: string; for: string },
    looks: Look[],
    firstWaitMs?: number,
  ): Promise<{ slept: number[]; end: string }> {
    const time = fakeTime();
    const rest = [...looks];
    const { log } = keepLog();
    const end = await waitForJob(poll, {
      job: { id: 1 },
      look: async () => rest.shift() ?? look("running"),
      ...(firstWaitMs === undefined ? {} : { firstWaitMs }),
      kept: true,
      log,
      signal: new AbortController().signal,
      clock: new StageClock(),
      time,
    }).then(
      ({ state }) => state,
      (error: Error) => `${error.name}: ${error.message}`,
    );
    return { slept: time.slept, end };
  }
  const running = (count: number): Look[] => Array.from({ length: count }, () => look("running"));

  it.each<[string, Parameters<typeof waits>, number[]]>([
    ["looks at once at a job that was there already", [{ every: "5s", for: "1h" }, [look("done")]], []],
    ["waits before the first look at its own", [{ every: "5s", for: "1h" }, [look("done")], 0], [5_000]],
    ["waits the same time", [{ every: "5s", for: "1h" }, [...running(3), look("done")]], [5_000, 5_000, 5_000]],
    [
      "waits longer and longer",
      [{ every: "5s", max_every: "30s", for: "1h" }, [...running(5), look("done")]],
      [5_000, 10_000, 20_000, 30_000, 30_000],
    ],
    [
      "respects Retry-After, of the first answer too",
      [{ every: "1s", for: "1h" }, [look("running", 40_000), look("running", 10), look("done")], 7_000],
      [7_000, 40_000, 1_000],
    ],
  ])("%s", async (_name, given, expected) => {
    expect(await waits(...given)).toEqual({ slept: expected, end: "done" });
  });

  it("looks once more when the time is up, and says where the job stands", async () => {
    const late = await waits({ every: "20s", for: "50s" }, []);
    expect(late.slept).toEqual([20_000, 20_000, 10_000]);
    expect(late.end).toBe(
      'TransientError: job 1 is not done after 50s (job.poll.for); GET /jobs/1 answered at last: {"state":"working"}. The next run goes on waiting for it; if it always takes so long, write a longer time.',
    );
    expect((await waits({ every: "20s", for: "50s" }, [...running(3), look("done")])).end).toBe("done");
  });
});
