/** What a run deletes, and above all when it deletes nothing. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject, type SpecText } from "./things-project.ts";
import type { Ask, Answer, Thing } from "./things-api.ts";

const at = "2025-05-20T00:00:00Z";
const later = "2025-05-25T00:00:00Z";
const max = 3;

describe.each(warehouses)("deletes in $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    for (let id = 1; id <= 12; id++) project.api.put({ id, name: `thing ${id}`, updated_at: at });
  });
  afterEach(() => project.close());

  const deletes = (...changes: SpecText[]): void =>
    project.spec(...changes.map((change) => ({ deletes: change }) as SpecText));
  const drop = (...ids: number[]): void => {
    project.api.things = project.api.things.filter(({ id }) => !ids.includes(Number(id)));
  };
  /** Ids of rows that live, and of those that are marked. */
  const rows = async (): Promise<{ live: number[]; deleted: number[] }> => {
    const all = await project.things("id, deleted_at");
    const ids = (wanted: boolean): number[] =>
      all.filter((row) => (row["deleted_at"] !== null) === wanted).map(({ id }) => Number(id));
    return { live: ids(false), deleted: ids(true) };
  };
  const livingIds = async (): Promise<number[]> => (await rows()).live;
  const seenRows = (): Promise<Record<string, unknown>[]> => project.query("select * from sync_seen");
  const first = async (...changes: SpecText[]): Promise<void> => {
    deletes(...changes);
    expect((await project.run()).summary).toMatchObject({ status: "success", created: 12, deleted: 0 });
    project.pass(3600);
  };
  /** Serves `/deleted` as a list by cursor, and a thing by its id. */
  const serve = (deleted: () => Thing[], more?: (ask: Ask) => Answer | undefined): void => {
    project.api.before = (ask) => {
      const answer = more?.(ask);
      if (answer) return answer;
      if (ask.path !== "/deleted") return undefined;
      const after = Number(ask.query["after"] ?? 0);
      const rest = deleted().filter(({ id }) => Number(id) > after);
      const paging = rest.length > 3 ? { paging: { next: { after: String(rest[2]!.id) } } } : {};
      return { body: { results: rest.slice(0, 3), ...paging } };
    };
  };

  describe("missing", () => {
    const missing = { detect: "missing", max };

    it("marks what a full read did not contain, once, and counts it", async () => {
      await first(missing);
      drop(3, 7);
      const { summary, lines } = await project.run({ full: true });
      expect(summary).toMatchObject({ status: "success", fetched: 10, unchanged: 10, deleted: 2 });
      expect(lines.at(-1)).toBe(
        "INFO  Completed things items sync: 0 created, 0 updated, 10 unchanged, 0 failed, 2 deleted",
      );
      expect(await rows()).toEqual({ live: [1, 2, 4, 5, 6, 8, 9, 10, 11, 12], deleted: [3, 7] });
      expect((await project.history()).at(-1)).toMatchObject({ records_deleted: 2 });
      expect(await seenRows()).toEqual([]);
      project.pass(60);
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "success", deleted: 0 });
      const [row] = await project.query("select deleted_at, sync_updated_at, sync_run_id from thing where id = 3");
      for (const column of ["deleted_at", "sync_updated_at"])
        expect(Date.parse(String(row![column])), column).toBe(Date.parse("2025-06-01T13:00:00Z"));
      expect(Number(row!["sync_run_id"])).toBe(2);
    });

    it("brings a row back when its record comes back, the same as it was, and counts it as updated", async () => {
      await first(missing);
      const gone = project.api.things.find(({ id }) => id === 3)!;
      drop(3);
      await project.run({ full: true });
      project.pass(60);
      project.api.put(gone);
      expect((await project.run({ full: true })).summary).toMatchObject({ updated: 1, unchanged: 11, deleted: 0 });
      expect(await rows()).toMatchObject({ deleted: [] });
    });

    it("hard removes the rows, and the table has no column for it", async () => {
      await first({ ...missing, mode: "hard" });
      drop(3, 7);
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "success", deleted: 2 });
      expect(await project.things("id")).toHaveLength(10);
      await expect(project.warehouse.query("select deleted_at from thing")).rejects.toThrow();
    });

    it("an incremental run deletes nothing, nor one with a date, a count or an interruption", async () => {
      await first(missing);
      drop(3);
      expect((await project.run()).summary).toMatchObject({ mode: "incremental", deleted: 0 });
      const stop = new AbortController();
      for (const flags of [
        { full: true, maxRecords: 5 },
        { startDate: "2025-01-01T00:00:00.000000Z" },
        { full: true, endDate: "2030-01-01T00:00:00.000000Z" },
      ])
        expect((await project.run(flags)).summary, JSON.stringify(flags)).toMatchObject({ deleted: 0 });
      project.api.before = () => stop.abort("SIGTERM");
      expect((await project.run({ full: true }, { signal: stop.signal })).outcome.exitCode).toBe(130);
      expect(await livingIds()).toHaveLength(12);
    });

    it("a read that failed, or whose total says more, deletes nothing", async () => {
      await first(missing);
      drop(3);
      project.api.before = ({ query }) => (query["after"] === "after-7" ? { status: 503 } : undefined);
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "failed", deleted: 0 });
      project.api.before = () => undefined;
      project.api.total = 12;
      project.spec({ deletes: missing, source: { pagination: { total: "total" } } });
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "partial", deleted: 0 });
      expect(await livingIds()).toHaveLength(12);
    });

    it("a narrowing param deletes nothing", async () => {
      project.spec({ deletes: missing, params: { shop: { type: "text" } } });
      await project.run();
      project.pass(60);
      drop(3);
      expect((await project.run({ full: true, params: { shop: "1" } })).summary).toMatchObject({ deleted: 0 });
      expect((await project.run({ full: true })).summary).toMatchObject({ deleted: 1 });
    });

    it("more than max: nothing is deleted, the run is partial and says which flag allows it", async () => {
      await first({ detect: "missing", max: 2 });
      drop(3, 5, 7);
      const { outcome, summary } = await project.run({ full: true });
      expect(outcome.exitCode).toBe(3);
      expect(summary).toMatchObject({
        status: "partial",
        deleted: 0,
        error:
          "3 of 12 rows would be deleted, and deletes.max allows 2: nothing was deleted. If they are gone for certain, run it with --allow-deletes 3",
      });
      expect(await seenRows()).toEqual([]);
      expect((await project.run({ full: true, allowDeletes: 2 })).summary).toMatchObject({ status: "partial" });
      expect((await project.run({ full: true, allowDeletes: 3 })).summary).toMatchObject({
        status: "success",
        deleted: 3,
      });
    });

    it("a share of few rows is one row, and none where it is 0%", async () => {
      await first({ detect: "missing" });
      drop(3);
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "success", deleted: 1 });
      deletes({ detect: "missing", max: "0%" });
      drop(4);
      expect((await project.run({ full: true })).summary.error).toMatch(/deletes\.max allows 0%, 0: nothing/);
    });

    it("a read without a single record deletes nothing, however few rows there are", async () => {
      await first({ ...missing, max: 100 });
      drop(...Array.from({ length: 12 }, (_, index) => index + 1));
      const { summary } = await project.run({ full: true });
      expect(summary).toMatchObject({ status: "partial", deleted: 0 });
      expect(summary.error).toMatch(
        /^the source gave no records at all, so that 12 rows would be deleted: nothing was/,
      );
      expect((await project.run({ full: true, allowDeletes: 12 })).summary).toMatchObject({
        status: "success",
        deleted: 12,
      });
    });

    it("a rejected record, and one that the filter leaves out, are not missing", async () => {
      await first(missing);
      project.spec({
        deletes: missing,
        source: { filter: "id != 4" },
        mapping: { name: { from: "name", required: true } },
      });
      project.api.put({ id: 5, name: null, updated_at: later });
      drop(6);
      expect((await project.run({ full: true })).summary).toMatchObject({
        status: "partial",
        rejected: 1,
        filtered: 1,
        deleted: 1,
      });
      expect((await rows()).deleted).toEqual([6]);
    });

    it("one record without a key turns it off, and the run says so", async () => {
      await first(missing);
      drop(3);
      project.api.put({ id: null, name: "nobody", updated_at: later });
      const { summary } = await project.run({ full: true });
      expect(summary).toMatchObject({ status: "partial", deleted: 0 });
      expect(summary.error).toMatch(/^what is missing cannot be told, and nothing was deleted: a record has no key/);
    });

    it("a dry run says how many, and writes nothing", async () => {
      await first(missing);
      drop(3, 7);
      const { summary, lines } = await project.run({ full: true, dryRun: true });
      expect(summary).toMatchObject({ deleted: 2 });
      expect(lines.at(-1)).toMatch(/it would be: .*, 2 deleted$/);
      expect((await project.run({ full: true, dryRun: true })).summary).toMatchObject({ deleted: 2 });
      expect(await livingIds()).toHaveLength(12);
      expect(await seenRows()).toEqual([]);
    });

    it("rows of another scope are left alone", async () => {
      const scoped = (shop: string): SpecText => ({
        params: { shop: { scope: true } },
        mapping: { shop: { from: "shop" } },
        deletes: { ...missing, scope: { shop: "{{params.shop}}" } },
        source: { filter: `shop = "${shop}"` },
      });
      for (const thing of project.api.things) thing["shop"] = Number(thing.id) <= 6 ? "a" : "b";
      const all = [...project.api.things];
      for (const shop of ["a", "b"]) {
        project.spec(scoped(shop));
        project.api.things = all.filter((thing) => thing["shop"] === shop);
        await project.run({ params: { shop } });
      }
      project.pass(60);
      drop(8);
      expect((await project.run({ full: true, params: { shop: "b" } })).summary).toMatchObject({ deleted: 1 });
      expect((await rows()).deleted).toEqual([8]);
    });

    it("seen keys outlive a killed run: the one that goes on with it knows them", async () => {
      await first(missing);
      drop(11);
      const stop = new AbortController();
      project.api.before = ({ query }) => {
        if (query["after"] === "after-6") stop.abort("SIGTERM");
      };
      await project.run({ full: true }, { signal: stop.signal });
      await project.execute("update sync_history set status = 'running', end_time = null where status = 'failed'");
      expect((await seenRows()).length).toBeGreaterThanOrEqual(6);
      project.api.before = () => undefined;
      project.api.asks.length = 0;
      const { outcomes } = await project.run({ full: true });
      expect(project.api.asks[0]!.query["after"]).toMatch(/after-[69]/);
      expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 11, deleted: 1 });
      expect((await rows()).deleted).toEqual([11]);
      expect(await seenRows()).toEqual([]);
    });

    it("killed between the deletion and the end of its history: what is forgotten is not taken for missing", async () => {
      await first(missing);
      drop(11);
      const stop = new AbortController();
      project.api.before = ({ query }) => {
        if (query["after"] === "after-6") stop.abort("SIGTERM");
      };
      await project.run({ full: true }, { signal: stop.signal });
      const { checkpoint } = (await project.history()).at(-1)!;
      const whole = { ...checkpoint, slices: { "": { done: true } } };
      await project.execute(
        `update sync_history set status = 'running', end_time = null, checkpoint = '${JSON.stringify(whole)}' where status = 'failed'`,
      );
      // As the transaction that deletes leaves it.
      await project.execute("delete from sync_seen");
      await project.execute("insert into sync_seen values ('things', 'items', '', 'done', '-', '')");
      const { outcomes } = await project.run({ full: true });
      expect(outcomes[0]!.summary).toMatchObject({ status: "success", deleted: 0 });
      expect(await livingIds()).toHaveLength(12);
    });

    it("a csv file: rows whose lines are gone; an unchanged file deletes nothing", async () => {
      project.api.etag = '"one"';
      const csv: SpecText = {
        pipeline: "things.items",
        source: { type: "csv", url: `${project.api.url}/things.csv` },
        mapping: { id: { from: "id", type: "bigint" }, name: "name" },
        upsert: { keys: ["id"] },
        deletes: missing,
        sink: { table: "thing" },
      };
      project.write(csv);
      await project.run();
      project.pass(60);
      expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 0, deleted: 0 });
      drop(2);
      project.api.etag = '"two"';
      expect((await project.run()).summary).toMatchObject({ status: "success", fetched: 11, deleted: 1 });
    });
  });

  describe("lookup", () => {
    const one = { request: { path: "/things/{{lookup.key}}" }, batch: 1, gone: "$status = 404" };
    const many = {
      request: { path: "/batch", query: { ids: "{{join lookup.keys ','}}" } },
      batch: 4,
      found: "found.id",
    };
    const byId = ({ path }: Ask): Answer | undefined => {
      const id = /^\/things\/(\d+)$/.exec(path)?.[1];
      return id === undefined ? undefined : { status: Number(id) % 2 ? 404 : 200, body: {} };
    };

    it("only what the source denies is deleted", async () => {
      await first({ detect: "missing", max, lookup: one });
      drop(3, 4, 5, 6);
      project.api.before = byId;
      const { summary, lines } = await project.run({ full: true });
      expect(summary).toMatchObject({ status: "success", deleted: 2 });
      expect(lines).toContain(
        "INFO  things.items: the source was asked about 4 rows that seem to be gone, and denies 2 of them",
      );
      expect((await rows()).deleted).toEqual([3, 5]);
    });

    it("in batches, by the keys that are found", async () => {
      await first({ detect: "missing", max: 6, lookup: many });
      drop(1, 2, 3, 4, 5, 6);
      project.api.before = ({ path, query }) =>
        path === "/batch"
          ? {
              body: {
                found: query["ids"]!.split(",")
                  .filter((id) => Number(id) > 4)
                  .map((id) => ({ id: Number(id) })),
              },
            }
          : undefined;
      expect((await project.run({ full: true })).summary).toMatchObject({ deleted: 4 });
      expect(project.api.asks.filter(({ path }) => path === "/batch").map(({ query }) => query["ids"])).toEqual([
        "1,2,3,4",
        "5,6",
      ]);
      expect((await rows()).deleted).toEqual([1, 2, 3, 4]);
    });

    it("a batch that is refused is asked in halves", async () => {
      await first({ detect: "missing", max: 6, lookup: many });
      drop(1, 2, 3, 4);
      project.api.before = ({ path, query }) => {
        if (path !== "/batch") return undefined;
        const ids = query["ids"]!.split(",");
        if (ids.length > 1 && ids.includes("3")) return { status: 400, body: { message: "3 is no id" } };
        return { body: { found: ids.filter((id) => id !== "3").map((id) => ({ id })) } };
      };
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "success", deleted: 1 });
      expect((await rows()).deleted).toEqual([3]);
    });

    it.each([
      ["500", { status: 500 }],
      ["403", { status: 403 }],
      ["400 of a single key", { status: 400 }],
      ["a page that is no JSON", { body: "<html>" }],
    ])("a lookup that answers %s deletes nothing, and the run is partial", async (_, answer) => {
      await first({ detect: "missing", max, lookup: one });
      drop(3, 4);
      project.api.before = ({ path }) => (path === "/things/4" ? answer : byId({ path, query: {}, headers: {} }));
      const { summary } = await project.run({ full: true });
      expect(summary).toMatchObject({ status: "partial", deleted: 0 });
      expect(summary.error).toMatch(/^what is gone could not be told, and nothing was deleted: /);
      expect(await livingIds()).toHaveLength(12);
    });

    it.each([
      [
        "an error body",
        { body: { status: "error", message: "try later" } },
        /nothing at deletes.lookup.found .*try later/,
      ],
      ["no body", { body: "" }, /the body is empty/],
      ["null", { body: "null" }, /nothing at deletes.lookup.found/],
    ])("200 with %s denies no key", async (_, answer, message) => {
      await first({ detect: "missing", max: 6, lookup: many });
      drop(1, 2, 3);
      project.api.before = ({ path }) => (path === "/batch" ? answer : undefined);
      const { summary } = await project.run({ full: true });
      expect(summary).toMatchObject({ status: "partial", deleted: 0 });
      expect(summary.error).toMatch(message);
    });

    it("an empty list of those that are found denies them all, and so does a rule that says empty", async () => {
      const responses = [{ when: "$status = 204", do: "empty" }];
      await first({ detect: "missing", max: 6, lookup: { ...many, responses } });
      drop(1, 2, 3);
      let answer: Answer = { body: { found: [] } };
      project.api.before = ({ path }) => (path === "/batch" ? answer : undefined);
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "success", deleted: 3 });
      drop(4);
      answer = { status: 204, body: "" };
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "success", deleted: 1 });
    });

    it("asks no more once more are gone than may go", async () => {
      await first({ detect: "missing", max: 1, lookup: { ...one, gone: "$status = 404" } });
      drop(1, 3, 5, 7, 9);
      project.api.before = byId;
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "partial", deleted: 0 });
      expect(project.api.asks.filter(({ path }) => /^\/things\/\d/.test(path))).toHaveLength(2);
    });
  });

  describe("listed", () => {
    const listed = { detect: "listed", request: { path: "/deleted" }, max };

    it("reads the list to its end and deletes what it names; of strangers it makes nothing", async () => {
      await first(listed);
      drop(2, 4);
      serve(() => [2, 4, 77, 78, 79].map((id) => ({ id, updated_at: at })));
      const { summary } = await project.run({ full: true });
      expect(summary).toMatchObject({ status: "success", fetched: 10, created: 0, deleted: 2 });
      expect(await rows()).toMatchObject({ deleted: [2, 4] });
      expect(await project.things("id")).toHaveLength(12);
      expect((await project.run({ full: true })).summary).toMatchObject({ deleted: 0 });
    });

    it("on: full reads no list in a delta, on: every does", async () => {
      await first(listed);
      serve(() => [{ id: 2, updated_at: at }]);
      drop(2);
      expect((await project.run()).summary).toMatchObject({ mode: "incremental", deleted: 0 });
      deletes({ ...listed, on: "every" });
      expect((await project.run()).summary).toMatchObject({ mode: "incremental", deleted: 1 });
    });

    it("one that was restored meanwhile, and read as newer, stays", async () => {
      await first(listed);
      project.api.put({ id: 2, name: "restored", updated_at: later });
      serve(() => [2, 3].map((id) => ({ id, updated_at: at })));
      drop(3);
      expect((await project.run({ full: true })).summary).toMatchObject({ updated: 1, deleted: 1 });
      expect((await rows()).deleted).toEqual([3]);
    });

    it("only the key of a listed record is needed", async () => {
      project.spec({ deletes: listed, mapping: { name: { from: "name", required: true } } });
      await project.run();
      serve(() => [{ id: 2 }]);
      drop(2);
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "success", rejected: 0, deleted: 1 });
    });

    it("a list that breaks off deletes nothing: the run is partial, and its watermark moves all the same", async () => {
      await first(listed);
      project.api.put({ id: 1, name: "changed", updated_at: later });
      serve(
        () => [2, 3, 4, 5].map((id) => ({ id })),
        ({ path, query }) => (path === "/deleted" && query["after"] !== undefined ? { status: 500 } : undefined),
      );
      const { summary, outcome } = await project.run({ full: true });
      expect(outcome.exitCode).toBe(3);
      expect(summary).toMatchObject({ status: "partial", updated: 1, deleted: 0 });
      expect(await livingIds()).toHaveLength(12);
      expect(await project.lastWatermark()).toBe(later);
      expect(await seenRows()).toEqual([]);
    });

    it("a list that tells more than it gives deletes nothing", async () => {
      await first({ ...listed, pagination: { total: "total" } });
      serve(
        () => [{ id: 2 }],
        ({ path }) => (path === "/deleted" ? { body: { results: [{ id: 2 }], total: 5 } } : undefined),
      );
      expect((await project.run({ full: true })).summary).toMatchObject({ status: "partial", deleted: 0 });
    });

    it("a request without a path is laid over the source's", async () => {
      await first({ detect: "listed", request: { query: { archived: "true" } }, max });
      serve(
        () => [],
        ({ path, query }) =>
          path === "/things" && query["archived"] === "true" ? { body: { results: [{ id: 5 }] } } : undefined,
      );
      drop(5);
      expect((await project.run({ full: true })).summary).toMatchObject({ deleted: 1 });
      expect(project.api.asks.at(-1)!.query).toMatchObject({ archived: "true", limit: "3" });
    });
  });

  describe("flag", () => {
    const flag = { detect: "flag", when: "gone = true", max };

    it("a record that says so makes no row, and the one that is there is deleted", async () => {
      await first(flag);
      project.api.put({ id: 2, gone: true, updated_at: later });
      project.api.put({ id: 99, name: "never had", gone: true, updated_at: later });
      const { summary } = await project.run();
      expect(summary).toMatchObject({ status: "success", mode: "incremental", filtered: 2, created: 0, deleted: 1 });
      expect(await rows()).toMatchObject({ deleted: [2] });
      expect(await project.things("id")).toHaveLength(12);
      expect(await project.lastWatermark()).toBe(later);
    });

    it("one that is no longer flagged lives again", async () => {
      await first(flag);
      project.api.put({ id: 2, gone: true, updated_at: later });
      await project.run();
      project.api.put({ id: 2, gone: false, updated_at: "2025-05-26T00:00:00Z" });
      project.pass(60);
      expect((await project.run()).summary).toMatchObject({ updated: 1, deleted: 0 });
      expect((await rows()).deleted).toEqual([]);
    });

    it("beyond max, and in a run with a date, the watermark waits for the deletion", async () => {
      await first({ ...flag, max: 1 });
      for (const id of [2, 3]) project.api.put({ id, gone: true, updated_at: later });
      expect((await project.run()).summary).toMatchObject({ status: "partial", deleted: 0 });
      expect(await project.lastWatermark()).toBeNull();
      expect((await project.run({ startDate: "2025-01-01T00:00:00.000000Z" })).summary).toMatchObject({
        filtered: 2,
        deleted: 0,
      });
      expect(await project.lastWatermark()).toBeNull();
      expect((await project.run({ allowDeletes: 2 })).summary).toMatchObject({ status: "success", deleted: 2 });
      expect(await project.lastWatermark()).toBe(later);
    });

    it("hard removes the row", async () => {
      await first({ ...flag, mode: "hard" });
      project.api.put({ id: 2, gone: true, updated_at: later });
      expect((await project.run()).summary).toMatchObject({ deleted: 1 });
      expect(await project.things("id")).toHaveLength(11);
    });

    it("an expression that fails stops the run", async () => {
      await first({ ...flag, when: "$number(gone) > 0" });
      project.api.put({ id: 2, gone: "soon", updated_at: later });
      const { summary } = await project.run();
      expect(summary.error).toMatch(/^deletes\.when failed: /);
    });
  });

  describe("merged", () => {
    const merged = { detect: "merged", merged: "losers", max };

    it("losers go when their winner is read, in this run or in a later one", async () => {
      await first(merged);
      drop(4, 5);
      project.api.put({ id: 1, losers: ["4", 5, "stranger", null], updated_at: later });
      expect((await project.run()).summary).toMatchObject({ status: "success", updated: 1, deleted: 2 });
      expect((await rows()).deleted).toEqual([4, 5]);
    });

    it("whichever is read first", async () => {
      await first(merged);
      project.api.put({ id: 6, losers: [2, 9], updated_at: later });
      for (const id of [2, 9]) project.api.put({ id, name: "late", updated_at: later });
      expect((await project.run({}, { rowsRepeat: true })).summary).toMatchObject({ updated: 3, deleted: 2 });
      expect((await rows()).deleted).toEqual([2, 9]);
    });

    it("over several steps; itself and a circle say nothing", async () => {
      await first(merged);
      project.api.put({ id: 1, losers: [2, 1], updated_at: later });
      project.api.put({ id: 2, losers: [3], updated_at: later });
      project.api.put({ id: 7, losers: [8], updated_at: later });
      project.api.put({ id: 8, losers: [9], updated_at: later });
      project.api.put({ id: 9, losers: [7], updated_at: later });
      const dry = await project.run({ dryRun: true });
      expect(dry.summary).toMatchObject({ deleted: 2 });
      expect((await project.run({}, { rowsRepeat: true })).summary).toMatchObject({ deleted: 2 });
      expect((await rows()).deleted).toEqual([2, 3]);
    });
  });

  describe("etl remove", () => {
    it("missing: reads keys, deletes, and has a history of its own", async () => {
      await first({ detect: "missing", max });
      drop(3);
      const before = await project.lastWatermark();
      const { summary, lines } = await project.remove();
      expect(summary).toMatchObject({
        status: "success",
        mode: "removal",
        fetched: 11,
        filtered: 11,
        deleted: 1,
        created: 0,
      });
      expect(lines).toEqual([
        "INFO  Starting things items removal (missing)",
        "INFO  Completed things items removal: 1 deleted, 11 records read",
      ]);
      expect(
        (await project.history()).map((row) => [row["sync_type"], row.strategy, row.watermark, row["records_deleted"]]),
      ).toEqual([
        ["items", "initial_full", before, 0],
        ["items_removal", "removal", null, 1],
      ]);
      expect((await rows()).deleted).toEqual([3]);
      expect(await seenRows()).toEqual([]);
      expect((await project.run()).summary).toMatchObject({ mode: "incremental", since: "2025-05-20T00:00:00Z" });
    });

    it("listed: reads the list alone", async () => {
      await first({ detect: "listed", request: { path: "/deleted" }, max });
      serve(() => [2, 4, 77, 78].map((id) => ({ id, updated_at: at })));
      project.api.asks.length = 0;
      expect((await project.remove()).summary).toMatchObject({ status: "success", deleted: 2, api_calls: 2 });
      expect(project.api.asks.every(({ path }) => path === "/deleted")).toBe(true);
    });

    it("flag: a full read of those that are flagged", async () => {
      await first({ detect: "flag", when: "gone = true", max });
      project.api.put({ id: 2, gone: true, updated_at: null });
      expect((await project.run()).summary).toMatchObject({ deleted: 0 });
      expect((await project.remove()).summary).toMatchObject({ status: "success", fetched: 12, deleted: 1 });
      expect((await rows()).deleted).toEqual([2]);
    });

    it("a dry run and one with --max-records delete nothing", async () => {
      await first({ detect: "listed", request: { path: "/deleted" }, max });
      serve(() => [2, 4, 6, 8].map((id) => ({ id, updated_at: at })));
      expect((await project.remove({ dryRun: true, allowDeletes: 4 })).summary).toMatchObject({
        status: "success",
        deleted: 4,
        run_id: null,
      });
      const { summary, lines } = await project.remove({ maxRecords: 3 });
      expect(summary).toMatchObject({ status: "success", deleted: 0 });
      expect(lines).toContain(
        "INFO  things.items: 3 rows of what was read would be deleted; a run with --max-records deletes nothing",
      );
      expect(await livingIds()).toHaveLength(12);
    });

    it("guard, failure and interruption", async () => {
      await first({ detect: "missing", max: 1 });
      drop(3, 4);
      expect((await project.remove()).outcome).toMatchObject({
        exitCode: 3,
        summary: { status: "partial", deleted: 0 },
      });
      project.api.before = ({ query }) => (query["after"] ? { status: 500 } : undefined);
      expect((await project.remove()).outcome).toMatchObject({
        exitCode: 1,
        summary: { status: "failed", deleted: 0 },
      });
      const stop = new AbortController();
      project.api.before = ({ query }) => void (query["after"] && stop.abort("SIGINT"));
      expect((await project.remove({}, { signal: stop.signal })).outcome).toMatchObject({ exitCode: 130 });
      project.api.before = () => undefined;
      expect(await livingIds()).toHaveLength(12);
      expect((await project.remove({ allowDeletes: 2 })).summary).toMatchObject({ status: "success", deleted: 2 });
    });

    it("a row that a run writes meanwhile is not missing", async () => {
      await first({ detect: "missing", max });
      drop(3);
      let written = false;
      project.api.before = async ({ query }) => {
        if (query["after"] === undefined || written) return;
        written = true;
        project.pass(1);
        await project.execute(
          `insert into thing (id, name, sync_updated_at) values (50, 'new', '${project.now.toISOString()}')`,
        );
      };
      expect((await project.remove()).summary).toMatchObject({ deleted: 1 });
      expect((await rows()).deleted).toEqual([3]);
      expect(await livingIds()).toContain(50);
    });

    it("a pipeline that deletes nothing has nothing to remove", async () => {
      const { outcome } = await project.remove();
      expect(outcome).toMatchObject({
        exitCode: 2,
        summary: { error: expect.stringContaining("says nothing of what is deleted") },
      });
    });
  });

  it("children go with their record for good, and come back with it", async () => {
    project.spec({
      deletes: { detect: "missing", max },
      children: [
        {
          each: "parts",
          mapping: { thing_id: { from: "$parent.id", type: "bigint" }, no: { from: "no", type: "integer" } },
          upsert: { keys: ["thing_id", "no"], replace_within: ["thing_id"] },
          sink: { table: "part" },
        },
      ],
    });
    for (const thing of project.api.things) thing["parts"] = [{ no: 1 }, { no: 2 }];
    await project.run();
    project.pass(60);
    const gone = project.api.things.find(({ id }) => id === 3)!;
    drop(3);
    const { summary, log } = await project.run({ full: true });
    expect(summary).toMatchObject({ status: "success", deleted: 1, tables: { part: { unchanged: 22, deleted: 2 } } });
    expect(log).toContain("table part: 0 created, 0 updated, 22 unchanged, 0 failed, 2 deleted");
    expect(await project.query("select * from part where thing_id = 3")).toEqual([]);
    project.pass(60);
    project.api.put(gone);
    expect((await project.run({ full: true })).summary).toMatchObject({ updated: 1, tables: { part: { created: 2 } } });
    drop(4);
    project.pass(60);
    await project.remove();
    expect(await project.query("select * from part where thing_id = 4")).toEqual([]);
    expect(await livingIds()).toHaveLength(11);
  });

  it("rows that are deleted are none of an older version that a full run would bring up to date", async () => {
    await first({ detect: "missing", max });
    drop(3);
    await project.remove();
    project.pass(60);
    project.spec({ deletes: { detect: "missing", max }, mapping: { name: "$uppercase(name)" } });
    const { log } = await project.run();
    expect(log).toContain("11 rows of thing were made by an older version");
    project.pass(60);
    await project.run({ full: true });
    expect((await project.run()).log).not.toContain("older version");
  });

  it.each([
    [{ deletes: { detect: "missing" } }, {}, "on: full, and this run reads what changed"],
    [{ deletes: { detect: "missing" } }, { full: true }, null],
    [{ deletes: { detect: "flag", when: "gone" } }, {}, null],
    [{ deletes: { detect: "flag", when: "gone" } }, { startDate: "2025-01-01T00:00:00.000000Z" }, "--start-date"],
  ])("etl plan of %j with %j says what is deleted, or why not", async (spec, flags, not) => {
    project.spec(spec);
    await project.run();
    expect((await project.plan(flags)).deletes).toEqual({ detect: spec.deletes.detect, mode: "soft", max: "5%", not });
  });

  it("a table that has no rows yet, and one that is given its column", async () => {
    deletes({ detect: "missing", max });
    expect((await project.remove()).summary).toMatchObject({ status: "success", deleted: 0 });
    project.spec();
    await project.run();
    project.pass(60);
    deletes({ detect: "missing", max });
    drop(1);
    expect((await project.run({ full: true, dryRun: true })).summary).toMatchObject({ deleted: 1 });
    expect((await project.run({ full: true })).summary).toMatchObject({ deleted: 1 });
  });
});
