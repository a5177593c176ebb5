/** Runs that were cut short: how they end, and what the next one makes of them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject, type Ran } from "./things-project.ts";
import type { RunFlags } from "../../../src/runtime/flags.ts";

const at = "2025-05-01T00:00:00Z";

describe.each(warehouses)("resume, in $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    for (let id = 1; id <= 12; id++) project.api.put({ id, name: `thing ${id}`, updated_at: at });
  });
  afterEach(() => project.close());

  /** A run that is stopped while page 3 is asked for. */
  async function interrupted(flags: Partial<RunFlags> = {}): Promise<Ran> {
    const stop = new AbortController();
    let asked = 0;
    project.api.before = () => {
      if (++asked === 3) stop.abort("SIGINT");
    };
    const ran = await project.run(flags, { signal: stop.signal });
    project.api.before = () => undefined;
    project.api.asks.length = 0;
    project.pass(3600);
    return ran;
  }

  /** A run whose third page fails until retries are used up. */
  async function broken(): Promise<Ran> {
    project.api.before = ({ query }) =>
      query["after"] === "after-6" ? { status: 503, body: { message: "down" } } : undefined;
    const ran = await project.run();
    project.api.before = () => undefined;
    project.api.asks.length = 0;
    project.pass(3600);
    return ran;
  }

  const afters = (): (string | undefined)[] => project.api.asks.map(({ query }) => query["after"]);

  it("an interrupted run is failed, exit 130, keeps its batch and checkpoint, and says that it can be resumed", async () => {
    const { summary, outcome, lines } = await interrupted();
    expect(outcome).toMatchObject({ exitCode: 130, hint: "The run can be resumed: run it again." });
    expect(summary).toMatchObject({ status: "failed", fetched: 6, created: 6 });
    expect(summary.error).toBe("interrupted by SIGINT; run it again to go on from the checkpoint");
    expect(lines).toContain(`ERROR Failed things items sync: ${summary.error}`);
    expect(await project.things()).toHaveLength(6);
    const [row] = await project.history();
    expect(row).toMatchObject({ status: "failed", watermark: null });
    expect(row!.checkpoint).toMatchObject({
      strategy: "initial_full",
      start: "2025-06-01T12:00:00.000000Z",
      until: { instant: "2025-06-01T12:00:00.000000Z" },
      counters: { fetched: 6, created: 6 },
      greatest: { text: at },
      slices: { "": { position: { after: "after-6" }, done: false } },
    });
  });

  it("the next run goes on where it was, then reads what changed in between", async () => {
    await interrupted();
    project.api.put({ id: 1, name: "changed in between", updated_at: "2025-06-01T12:30:00Z" });
    const { outcomes, lines } = await project.run();
    expect(outcomes.map(({ summary }) => summary)).toMatchObject([
      { status: "success", mode: "initial_full", fetched: 12, created: 12 },
      { status: "success", mode: "incremental", since: at, updated: 1, unchanged: 11 },
    ]);
    expect(afters().slice(0, 2)).toEqual(["after-6", "after-9"]);
    expect(lines[0]).toBe("INFO  Starting things items sync (resuming run 1, initial_full)");
    expect((await project.things())[0]).toEqual({ id: 1, name: "changed in between" });
    expect(
      (await project.history()).map(({ status, configuration }) => [status, configuration["resumed_from"]]),
    ).toEqual([
      ["failed", undefined],
      ["success", 1],
      ["success", undefined],
    ]);
  });

  it("a server that fails in the middle: failed with its checkpoint, and the next run goes on", async () => {
    const { summary, outcome } = await broken();
    expect(outcome.exitCode).toBe(1);
    expect(summary).toMatchObject({ status: "failed", fetched: 6, created: 6, retries: 1 });
    expect(summary.error).toMatch(/after=after-6 answered 503 twice.*"?down"?; giving up\. The run can be resumed\./);
    const { outcomes } = await project.run();
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 12, created: 12 });
    expect(afters().slice(0, 2)).toEqual(["after-6", "after-9"]);
    expect(await project.things()).toHaveLength(12);
  });

  it("a run that died without a word is closed as failed and resumed", async () => {
    await interrupted();
    await project.execute("update sync_history set status = 'running', end_time = null, error_message = null");
    const { outcomes, lines } = await project.run();
    expect(afters()[0]).toBe("after-6");
    expect(outcomes[0]!.summary).toMatchObject({ fetched: 12 });
    expect(lines[0]).toBe("WARN  Run 1 of things.items died without closing its history; it is closed as failed now");
    expect((await project.history())[0]).toMatchObject({
      status: "failed",
      error_message: "the process ended without a word (killed, or the machine stopped)",
    });
  });

  it("goes on with the first attempt's until and start", async () => {
    await project.run();
    for (let id = 1; id <= 12; id++) project.api.put({ id, name: "changed", updated_at: "2025-05-20T00:00:00Z" });
    await interrupted();
    project.api.put({ id: 12, name: "changed again", updated_at: "2025-06-01T12:30:00Z" });
    const { outcomes } = await project.run();
    const resumed = project.api.asks.filter(
      ({ query }) => query["after"] === "after-6" || query["after"] === "after-9",
    );
    expect(resumed[0]!.query).toMatchObject({ since: at, until: "2025-06-01T12:00:00Z" });
    expect(outcomes.map(({ summary }) => summary)).toMatchObject([
      { mode: "incremental", fetched: 11, updated: 11 },
      { mode: "incremental", since: "2025-05-20T00:00:00Z", fetched: 12, updated: 1, unchanged: 11 },
    ]);
    expect((await project.history()).map(({ watermark }) => watermark)).toEqual([
      at,
      null,
      "2025-05-20T00:00:00Z",
      "2025-06-01T12:30:00Z",
    ]);
  });

  it("a watermark is never later than the first attempt's start", async () => {
    const future = "2025-06-01T12:20:00Z";
    await interrupted();
    project.api.put({ id: 12, name: "read by the resumed run", updated_at: future });
    await project.run();
    expect((await project.history())[1]!.watermark).toBe("2025-06-01T12:00:00.000000Z");
  });

  it("may be cut short again, and goes on from there", async () => {
    await interrupted();
    const stop = new AbortController();
    project.api.before = ({ query }) => {
      if (query["after"] === "after-9") stop.abort("SIGTERM");
    };
    const second = await project.run({}, { signal: stop.signal });
    project.api.before = () => undefined;
    expect(second.outcomes).toHaveLength(1);
    expect(second.outcome.exitCode).toBe(130);
    expect(second.summary).toMatchObject({ fetched: 9, created: 9 });
    project.api.asks.length = 0;
    const { outcomes } = await project.run();
    expect(afters()[0]).toBe("after-9");
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 12, created: 12 });
  });

  it("stopped when everything had been read: the next run only closes it, then reads what changed", async () => {
    const stop = new AbortController();
    const onProgress = (fetched: number): void => {
      if (fetched === 12) stop.abort("SIGTERM");
    };
    const { outcome } = await project.run({}, { signal: stop.signal, onProgress });
    expect(outcome.exitCode).toBe(130);
    project.api.asks.length = 0;
    const { outcomes } = await project.run();
    expect(outcomes.map(({ summary }) => summary)).toMatchObject([
      { status: "success", fetched: 12, created: 12, api_calls: 0 },
      { status: "success", mode: "incremental", since: at },
    ]);
  });

  it("stopped before it began: nothing is asked, and nothing can be resumed", async () => {
    const { outcome } = await project.run({}, { signal: AbortSignal.abort("SIGINT") });
    expect(outcome).toMatchObject({ exitCode: 130, hint: undefined });
    expect(project.api.asks).toEqual([]);
    expect((await project.run()).outcomes).toHaveLength(1);
  });

  it("a batch that could not be written is read again", async () => {
    project.api.before = async ({ query }) => {
      if (query["after"] === "after-6") await project.execute("drop table thing");
      return undefined;
    };
    const { summary } = await project.run();
    expect(summary).toMatchObject({ status: "failed", fetched: 0, created: 0 });
    project.api.before = () => undefined;
    await project.run();
    expect(await project.things()).toHaveLength(12);
  });

  it("what was committed before a batch that could not be written is not read again", async () => {
    project.spec({ source: { pagination: { size: 1_000, max_size: 1_000 } } });
    for (let id = 1; id <= 5_000; id++) project.api.things[id - 1] = { id, name: `thing ${id}`, updated_at: at };
    project.api.before = async ({ query }) => {
      if (query["after"] !== "after-4000") return undefined;
      await expect
        .poll(async () => (await project.things("id")).length, { timeout: 30_000 })
        .toBeGreaterThanOrEqual(2_000);
      await project.execute("alter table thing rename to thing_away");
      return undefined;
    };
    const { summary } = await project.run({}, { unchecked: true });
    expect(summary.status).toBe("failed");
    expect(summary.fetched % 1_000).toBe(0);
    await project.execute("alter table thing_away rename to thing");
    project.api.before = () => undefined;
    project.api.asks.length = 0;
    const { outcomes } = await project.run();
    expect(afters()[0]).toBe(`after-${summary.fetched}`);
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 5_000, created: 5_000 });
  });

  it("the counts of a resumed run with rejects, and its watermark", async () => {
    project.spec({ mapping: { name: { from: "name", required: true } } });
    project.api.put({ id: 2, name: "" });
    project.api.put({ id: 11, name: "" });
    await interrupted();
    const { outcomes } = await project.run();
    expect(outcomes[0]!.summary).toMatchObject({ status: "partial", fetched: 12, created: 10, rejected: 2 });
    expect((await project.history())[1]!.watermark).toBe(at);
  });

  describe("starts afresh", () => {
    const changes: [string, () => Partial<RunFlags> | undefined, { validation?: "strict" }?][] = [
      ["after a change of the spec", () => void project.spec({ mapping: { colour: "colour" } })],
      ["with --full", () => ({ full: true })],
      ["with --force", () => ({ force: true })],
      ["with --start-date", () => ({ startDate: "2025-01-01T00:00:00.000000Z" })],
      ["with --end-date", () => ({ endDate: "2025-05-30T00:00:00.000000Z" })],
      ["with --skip-validation", () => ({ skipValidation: true })],
      ["with --max-records", () => ({ maxRecords: 5 })],
      ["in another validation mode", () => undefined, { validation: "strict" }],
    ];
    it.each(changes)("%s", async (_, change, options) => {
      await interrupted();
      const { outcomes } = await project.run(change() ?? {}, options);
      expect(outcomes).toHaveLength(1);
      expect(afters()[0]).toBeUndefined();
      expect(outcomes[0]!.summary.status).toBe("success");
    });

    it("with other params", async () => {
      project.spec({ params: { colour: { narrows: false } } });
      await interrupted({ params: { colour: "red" } });
      const { outcomes } = await project.run({ params: { colour: "blue" } });
      expect(outcomes).toHaveLength(1);
      expect(afters()[0]).toBeUndefined();
    });

    it("but the same params and flags go on", async () => {
      project.spec({ params: { colour: { narrows: false } } });
      await interrupted({ params: { colour: "red" }, full: true });
      const { outcomes } = await project.run({ params: { colour: "red" }, full: true });
      expect(afters()[0]).toBe("after-6");
      expect(outcomes[0]!.summary).toMatchObject({ mode: "full", fetched: 12, created: 12 });
    });

    it("when a later run has succeeded since", async () => {
      await interrupted();
      await project.run({ full: true });
      project.api.asks.length = 0;
      const { outcomes } = await project.run();
      expect(outcomes).toHaveLength(1);
      expect(outcomes[0]!.summary.mode).toBe("incremental");
    });

    it("when nothing had been read: the error does not promise a checkpoint", async () => {
      const stop = new AbortController();
      project.api.before = () => stop.abort("SIGINT");
      const { outcome, summary } = await project.run({}, { signal: stop.signal });
      project.api.before = () => undefined;
      expect(outcome).toMatchObject({ exitCode: 130, hint: undefined });
      expect(summary.error).toBe("interrupted by SIGINT; run it again: it starts from the beginning");
      const { outcomes } = await project.run();
      expect(outcomes).toHaveLength(1);
    });
  });

  it("pages by number start again: their positions may have shifted", async () => {
    project.spec({
      source: { request: { path: "/pages" }, pagination: { type: "page", cursor: null, send_as: "query.page" } },
    });
    const { outcome, summary } = await interrupted();
    expect(summary).toMatchObject({ status: "failed", fetched: 6 });
    expect(outcome.hint).toBeUndefined();
    project.api.things.shift();
    const { outcomes } = await project.run();
    expect(project.api.asks.map(({ query }) => query["page"]).slice(0, 4)).toEqual(["1", "2", "3", "4"]);
    expect(outcomes.at(-1)!.summary).toMatchObject({ status: "success", created: 6, unchanged: 5 });
    expect(await project.things()).toHaveLength(12);
  });

  it("a last id is a position", async () => {
    project.spec({
      source: {
        request: { path: "/after" },
        pagination: { type: "last_id", cursor: null, id: "id", first: 0, send_as: "query.after" },
      },
    });
    await interrupted();
    const { outcomes } = await project.run();
    expect(afters()[0]).toBe("6");
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 12, created: 12 });
  });

  it.each([400, 404, 410])("a position that the source refuses with %i: the slice starts again", async (status) => {
    await interrupted();
    project.api.before = ({ query }, index) =>
      index === 0 && query["after"] === "after-6" ? { status, body: { message: "unknown cursor" } } : undefined;
    const { outcomes, lines } = await project.run();
    expect(afters().slice(0, 5)).toEqual(["after-6", undefined, "after-3", "after-6", "after-9"]);
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", created: 12, unchanged: 6 });
    expect(lines.some((line) => line.includes("reading starts from the beginning"))).toBe(true);
  });

  it("completeness is measured over both attempts", async () => {
    project.spec({ source: { pagination: { total: "total" } } });
    project.api.total = "true";
    await interrupted();
    expect((await project.run()).outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 12 });
  });

  it("completeness: what is missing after a resume makes it partial", async () => {
    project.spec({ source: { pagination: { total: "total" } } });
    project.api.total = 12;
    await interrupted();
    project.api.total = 15;
    const { outcomes } = await project.run();
    expect(outcomes[0]!.summary).toMatchObject({ status: "partial" });
    expect((await project.history()).every(({ watermark }) => watermark === null)).toBe(true);
  });
});
