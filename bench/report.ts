/** Results as a table for the terminal and as RESULTS.md. */
import { cpus, totalmem } from "node:os";
import type { Peer, Step } from "./contract.ts";
import type { Cost } from "./measure.ts";
import type { WorkloadId, BenchOptions } from "./options.ts";
import type { Workload } from "./workloads/workload.ts";

/** One measured process. */
export interface Sample {
  id: WorkloadId;
  step: Step;
  peer: string;
  round: number;
  rows: number;
  cost: Cost;
  /** Rows that were in the target in the end. */
  written: number;
  /** Columns that were not compared because the peer did not make them. */
  absent: string[];
  /** Why it does not count. */
  wrong?: string;
}

export interface ReportInput {
  samples: readonly Sample[];
  peers: readonly Peer[];
  workloads: readonly Workload[];
  servers: { postgres?: string; mariadb?: string };
  /** What could not take part, and why. */
  left: readonly string[];
  options: BenchOptions;
  /** What W6 printed. */
  mapping: string | undefined;
  /** What the CSV parsers came to. */
  parsers: string | undefined;
  /** etl alone, with ever more rows. */
  scale: readonly Sample[];
  /** Of the sources that were measured. */
  commit: string;
  /** The machine's load average when it began: above 1, others had work too. */
  loadBefore: number;
}

/** What all runs of a peer in one step come to. */
interface Line {
  peer: string;
  rows: number;
  runs: number;
  wallS: number;
  fastestS: number;
  slowestS: number;
  cpuS: number;
  machineCpuS: number;
  peakMb: number;
  wrong: string | undefined;
  written: number;
}

/** One step of a workload. */
interface Section {
  title: string;
  lines: Line[];
  workload: Workload;
}

const steps: readonly Step[] = ["first", "again", "delta"];
const stepTitles: Record<Step, string> = {
  first: "first load into an empty table",
  again: "the same rows once more",
  delta: "a run for what changed, 1 %",
};
const header = ["", "rows/s", "wall s (fastest–slowest)", "CPU s", "with servers", "peak MB", "to etl", "runs"];

export function report(input: ReportInput): { table: string; markdown: string } {
  const sections: Section[] = input.workloads.flatMap((workload) =>
    steps.flatMap((step) => {
      const id = workload.cases[step];
      const lines = id ? linesOf(input, id, step) : [];
      return lines.length ? [{ title: `${id}: ${workload.title}; ${stepTitles[step]}`, lines, workload }] : [];
    }),
  );
  const table = sections.map(
    ({ title, lines }) => `${title}\n${plain([header, ...lines.map((line) => cells(line, lines))])}`,
  );
  const alone = [
    ...(input.mapping ? [{ title: "W6: mapping alone", text: input.mapping }] : []),
    ...(input.parsers ? [{ title: "CSV parsers alone: the file of W3 into lists of texts", text: input.parsers }] : []),
    ...(input.scale.length > 0 ? [{ title: "Ten times as many rows each time", text: scaleText(input.scale) }] : []),
  ];
  for (const { title, text } of alone) table.push(`${title}\n${text}`);
  const parts = sections.map(({ title, lines, workload }) => {
    const less = input.peers.flatMap(({ name, less: all }) => {
      const text = all?.[workload.workload];
      return text ? [`${name}: ${text}.`] : [];
    });
    const wrong = lines
      .filter((line) => line.wrong)
      .map((line) => `${line.peer}: ${line.wrong}; ${count(line.written)} rows were in the target.`);
    return [
      `## ${title}`,
      markdown([header, ...lines.map((line) => cells(line, lines))]),
      ...[...less, ...wrong].map((text) => `- ${text}`),
    ].join("\n\n");
  });
  for (const { title, text } of alone) parts.push(`## ${title}\n\n\`\`\`\n${text}\n\`\`\``);
  const short = inShort(sections, input.peers);
  return { table: table.join("\n\n"), markdown: `${[preface(input), short, ...parts].join("\n\n")}\n` };
}

/** A line a run: what a row costs beside what the run with the fewest took, and peak memory. */
function scaleText(samples: readonly Sample[]): string {
  return samples
    .map(({ id, rows, cost, wrong }) => {
      const [least] = samples.filter((sample) => sample.id === id);
      const beyond = rows - least!.rows;
      const each = beyond > 0 ? (((cost.wallS - least!.cost.wallS) / beyond) * 1e6).toFixed(1) : "–";
      const numbers = `${cost.wallS.toFixed(2).padStart(6)} s  ${each.padStart(5)} µs a row beyond the first ${count(least!.rows)}`;
      return `${id}  ${count(rows).padStart(9)} rows  ${numbers}  ${cost.peakMb.toFixed(0).padStart(4)} MB${wrong ? `  failed: ${wrong}` : ""}`;
    })
    .join("\n");
}

/** How many times as many rows a second etl moves as each of the others; of the floor, the share that it reaches. */
function inShort(sections: readonly Section[], peers: readonly Peer[]): string {
  const others = peers.filter(({ name }) => name !== "etl").map(({ name }) => name);
  const rows = sections.map(({ title, lines }) => {
    const etl = lines.find(({ peer, wrong }) => peer === "etl" && !wrong);
    const ratios = others.map((name) => {
      const other = lines.find(({ peer, wrong }) => peer === name && !wrong);
      if (!etl || !other) return "";
      const ratio = rate(etl) / rate(other);
      return name === "floor" ? `${Math.round(ratio * 100)} %` : `${ratio.toFixed(2)}×`;
    });
    return [title, etl ? count(rate(etl)) : "failed", ...ratios];
  });
  const named = ["", "etl, rows/s", ...others.map((name) => (name === "floor" ? "of the floor" : `of ${name}`))];
  return `## In short\n\n${markdown([named, ...rows])}`;
}

function linesOf({ samples, peers }: ReportInput, id: WorkloadId, step: Step): Line[] {
  return peers.flatMap(({ name }) => {
    const all = samples.filter((sample) => sample.id === id && sample.step === step && sample.peer === name);
    const [first] = all;
    if (!first) return [];
    const walls = all.map(({ cost }) => cost.wallS);
    const line: Line = {
      peer: name,
      // A delta's rows are those that changed.
      rows: step === "delta" ? Math.ceil(first.rows / 100) : first.rows,
      runs: all.length,
      wallS: median(walls),
      fastestS: Math.min(...walls),
      slowestS: Math.max(...walls),
      cpuS: median(all.map(({ cost }) => cost.cpuS)),
      machineCpuS: median(all.map(({ cost }) => cost.machineCpuS)),
      peakMb: Math.max(...all.map(({ cost }) => cost.peakMb)),
      wrong: all.find(({ wrong }) => wrong)?.wrong,
      written: first.written,
    };
    return [line];
  });
}

/** @param among all lines of the table; the ratio is that of rows/s to etl's, for not all had as many rows. */
function cells(line: Line, among: readonly Line[]): string[] {
  const etl = among.find(({ peer, wrong }) => peer === "etl" && !wrong);
  const name = line.rows === among[0]!.rows ? line.peer : `${line.peer} (${count(line.rows)} rows)`;
  const failed = line.wrong !== undefined;
  return [
    name,
    failed ? "failed" : count(rate(line)),
    `${line.wallS.toFixed(1)} (${line.fastestS.toFixed(1)}–${line.slowestS.toFixed(1)})`,
    line.cpuS.toFixed(1),
    line.machineCpuS.toFixed(1),
    line.peakMb.toFixed(0),
    failed || !etl ? "" : (rate(line) / rate(etl)).toFixed(2),
    String(line.runs),
  ];
}

function preface({ peers, servers, left, options, commit, loadBefore }: ReportInput): string {
  const [cpu] = cpus();
  const machine = `${cpu?.model ?? "an unknown processor"}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB`;
  const asked = options.rows ? ` at ${count(options.rows)} records` : "";
  return [
    "# Results",
    `Written by \`npm run bench\`${asked}, ${new Date().toISOString().slice(0, 10)}, commit ${commit}. ${machine}; Node ${process.versions.node}, PostgreSQL ${servers.postgres ?? "none"}, MariaDB ${servers.mariadb ?? "none"}, all on this machine, with the settings that its packages give them. Load average before: ${loadBefore.toFixed(1)}.`,
    "Rounds are interleaved: every workload with each peer once, then all once more. Every figure is the median of its runs, and peak memory the most of them. CPU is user and system time of the tool's processes; `with servers` is what all processors did meanwhile: the databases, the API and whatever else ran. Peak is what the tool's processes held at one moment, summed. `to etl` is rows/s by etl's: 2.00 is twice as fast as etl, 0.50 half as fast.",
    `After each run the target is compared with the source: the number of rows and a checksum over all columns that the peer made. A run that differs, fails, or takes longer than ${options.limitS} s is marked as failed.`,
    "| | version | how |\n|---|---|---|",
  ]
    .join("\n\n")
    .concat(peers.map((peer) => `\n| ${peer.name} | ${peer.version()} | ${peer.how} |`).join(""))
    .concat(left.map((text) => `\n\nLeft out: ${text}`).join(""));
}

const rate = ({ rows, wallS }: Line): number => rows / wallS;
const count = (value: number): string => Math.round(value).toLocaleString("en");

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function markdown(rows: readonly string[][]): string {
  const [first, ...rest] = rows.map((row) => `| ${row.join(" | ")} |`);
  return [first, `|---|${"---:|".repeat(rows[0]!.length - 1)}`, ...rest].join("\n");
}

function plain(rows: readonly string[][]): string {
  const widths = header.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows
    .map((row) => row.map((cell, at) => (at ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!))).join("  "))
    .join("\n");
}
