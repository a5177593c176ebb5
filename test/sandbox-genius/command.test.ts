/** `etl sandbox genius`: what it prints is enough to run the pipelines, and Ctrl-C leaves nothing behind. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { geniusProject } from "../support/genius-project.ts";
import { startEtl } from "../support/hubspot-project.ts";

it("prints where it is and how to run against it, until Ctrl-C", { timeout: 60_000 }, async () => {
  const { process: child, ended } = startEtl(["sandbox", "genius", "--on", "sqlite", "--records", "20"]);
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    child.once("close", () => reject(new Error("it ended")));
  });
  const told = JSON.parse(line) as { system: string; url: string; dialect: string };
  expect(told).toMatchObject({ system: "genius", dialect: "sqlite" });
  const folder = mkdtempSync(join(tmpdir(), "etl-sandbox-"));
  const project = geniusProject({ env: { GENIUS_DB_DIALECT: told.dialect, GENIUS_DB_URL: told.url } });
  try {
    const runs = await project.run("genius.prospects", { address: `sqlite:${join(folder, "warehouse.db")}` });
    expect(runs.get("prospects")).toMatchObject({ status: "success", created: 20 });
    const tested = await project.etl("connections", "test", "genius");
    expect(tested.stdout + tested.stderr).toContain("SQLite");
    expect(tested.code).toBe(0);
  } finally {
    child.kill("SIGINT");
    project.remove();
    rmSync(folder, { recursive: true, force: true });
  }
  const { stderr } = await ended;
  expect(stderr).toContain(`GENIUS_DB_DIALECT=sqlite GENIUS_DB_URL=${told.url} npx etl run pipelines/genius`);
  expect(existsSync(told.url.replace("sqlite:", ""))).toBe(false);
});
