/** `etl rejects replay`: rejected records become rows once the spec takes them; nothing newer is lost to them. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pipelineObstacle } from "../../src/runtime/replay/obstacles.ts";
import type { Pipeline } from "../../src/spec/types.ts";
import { openSink } from "../../src/sinks/index.ts";
import { etl, temporaryFolder } from "../package/support.ts";
import { warehouses } from "../support/warehouses.ts";
import type { Thing } from "./rules/things-api.ts";
import { type SpecText, ThingsProject } from "./rules/things-project.ts";

const at = (minute: number): string => `2025-05-01T10:${String(minute).padStart(2, "0")}:00Z`;
const thing = (id: Thing["id"], name: string, minute = 1, more: object = {}): Thing => ({
  id,
  name,
  updated_at: at(minute),
  ...more,
});

/** Names of two letters alone, or of any number. */
const short: SpecText = { mapping: { name: { from: "name", validate: { length: { max: 2 } } } } };
const long: SpecText = { mapping: { name: { from: "name", validate: { length: { max: 20 } } } } };
const strict = { validation: "strict", unchecked: true } as const;

describe.each(warehouses)("rejects replayed into $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    project.spec(short);
  });
  afterEach(() => project.close());

  const openRejects = async (): Promise<unknown[]> =>
    (await project.rejects()).filter((reject) => reject["resolved_at"] === null);
  /** Runs a pipeline, then replays with another spec, strictly. */
  const afterRun = async (first: SpecText, things: Thing[], second: SpecText): Promise<void> => {
    project.spec(first);
    project.api.things = things;
    await project.run({}, strict);
    project.spec(second);
    project.pass(60);
  };

  it("writes what is good now, resolves it, and leaves the rest as it is; the history says so", async () => {
    await afterRun(short, [thing(1, "ok"), thing(2, "longer"), thing(3, "much too long for any of the specs")], long);
    const before = await project.rejects();
    const { exitCode, summary, log } = await project.replay({}, {}, strict);
    expect(exitCode).toBe(3);
    expect(summary).toMatchObject({
      pipeline: "things.items",
      status: "partial",
      dry_run: false,
      records: 2,
      replayed: 1,
      created: 1,
      rejected: 1,
      left: {},
      run_id: 2,
      error: "1 record stays rejected: see etl rejects list things.items",
    });
    expect(log).toContain(
      "Completed things items replay: 1 of 2 records are rows now (1 created, 0 updated, 0 unchanged)",
    );
    expect(log).toContain("Strict validation failed for field 'name'");
    expect(await project.things()).toEqual([
      { id: 1, name: "ok" },
      { id: 2, name: "longer" },
    ]);
    const [first, second] = await project.rejects();
    expect(first).toMatchObject({ record_key: "2", resolution: "replayed", last_run_id: 1 });
    expect(first!["resolved_at"]).not.toBeNull();
    expect(second).toEqual(before[1]);
    expect((await project.history()).at(-1)).toMatchObject({
      crm_source: "things",
      sync_type: "items",
      strategy: "replay",
      status: "partial",
      records_processed: 2,
      records_created: 1,
      records_failed: 1,
      watermark: null,
      checkpoint: null,
    });
    expect(await project.query("select sync_run_id from thing where id = 2")).toMatchObject([
      { sync_run_id: expect.toSatisfy((id) => Number(id) === 2) },
    ]);
    // How far the pipeline got is what it was.
    expect((await project.run({}, strict)).summary.mode).toBe("incremental");
    const again = await project.replay({}, {}, strict);
    expect(again.summary).toMatchObject({ records: 1, replayed: 0, rejected: 1 });
  });

  it("a success is exit code 0, and with nothing to do too", async () => {
    await afterRun(short, [thing(2, "longer")], long);
    expect(await project.replay({}, {}, strict)).toMatchObject({ exitCode: 0, summary: { status: "success" } });
    expect(await project.replay({}, {}, strict)).toMatchObject({ exitCode: 0, summary: { records: 0 } });
    expect(await openRejects()).toEqual([]);
  });

  it("--dry-run says the same and writes nothing, not even history", async () => {
    await afterRun(short, [thing(2, "longer"), thing(3, "far too long for either of the specs")], long);
    const before = [await project.rejects(), await project.history(), await project.things()];
    const { exitCode, summary, log } = await project.replay({}, { dryRun: true }, strict);
    expect({ exitCode, ...summary }).toMatchObject({
      exitCode: 3,
      dry_run: true,
      replayed: 1,
      rejected: 1,
      run_id: null,
    });
    expect(log).toContain("Dry run of things items replay, nothing was written; it would be: 1 of 2 records");
    expect([await project.rejects(), await project.history(), await project.things()]).toEqual(before);
  });

  it("--dry-run into a warehouse without history finds nothing", async () => {
    expect(await project.replay({}, { dryRun: true })).toMatchObject({ exitCode: 0, summary: { records: 0 } });
  });

  it("chooses by id, field and rule, and stops after --max-records", async () => {
    const born = { note: { from: "note", validate: { length: { max: 2 } } } };
    await afterRun(
      { mapping: { ...born, name: short["mapping"]!["name" as never] } },
      [thing(1, "aaa"), thing(2, "bb", 1, { note: "soon" }), thing(3, "ccc"), thing(4, "ddd")],
      long,
    );
    expect(await openRejects()).toHaveLength(4);
    expect((await project.replay({ field: "note" }, {}, strict)).summary).toMatchObject({ records: 1, replayed: 1 });
    const [first] = (await openRejects()) as { id: number }[];
    expect((await project.replay({ id: Number(first!.id) }, {}, strict)).summary).toMatchObject({ records: 1 });
    expect((await project.replay({ rule: "no_such_rule" }, {}, strict)).summary).toMatchObject({ records: 0 });
    expect((await project.replay({ rule: "length" }, { maxRecords: 1 }, strict)).summary).toMatchObject({
      records: 1,
    });
    expect((await project.things("id")).map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(await openRejects()).toMatchObject([{ record_key: "4" }]);
  });

  it("more rejects than a page, all of one record resolved together, in its newest version", async () => {
    const things = Array.from({ length: 450 }, (_, index) => thing(index + 1, `name ${index}`));
    const both = { mapping: { ...short["mapping"]!, note: { from: "note", validate: { length: { max: 2 } } } } };
    await afterRun(both, [...things, thing(999, "first", 1, { note: "long" })], both);
    project.api.things = [thing(999, "second", 2, { note: "ok" })];
    await project.run({}, strict);
    expect(await openRejects()).toHaveLength(452);
    project.spec(long);
    const { summary } = await project.replay({ rule: "length" }, {}, strict);
    expect(summary).toMatchObject({ records: 451, replayed: 451, created: 451, status: "success" });
    expect(await openRejects()).toEqual([]);
    expect(await project.query("select name, note from thing where id = 999")).toEqual([
      { name: "second", note: "ok" },
    ]);
  });

  it("does not overwrite a newer stored row", async () => {
    await afterRun(short, [thing(1, "v2", 2)], short);
    project.api.things = [thing(1, "older version", 1)];
    await project.run({ full: true }, strict);
    project.spec(long);
    const { exitCode, summary } = await project.replay({}, {}, strict);
    expect({ exitCode, ...summary }).toMatchObject({ exitCode: 3, stale: 1, replayed: 0 });
    expect(await project.things()).toEqual([{ id: 1, name: "v2" }]);
    expect(await openRejects()).toHaveLength(1);
  });

  it("without newer_by a row that a later run wrote stays, also where the reject had no key", async () => {
    const bare = { upsert: { newer_by: null } };
    const keyed = { ...bare, mapping: { id: { from: "$exists(id) ? id : ref", type: "bigint" } } };
    await afterRun(bare, [thing(null, "v1", 1, { ref: 7 })], keyed);
    project.api.things = [thing(7, "v2", 3)];
    await project.run({}, strict);
    const { summary, log } = await project.replay({}, {}, strict);
    expect(summary).toMatchObject({ replayed: 0, left: { "a later run wrote its row, or deleted it": 1 } });
    expect(log).toContain("is left open: a later run wrote its row, or deleted it");
    expect(await project.things()).toEqual([{ id: 7, name: "v2" }]);
  });

  it("a version of the same record that is rejected later is the one that counts", async () => {
    const bare = { ...short, upsert: { newer_by: null } };
    await afterRun(bare, [thing(null, "v1", 1, { ref: 7 })], bare);
    project.api.things = [thing(7, "later", 3)];
    await project.run({}, strict);
    project.spec(long, {
      upsert: { newer_by: null },
      mapping: { id: { from: "$exists(id) ? id : ref", type: "bigint" } },
    });
    const noKey = (await project.rejects()).find(({ record_key }) => String(record_key).startsWith("#"))!;
    const { summary } = await project.replay({ id: Number(noKey["id"]) }, {}, strict);
    expect(summary).toMatchObject({ replayed: 0, left: { "a later version of the same record is rejected": 1 } });
    expect(await project.things()).toEqual([]);
  });

  it("does not bring back what was deleted since", async () => {
    const deletes = { deletes: { detect: "missing", max: "100%" } };
    await afterRun({ ...short, ...deletes }, [thing(1, "ok"), thing(2, "ok")], { ...short, ...deletes });
    project.api.things = [thing(1, "too long", 3), thing(2, "ok")];
    await project.run({}, strict);
    project.api.things = [thing(2, "ok")];
    expect((await project.remove({ allowDeletes: 5 })).summary.deleted).toBe(1);
    project.spec({ ...long, ...deletes });
    const { summary } = await project.replay({}, {}, strict);
    expect(summary.left).toEqual({ "a later run wrote its row, or deleted it": 1 });
    expect(await project.query("select id from thing where deleted_at is null")).toHaveLength(1);
  });

  it("leaves what it cannot know: masked secrets, what the filter leaves out", async () => {
    await afterRun(short, [thing(1, "longer", 1, { note: "Bearer ***" }), thing(2, "draft!", 1)], {
      ...long,
      source: { filter: "name != 'draft!'" },
    });
    const { summary } = await project.replay({}, {}, strict);
    expect(summary).toMatchObject({ records: 2, replayed: 0, rejected: 0, status: "partial" });
    expect(Object.keys(summary.left).toSorted()).toEqual([
      "it holds ***: where a secret was masked the record is not what the source gave",
      "source.filter leaves it out now",
    ]);
    expect(await openRejects()).toHaveLength(2);
  });

  it("keeps every digit of what was rejected", async () => {
    const wide = {
      mapping: { note: { from: "amount", type: "decimal(38,19)" }, json: { from: "raw", type: "json" } },
    };
    await afterRun({ mapping: { ...short["mapping"]!, ...wide.mapping } }, [], long);
    project.api.before = () => ({
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ results: [{ id: "@", name: "longer", updated_at: at(1), amount: "#", raw: { n: "#" } }] })
        .replace('"@"', "9007199254740993")
        .replaceAll('"#"', "0.1234567890123456789"),
    });
    project.spec({ mapping: { ...short["mapping"]!, ...wide.mapping } });
    await project.run({ full: true }, strict);
    expect(await openRejects()).toHaveLength(1);
    project.spec({ mapping: { ...long["mapping"]!, ...wide.mapping } });
    expect((await project.replay({}, {}, strict)).summary).toMatchObject({ replayed: 1 });
    const [row] = await project.query(
      "select cast(id as text) as id, cast(note as text) as note, cast(json as text) as json from thing",
    );
    expect({ ...row, json: String(row!["json"]).replace(/\s/g, "") }).toEqual({
      id: "9007199254740993",
      note: "0.1234567890123456789",
      json: '{"n":0.1234567890123456789}',
    });
  });

  it("children: a record whose each failed comes whole, a row of children alone stays", async () => {
    const child = {
      each: "parts.$assert_list($)",
      mapping: { thing_id: { from: "$parent.id", type: "bigint" }, no: { from: "no", type: "integer" } },
      upsert: { keys: ["thing_id", "no"], replace_within: ["thing_id"] },
      sink: { table: "part" },
    };
    const failing = { children: [{ ...child, each: "$map(parts, function($p) { $p.no = 0 ? $error('zero') : $p })" }] };
    await afterRun(
      failing,
      [thing(1, "a", 1, { parts: [{ no: 0 }, { no: 1 }] }), thing(2, "b", 1, { parts: [{ no: "x" }, { no: 3 }] })],
      { children: [{ ...child, each: "parts" }] },
    );
    expect(await openRejects()).toHaveLength(2);
    const { summary } = await project.replay({}, {}, strict);
    expect(summary).toMatchObject({ records: 2, replayed: 1, unchanged: 1 });
    expect(Object.keys(summary.left)).toEqual([expect.stringContaining("it is a row of children")]);
    expect(
      (await project.query("select thing_id, no from part order by 1, 2")).map((row) => Object.values(row).map(Number)),
    ).toEqual([
      [1, 0],
      [1, 1],
      [2, 3],
    ]);
    expect(await openRejects()).toMatchObject([{ table_name: "part", rule: "integer" }]);
  });

  it("a run that failed is gone on with after a replay, too", async () => {
    project.api.things = [thing(1, "longer"), ...[2, 3, 4, 5, 6, 7].map((id) => thing(id, "ok"))];
    project.api.before = (_ask, index) => (index >= 2 ? { status: 500 } : undefined);
    expect((await project.run({}, strict)).summary.status).toBe("failed");
    project.api.before = () => undefined;
    expect((await project.replay({}, {}, strict)).summary).toMatchObject({ rejected: 1 });
    const { outcomes, log } = await project.run({}, strict);
    expect(outcomes).toHaveLength(2);
    expect(log).toContain("resuming run 1");
    expect(await project.things("id")).toHaveLength(6);
  });

  it("a replay that was killed is closed by the next run, and no run goes on from it", async () => {
    await afterRun(short, [thing(1, "ok"), thing(2, "longer")], long);
    await project.replay({}, {}, strict);
    const [run] = await project.history();
    await project.execute(
      `update sync_history set status = 'running', end_time = null, checkpoint = '${JSON.stringify({ ...run!.checkpoint, slices: { "": { done: true } }, asked: "", strategy: "replay" })}' where strategy = 'replay'`,
    );
    const { outcomes, log } = await project.run({}, strict);
    expect(outcomes).toHaveLength(1);
    expect(log).toContain("Run 2 of things.items died without closing its history");
    expect(outcomes[0]!.summary).toMatchObject({ mode: "incremental", status: "success" });
  });

  it("what the database refuses still stays, and is a row once the database takes it", async () => {
    project.spec(long);
    await project.run({}, strict);
    await project.execute("create unique index one_name on thing (name)");
    await afterRun(long, [thing(1, "same"), thing(2, "same")], long);
    expect(await openRejects()).toMatchObject([{ stage: "write", last_run_id: 2 }]);
    const refused = await project.replay({}, {}, strict);
    expect({ exitCode: refused.exitCode, ...refused.summary }).toMatchObject({ exitCode: 3, replayed: 0, rejected: 1 });
    expect(await openRejects()).toMatchObject([{ stage: "write", last_run_id: 2 }]);
    await project.execute("drop index one_name");
    expect((await project.replay({}, {}, strict)).summary).toMatchObject({ replayed: 1, created: 1, rejected: 0 });
    expect(await openRejects()).toEqual([]);
  });

  it("takes the lock: a pipeline that is running is not replayed", async () => {
    await afterRun(short, [thing(2, "longer")], long);
    const sink = await openSink(project.warehouse.address, { readOnly: false });
    const lock = await sink.lock("etl things.items");
    try {
      const { exitCode, summary } = await project.replay({}, {}, strict);
      expect({ exitCode, error: summary.error }).toEqual({
        exitCode: 4,
        error: expect.stringContaining("things.items is already running"),
      });
    } finally {
      await lock?.release();
      await sink.close();
    }
    expect(await openRejects()).toHaveLength(1);
  });
});

describe("etl rejects replay", () => {
  const people = (name: string, more = ""): string => `pipeline: files.${name}
description: People.
source: { type: csv, path: ${name}.csv, header: true }
mapping: { id: { from: id, type: integer }, born: { from: born, type: date, required: true } }
upsert: { keys: [id] }
sink: { table: ${name} }
${more}`;

  it("without a name takes all that can be replayed; a line that is no record stays, strangers are told", async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, "pipelines"));
    const write = (name: string, text: string): void => writeFileSync(join(cwd, "pipelines", name), text);
    write("a.csv", "id,born\n1,soon\n2,1990-01-01,ragged\n");
    write("b.csv", "id,born\n1,later\n");
    write("a.yml", people("a"));
    write("b.yml", people("b"));
    write("c.csv", "id,born\n1,never\n");
    write("c.yml", people("c"));
    expect((await etl(["run", "pipelines"], { cwd })).code).toBe(3);
    for (const name of ["a", "b"]) write(`${name}.yml`, people(name).replace("from: born", "from: \"'2001-02-03'\""));
    rmSync(join(cwd, "pipelines/c.yml"));
    const dry = await etl(["rejects", "replay", "--dry-run", "--output", "json"], { cwd });
    expect(dry.code).toBe(3);
    const replayed = await etl(["rejects", "replay"], { cwd });
    expect(replayed.code).toBe(3);
    expect(replayed.stdout).toBe("");
    expect(replayed.stderr).toContain("files.c has open rejects, and no spec in this project: they stay");
    expect(replayed.stderr).toContain("the source refused it before it was a record");
    expect(replayed.stderr).toMatch(/files\.a +partial +2 +1 +0 +0 +1\nfiles\.b +success +1 +1 +0 +0 +0/);
    expect((await etl(["rejects", "replay", "files.b"], { cwd })).code).toBe(0);
    expect((await etl(["rejects", "replay", "files.x"], { cwd })).code).toBe(2);
  });
});

describe("pipelines whose rejects hold too little", () => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
  });
  afterEach(() => project.close());
  const child = {
    each: "parts",
    mapping: { thing_id: { from: "$parent.id", type: "bigint" }, no: { from: "no", type: "integer" } },
    upsert: { keys: ["thing_id", "no"] },
    sink: { table: "part" },
  };

  it.each([
    ["children alone", { mapping: null, upsert: null, sink: null, children: [child] }, "only the children"],
    [
      "$slice",
      {
        source: { slices: { by: "list", values: ["a"] }, request: { query: { zone: "{{slice.value}}" } } },
        mapping: { note: "$slice.value" },
      },
      "its expressions read $slice",
    ],
  ])("%s: refused, with what to do instead", async (_name, changes, why) => {
    project.spec(changes as SpecText);
    const { exitCode, summary } = await project.replay();
    expect(exitCode).toBe(2);
    expect(summary.error).toContain(`the rejects of things.items cannot be replayed: ${why}`);
    expect(summary.error).toContain("Run it with --full");
  });

  it("rows of sets that parents replace: refused", () => {
    const spec = {
      source: { type: "api" },
      mapping: { id: { from: "id" } },
      upsert: { keys: ["id"], replace_within: ["id"] },
      sink: { table: "link" },
    };
    expect(pipelineObstacle(spec as unknown as Pipeline)).toContain("sets that are replaced as a whole");
    expect(pipelineObstacle({ ...spec, upsert: { keys: ["id"] } } as unknown as Pipeline)).toBeUndefined();
  });
});
