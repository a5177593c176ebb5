/** Meltano's taps and its target, piped as Meltano pipes them, without Meltano's own start-up on top. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { contactProperties } from "../contacts.ts";
import type { Job, Landed, Peer } from "../contract.ts";
import { ensureVenv, inVenv } from "../python-venv.ts";

const taps = {
  api: ["tap-rest-api-msdk", "tap-rest-api-msdk==1.4.2"],
  postgres: ["tap-postgres", "meltanolabs-tap-postgres==0.10.0"],
  mariadb: ["tap-mysql", "meltanolabs-tap-mysql==0.0.1a1"],
} as const;
const target = ["target-postgres", "meltanolabs-target-postgres==0.8.1"] as const;

export const meltano: Peer = {
  name: "Meltano",
  how: "a tap piped into target-postgres with `use_copy`, upsert on the key properties; the columns' types as the tap finds them",
  less: {
    csv: "takes no part: tap-csv is not on PyPI",
    api: "takes the properties as texts under their own names, without the five expressions; no delta, for the tap cannot POST a search",
  },
  most: { runs: 1, rows: 50_000 },
  does: (workload, step) => workload !== "csv" && step !== "delta",
  prepare: async () => {
    for (const [name, requirement] of [...Object.values(taps), target]) ensureVenv(name, [requirement]);
  },
  version: () => [...Object.values(taps), target].map(([, requirement]) => requirement.replace("==", " ")).join(", "),
  configure(job) {
    writeFileSync(join(job.folder, "tap.json"), JSON.stringify(tapConfig(job)));
    writeFileSync(
      join(job.folder, "target.json"),
      JSON.stringify({
        sqlalchemy_url: alchemy(job.target, "psycopg"),
        default_target_schema: "melty",
        use_copy: true,
        add_record_metadata: false,
        activate_version: false,
      }),
    );
  },
  command(job) {
    if (job.workload === "csv") throw new Error("there is no tap for CSV");
    const [name] = taps[job.workload];
    const tap = inVenv(name, name);
    const catalog = job.workload === "api" ? "" : `${tap} --config tap.json --discover > all.json && ${select} && `;
    const read = `${tap} --config tap.json${catalog && " --catalog catalog.json"}`;
    const write = `${inVenv(target[0], target[0])} --config target.json`;
    return {
      argv: ["bash", "-c", `set -o pipefail; ${catalog}${read} | ${write} > state.json`],
      cwd: job.folder,
      env: { HOME: job.folder },
    };
  },
  landed: (job) => (job.workload === "api" ? landedContacts(job) : { table: "melty.orders" }),
};

/** Leaves one table of the catalog selected, its columns too, as `meltano select` does. */
const select = `python3 -c '
import json
catalog = json.load(open("all.json"))
streams = [each for each in catalog["streams"] if each["tap_stream_id"].endswith("orders")]
for stream in streams:
    for entry in stream["metadata"]:
        entry["metadata"]["selected"] = True
json.dump({"streams": streams}, open("catalog.json", "w"))
'`;

/** @param driver the one for PostgreSQL that the tap or target was installed with. */
function alchemy(address: string, driver: "psycopg" | "psycopg2"): string {
  const url = new URL(address);
  if (url.protocol === "mysql:") return address.replace("mysql:", "mysql+pymysql:");
  // tap-postgres wants a password even where the server wants none.
  url.password ||= "none";
  return url.href.replace("postgres:", `postgresql+${driver}:`);
}

function tapConfig(job: Job): object {
  if (job.workload !== "api") {
    const schema = job.workload === "postgres" ? "public" : new URL(job.source.database).pathname.slice(1);
    return { sqlalchemy_url: alchemy(job.source.database, "psycopg2"), filter_schemas: [schema] };
  }
  const { url, token } = job.source.api;
  return {
    api_url: url,
    auth_method: "no_auth",
    headers: { Authorization: `Bearer ${token}` },
    next_page_token_path: "$.paging.next.after",
    pagination_next_page_param: "after",
    streams: [
      {
        name: "contacts",
        path: "/crm/v3/objects/contacts",
        params: { limit: 100, properties: contactProperties.join(",") },
        records_path: "$.results[*]",
        primary_keys: ["id"],
        num_inference_records: 100,
      },
    ],
  };
}

function landedContacts(job: Job): Landed {
  const expressions = ["full_name", "email_key", "stage", "has_company", "source_path"];
  const columns: Record<string, string | undefined> = {};
  for (const { name } of job.columns)
    if (expressions.includes(name)) columns[name] = undefined;
    else if (name !== "id") columns[name] = `nullif(properties_${name}, '')`;
  return { table: "melty.contacts", columns };
}
