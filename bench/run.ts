/** `npm run bench`: prepares, runs, prints a table, writes bench/RESULTS.md. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Job, Peer, Step } from "./contract.ts";
import { dropDatabase, emptyDatabase, prefix, serverVersions } from "./databases.ts";
import { compareRows, type Expected } from "./equal-work.ts";
import { root, workFolder } from "./folders.ts";
import { measure } from "./measure.ts";
import { readOptions, usage, type BenchOptions } from "./options.ts";
import { dlt } from "./peers/dlt.ts";
import { etl } from "./peers/etl.ts";
import { floor } from "./peers/floor.ts";
import { meltano } from "./peers/meltano.ts";
import { sling } from "./peers/sling.ts";
import { report, type Sample } from "./report.ts";
import { contacts } from "./workloads/contacts.ts";
import { measureParsers } from "./workloads/csv-parsers.ts";
import { csvOrders, dropSources, mariadbOrders, ordersFile, postgresOrders } from "./workloads/orders.ts";
import { measureMapping } from "./workloads/mapping.ts";
import type { Workload } from "./workloads/workload.ts";

const allPeers: readonly Peer[] = [etl, floor, sling, dlt, meltano];
const allWorkloads: readonly Workload[] = [contacts, csvOrders, postgresOrders, mariadbOrders];
const say = (text: string): void => console.error(text);

async function main(options: BenchOptions): Promise<void> {
  const servers = await serverVersions();
  if (!servers.postgres) throw new Error("no PostgreSQL answers: set BENCH_POSTGRES to a superuser's address");
  const workloads = allWorkloads.filter(({ cases }) => Object.values(cases).some((id) => options.only.includes(id)));
  const runnable = workloads.filter(({ workload }) => workload !== "mariadb" || servers.mariadb);
  const missing = workloads
    .filter((each) => !runnable.includes(each))
    .map(({ title }) => `${title}: no MariaDB answers`);
  const { peers, absent } = await preparePeers(options);
  for (const line of [...missing, ...absent]) say(`left out: ${line}`);

  const loadBefore = loadavg()[0]!;
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const without: string[] = [];
  const mapping = options.only.includes("W6") ? await orWhyNot("W6", measureMapping, without) : undefined;
  const samples: Sample[] = [];
  const scale: Sample[] = [];
  const cleanUp = async (): Promise<void> => {
    await dropSources();
    for (const name of ["target", "contacts"]) await dropDatabase(`${prefix}${name}`);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void cleanUp().finally(() => process.exit(1)));
  try {
    await runRounds({ workloads: runnable, peers, options, samples });
    if (options.only.includes("SCALE") && peers.includes(etl)) scale.push(...(await runScale(options)));
  } finally {
    await cleanUp();
  }
  const measureCsv = async (): Promise<string> =>
    measureParsers(await ordersFile(options.rows ?? 1_000_000, 10), options.runs);
  const parsers = options.only.includes("CSV") ? await orWhyNot("CSV parsers", measureCsv, without) : undefined;
  const left = [...missing, ...absent, ...without];
  const text = report({
    samples,
    peers,
    workloads: runnable,
    servers,
    left,
    options,
    mapping,
    parsers,
    scale,
    commit,
    loadBefore,
  });
  console.log(text.table);
  writeFileSync(options.output ?? fileURLToPath(new URL("RESULTS.md", import.meta.url)), text.markdown);
}

async function preparePeers(options: BenchOptions): Promise<{ peers: Peer[]; absent: string[] }> {
  const asked = allPeers.filter(({ name }) => options.peers?.includes(name.toLowerCase()) ?? true);
  const peers: Peer[] = [];
  const absent: string[] = [];
  for (const peer of asked) {
    say(`preparing ${peer.name}`);
    try {
      await peer.prepare();
      peers.push(peer);
    } catch (error) {
      absent.push(`${peer.name}: ${(error as Error).message}`);
    }
  }
  return { peers, absent };
}

/** What a measurement gives; where it cannot be made, why is noted. */
async function orWhyNot(
  name: string,
  measurement: () => string | Promise<string>,
  without: string[],
): Promise<string | undefined> {
  say(name);
  try {
    return await measurement();
  } catch (error) {
    without.push(`${name}: ${(error as Error).message}`);
    return undefined;
  }
}

/** etl alone with ten times as many rows each time. */
async function runScale(options: BenchOptions): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const workload of [csvOrders, postgresOrders])
    for (const rows of [10_000, 100_000, 1_000_000])
      samples.push(...(await runPeer({ workload, peer: etl, round: 0, options: { ...options, rows } })));
  return samples;
}

interface Rounds {
  workloads: readonly Workload[];
  peers: readonly Peer[];
  options: BenchOptions;
  samples: Sample[];
}

/**
 * Rounds, and in each one workload after the other with one peer after the other: what the machine does besides falls
 * on all of them. A turn that would end after the time that there is, judged by the last one, is left out.
 */
async function runRounds({ workloads, peers, options, samples }: Rounds): Promise<void> {
  const deadline = performance.now() + options.minutes * 60_000;
  const lastMs = new Map<string, number>();
  for (let round = 0; round < options.runs; round++)
    for (const workload of workloads)
      for (const peer of peers) {
        if (!peer.does(workload.workload, "first") || round >= (peer.most?.runs ?? options.runs)) continue;
        const turn = `${workload.workload} ${peer.name}`;
        const started = performance.now();
        if (started + (lastMs.get(turn) ?? 0) > deadline) {
          say(`${turn} #${round + 1}: no time left`);
          continue;
        }
        samples.push(...(await runPeer({ workload, peer, round, options })));
        lastMs.set(turn, performance.now() - started);
      }
}

interface Turn {
  workload: Workload;
  peer: Peer;
  round: number;
  options: BenchOptions;
}

/** The steps of one peer, one after the other, in an empty database. It ends at the first that fails. */
async function runPeer({ workload, peer, round, options }: Turn): Promise<Sample[]> {
  const rows = Math.min(options.rows ?? workload.rows, peer.most?.rows ?? Infinity);
  const opened = await workload.open(rows);
  const folder = join(workFolder, "runs", `${workload.workload}-${peer.name.toLowerCase()}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const target = await emptyDatabase(`${prefix}target`);
  const job: Job = {
    workload: workload.workload,
    rows,
    columns: workload.columns,
    source: opened.source,
    target,
    folder,
  };
  const samples: Sample[] = [];
  try {
    peer.configure(job);
    for (const [step, id] of Object.entries(workload.cases) as [Step, Sample["id"]][]) {
      if (!peer.does(workload.workload, step)) continue;
      await opened.before(step);
      const cost = await measure(peer.command(job, step), join(folder, "output.log"), options.limitS);
      const sample: Sample = { id, step, peer: peer.name, round, rows, cost, written: 0, absent: [] };
      samples.push(sample);
      if (cost.timedOut) sample.wrong = `over ${options.limitS} s`;
      else if (cost.exitCode !== 0) sample.wrong = `exit code ${cost.exitCode}, see ${join(folder, "output.log")}`;
      await judge(sample, { job, peer, expected: await opened.expected(step) });
      say(describe(sample));
      if (sample.wrong) break;
    }
  } finally {
    await opened.close();
  }
  return samples;
}

async function judge(
  sample: Sample,
  { job, peer, expected }: { job: Job; peer: Peer; expected: Expected },
): Promise<void> {
  try {
    const verdict = await compareRows(job.columns, expected, { url: job.target, landed: peer.landed(job) });
    sample.written = verdict.rows;
    sample.absent = verdict.absent;
    sample.wrong ??= verdict.wrong;
  } catch (error) {
    sample.wrong ??= (error as Error).message;
  }
}

function describe({ id, step, peer, round, rows, cost, wrong }: Sample): string {
  const numbers = `${cost.wallS.toFixed(2)} s, CPU ${cost.cpuS.toFixed(2)} s, all CPU ${cost.machineCpuS.toFixed(2)} s, ${cost.peakMb.toFixed(0)} MB`;
  return `${id} ${step} ${peer} #${round + 1}: ${rows} rows, ${numbers}${wrong ? `: ${wrong}` : ""}`;
}

if (process.argv.includes("--help")) console.log(usage);
else
  await main(readOptions(process.argv.slice(2))).catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
