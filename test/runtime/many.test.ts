/** Many pipelines: order, what is left out, side by side, and the exit code that they make together. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runInOrder } from "../../src/runtime/schedule.ts";
import { failedOutcome, skippedOutcome } from "../../src/runtime/run-pipeline.ts";
import type { RunOutcome } from "../../src/runtime/summary.ts";
import type { LoadedPipeline } from "../../src/spec/load.ts";
import { runsOf } from "../support/hubspot-project.ts";
import { runEtl } from "../support/warm-etl.ts";

function pipeline(name: string, dependsOn: string[] = []): LoadedPipeline {
  return { spec: { pipeline: name, depends_on: dependsOn } } as unknown as LoadedPipeline;
}

function succeeded(of: LoadedPipeline): RunOutcome {
  const outcome = failedOutcome({ pipeline: of }, "", 1);
  return { summary: { ...outcome.summary, status: "success", error: null }, exitCode: 0, read: 0 };
}

describe("the order of pipelines", () => {
  const schedule = async (pipelines: LoadedPipeline[], options: { concurrency?: number; failing?: string[] } = {}) => {
    const events: string[] = [];
    let atOnce = 0;
    let most = 0;
    const outcomes = await runInOrder(pipelines, {
      concurrency: options.concurrency ?? 1,
      signal: new AbortController().signal,
      async run(of) {
        events.push(of.spec.pipeline);
        most = Math.max(most, ++atOnce);
        await sleep(60);
        atOnce--;
        return [
          options.failing?.includes(of.spec.pipeline) ? failedOutcome({ pipeline: of }, "broken", 1) : succeeded(of),
        ];
      },
      skip: (of, reason) => skippedOutcome({ pipeline: of }, reason),
    });
    return { events, most, outcomes };
  };

  it("runs what others depend on first, and of those that are ready the one that was given first", async () => {
    const { events, outcomes } = await schedule([
      pipeline("s.c", ["s.b"]),
      pipeline("s.a"),
      pipeline("s.b", ["s.a"]),
      pipeline("s.d"),
    ]);
    expect(events).toEqual(["s.a", "s.d", "s.b", "s.c"]);
    expect(outcomes.map(({ summary }) => summary.pipeline)).toEqual(["s.c", "s.a", "s.b", "s.d"]);
  });

  it("skips what depends on a failed one, and what depends on that, with the reason", async () => {
    const { events, outcomes } = await schedule(
      [pipeline("s.a"), pipeline("s.b", ["s.a"]), pipeline("s.c", ["s.b"]), pipeline("s.d")],
      { failing: ["s.a"] },
    );
    expect(events).toEqual(["s.a", "s.d"]);
    expect(outcomes.map(({ summary }) => [summary.status, summary.error])).toEqual([
      ["failed", "broken"],
      ["skipped", "it depends on s.a, which failed"],
      ["skipped", "it depends on s.b, which was skipped"],
      ["success", null],
    ]);
  });

  it("runs side by side what does not wait, up to the number asked for", async () => {
    const five = ["a", "b", "c", "d", "e"].map((name) => pipeline(`s.${name}`));
    expect((await schedule(five, { concurrency: 3 })).most).toBe(3);
    expect((await schedule(five)).most).toBe(1);
  });

  it("takes a dependency that is not among them as done", async () => {
    expect((await schedule([pipeline("s.b", ["s.a"])])).events).toEqual(["s.b"]);
  });
});

describe("etl run of a folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "etl-many-"));
    const spec = (name: string, more = ""): void =>
      writeFileSync(
        join(folder, `${name}.yml`),
        `pipeline: shop.${name}\n${more}source: { type: csv, path: ${name}.csv }\nmapping: { id: id }\nupsert: { keys: [id] }\nsink: { table: ${name} }\n`,
      );
    spec("orders", "depends_on: [shop.customers]\ntags: [sales]\n");
    spec("customers");
    spec("items", "depends_on: [shop.orders]\n");
    spec("zones", "tags: [reference]\n");
    spec("later", "enabled: false\n");
    for (const name of ["orders", "customers", "items", "zones", "later"])
      writeFileSync(join(folder, `${name}.csv`), "id\n1\n2\n");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const run = async (...args: string[]) => {
    const output = await runEtl(["run", ".", "--warehouse", "sqlite:w.db", "--output", "json", ...args], {
      cwd: folder,
    });
    return { ...output, runs: output.stdout ? runsOf(output) : [] };
  };

  it("runs in the order of depends_on and leaves out what is not enabled", async () => {
    const { runs, code, stderr } = await run("--concurrency", "2");
    expect(code).toBe(0);
    expect(runs.map(({ pipeline: name, status }) => [name, status])).toEqual(
      ["customers", "items", "orders", "zones"].map((name) => [`shop.${name}`, "success"]),
    );
    expect(stderr.indexOf("Completed shop customers")).toBeLessThan(stderr.indexOf("Starting shop orders"));
    expect(stderr.indexOf("Completed shop orders")).toBeLessThan(stderr.indexOf("Starting shop items"));
  });

  it("skips dependants of a failed one, runs the rest, and exits with 1", async () => {
    rmSync(join(folder, "customers.csv"));
    const { runs, code } = await run();
    expect(code).toBe(1);
    expect(Object.fromEntries(runs.map(({ pipeline: name, status }) => [name, status]))).toEqual({
      "shop.customers": "failed",
      "shop.orders": "skipped",
      "shop.items": "skipped",
      "shop.zones": "success",
    });
  });

  it("takes --only and --skip by name, entity and tag, and refuses words that nobody has", async () => {
    expect((await run("--only", "sales", "--only", "zones")).runs.map(({ pipeline: name }) => name)).toEqual([
      "shop.orders",
      "shop.zones",
    ]);
    expect((await run("--skip", "shop.items", "--skip", "reference")).runs.map(({ pipeline: name }) => name)).toEqual([
      "shop.customers",
      "shop.orders",
    ]);
    const wrong = await run("--only", "sale");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('no pipeline here is named or tagged "sale". Did you mean "sales"?');
  });

  it("takes a param as a flag of its own, also with blanks or = in its value", async () => {
    writeFileSync(
      join(folder, "zones.yml"),
      "pipeline: shop.zones\nparams: { zone_name: { type: text, narrows: false } }\nsource: { type: csv, path: zones.csv }\nmapping: { id: id, zone: $params.zone_name }\nupsert: { keys: [id] }\nsink: { table: zones }\n",
    );
    const one = async (...args: string[]) => {
      const output = await runEtl(["run", "zones.yml", "--warehouse", "sqlite:z.db", "--output", "json", ...args], {
        cwd: folder,
      });
      return output;
    };
    expect((await one("--zone-name", "a=b c")).code).toBe(0);
    const database = new DatabaseSync(join(folder, "z.db"), { readOnly: true });
    expect(database.prepare("select distinct zone from zones").all()).toEqual([{ zone: "a=b c" }]);
    database.close();
    expect(runsOf(await one("--zone-name=d"))[0]).toMatchObject({ updated: 2 });
    const wrong = await one("--zone-nam", "x");
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("unknown option '--zone-nam'");
    for (const flags of [
      ["--zone-name", "--dry-run"],
      ["--dry-run", "--zone-name"],
    ]) {
      const without = await one(...flags);
      expect(without.code).toBe(2);
      expect(without.stderr).toContain("--zone-name needs a value: --zone-name=…");
    }
  });
});
