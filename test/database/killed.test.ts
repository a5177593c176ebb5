/** A MariaDB of our own, killed with kill -9 in the middle of a read and started again. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import mysql from "mysql2/promise";
import { describe, expect, it, onTestFinished } from "vitest";
import { DatabaseRuns } from "./runs.ts";

const run = promisify(execFile);
const hasServer = await run("mariadbd", ["--version"]).then(
  () => true,
  () => false,
);
if (!hasServer) console.log("skipped: there is no mariadbd to kill on this machine");

const rows = 200_000;

class OwnMariadb {
  readonly folder = mkdtempSync(join(tmpdir(), "etl-mariadb-"));
  readonly port: number;
  #child: ChildProcess | undefined;

  constructor(port: number) {
    this.port = port;
  }

  async install(): Promise<void> {
    await run("mariadb-install-db", [
      "--no-defaults",
      `--datadir=${this.folder}/data`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--skip-name-resolve",
      "--user=root",
    ]);
  }

  async start(): Promise<void> {
    this.#child = spawn(
      "mariadbd",
      [
        "--no-defaults",
        `--datadir=${this.folder}/data`,
        `--socket=${this.folder}/s.sock`,
        `--port=${this.port}`,
        "--bind-address=127.0.0.1",
        "--user=root",
        "--skip-log-bin",
        "--innodb-buffer-pool-size=32M",
        "--innodb-flush-log-at-trx-commit=2",
        "--skip-name-resolve",
      ],
      { stdio: "ignore" },
    );
    for (let attempt = 0; ; attempt++) {
      try {
        await (await mysql.createConnection({ uri: this.url, connectTimeout: 1_000 })).end();
        return;
      } catch (error) {
        if (attempt > 150) throw error;
        await sleep(100);
      }
    }
  }

  get url(): string {
    return `mysql://root@127.0.0.1:${this.port}`;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}

describe.skipIf(!hasServer)("kill -9 of MariaDB in the middle of a read", () => {
  it("the run waits until it is there again, finishes, and the table is right", async () => {
    const server = new OwnMariadb(await freePort());
    onTestFinished(async () => {
      await server.kill();
      rmSync(server.folder, { recursive: true, force: true });
    });
    await server.install();
    await server.start();
    const connection = await mysql.createConnection({ uri: server.url, multipleStatements: true });
    await connection.query(
      `CREATE DATABASE shop; USE shop; CREATE TABLE thing (id INT PRIMARY KEY, name VARCHAR(100));
       INSERT INTO thing SELECT seq, CONCAT('name ', seq) FROM seq_1_to_${rows}`,
    );
    await connection.end();
    const runs = await DatabaseRuns.open(
      { dialect: "mysql", url: `${server.url}/shop`, retry: { attempts: 10, wait: "200ms", max_wait: "1s" } },
      {
        source: {
          type: "database",
          connection: "shop",
          table: "thing",
          pagination: { type: "keyset", keys: ["id"], size: 5000 },
        },
        mapping: { id: { from: "id", type: "bigint" }, name: "name" },
        upsert: { keys: ["id"] },
        sink: { table: "thing" },
      },
    );
    let restarted: Promise<void> | undefined;
    const summary = await runs.run({}, (fetched) => {
      if (fetched > 20_000) restarted ??= server.kill().then(() => server.start());
    });
    await restarted;
    expect(summary).toMatchObject({ status: "success", fetched: rows, created: rows });
    expect(summary.retries).toBeGreaterThanOrEqual(1);
    expect(
      (await runs.rows("count(*) AS n, min(id) AS least, max(id) AS most, count(DISTINCT name) AS names"))[0],
    ).toEqual({
      n: rows,
      least: 1,
      most: rows,
      names: rows,
    });
  }, 120_000);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
