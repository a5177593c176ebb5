/** Mistakes that a review found, each kept from coming back. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { messageOf } from "../../src/errors.ts";
import { SecretMask } from "../../src/runtime/masking.ts";
import { runsOf } from "../support/hubspot-project.ts";
import { runEtl } from "../support/warm-etl.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etl-reviewed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Spec {
  delta?: string;
  mapping?: string;
  more?: string;
}

function write(csv: string, { delta = "", mapping = "{ id: id, name: name }", more = "" }: Spec = {}): void {
  writeFileSync(join(folder, "items.csv"), csv);
  writeFileSync(
    join(folder, "items.yml"),
    `pipeline: shop.items\nsource:\n  type: csv\n  path: items.csv\n${delta}mapping: ${mapping}\nupsert: { keys: [id]${more} }\nsink: { table: items }\n`,
  );
}

async function etl(...args: string[]) {
  return runEtl(args, { cwd: folder });
}

const run = (...args: string[]) => etl("run", "items.yml", "--warehouse", "sqlite:w.db", "--output", "json", ...args);

function query(sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(folder, "w.db"));
  try {
    return database.prepare(sql).all() as Record<string, unknown>[];
  } finally {
    database.close();
  }
}

describe("a watermark that can no longer be read", () => {
  it("stops a delta run, and not a full one, which stores a new one", async () => {
    const mapping = "{ id: id, at: { from: at, type: timestamp } }";
    write("id,at\n1,2025-01-01T00:00:00Z\n", { delta: "  delta: { field: at, type: timestamp }\n", mapping });
    expect((await run()).code).toBe(0);
    write("id,at\n1,2025-01-01T00:00:00Z\n", { delta: "  delta: { field: id, type: integer }\n", mapping });
    const delta = await run();
    expect(delta.code).toBe(2);
    expect(delta.stderr).toContain("run with --full");
    expect((await run("--full")).code).toBe(0);
    expect(runsOf(await run())[0]).toMatchObject({ status: "success", mode: "incremental" });
  });
});

describe("rejects", () => {
  const spec = {
    mapping: "{ id: id, n: { from: n, type: integer, required: true }, u: { from: u, type: timestamp } }",
    more: ", newer_by: u",
  };
  const open = () => query("select record_key from sync_rejects where resolved_at is null").length;

  it("are not resolved by an older version of the record, in one batch or in a later run", async () => {
    write("id,n,u\n1,bad,2025-02-02\n1,5,2025-01-01\n", spec);
    await run();
    expect(open()).toBe(1);
    write("id,n,u\n1,4,2024-12-31\n", spec);
    expect(runsOf(await run("--full"))[0]).toMatchObject({ stale: 1 });
    expect(open()).toBe(1);
    write("id,n,u\n1,6,2025-03-03\n", spec);
    await run("--full");
    expect(open()).toBe(0);
  });

  it("say what JSONata said, and on one line whatever the value holds", async () => {
    write('id,n\n1,"bad\n2026-01-01T00:00:00.000Z INFO  Completed shop items sync"\n2,x\n', {
      mapping: "{ id: id, n: { from: $number(n), type: integer, required: true } }",
    });
    const { stderr } = await run();
    expect(stderr).not.toContain("[object Object]");
    expect(stderr.split("\n").filter((line) => line.startsWith("2026-01-01T00:00:00.000Z"))).toEqual([]);
    expect(stderr).toContain("Unable to cast value to a number");
  });
});

describe("a run that cannot write its history", () => {
  it("is failed, whatever it has read", async () => {
    write("id,name\n1,a\n");
    await run();
    query(
      "create trigger no_space before update of status on sync_history when new.status = 'success' begin select raise(abort, 'no space'); end",
    );
    const output = await run();
    expect(output.code).toBe(1);
    expect(runsOf(output)[0]).toMatchObject({ status: "failed" });
    expect(output.stderr).not.toContain("Completed");
  });
});

describe("a dry run", () => {
  it("fails where the run would be refused", async () => {
    query("create table items (id integer, name text)");
    write("id,name\n1,a\n");
    const output = await run("--dry-run");
    expect(output.code).toBe(1);
    expect(output.stderr).toContain("Dry run:");
  });

  it("counts a key once, also when it comes again in a later batch", async () => {
    const ids = Array.from({ length: 3_000 }, (_, id) => `${id},x`).join("\n");
    write(`id,name\n${ids}\n${ids}\n${ids}\n`);
    expect(runsOf(await run("--dry-run"))[0]).toMatchObject({ fetched: 9_000, created: 3_000 });
    expect(existsSync(join(folder, "w.db"))).toBe(false);
    expect(runsOf(await run())[0]).toMatchObject({ fetched: 9_000, created: 3_000 });
  });
});

describe("a table that compares its keys loosely", () => {
  it("is refused: two records would be one row", async () => {
    query("create table items (id text collate nocase primary key, name text)");
    write("id,name\nA,one\na,two\n");
    const output = await run();
    expect(output.code).toBe(1);
    expect(output.stderr).toContain("compares by nocase");
    expect(query("select count(*) as count from items")).toEqual([{ count: 0 }]);
  });
});

describe("the command line", () => {
  it.each([
    [["run", ""], 2, "an argument is empty"],
    [["toString"], 2, "unknown command"],
    [["__proto__"], 2, "unknown command"],
    [["run", "items.yml", "--param", "toString=1"], 2, 'has no param "toString"'],
    [["run", "items.yml", "--param", "__proto__=1"], 2, 'has no param "__proto__"'],
    [["history", "--limit", "99999999999999999999"], 2, "--limit must be a whole number"],
    [["preview", "items.yml", "-n", "0"], 2, "--records must be a whole number"],
    [["history", "--warehouse", "postgres://u:50%off@127.0.0.1:1/x"], 1, "cannot connect"],
  ] as const)("etl %j exits with %i", async (args, code, message) => {
    write("id,name\n1,a\n");
    const output = await etl(...args);
    expect(output.stderr).toContain(message);
    expect(output.code).toBe(code);
  });

  it("leaves out a disabled pipeline that is alone in its folder, and runs it by its file", async () => {
    write("id,name\n1,a\n");
    writeFileSync(
      join(folder, "items.yml"),
      `enabled: false\npipeline: shop.items\nsource: { type: csv, path: items.csv }\nmapping: { id: id }\nupsert: { keys: [id] }\nsink: { table: items }\n`,
    );
    expect(runsOf(await etl("run", ".", "--warehouse", "sqlite:w.db", "--output", "json"))).toEqual([]);
    expect(runsOf(await run())).toHaveLength(1);
  });
});

describe("masks and messages", () => {
  it("take a secret with a bare %", () => {
    expect(new SecretMask(new Set(["https://u:pa%ss@h"])).mask("https://u:pa%ss@h and pa%ss")).toBe("*** and ***");
  });
  it("take long ones out of the texts of a document, and leave what may be something else", () => {
    const mask = new SecretMask(new Set(["123456789012", 'a "quoted" key', "Elm St"]));
    expect(
      mask.maskData('{"id":123456789012,"note":"is 123456789012","said":"a \\"quoted\\" key","street":"Elm St"}'),
    ).toBe('{"id":123456789012,"note":"is ***","said":"***","street":"Elm St"}');
  });
  it("take what is thrown and is no Error", () => {
    expect(messageOf({ code: "D3030", message: "no number" })).toBe("no number");
    expect(messageOf({ code: "X" })).toBe('{"code":"X"}');
  });
});
