/** `etl rejects replay`: rejected records tried again with the specs as they are now. */
import { Option, type Command } from "commander";
import { SpecError } from "../errors.ts";
import { noFlags, type RunFlags } from "../runtime/flags.ts";
import type { ReplayOutcome } from "../runtime/replay/contract.ts";
import { pipelineObstacle } from "../runtime/replay/obstacles.ts";
import { replayRejects } from "../runtime/replay/replay.ts";
import { pipelinesWithRejects, type RejectChoice } from "../runtime/state/rejects.ts";
import type { LoadedPipeline } from "../spec/load.ts";
import { loadSpecs, openContext, openEngine, projectOptions, tellProblems, type ProjectFlags } from "./context.ts";
import { withHistory } from "./open-warehouse.ts";
import { exitCodeOf } from "./overview.ts";
import { collectParam, paramsOf, refuseUnknownParams, wholeNumber } from "./run.ts";
import { watchSignals } from "./signals.ts";
import { table } from "./table.ts";

interface ReplayOptions extends ProjectFlags, RejectChoice {
  dryRun?: boolean;
  maxRecords?: number;
  debug?: boolean;
  param?: Record<string, string>;
  output: "text" | "json";
}

/** Adds the command to `etl rejects`. */
export function addReplay(rejects: Command, exit: (code: number) => void): void {
  const command = rejects
    .command("replay")
    .description("map rejected records again with today's specs; those that are good now become rows")
    .argument("[pipeline]", "a file, a folder or a name; all that have open rejects if none")
    .option("--dry-run", "write nothing at all, say what would become a row")
    .option("--id <id>", "the record of this reject alone", wholeNumber("--id", 1))
    .option("--field <column>", "records rejected for this column")
    .option("--rule <name>", "records rejected by this rule or validator")
    .option("--max-records <n>", "stop after so many records; 0: unlimited", wholeNumber("--max-records", 0))
    .option("--debug", "log everything")
    .option("--param <name=value>", "a param of the pipeline; may be repeated", collectParam)
    .addOption(new Option("--output <format>", "what stdout gets").choices(["text", "json"]).default("text"));
  for (const [flag, description] of projectOptions) command.option(flag, description);
  command.action(async (target: string | undefined, options: ReplayOptions) => exit(await replay(target, options)));
}

async function replay(target: string | undefined, options: ReplayOptions): Promise<number> {
  const targets = target === undefined ? [] : [target];
  const context = openContext(targets, options);
  const { id, field, rule } = options;
  const choice: RejectChoice = { id, field, rule };
  const named = (await withHistory(context, (sink) => pipelinesWithRejects(sink, choice))) ?? [];
  const specs = loadSpecs(targets, context);
  if (tellProblems(specs.problems, context)) {
    if (options.output === "json") console.log(JSON.stringify({ replays: [] }));
    return 2;
  }
  const found = specs.pipelines.filter(({ spec }) => named.includes(spec.pipeline));
  refuseUnknownParams(specs.pipelines, options.param ?? {});
  const known = new Set(specs.pipelines.map(({ spec }) => spec.pipeline));
  const strangers = target === undefined ? named.filter((name) => !known.has(name)) : [];
  for (const name of strangers) console.error(`${name} has open rejects, and no spec in this project: they stay`);
  if (id !== undefined && found.length + strangers.length === 0)
    throw new SpecError(
      `there is no open reject ${id}${target === undefined ? "" : ` of ${target}`}: see etl rejects list`,
    );
  const chosen = found.length > 1 ? found.filter(canBeReplayed) : found;
  const outcomes = chosen.length > 0 ? await replayAll(chosen, { ...options, choice, context }) : [];
  if (options.output === "json") console.log(JSON.stringify({ replays: outcomes.map(({ summary }) => summary) }));
  else if (found.length + strangers.length === 0) console.error("No rejects.");
  else if (outcomes.length > 1) console.error(`\n${replayTable(outcomes)}`);
  const isLeftOut = chosen.length < found.length || strangers.length > 0;
  return exitCodeOf([...outcomes, ...(isLeftOut ? [{ exitCode: 3 } as const] : [])]);
}

/** Of several the others are replayed all the same; one that is named alone says so itself. */
function canBeReplayed({ spec }: LoadedPipeline): boolean {
  const obstacle = pipelineObstacle(spec);
  if (obstacle !== undefined)
    console.error(`${spec.pipeline} is left out: ${obstacle}. Run it with --full to settle its rejects`);
  return obstacle === undefined;
}

async function replayAll(
  chosen: readonly LoadedPipeline[],
  { context, choice, ...options }: ReplayOptions & { context: ReturnType<typeof openContext>; choice: RejectChoice },
): Promise<ReplayOutcome[]> {
  const flags: RunFlags = {
    ...noFlags,
    dryRun: options.dryRun ?? false,
    maxRecords: options.maxRecords ?? 0,
    debug: options.debug ?? false,
  };
  const signals = watchSignals((text) => console.error(text));
  const engine = openEngine(context, { debug: flags.debug, signal: signals.signal });
  const outcomes: ReplayOutcome[] = [];
  try {
    for (const pipeline of chosen) {
      if (signals.signal.aborted) break;
      const own = { ...flags, params: paramsOf(pipeline, chosen, options.param ?? {}) };
      outcomes.push(await replayRejects({ pipeline, flags: own, engine, choice }));
    }
  } finally {
    signals.stop();
  }
  return outcomes;
}

function replayTable(outcomes: readonly ReplayOutcome[]): string {
  return table(
    ["pipeline", "status", "records", "replayed", "rejected", "stale", "left"],
    outcomes.map(({ summary }) => [
      summary.pipeline,
      summary.status,
      ...[
        summary.records,
        summary.replayed,
        summary.rejected,
        summary.stale,
        Object.values(summary.left).reduce((sum, count) => sum + count, 0),
      ].map((count) => count.toLocaleString("en-US")),
    ]),
  );
}
