/** The lines that operators look for, word by word; how many of them; and what must never be in them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ThingsProject } from "./things-project.ts";

const at = "2025-05-01T00:00:00Z";

describe("log lines", () => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
  });
  afterEach(() => project.close());

  const withEmail = { mapping: { email: { from: "email", validate: "email" } } };

  it("Starting … and Completed …", async () => {
    project.spec({ mapping: { name: { from: "name", required: true } } });
    project.api.things = [1, 2, 3, 4].map((id) => ({ id, name: "x", updated_at: "2025-01-01T00:00:00Z" }));
    await project.run();
    project.api.put({ id: 1, name: "changed", updated_at: "2025-01-02T00:00:00Z" });
    project.api.put({ id: 2, name: "" });
    project.api.put({ id: 5, name: "new", updated_at: "2025-01-02T00:00:00Z" });
    const { lines } = await project.run();
    expect(lines[0]).toBe("INFO  Starting things items sync (incremental since 2025-01-01T00:00:00Z)");
    expect(lines).toContain("INFO  Completed things items sync: 1 created, 1 updated, 2 unchanged, 1 failed");
  });

  it("Validation warning for field …", async () => {
    project.spec(withEmail);
    project.api.things = [{ id: 123, name: "a", email: "x", updated_at: at }];
    const { lines } = await project.run();
    expect(lines).toContain(
      "WARN  Validation warning for field 'email' with value 'x' (Record: id=123): not an e-mail address",
    );
  });

  it("Validation warning for rule …", async () => {
    project.spec({ rules: [{ name: "named", check: "name", message: "nobody knows its name" }] });
    project.api.things = [{ id: 123, name: "", updated_at: at }];
    const { lines } = await project.run();
    expect(lines).toContain("WARN  Validation warning for rule 'named' (Record: id=123): nobody knows its name");
  });

  it("Strict validation failed for field …, by a check or by a type", async () => {
    project.spec(withEmail, { mapping: { size: { from: "size", type: "integer" } } });
    project.api.things = [{ id: 123, name: "a", email: "x", size: "huge", updated_at: at }];
    const { lines } = await project.run({}, { validation: "strict" });
    expect(lines).toContain(
      "ERROR Strict validation failed for field 'email' with value 'x' (Record: id=123): not an e-mail address",
    );
    expect(lines).toContain(
      `ERROR Strict validation failed for field 'size' with value 'huge' (Record: id=123): "huge" is not an integer`,
    );
  });

  it("Strict validation failed for rule …", async () => {
    project.spec({ rules: [{ name: "named", check: "name", on_fail: "reject" }] });
    project.api.things = [{ id: 123, name: "", updated_at: at }];
    const { lines } = await project.run();
    expect(
      lines.some((line) => line.startsWith("ERROR Strict validation failed for rule 'named' (Record: id=123): ")),
    ).toBe(true);
  });

  it.each(["strict", "lenient"] as const)("%s: Failed to parse date value …", async (validation) => {
    project.spec({ mapping: { created_at: { from: "created_at", type: "timestamp" } } });
    project.api.things = [{ id: 123, name: "a", created_at: "soon", updated_at: at }];
    const { lines } = await project.run({}, { validation });
    const level = validation === "strict" ? "ERROR" : "WARN ";
    expect(lines).toContain(`${level} Failed to parse date value: 'soon' in field 'created_at' for things 123`);
  });

  it("Error processing …, with the record's page and the context", async () => {
    project.connection({ vars: { portal: "77" } });
    project.spec({
      record_url: "https://things.example.com/{{vars.portal}}/{{record.id}}",
      mapping: { name: { from: "name", required: true }, note: "$number(note)" },
    });
    project.api.things = [{ id: 123, name: "", note: "x", updated_at: at }];
    const { lines } = await project.run({}, { validation: "strict" });
    expect(lines).toContain(
      'ERROR Error processing items 123: name is missing, and it is required - CRM URL: https://things.example.com/77/123 - Context: {"stage":"required","rule":"required","field":"name"}',
    );
    expect(
      lines.some((line) =>
        /^ERROR Error processing items 123: note the expression failed: .* - CRM URL: https:\/\/things\.example\.com\/77\/123 - Context: \{"stage":"map","rule":"expression","field":"note"\}$/.test(
          line,
        ),
      ),
    ).toBe(true);
  });

  it("Error processing …, without a page where the spec names none", async () => {
    project.spec({ mapping: { name: { from: "name", required: true } } });
    project.api.things = [{ id: 123, name: "", updated_at: at }];
    const { lines } = await project.run();
    expect(lines).toContain(
      'ERROR Error processing items 123: name is missing, and it is required - Context: {"stage":"required","rule":"required","field":"name"}',
    );
  });

  it("of one field and rule the first ten, then a count", async () => {
    project.spec(withEmail, { mapping: { name: { from: "name", required: true } } });
    for (let id = 1; id <= 25; id++) project.api.put({ id, name: id > 13 ? "" : "a", email: "x", updated_at: at });
    const { lines, summary } = await project.run();
    expect(lines.filter((line) => line.includes("Validation warning for field 'email'"))).toHaveLength(10);
    expect(lines).toContain("WARN  …and 15 more validation warnings for email: email");
    expect(lines.filter((line) => line.includes("Error processing items"))).toHaveLength(10);
    expect(lines).toContain("WARN  …and 2 more rejects for name: required");
    expect(summary).toMatchObject({ warnings: 25, rejected: 12 });
  });

  it("ten are all of ten: no count follows", async () => {
    project.spec(withEmail);
    for (let id = 1; id <= 10; id++) project.api.put({ id, name: "a", email: "x", updated_at: at });
    const { lines } = await project.run();
    expect(lines.filter((line) => line.includes("Validation warning"))).toHaveLength(10);
    expect(lines.filter((line) => line.includes("more validation warnings"))).toEqual([]);
  });

  it("--debug gives all of them", async () => {
    project.spec(withEmail, { mapping: { name: { from: "name", required: true } } });
    for (let id = 1; id <= 25; id++) project.api.put({ id, name: id > 13 ? "" : "a", email: "x", updated_at: at });
    const { lines } = await project.run({ debug: true });
    expect(lines.filter((line) => line.includes("Validation warning for field 'email'"))).toHaveLength(25);
    expect(lines.filter((line) => line.includes("Error processing items"))).toHaveLength(12);
    expect(lines.filter((line) => line.includes("…and"))).toEqual([]);
  });

  it("at most one line a batch, beside warnings", async () => {
    for (let id = 1; id <= 100; id++) project.api.put({ id, name: "a", updated_at: at });
    const { lines } = await project.run();
    expect(lines).toEqual([
      "INFO  Starting things items sync (initial_full)",
      "INFO  Completed things items sync: 100 created, 0 updated, 0 unchanged, 0 failed",
    ]);
  });

  it("a long value is cut", async () => {
    project.spec(withEmail);
    project.api.things = [{ id: 1, name: "a", email: "x".repeat(5_000), updated_at: at }];
    const { lines } = await project.run();
    expect(lines.find((line) => line.includes("Validation warning"))!.length).toBeLessThan(400);
  });

  it("the value of a sensitive field is in no line, message or error", async () => {
    const number = "078-05-1120";
    project.spec({
      mapping: {
        ssn: { from: "ssn", validate: { pattern: "^[0-9]{9}$" }, sensitive: true },
        born: { from: "ssn", type: "date", sensitive: true },
        sum: { from: "$number(ssn)", sensitive: true },
      },
    });
    project.api.things = [{ id: 1, name: "a", ssn: number, updated_at: at }];
    for (const validation of ["lenient", "strict"] as const) {
      const { log } = await project.run({ full: true }, { validation });
      expect(log).toContain("for field 'ssn'");
      expect(log).not.toContain(number);
    }
    expect((await project.rejects()).map(({ message }) => String(message)).join()).not.toContain(number);
    project.spec({
      source: { delta: { missing: "fail" } },
      mapping: { ssn: { from: "ssn", sensitive: true } },
    });
    project.api.things = [{ id: 1, name: "a", ssn: number, updated_at: null }];
    const { log, summary } = await project.run({ full: true });
    expect(summary.status).toBe("failed");
    expect(log + String(summary.error)).not.toContain(number);
  });
});

describe("secrets", () => {
  const token = 'pat-na1-"quoted"/and+more==';
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open();
    project.connection({ auth: { type: "bearer", token: "${THINGS_TOKEN}" } });
    for (let id = 1; id <= 5; id++) project.api.put({ id, name: `thing ${id}`, updated_at: at });
  });
  afterEach(() => project.close());

  const variables = { THINGS_TOKEN: token };

  /** Every text that a run leaves behind. */
  async function traces(): Promise<string> {
    const rows = [
      await project.query("select * from sync_history"),
      await project.query("select message from sync_rejects"),
    ];
    return JSON.stringify(rows);
  }

  it("a token that the server echoes is masked in log, error_message and summary", async () => {
    project.api.before = ({ headers }) => ({
      status: 400,
      body: { message: `bad token ${String(headers.authorization)}`, retry: encodeURIComponent(token) },
    });
    const { log, summary } = await project.run({ debug: true }, { variables });
    expect(project.api.asks[0]!.headers.authorization).toBe(`Bearer ${token}`);
    expect(summary.error).toContain("bad token Bearer ***");
    for (const text of [log, JSON.stringify(summary), await traces()]) {
      expect(text).not.toContain(token);
      expect(text).not.toContain(JSON.stringify(token).slice(1, -1));
      expect(text).not.toContain(encodeURIComponent(token));
    }
  });

  it("a token in a value that is warned about is masked in the log", async () => {
    project.spec({ mapping: { name: { from: "name", validate: "email" } } });
    project.api.put({ id: 1, name: `token ${token}` });
    const { log } = await project.run({}, { variables });
    expect(log).toContain("with value 'token ***'");
    expect(log).not.toContain(token);
  });

  it("a param that holds one is masked in the history, and a checkpoint holds none", async () => {
    project.spec({
      params: { key: { env: "THINGS_TOKEN", narrows: false } },
      source: { request: { headers: { "x-key": "{{params.key}}" } } },
    });
    project.api.before = ({ query }) => (query["after"] === "after-3" ? { status: 500, body: {} } : undefined);
    const failed = await project.run({ debug: true }, { variables });
    expect(failed.summary).toMatchObject({ status: "failed", fetched: 3 });
    project.api.before = () => undefined;
    const { outcomes } = await project.run({}, { variables });
    expect(outcomes[0]!.summary).toMatchObject({ status: "success", fetched: 5 });
    expect(project.api.asks[0]!.headers["x-key"]).toBe(token);
    const left = await traces();
    expect(left).toContain("spec_hash");
    expect(left).not.toContain(token);
    expect(left).not.toContain("quoted");
  });
});
