/** The benchmark still runs: a thousand rows through etl and the floor, and the same rows in both targets. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { afterAll, expect, inject, it } from "vitest";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../bench/run.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "etl-bench-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("measures CSV and writes its results", async () => {
  const output = join(folder, "RESULTS.md");
  const options = ["--only", "W3", "--rows", "1000", "--runs", "1", "--peers", "etl,floor", "--output", output];
  const env = { ...process.env, BENCH_POSTGRES: inject("postgresUrl"), BENCH_WORK: join(folder, "work") };
  const { stderr } = await run(process.execPath, [script, ...options], { env });
  const results = readFileSync(output, "utf8");
  expect(results, stderr).toMatch(/^\| etl \| \d/m);
  // The floor is psql's, which not every machine has.
  expect(results, stderr).toMatch(/^(\| floor \| \d|Left out: floor: psql is not installed)/m);
  expect(results).not.toContain("failed |");
});
