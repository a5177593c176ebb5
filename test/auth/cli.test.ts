/** `etl credentials`, as a user calls it. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { credentialStoreOf } from "../../src/runtime/state/credentials.ts";
import { openSink } from "../../src/sinks/index.ts";

const etl = fileURLToPath(new URL("../../bin/etl.js", import.meta.url));

function workshop() {
  const cwd = mkdtempSync(join(tmpdir(), "etl-credentials-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  /** Runs a command with text on stdin. */
  const run = (args: readonly string[], env: Record<string, string> = {}, stdin = "") =>
    new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      const child = spawn(process.execPath, [etl, "credentials", ...args], { cwd, env: { ...process.env, ...env } });
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.on("close", (code) => resolve({ code, stdout, stderr }));
      child.stdin.end(stdin);
    });
  const stored = (key: string, name: string) =>
    credentialStoreOf({
      openSink,
      warehouse: `sqlite:${join(cwd, "warehouse.db")}`,
      variables: { ETL_CREDENTIALS_KEY: key },
    })!.get(name);
  return { cwd, run, stored };
}

it("sets, lists, rotates and deletes, and never shows a secret", async () => {
  const { run, stored } = workshop();
  const [key, next] = [randomBytes(32).toString("base64"), "a passphrase to remember"];
  const env = { ETL_CREDENTIALS_KEY: key };
  const outputs = [
    await run(["set", "shop.refresh_token"], env, "first-s3cret\n"),
    await run(["set", "shop.refresh_token"], env, "second-s3cret\r\n"),
    await run(["set", "other.token", "--from-env", "MINE"], { ...env, MINE: "third-s3cret" }),
    await run(["list"]),
    await run(["list", "--output", "json"]),
    await run(["rotate"], { ...env, ETL_CREDENTIALS_NEW_KEY: next }),
  ];
  expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(outputs[0]!.stdout).toMatch(/^shop\.refresh_token is stored in sqlite:.*warehouse\.db\.\n$/);
  expect(outputs[1]!.stdout).toMatch(/^shop\.refresh_token is replaced in /);
  expect(outputs[3]!.stdout).toMatch(/other\.token +\d{4}-.*\n.*shop\.refresh_token +\d{4}-/);
  const { credentials } = JSON.parse(outputs[4]!.stdout) as { credentials: object[] };
  expect(credentials.map((each) => Object.keys(each))).toEqual([1, 2].map(() => ["name", "created_at", "updated_at"]));
  expect(outputs[5]!.stdout).toBe(
    "2 credentials are encrypted with ETL_CREDENTIALS_NEW_KEY: from now on it is the value of ETL_CREDENTIALS_KEY.\n",
  );
  expect(JSON.stringify(outputs)).not.toMatch(/s3cret/);
  expect([await stored(next, "shop.refresh_token"), await stored(next, "other.token")]).toEqual([
    "second-s3cret",
    "third-s3cret",
  ]);
  expect(await run(["delete", "shop.refresh_token"])).toMatchObject({
    code: 0,
    stdout: "shop.refresh_token is deleted.\n",
  });
  expect(await run(["delete", "shop.refresh_token"])).toMatchObject({
    code: 1,
    stderr: "There is no shop.refresh_token: see etl credentials list\n",
  });
  expect(await stored(next, "shop.refresh_token")).toBeUndefined();
});

it("says what is missing, and makes no warehouse", async () => {
  const { cwd, run } = workshop();
  const key = { ETL_CREDENTIALS_KEY: randomBytes(32).toString("hex") };
  const cases: [string[], Record<string, string>, RegExp][] = [
    [["set", "shop.token"], {}, /ETL_CREDENTIALS_KEY is not set: it is the key that secrets are encrypted with/],
    [
      ["set", "shop.token"],
      { ETL_CREDENTIALS_KEY: "short" },
      /ETL_CREDENTIALS_KEY is neither 32 bytes in base64 or hex .* nor a passphrase of at least 12 characters/,
    ],
    [["set", "shop"], key, /"shop" is no name of a credential/],
    [["set", "shop.token"], key, /stdin held no secret: pipe it in, or name a variable with --from-env/],
    [["set", "shop.token", "--from-env", "NOWHERE"], key, /the environment variable NOWHERE is not set/],
    [["set", "shop.token", "a-s3cret"], key, /too many arguments/],
    [["rotate"], key, /ETL_CREDENTIALS_NEW_KEY is not set/],
  ];
  for (const [args, env, words] of cases) {
    const { code, stderr } = await run(args, env);
    expect([code, stderr]).toEqual([2, expect.stringMatching(words)]);
  }
  expect(await run(["list"])).toMatchObject({ code: 0, stdout: "" });
  expect((await run(["delete", "shop.token"])).code).toBe(1);
  expect(existsSync(join(cwd, "warehouse.db"))).toBe(false);
});
