/** Records that could not become rows: when, how they are kept, and what they make of a run. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { warehouses } from "../../support/warehouses.ts";
import type { Thing } from "./things-api.ts";
import { ThingsProject, type SpecText } from "./things-project.ts";

const at = "2025-05-01T00:00:00Z";

describe.each(warehouses)("rejects, in $name", ({ name, open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
  });
  afterEach(() => project.close());

  /** Stage, field and rule of each open reject. */
  async function openRejects(): Promise<unknown[]> {
    const rows = (await project.rejects()).filter(({ resolved_at: resolved }) => resolved === null);
    return rows.map(({ record_key: key, stage, field, rule }) => [key, stage, field, rule]);
  }

  const stages: {
    name: string;
    spec: SpecText;
    record: SpecText;
    fine?: SpecText;
    reject: unknown[];
    lenient: "reject" | "null" | "kept";
  }[] = [
    {
      name: "coerce: a value that does not fit its type",
      spec: { mapping: { note: { from: "note", type: "integer" } } },
      record: { id: 1, name: "a", note: "many", updated_at: at },
      reject: ["1", "coerce", "note", "integer"],
      lenient: "null",
    },
    {
      name: "map: an expression that throws",
      spec: { mapping: { note: "$number(note)" } },
      record: { id: 1, name: "a", note: "many", updated_at: at },
      reject: ["1", "map", "note", "expression"],
      lenient: "null",
    },
    {
      name: "map: a let that throws",
      spec: { let: { size: "$number(note)" }, mapping: { note: "$size" } },
      record: { id: 1, name: "a", note: "many", updated_at: at },
      reject: [expect.stringMatching(/^#[0-9a-f]{24}$/), "map", "size", "let"],
      lenient: "reject",
    },
    {
      name: "required: a field without a value",
      spec: { mapping: { name: { from: "name", required: true } } },
      record: { id: 1, name: "  ", note: "n", updated_at: at },
      reject: ["1", "required", "name", "required"],
      lenient: "reject",
    },
    {
      name: "required: an upsert key without a value",
      spec: {},
      record: { id: null, name: "a", note: "n", updated_at: at },
      reject: [expect.stringMatching(/^#[0-9a-f]{24}$/), "required", "id", "required"],
      lenient: "reject",
    },
    {
      name: "coerce: a required field whose value does not fit",
      spec: { mapping: { note: { from: "note", type: "integer", required: true } } },
      record: { id: 1, name: "a", note: "many", updated_at: at },
      fine: { note: 1 },
      reject: ["1", "coerce", "note", "integer"],
      lenient: "reject",
    },
    {
      name: "validate: a validator that is silent about on_fail",
      spec: { mapping: { note: { from: "note", validate: "email" } } },
      record: { id: 1, name: "a", note: "nobody", updated_at: at },
      reject: ["1", "validate", "note", "email"],
      lenient: "kept",
    },
    {
      name: "validate: on_fail: reject",
      spec: { mapping: { note: { from: "note", validate: "email", on_fail: "reject" } } },
      record: { id: 1, name: "a", note: "nobody", updated_at: at },
      reject: ["1", "validate", "note", "email"],
      lenient: "reject",
    },
    {
      name: "rule: on_fail: reject",
      spec: { rules: [{ name: "noted", check: "note = 'good'", on_fail: "reject" }] },
      record: { id: 1, name: "a", note: "bad", updated_at: at },
      fine: { note: "good" },
      reject: ["1", "rule", "", "noted"],
      lenient: "reject",
    },
  ];

  it.each(stages)("strict, $name: is rejected", async ({ spec, record, fine, reject }) => {
    project.spec(spec);
    project.api.things = [record as Thing, { id: 2, name: "fine", updated_at: at, ...fine }];
    const { summary, outcome } = await project.run({}, { validation: "strict" });
    expect(summary).toMatchObject({ status: "partial", fetched: 2, rejected: 1, created: 1 });
    expect(outcome.exitCode).toBe(3);
    expect(await openRejects()).toEqual([reject]);
    expect(await project.things()).toEqual([{ id: 2, name: "fine" }]);
  });

  it.each(stages)("lenient, $name: $lenient", async ({ spec, record, reject, lenient }) => {
    project.spec(spec);
    project.api.things = [record as Thing];
    const { summary } = await project.run({}, { validation: "lenient" });
    if (lenient === "reject") {
      expect(summary).toMatchObject({ status: "partial", rejected: 1, warnings: 0 });
      expect(await openRejects()).toEqual([reject]);
      return;
    }
    expect(summary).toMatchObject({ status: "success", rejected: 0, created: 1, warnings: 1 });
    expect(await project.rejects()).toEqual([]);
    expect((await project.things("note"))[0]!["note"]).toBe(lenient === "null" ? null : "nobody");
  });

  it.each(["strict", "lenient"] as const)(
    "%s, on_fail: unset stores NULL, on_fail: warn keeps the value",
    async (validation) => {
      project.spec({
        mapping: {
          name: { from: "name", validate: "email", on_fail: "unset" },
          note: { from: "note", validate: "email", on_fail: "warn" },
        },
      });
      project.api.things = [{ id: 1, name: "nobody", note: "nobody", updated_at: at }];
      expect((await project.run({}, { validation })).summary).toMatchObject({ status: "success", warnings: 2 });
      expect(await project.things("name, note")).toEqual([{ name: null, note: "nobody" }]);
    },
  );

  it.each(["strict", "lenient"] as const)("%s, a rule warns unless it says reject", async (validation) => {
    project.spec({ rules: [{ name: "named", check: "name" }] });
    project.api.things = [{ id: 1, name: "", updated_at: at }];
    expect((await project.run({}, { validation })).summary).toMatchObject({
      status: "success",
      warnings: 1,
      created: 1,
    });
  });

  it("a record with three failures is one rejected record and three rejects", async () => {
    project.spec({
      mapping: {
        name: { from: "name", required: true },
        note: { from: "note", type: "integer" },
        colour: { from: "colour", validate: { enum: ["red", "blue"] } },
      },
    });
    project.api.things = [{ id: 1, name: "", note: "x", colour: "green", updated_at: at }];
    expect((await project.run({}, { validation: "strict" })).summary).toMatchObject({ fetched: 1, rejected: 1 });
    expect(await openRejects()).toEqual([
      ["1", "required", "name", "required"],
      ["1", "coerce", "note", "integer"],
      ["1", "validate", "colour", "enum"],
    ]);
  });

  describe("max_rejects", () => {
    const strict = { mapping: { name: { from: "name", required: true } } };
    const fill = (good: number, bad: number): void => {
      project.api.things = Array.from({ length: good + bad }, (_, index) => ({
        id: index + 1,
        name: index < good ? "fine" : "",
        updated_at: at,
      }));
    };

    it("none written: one reject makes the run partial, exit 3", async () => {
      project.spec(strict);
      fill(9, 1);
      const { summary, outcome } = await project.run();
      expect(summary).toMatchObject({ status: "partial", created: 9, rejected: 1 });
      expect(summary.error).toMatch(/^1 record was rejected: see etl rejects list things\.items/);
      expect(outcome.exitCode).toBe(3);
    });

    it("a count, within: success, and the run says how many", async () => {
      project.spec(strict, { limits: { max_rejects: 2 } });
      fill(8, 2);
      const { summary, outcome, lines } = await project.run();
      expect(summary).toMatchObject({ status: "success", created: 8, rejected: 2, error: null });
      expect(outcome.exitCode).toBe(0);
      expect(lines).toContain("INFO  Completed things items sync: 8 created, 0 updated, 0 unchanged, 2 failed");
    });

    it("a count, past: failed, and not to be resumed", async () => {
      project.spec(strict, { limits: { max_rejects: 2 } });
      fill(7, 3);
      const { summary, outcome } = await project.run();
      expect(summary).toMatchObject({ status: "failed", rejected: 3 });
      expect(summary.error).toBe("3 of 10 records were rejected; limits.max_rejects allows 2");
      expect(outcome).toMatchObject({ exitCode: 1, hint: undefined });
      expect(await project.lastWatermark()).toBeNull();
      expect((await project.history()).at(-1)!.checkpoint).toBeNull();
    });

    it("0: the first reject fails the run", async () => {
      project.spec(strict, { limits: { max_rejects: 0 } });
      fill(9, 1);
      expect((await project.run()).summary.status).toBe("failed");
    });

    it("a share, within: success", async () => {
      project.spec(strict, { limits: { max_rejects: "20%" } });
      fill(8, 2);
      expect((await project.run()).summary).toMatchObject({ status: "success", rejected: 2 });
    });

    it("a share, past: failed at the end, when the share is known", async () => {
      project.spec(strict, { limits: { max_rejects: "20%" } });
      fill(7, 3);
      const { summary } = await project.run();
      expect(summary).toMatchObject({ status: "failed", fetched: 10, created: 7, rejected: 3 });
      expect(summary.error).toBe("3 of 10 records were rejected; limits.max_rejects allows 20%");
      expect(await project.lastWatermark()).toBeNull();
    });

    it("a share of a half per cent", async () => {
      project.spec(strict, { limits: { max_rejects: "0.5%" } });
      fill(199, 1);
      expect((await project.run()).summary.status).toBe("success");
      fill(198, 2);
      expect((await project.run({ full: true })).summary.status).toBe("failed");
    });
  });

  describe("how they are kept", () => {
    beforeEach(() => project.spec({ mapping: { name: { from: "name", required: true } } }));

    it("whole, as the source gave the record: nulls, unmapped keys and long numbers too", async () => {
      const text = `{"results":[{"id":7,"name":null,"unmapped":{"deep":[1,null]},"number":12345678901234567890,"updated_at":"${at}"}]}`;
      project.api.before = () => ({ body: text });
      await project.run();
      const [reject] = await project.query("select cast(record as text) as record from sync_rejects");
      const [shown] = await project.rejects();
      expect(shown).toMatchObject({
        crm_source: "things",
        sync_type: "items",
        record_key: "7",
        stage: "required",
        field: "name",
        rule: "required",
        message: "is missing, and it is required",
        record: { id: 7, name: null, unmapped: { deep: [1, null] }, updated_at: at },
        resolved_at: null,
        resolution: null,
      });
      expect(String(reject!["record"])).toContain("12345678901234567890");
      expect(shown!["spec_hash"]).toBe((await project.history())[0]!.configuration["spec_hash"]);
    });

    it("one open reject over several runs, with the first and the last run that saw it", async () => {
      project.api.things = [{ id: 7, name: "", colour: "red", updated_at: at }];
      await project.run();
      project.api.put({ id: 7, colour: "blue" });
      await project.run();
      await project.run({ full: true });
      const rejects = await project.rejects();
      expect(rejects).toHaveLength(1);
      expect(rejects[0]).toMatchObject({ first_run_id: 1, last_run_id: 3, record: { colour: "blue" } });
    });

    it("another stage, field or rule of the same key is another reject", async () => {
      project.api.things = [{ id: 7, name: "", size: "x", updated_at: at }];
      await project.run();
      project.spec({
        mapping: { name: { from: "name", required: true }, size: { from: "size", type: "integer", required: true } },
      });
      await project.run({ full: true });
      expect(await openRejects()).toEqual([
        ["7", "required", "name", "required"],
        ["7", "coerce", "size", "integer"],
      ]);
    });

    it("the hash of the record stands for a key that cannot be read", async () => {
      project.api.things = [{ id: null, name: "no key", updated_at: at }];
      await project.run();
      await project.run({ full: true });
      const rejects = await project.rejects();
      expect(rejects).toHaveLength(1);
      expect(rejects[0]).toMatchObject({ record_key: expect.stringMatching(/^#/), first_run_id: 1, last_run_id: 2 });
    });

    it("is resolved when a good version arrives", async () => {
      project.api.things = [
        { id: 7, name: "", updated_at: at },
        { id: 8, name: "", updated_at: at },
      ];
      await project.run();
      project.api.put({ id: 7, name: "mended", updated_at: "2025-05-02T00:00:00Z" });
      await project.run();
      const [seven, eight] = await project.rejects();
      expect(seven!["resolved_at"]).not.toBeNull();
      expect(seven!["resolution"]).toBe("a later version of the record was written");
      expect(eight!["resolved_at"]).toBeNull();
    });

    it("is resolved when a good version arrives later in the same run", async () => {
      project.api.before = ({ query }) =>
        query["after"] === undefined
          ? { body: { results: [{ id: 7, name: "", updated_at: at }], paging: { next: { after: "2" } } } }
          : { body: { results: [{ id: 7, name: "mended", updated_at: at }] } };
      expect((await project.run()).summary).toMatchObject({ rejected: 1, created: 1 });
      expect(await openRejects()).toEqual([]);
    });

    it("stays open when the bad version came last", async () => {
      project.api.before = () => ({
        body: {
          results: [
            { id: 7, name: "good", updated_at: at },
            { id: 7, name: "", updated_at: at },
          ],
        },
      });
      await project.run();
      expect(await openRejects()).toEqual([["7", "required", "name", "required"]]);
    });

    it("a new reject after a resolved one is open again, beside it", async () => {
      project.api.things = [{ id: 7, name: "", updated_at: at }];
      await project.run();
      project.api.put({ id: 7, name: "mended" });
      await project.run({ full: true });
      project.api.put({ id: 7, name: "" });
      await project.run({ full: true });
      const rejects = await project.rejects();
      expect(rejects.map(({ resolved_at: resolved }) => resolved === null)).toEqual([false, true]);
      expect(rejects[1]).toMatchObject({ first_run_id: 3, last_run_id: 3 });
    });

    it("a rejected record keeps its stored row", async () => {
      project.api.things = [{ id: 7, name: "stored", updated_at: at }];
      await project.run();
      project.api.put({ id: 7, name: "", updated_at: "2025-05-02T00:00:00Z" });
      await project.run();
      expect(await project.things()).toEqual([{ id: 7, name: "stored" }]);
    });

    it("a row that the database refuses is a reject of stage write, and the rest goes on", async () => {
      project.api.things = [{ id: 1, name: "taken", updated_at: at }];
      await project.run();
      // Somebody puts a constraint on the table by hand.
      await project.execute("create unique index one_name on thing (name)");
      project.api.put({ id: 2, name: "free", updated_at: at });
      project.api.put({ id: 3, name: "taken", updated_at: at });
      project.api.put({ id: 4, name: "free as well", updated_at: at });
      const { summary, lines } = await project.run();
      expect(summary).toMatchObject({ status: "partial", created: 2, unchanged: 1, rejected: 1 });
      const code = name === "PostgreSQL" ? "23505" : "SQLITE_CONSTRAINT_UNIQUE";
      expect((await openRejects()).map((reject) => (reject as unknown[]).toSpliced(2, 1))).toEqual([
        ["3", "write", code],
      ]);
      expect(lines.filter((line) => line.startsWith("ERROR Error processing items 3: "))).toHaveLength(1);
      project.api.put({ id: 3, name: "another", updated_at: at });
      await project.run();
      expect(await openRejects()).toEqual([]);
    });
  });
});
