/** Starts `etl` as a process of its own, as somebody at a terminal or a scheduler does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { runOrder } from "../support/warm-etl.ts";

/** The repository, without a slash at its end. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export const launcher = join(root, "bin/etl.js");

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  /** Working directory; a folder without a project if none. */
  cwd?: string;
  /** Laid over the environment of the tests; `undefined` takes a variable away. */
  env?: Record<string, string | undefined>;
  /** What stdin gets, of a process of its own; nothing if none. */
  input?: string;
  /** The Node to start. */
  node?: string;
  /** What to start; bin/etl.js of the clone if none. */
  script?: string;
}

/** An environment in which nobody's settings and secrets change what `etl` does. */
export function cleanEnvironment(over: Record<string, string | undefined> = {}): Record<string, string> {
  const env = Object.entries({ ...process.env, ...over }).filter(
    ([name, value]) => value !== undefined && (name in over || !/^(ETL|HUBSPOT|VITEST|NODE)(_|$)/.test(name)),
  );
  return Object.fromEntries(env) as Record<string, string>;
}

/** Runs `etl` to its end: in a process of its own where `options` says anything of it, else in one that stays. */
export async function etl(args: readonly string[], options: StartOptions = {}): Promise<Outcome> {
  if (options.input === undefined && options.node === undefined && options.script === undefined)
    return runOrder({ args, cwd: options.cwd ?? tmpdir(), env: cleanEnvironment(options.env) });
  const child = spawn(options.node ?? process.execPath, [options.script ?? launcher, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: cleanEnvironment(options.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {}); // it may end without having read
  child.stdin.end(options.input ?? "");
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code, signal, stdout, stderr };
}

const folders: string[] = [];
// Not when a test ends: tests that run at once share that moment.
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A folder that goes when the file's tests are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "etl-package-"));
  folders.push(folder);
  return folder;
}
