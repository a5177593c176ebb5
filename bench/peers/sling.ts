/** Sling's free command line, the last build that stands on PyPI whole: later packages fetch it from elsewhere. */
import { chmodSync, globSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Column, Job, Peer } from "../contract.ts";
import { venvFolder } from "../folders.ts";
import { ensureVenv } from "../python-venv.ts";

const version = "1.4.11";
let program: string;

export const sling: Peer = {
  name: "Sling",
  how: "`mode: incremental` with a primary key, which upserts; the columns' types are declared",
  does: (workload) => workload !== "api",
  less: { api: "takes no part: sources of APIs are in CLI Pro, not in the open build" },
  prepare: async () => {
    ensureVenv("sling", [`sling-linux-amd64==${version}`]);
    const [found] = globSync("sling/lib/python3*/site-packages/sling_linux_amd64/bin/sling-linux-amd64", {
      cwd: venvFolder,
    });
    if (!found) throw new Error("the package sling-linux-amd64 brought no program");
    program = join(venvFolder, found);
    chmodSync(program, 0o755);
  },
  version: () => version,
  configure(job) {
    const stream = job.workload === "csv" ? `file://${job.source.file}` : sourceTable(job);
    const columns = job.columns.map((column) => `      ${column.name}: ${typeOf(column)}`);
    writeFileSync(
      join(job.folder, "replication.yml"),
      `source: ${job.workload === "csv" ? "LOCAL" : "BENCH_SOURCE"}
target: BENCH_TARGET
streams:
  ${JSON.stringify(stream)}:
    object: public.orders
    mode: incremental
    primary_key: [id]
    columns:
${columns.join("\n")}
`,
    );
  },
  command: (job) => ({
    argv: [program, "run", "-r", "replication.yml"],
    cwd: job.folder,
    env: {
      HOME: job.folder,
      SLING_DISABLE_TELEMETRY: "TRUE",
      BENCH_TARGET: `${job.target}?sslmode=disable`,
      BENCH_SOURCE: job.workload === "postgres" ? `${job.source.database}?sslmode=disable` : job.source.database,
    },
  }),
  landed: () => ({ table: "public.orders" }),
};

function sourceTable(job: Job): string {
  return job.workload === "postgres" ? "public.orders" : `${new URL(job.source.database).pathname.slice(1)}.orders`;
}

function typeOf({ kind, name }: Column): string {
  switch (kind) {
    case "integer":
      return "bigint";
    case "decimal":
      return name === "discount" ? "decimal(5,2)" : "decimal(12,2)";
    case "double":
      return "float";
    case "boolean":
      return "bool";
    case "timestamp":
      return "timestampz";
    default:
      return kind;
  }
}
