/**
 * The floor: what nobody gets below with the servers' own means. `psql \copy` into a staging table and one
 * INSERT … ON CONFLICT by hand; for the API a bare script. It checks, rejects, remembers and counts nothing.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import type { Job, Peer } from "../contract.ts";
import { orderTable } from "../orders.ts";

export const floor: Peer = {
  name: "floor",
  how: "`psql \\copy` into a staging table and INSERT … ON CONFLICT by hand; from MariaDB its own client's text output; from the API undici, JSON.parse and COPY in 60 lines",
  does: () => true,
  prepare: async () => {
    if (!versionOf("psql")) throw new Error("psql is not installed");
  },
  version: () => versionOf("psql") ?? "",
  configure(job) {
    if (job.workload === "api") return;
    const count = job.columns.length;
    writeFileSync(
      join(job.folder, "load.sql"),
      [
        `${orderTable("IF NOT EXISTS orders", "postgres", count)};`,
        "CREATE TEMP TABLE staging (LIKE orders);",
        copyIn(job),
        mergeSql(
          "orders",
          job.columns.map(({ name }) => name),
        ),
        "",
      ].join("\n"),
    );
  },
  command(job, step) {
    if (job.workload === "api")
      return {
        argv: [
          process.execPath,
          fileURLToPath(new URL("floor-api.ts", import.meta.url)),
          job.source.api.url,
          job.target,
          step,
        ],
        env: { BENCH_TOKEN: job.source.api.token },
        cwd: job.folder,
      };
    const psql = ["psql", "--no-psqlrc", "-q", "-v", "ON_ERROR_STOP=1"];
    const load = [...psql, "-f", "load.sql", job.target];
    if (job.workload === "csv") return { argv: load, cwd: job.folder };
    const read =
      job.workload === "postgres"
        ? [...psql, "-c", "\\copy orders to stdout", job.source.database]
        : mariadbRead(job.source.database);
    const line = `${read.map(quote).join(" ")} | ${load.map(quote).join(" ")}`;
    return { argv: ["bash", "-c", `set -o pipefail; ${line}`], cwd: job.folder };
  },
  landed: (job) => ({ table: job.workload === "api" ? "contacts" : "orders" }),
};

function versionOf(program: string): string | undefined {
  try {
    return execFileSync(program, ["--version"], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

function copyIn(job: Job): string {
  if (job.workload === "csv") return `\\copy staging from '${job.source.file}' with (format csv, header true)`;
  return job.workload === "postgres" ? "\\copy staging from pstdin" : "\\copy staging from pstdin with (null 'NULL')";
}

/** INSERT … ON CONFLICT of a table `staging` with the same columns, the first of which is the key. */
export function mergeSql(table: string, columns: readonly string[]): string {
  const [key, ...others] = columns;
  const set = others.map((name) => `${name} = excluded.${name}`).join(", ");
  return `INSERT INTO ${table} SELECT * FROM staging ON CONFLICT (${key}) DO UPDATE SET ${set};`;
}

/** `mariadb --batch` writes tabs, escapes as COPY reads them, and the word NULL. */
function mariadbRead(url: string): string[] {
  const { hostname, port, username, password, pathname } = new URL(url);
  const account = ["-h", hostname, "-P", port || "3306", "-u", username, ...(password ? [`-p${password}`] : [])];
  return [
    "mariadb",
    ...account,
    "--batch",
    "--quick",
    "--skip-column-names",
    pathname.slice(1),
    "-e",
    "SELECT * FROM orders",
  ];
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
