/** Rows of several tables from one record: one transaction, counts a table, sets that are replaced. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadSpecs, openContext } from "../../src/cli/context.ts";
import { compileMapping, rowObject } from "../../src/runtime/mapping/index.ts";
import { runEtl } from "../support/warm-etl.ts";
import { warehouses } from "../support/warehouses.ts";
import type { Thing } from "./rules/things-api.ts";
import { type SpecText, ThingsProject } from "./rules/things-project.ts";

const at = (minute: number): string => `2025-05-01T10:${String(minute).padStart(2, "0")}:00Z`;

interface Part {
  no?: unknown;
  text?: string | null;
}

const order = (id: number, parts: Part[] | null | undefined, minute = 1): Thing => ({
  id,
  name: `order ${id}`,
  updated_at: at(minute),
  ...(parts === undefined ? {} : { parts }),
});

const partOf: SpecText = {
  each: "parts",
  mapping: {
    order_id: { from: "$parent.id", type: "bigint" },
    no: { from: "no", type: "integer" },
    text: "text",
  },
  upsert: { keys: ["order_id", "no"], replace_within: ["order_id"] },
  sink: { table: "part" },
};

describe.each(warehouses)("children into $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    project.spec({ children: [partOf] });
  });
  afterEach(() => project.close());

  const run = (flags: Parameters<ThingsProject["run"]>[0] = {}, options: Parameters<ThingsProject["run"]>[1] = {}) =>
    project.run(flags, { unchecked: true, ...options });
  const parts = async (): Promise<string[]> =>
    (await project.query("select order_id, no, text from part order by order_id, no")).map(
      ({ order_id, no, text }) => `${Number(order_id)}/${Number(no)} ${String(text)}`,
    );
  const counts = (ran: Awaited<ReturnType<typeof run>>, table = "part") => ran.summary.tables?.[table];

  it("writes the rows of both tables, counts each, and shows both", async () => {
    project.api.things = [
      order(1, [
        { no: 1, text: "a" },
        { no: 2, text: "b" },
      ]),
      order(2, []),
      order(3, undefined),
    ];
    const ran = await run();
    expect(ran.outcome.exitCode).toBe(0);
    expect(ran.summary).toMatchObject({ status: "success", fetched: 3, created: 3, rejected: 0 });
    expect(counts(ran)).toMatchObject({ fetched: 2, mapped: 2, created: 2, updated: 0, deleted: 0 });
    expect(await parts()).toEqual(["1/1 a", "1/2 b"]);
    expect(ran.log).toContain("Completed things items sync: 3 created");
    expect(ran.log).toContain("things items, table part: 2 created");
    const [row] = await project.history();
    expect(row!["performance_metrics"]).toMatchObject({ tables: { part: { created: 2 } } });
    const again = await run({ full: true });
    expect(counts(again)).toMatchObject({ fetched: 2, unchanged: 2, deleted: 0 });
  });

  it("deletes what a parent no longer has, its last child too; other parents keep theirs", async () => {
    project.api.things = [order(1, [{ no: 1 }, { no: 2 }]), order(2, [{ no: 1 }]), order(3, [{ no: 7 }])];
    await run();
    project.pass(600);
    project.api.things = [order(1, [{ no: 2, text: "x" }, { no: 3 }], 5), order(2, null, 5), order(3, [{ no: 7 }])];
    const ran = await run();
    expect(ran.summary.mode).toBe("incremental");
    expect(await parts()).toEqual(["1/2 x", "1/3 null", "3/7 null"]);
    expect(counts(ran)).toMatchObject({ fetched: 3, created: 1, updated: 1, deleted: 2 });
    expect(ran.log).toMatch(/table part: 1 created, 1 updated, 1 unchanged, 0 failed, 2 deleted/);
  });

  it("drops the children of a stale parent, and replaces nothing of its set", async () => {
    project.api.things = [order(1, [{ no: 1, text: "new" }], 9), order(2, [{ no: 1 }], 1)];
    await run();
    project.api.things = [order(1, [{ no: 2, text: "old" }], 3), order(2, [{ no: 2 }], 2)];
    const ran = await run({ full: true });
    expect(ran.summary).toMatchObject({ stale: 1, updated: 1 });
    expect(await parts()).toEqual(["1/1 new", "2/2 null"]);
    expect(counts(ran)).toMatchObject({ fetched: 1, created: 1, deleted: 1 });
    const forced = await run({ full: true, force: true });
    expect(forced.summary.stale).toBe(0);
    expect(await parts()).toEqual(["1/2 old", "2/2 null"]);
  });

  it("takes the children of the winner where a batch has two versions of a parent", async () => {
    project.api.things = [order(1, [{ no: 1, text: "new" }], 9), order(1, [{ no: 1, text: "old" }, { no: 2 }], 3)];
    const ran = await run();
    expect(ran.summary).toMatchObject({ fetched: 2, duplicates: 1, created: 1 });
    expect(counts(ran)).toMatchObject({ fetched: 1, created: 1 });
    expect(await parts()).toEqual(["1/1 new"]);
  });

  it("counts two children of one key as one and a duplicate", async () => {
    project.api.things = [
      order(1, [
        { no: 1, text: "a" },
        { no: 1, text: "b" },
      ]),
    ];
    expect(counts(await run())).toMatchObject({ fetched: 2, duplicates: 1, created: 1 });
    expect(await parts()).toEqual(["1/1 b"]);
  });

  it("rejects a child by its key and table; its stored row stays, the rest of the set is replaced", async () => {
    const strict = {
      ...partOf,
      mapping: { ...(partOf["mapping"] as object), text: { from: "text", validate: { length: { max: 3 } } } },
    };
    project.spec({ children: [strict], limits: { max_rejects: 5 } });
    project.api.things = [order(1, [{ no: 1, text: "a" }, { no: 2, text: "b" }, { no: 3 }])];
    await run({}, { validation: "strict" });
    project.api.things = [
      order(
        1,
        [
          { no: 1, text: "too long" },
          { no: 2, text: "c" },
        ],
        5,
      ),
    ];
    const ran = await run({ full: true }, { validation: "strict" });
    expect(ran.summary).toMatchObject({ status: "success", rejected: 0, updated: 1 });
    expect(counts(ran)).toMatchObject({ fetched: 2, rejected: 1, mapped: 1, updated: 1, deleted: 1 });
    expect(await parts()).toEqual(["1/1 a", "1/2 c"]);
    expect(await project.rejects()).toMatchObject([
      { record_key: "1,1", table_name: "part", field: "text", rule: "length", resolved_at: null, record: { no: 1 } },
    ]);
    expect(ran.log).toContain("(Record: part order_id=1, no=1)");
    project.api.things = [order(1, [{ no: 1, text: "ok" }], 6)];
    await run({ full: true }, { validation: "strict" });
    expect((await project.rejects())[0]!["resolved_at"]).not.toBeNull();
    expect(await parts()).toEqual(["1/1 ok"]);
  });

  it("holds a whole set back, and says so, where a child's key cannot be read", async () => {
    project.api.things = [order(1, [{ no: 1 }, { no: 2 }]), order(2, [{ no: 1 }, { no: 2 }])];
    await run();
    project.api.things = [order(1, [{ no: "soon" }, { no: 3 }], 5), order(2, [{ no: 2 }], 5)];
    const ran = await run({ full: true });
    expect(ran.summary.status).toBe("partial");
    expect(ran.summary.error).toContain("1 record was rejected");
    expect(counts(ran)).toMatchObject({ fetched: 3, rejected: 1, created: 1, deleted: 1 });
    expect(await parts()).toEqual(["1/1 null", "1/2 null", "1/3 null", "2/2 null"]);
    expect(ran.log).toMatch(/rule 'replace_within' \(Record: part order_id=1\): a record of it has no key/);
  });

  it("rejects what each makes of a record when it throws or gives lists, and keeps the set", async () => {
    project.api.things = [order(1, [{ no: 1 }])];
    await run();
    project.spec({ children: [{ ...partOf, each: "$number(name)" }] });
    project.api.things = [order(1, [{ no: 2 }], 5)];
    const ran = await run({ full: true });
    expect(ran.summary).toMatchObject({ status: "partial", updated: 1, rejected: 0 });
    expect(counts(ran)).toMatchObject({ fetched: 1, rejected: 1, deleted: 0 });
    expect(await project.rejects()).toMatchObject([
      { record_key: "1", table_name: "part", rule: "each", stage: "map" },
    ]);
    project.spec({ children: [{ ...partOf, each: "[[parts, parts]]" }] });
    expect((await run({ full: true })).log).toContain("each gave a list within the list");
    expect(await parts()).toEqual(["1/1 null"]);
  });

  it("takes scalars, one object, lets of the parent and of the child, and passes over nulls", async () => {
    const tag: SpecText = {
      each: "tags",
      let: { big: "$uppercase($)" },
      mapping: { order_id: { from: "$parent.id", type: "bigint" }, tag: "$", shown: "$big & $suffix & $parent.name" },
      upsert: { keys: ["order_id", "tag"], replace_within: ["order_id"] },
      sink: { table: "tag" },
    };
    project.spec({ let: { suffix: '"!"' }, children: [{ ...partOf, each: "main" }, tag] });
    project.api.things = [{ ...order(1, []), main: { no: 4, text: "one" }, tags: ["a", null, "b"] }];
    const ran = await run();
    expect(counts(ran, "tag")).toMatchObject({ fetched: 2, created: 2 });
    expect(await parts()).toEqual(["1/4 one"]);
    expect(await project.query("select tag, shown from tag order by tag")).toEqual([
      { tag: "a", shown: "A!order 1" },
      { tag: "b", shown: "B!order 1" },
    ]);
  });

  it("counts nulls as missing in each, and takes them untouched into json columns below a path", async () => {
    const kind: SpecText = {
      each: "parts[$contains($lowercase(text), 'a')]",
      mapping: { order_id: { from: "$parent.id", type: "bigint" }, no: { from: "no", type: "integer" } },
      upsert: { keys: ["order_id", "no"] },
      sink: { table: "kind" },
    };
    const mapping = { ...(partOf["mapping"] as object), whole: { from: "$", type: "json" } };
    project.spec({
      mapping: { raw: { from: "parts", type: "json" } },
      let: { g: "tags{ $string($): 1 }" },
      children: [{ ...partOf, mapping }, kind],
    });
    project.api.things = [
      {
        ...order(1, [
          { no: 1, text: "A" },
          { no: 2, text: null },
        ]),
        tags: [],
      },
      { ...order(2, []), tags: [] },
    ];
    const ran = await run();
    expect(counts(ran, "kind")).toMatchObject({ fetched: 1, created: 1, rejected: 0 });
    const rows = await project.query("select no, whole from part order by no");
    expect(
      rows.map(({ whole }) => JSON.parse(JSON.stringify(typeof whole === "string" ? JSON.parse(whole) : whole))),
    ).toEqual([
      { no: 1, text: "A" },
      { no: 2, text: null },
    ]);
  });

  it("drops the children of a filtered and of a rejected parent", async () => {
    project.spec({
      source: { filter: "id != 2" },
      mapping: { name: { from: "name", required: true } },
      children: [partOf],
      limits: { max_rejects: 1 },
    });
    project.api.things = [order(1, [{ no: 1 }]), order(2, [{ no: 1 }]), { ...order(3, [{ no: 1 }]), name: null }];
    const ran = await run();
    expect(ran.summary).toMatchObject({ fetched: 3, filtered: 1, rejected: 1, created: 1 });
    expect(await parts()).toEqual(["1/1 null"]);
  });

  it("counts the children as its own where the record itself is no row", async () => {
    project.spec({
      mapping: null,
      upsert: null,
      sink: null,
      children: [partOf],
      source: { filter: "name != 'order 9'" },
    });
    project.api.things = [order(1, [{ no: 1 }, { no: 2 }]), order(2, [{ no: 1 }]), order(9, [{ no: 1 }])];
    const ran = await run();
    expect(ran.summary).toMatchObject({ fetched: 4, filtered: 1, mapped: 3, created: 3, status: "success" });
    expect(ran.log).toContain("Completed things items sync: 3 created");
    expect((await project.history())[0]).toMatchObject({
      records_processed: 4,
      records_created: 3,
      records_filtered: 1,
    });
    project.api.things = [order(1, [{ no: 1 }], 5), order(2, [], 5)];
    expect((await run({ full: true })).summary).toMatchObject({ unchanged: 1, deleted: 2 });
    expect(await parts()).toEqual(["1/1 null"]);
  });

  it("lets the later of two records with one set replace it, and says so", async () => {
    project.spec({ mapping: null, upsert: null, sink: null, children: [partOf] });
    project.api.things = [order(1, [{ no: 1 }, { no: 2 }]), order(1, [{ no: 3 }]), order(2, [{ no: 1 }])];
    const ran = await run();
    expect(ran.summary).toMatchObject({ status: "success", fetched: 4, duplicates: 2, created: 2 });
    expect(await parts()).toEqual(["1/3 null", "2/1 null"]);
    expect(ran.log).toContain("(Record: part order_id=1): another record that was read after it has the same set");
  });

  it("says on a dry run what it would do, and does nothing", async () => {
    project.api.things = [order(1, [{ no: 1 }, { no: 2 }])];
    await run();
    project.api.things = [order(1, [{ no: 2, text: "x" }, { no: 3 }], 5)];
    const dry = await run({ dryRun: true, full: true });
    expect(counts(dry)).toMatchObject({ fetched: 2, created: 1, updated: 1, deleted: 1 });
    expect(await parts()).toEqual(["1/1 null", "1/2 null"]);
    expect(await project.history()).toHaveLength(1);
  });

  it("counts parents for --max-records, each with all of its children", async () => {
    project.api.things = [1, 2, 3, 4, 5].map((id) => order(id, [{ no: 1 }, { no: 2 }]));
    const ran = await run({ maxRecords: 2 });
    expect(ran.summary.fetched).toBe(2);
    expect(counts(ran)).toMatchObject({ fetched: 4, created: 4 });
    project.spec({ mapping: null, upsert: null, sink: null, children: [partOf] });
    expect((await run({ maxRecords: 3 })).summary).toMatchObject({ fetched: 6, unchanged: 4, created: 2 });
  });

  it("stops at max_rejects, the rejects of children among them", async () => {
    project.spec({ children: [partOf], limits: { max_rejects: 1 } });
    project.api.things = [order(1, [{ no: "a" }, { no: "b" }]), order(2, [{ no: 1 }])];
    const ran = await run();
    expect(ran.summary).toMatchObject({ status: "failed" });
    expect(ran.summary.error).toContain("limits.max_rejects allows 1");
  });

  it("is shown by plan, preview and explain, each table of it", async () => {
    project.api.things = [order(1, [{ no: 1, text: "a" }, { no: "x" }])];
    const etl = async (...args: string[]): Promise<string> => {
      const target = [
        "pipelines/things/items.yml",
        ...(args.includes("explain") ? [] : ["--warehouse", project.warehouse.address]),
      ];
      const { stdout, stderr, code } = await runEtl([...args, ...target], { cwd: project.folder });
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      return stdout;
    };
    const plan = await etl("plan");
    expect(plan).toContain("would run, for thing, part");
    expect(plan).toMatch(/CREATE TABLE "part" \(\s+"order_id"/);
    const preview = await etl("preview");
    expect(preview).toMatch(
      / {2}part: 2 rows\n {4}- order_id {2}1\n {6}no {8}1\n {6}text {6}"a"\n {4}- order_id {2}1\n/,
    );
    expect(preview).toContain('      rejected: no integer: "x" is not');
    expect(await etl("explain")).toContain("  - each: parts\n");
    const [json] = JSON.parse(await etl("preview", "--output", "json")) as { children: object }[];
    expect(json!.children).toMatchObject({
      part: [{ row: { order_id: 1, no: 1, text: "a" }, rejects: [] }, { rejects: [{ field: "no" }] }],
    });
  });

  it("goes on where a run was interrupted, and counts each table on", async () => {
    project.api.things = Array.from({ length: 12 }, (_, index) => order(index + 1, [{ no: 1 }, { no: 2 }]));
    const stop = new AbortController();
    const cut = await run({}, { signal: stop.signal, onProgress: (fetched) => fetched >= 6 && stop.abort("SIGINT") });
    expect(cut.summary.status).toBe("failed");
    const before = counts(cut)!.created;
    expect(before).toBeGreaterThan(0);
    const ran = await run();
    expect(ran.outcomes[0]!.summary.tables?.["part"]).toMatchObject({ fetched: 24, created: 24 });
    expect((await parts()).length).toBe(24);
  });
});

describe("the guide to children", () => {
  const blocks = readFileSync(new URL("../../docs/write-a-mapping.md", import.meta.url), "utf8")
    .split("## One record, rows in two tables")[1]!
    .split("## Tests")[0]!
    .split("```yaml\n")
    .slice(1)
    .map((text) => text.split("```")[0]!);

  it("shows specs that are sound, and rows that they make", async () => {
    const folder = mkdtempSync(join(tmpdir(), "etl-guide-"));
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    const [orders, deals, test] = blocks as [string, string, string];
    const contacts = { pipeline: "hubspot.contacts", source: { type: "csv", path: "c.csv" }, mapping: { id: "id" } };
    write("etl.yml", "pipelines: [.]\n");
    for (const name of ["shop", "hubspot"]) {
      mkdirSync(join(folder, name));
      write(`${name}/connection.yml`, `connection: ${name}\ntype: api\nbase_url: https://x.example.com\n`);
    }
    write("shop/orders.yml", `${orders}${test}`);
    write("hubspot/deals.yml", deals);
    write("hubspot/contacts.yml", JSON.stringify({ ...contacts, upsert: { keys: ["id"] }, sink: { table: "c" } }));
    const { pipelines, problems } = loadSpecs([folder], openContext([folder], {}, {}));
    rmSync(folder, { recursive: true });
    expect(problems).toEqual([]);
    const { spec } = pipelines.find(({ entity }) => entity === "orders")!;
    const mapping = compileMapping(spec, { validation: "strict", skipValidation: false, params: {} });
    const { records, children } = spec.tests![0]!;
    const set = await mapping.children[0]!.expand(await mapping.prepare(records[0]));
    const rows = set.children.map(({ mapped }) => rowObject(mapping.children[0]!.columns, mapped.row));
    expect(rows).toEqual(children!["shop_order_item"]);
    expect(set.within).toEqual([1]);
  });
});
