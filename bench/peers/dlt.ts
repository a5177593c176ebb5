/** dlt: what it runs stands in load_with_dlt.py. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contactColumns, contactProperties } from "../contacts.ts";
import type { Peer } from "../contract.ts";
import { ensureVenv, inVenv } from "../python-venv.ts";

const version = "1.31.0";
const requirements = [
  `dlt[postgres,sql-database]==${version}`,
  "pyarrow==26.0.1",
  "SQLAlchemy==2.1.9",
  "psycopg2-binary==2.9.13",
  "PyMySQL==1.2.4",
];
const expressions = ["id", "full_name", "email_key", "stage", "has_company", "source_path"];

export const dlt: Peer = {
  name: "dlt",
  how: "merge with the `upsert` strategy; Arrow tables (pyarrow's CSV reader, the `pyarrow` backend of sql_database) and CSV load files, which are COPYed; contacts by rest_api and a `map` step in Python",
  does: () => true,
  prepare: async () => ensureVenv("dlt", requirements),
  version: () => version,
  configure(job) {
    const plain = contactColumns.filter(({ name }) => !expressions.includes(name));
    const more = {
      plain: plain.map(({ name }) => name),
      numbers: plain.filter(({ kind }) => kind === "integer").map(({ name }) => name),
      properties: contactProperties,
    };
    writeFileSync(join(job.folder, "job.json"), JSON.stringify({ ...job, ...more }));
  },
  command: (job, step) => ({
    argv: [inVenv("dlt", "python"), fileURLToPath(new URL("load_with_dlt.py", import.meta.url)), "job.json", step],
    cwd: job.folder,
    env: { HOME: job.folder, RUNTIME__DLTHUB_TELEMETRY: "false", RUNTIME__LOG_LEVEL: "ERROR" },
  }),
  landed: (job) => ({ table: job.workload === "api" ? "bench.contacts" : "bench.orders" }),
};
