/** The options of `npm run bench`. */
import { parseArgs } from "node:util";

export const workloadIds = ["W1", "W2", "W3", "W4", "W5", "W6", "CSV", "SCALE"] as const;
export type WorkloadId = (typeof workloadIds)[number];

export interface BenchOptions {
  only: readonly WorkloadId[];
  /** Names in small letters; undefined: all. */
  peers: readonly string[] | undefined;
  /** Rounds; undefined: 3. */
  runs: number;
  /** Records of every workload; undefined: its own number. */
  rows: number | undefined;
  /** A process is killed after so long. */
  limitS: number;
  /** No turn is begun that would not end within so long. */
  minutes: number;
  /** Where the results go; undefined: bench/RESULTS.md. */
  output: string | undefined;
}

export const usage = `npm run bench -- [options]
  --only W3,W4     workloads: W1 to W6 (W2 brings W1 with it), CSV (parsers alone), SCALE (etl with ever more rows)
  --peers etl,…    etl, floor, sling, dlt, meltano
  --runs 3         rounds; a figure is the median of them
  --rows 100000    records, instead of 100,000 of the API and 1,000,000 of the others
  --limit 300      seconds after which a run is stopped
  --minutes 120    no turn is begun that would not end within so long
  --output FILE    instead of bench/RESULTS.md
BENCH_POSTGRES and BENCH_MYSQL are the servers' addresses: postgres://postgres@127.0.0.1:5432/postgres and
mysql://root@127.0.0.1:3306 unless set. Databases called bench_… are made on them and dropped.`;

/** Throws a sentence for what makes no sense. */
export function readOptions(args: readonly string[]): BenchOptions {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { only: text, peers: text, runs: text, rows: text, limit: text, minutes: text, output: text },
  });
  const only = values.only?.toUpperCase().split(",") ?? workloadIds;
  for (const id of only)
    if (!(workloadIds as readonly string[]).includes(id))
      throw new Error(`--only ${id}: there are ${workloadIds.join(", ")}`);
  return {
    only: only as WorkloadId[],
    peers: values.peers?.toLowerCase().split(","),
    runs: count("runs", values.runs) ?? 3,
    rows: count("rows", values.rows),
    limitS: count("limit", values.limit) ?? 300,
    minutes: count("minutes", values.minutes) ?? 120,
    output: values.output,
  };
}

function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} must be a whole number from 1 on, not ${text}`);
  return value;
}
