/**
 * moto's server, which behaves like AWS: from PyPI, into a folder that git ignores, once. Undefined where there is no
 * Python, or PyPI cannot be reached.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { root } from "../package/support.ts";

const run = promisify(execFile);
const folder = join(root, ".tmp/moto");
const python = join(folder, "bin/python3");

export interface Moto {
  url: string;
  /** What the next queries find, in order: column names with their types, and rows. */
  answer(columns: Record<string, string>, rows: readonly (readonly (string | null)[])[]): Promise<void>;
  stop(): void;
}

async function install(): Promise<void> {
  const done = join(folder, "installed");
  if (existsSync(done)) return;
  await run("python3", ["-m", "venv", folder], { timeout: 60_000 });
  // What is never imported need not be compiled: half of the time.
  const pip = ["-m", "pip", "install", "-q", "--no-compile", "moto[athena,server]==5.*"];
  await run(python, pip, { timeout: 180_000 });
  await run(python, ["-c", `open(${JSON.stringify(done)}, "w").close()`]);
}

/** Starts it. Says why where that is not possible. */
export async function startMoto(): Promise<Moto | undefined> {
  try {
    await install();
  } catch (error) {
    console.log(`skipped: moto cannot be installed: ${(error as Error).message.split("\n")[0]}`);
    return undefined;
  }
  const port = await freePort();
  const child = spawn(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const onExit = (): void => void child.kill("SIGKILL");
  process.once("exit", onExit);
  const url = `http://127.0.0.1:${port}`;
  const stop = (): void => {
    process.off("exit", onExit);
    child.kill("SIGKILL");
  };
  for (let attempt = 0; attempt < 150; attempt++) {
    try {
      await fetch(`${url}/moto-api/`);
      return { url, stop, answer: (columns, rows) => answer(url, columns, rows) };
    } catch {
      await sleep(200);
    }
  }
  stop();
  console.log("skipped: moto does not start");
  return undefined;
}

async function answer(
  url: string,
  columns: Record<string, string>,
  rows: readonly (readonly (string | null)[])[],
): Promise<void> {
  const body = {
    account_id: "123456789012",
    region: "us-east-1",
    results: [
      {
        rows: rows.map((row) => ({ Data: row.map((value) => (value === null ? {} : { VarCharValue: value })) })),
        column_info: Object.entries(columns).map(([name, type]) => ({
          CatalogName: "hive",
          SchemaName: "",
          TableName: "",
          Name: name,
          Label: name,
          Type: type,
          Precision: 1,
          Scale: 0,
          Nullable: "UNKNOWN",
          CaseSensitive: false,
        })),
      },
    ],
  };
  const response = await fetch(`${url}/moto-api/static/athena/query-results`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`moto refuses the answer: ${response.status} ${await response.text()}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
