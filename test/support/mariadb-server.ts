/** A MariaDB server of our own, where its programs are installed. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import mysql from "mysql2/promise";
import type { Certificate } from "./certificate.ts";

const START_TIMEOUT_MS = 60_000;

function find(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

const [server, install] = [find("mariadbd"), find("mariadb-install-db")];

/** Undefined where MariaDB is not installed: the tests say that they are skipped. */
export const mariadbBinaries = server && install ? { server, install } : undefined;
if (!mariadbBinaries) console.log("skipped: mariadbd and mariadb-install-db are not installed");

/** Starts a server on a free port in a temporary folder; it takes encrypted connections, and others. */
export async function startMariadb(tls: Certificate): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "etl-mariadb-"));
  chmodSync(folder, 0o755);
  const { cert, key, data } = {
    cert: join(folder, "cert.pem"),
    key: join(folder, "key.pem"),
    data: join(folder, "data"),
  };
  writeFileSync(cert, tls.cert);
  writeFileSync(key, tls.key, { mode: 0o600 });
  const user = `--user=${userInfo().username}`;
  execFileSync(
    mariadbBinaries!.install,
    ["--no-defaults", user, `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db"],
    { stdio: "pipe" },
  );
  const port = await freePort();
  const child = spawn(
    mariadbBinaries!.server,
    [
      "--no-defaults",
      user,
      `--datadir=${data}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      `--socket=${join(folder, "socket")}`,
      `--pid-file=${join(folder, "pid")}`,
      `--ssl-cert=${cert}`,
      `--ssl-key=${key}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let printed = "";
  child.stderr.on("data", (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-4000)));
  const stop = async (): Promise<void> => {
    process.off("exit", onExit);
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const onExit = (): void => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", onExit);
  const url = `mysql://root@127.0.0.1:${port}/mysql`;
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(50)) {
    try {
      await (await mysql.createConnection({ uri: url, connectTimeout: 2_000 })).end();
      return { url, stop };
    } catch (error) {
      if (Date.now() < deadline && child.exitCode === null) continue;
      await stop();
      throw new Error(`MariaDB did not start: ${printed}`, { cause: error });
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as { port: number };
  listener.close();
  await once(listener, "close");
  return port;
}
