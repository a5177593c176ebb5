/** etl, from the packed package, in a folder as a user has it. */
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { apiMapping } from "../contacts.ts";
import type { Column, Job, Peer } from "../contract.ts";
import { root, workFolder } from "../folders.ts";

const home = join(workFolder, "etl");
const installed = join(home, "node_modules/etl");

export const etl: Peer = {
  name: "etl",
  how: "the packed package; types and expressions in the spec, upsert on the key",
  does: () => true,
  prepare: async () => install(),
  version: () => (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version,
  configure(job) {
    writeFileSync(join(job.folder, "bench.yml"), pipelineOf(job));
    writeFileSync(
      join(job.folder, "etl.yml"),
      "environments: { development: { validation: strict, log_level: warn } }\n",
    );
    if (job.workload !== "csv") writeFileSync(join(job.folder, "connection.yml"), connectionOf(job));
  },
  command: (job, step) => ({
    argv: [
      process.execPath,
      join(installed, "bin/etl.js"),
      "run",
      "bench.yml",
      "--warehouse",
      job.target,
      "--output",
      "json",
      ...(step === "again" ? ["--full"] : []),
    ],
    cwd: job.folder,
  }),
  landed: (job) => ({ table: job.workload === "api" ? "contacts" : "orders" }),
};

/** Packs and unpacks; of what `npm install` would bring, links to what the clone has. */
function install(): void {
  rmSync(home, { recursive: true, force: true });
  mkdirSync(installed, { recursive: true });
  execFileSync("npm", ["pack", "--silent", "--pack-destination", home], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [tarball] = globSync("*.tgz", { cwd: home });
  execFileSync("tar", ["-xzf", join(home, tarball!), "--strip-components=1", "-C", installed]);
  const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const link = join(home, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
}

/** A column's type in a spec. */
function typeOf({ kind, name }: Column): string {
  if (kind === "integer") return "bigint";
  if (kind === "decimal") return name === "discount" ? "decimal(5,2)" : "decimal(12,2)";
  return kind;
}

function pipelineOf(job: Job): string {
  const head = "pipeline: bench.orders\n";
  const mapping = job.columns.map((column) => `  ${column.name}: { from: ${column.name}, type: "${typeOf(column)}" }`);
  const foot = `mapping:\n${mapping.join("\n")}\nupsert: { keys: [id] }\nsink: { table: orders }\n`;
  switch (job.workload) {
    case "csv":
      return `${head}source: { type: csv, path: ${JSON.stringify(job.source.file)}, header: true }\n${foot}`;
    case "postgres":
    case "mariadb":
      return `${head}source: { type: database, connection: bench, table: orders, pagination: { type: keyset, keys: [id], size: 50000 } }\n${foot}`;
    case "api":
      return apiPipeline(job);
  }
}

function connectionOf(job: Job): string {
  if (job.workload === "api")
    return `connection: bench\ntype: api\nbase_url: ${job.source.api.url}\nauth: { type: bearer, token: "${job.source.api.token}" }\n`;
  const dialect = job.workload === "mariadb" ? "mysql" : "postgres";
  return `connection: bench\ntype: database\ndialect: ${dialect}\nurl: ${job.source.database}\ntime_zone: UTC\n`;
}

/** As the shipped contacts pipeline reads: the list for a full run, search for what changed. */
function apiPipeline(job: Job): string {
  const mapping = job.columns.map(
    (column) =>
      `  ${column.name}: { from: ${JSON.stringify(apiMapping[column.name]!.jsonata)}, type: ${typeOf(column)} }`,
  );
  return `pipeline: bench.contacts
source:
  type: api
  connection: bench
  request:
    path: /crm/v3/objects/contacts
    query: { limit: "{{page.size}}", properties: "{{join (mapped 'properties') ','}}" }
  records: results
  pagination: { type: cursor, cursor: paging.next.after, send_as: query.after, size: 100, max_size: 100 }
  delta: { field: properties.lastmodifieddate, type: timestamp, format: [iso, epochMs] }
  incremental:
    request:
      method: POST
      path: /crm/v3/objects/contacts/search
      body:
        filterGroups:
          - filters:
              - { propertyName: lastmodifieddate, operator: GTE, value: "{{epochMs since}}" }
              - { propertyName: lastmodifieddate, operator: LT, value: "{{epochMs until}}" }
              - { propertyName: hs_object_id, operator: GT, value: "{{page.after}}" }
        sorts: [{ propertyName: hs_object_id, direction: ASCENDING }]
        properties: "{{mapped 'properties'}}"
        limit: "{{page.size}}"
    pagination: { type: last_id, id: id, first: "0", size: 200, max_size: 200, stop_when: $not($exists(paging.next)), total: total }
  null_values: [""]
mapping:
${mapping.join("\n")}
upsert: { keys: [id], newer_by: lastmodifieddate }
sink: { table: contacts }
`;
}
