/** `etl run`: pipelines into the warehouse. */
import { Option, type Command } from "commander";
import { SpecError } from "../errors.ts";
import { parseDateFlag, type RunFlags } from "../runtime/flags.ts";
import { runPipeline, skippedOutcome } from "../runtime/run-pipeline.ts";
import { runInOrder } from "../runtime/schedule.ts";
import { loadSpecs, openContext, projectOptions, tellProblems, type ProjectFlags } from "./context.ts";
import { exitCodeOf, overviewTable } from "./overview.ts";
import type { LoadedPipeline } from "../spec/load.ts";
import { didYouMean } from "../suggest.ts";
import { profileTable } from "./profile.ts";
import { selectPipelines } from "./select.ts";
import { watched } from "./watched.ts";

export interface RunOptions extends ProjectFlags {
  full?: boolean;
  force?: boolean;
  startDate?: string;
  endDate?: string;
  dryRun?: boolean;
  batchSize?: number;
  concurrentPages?: number;
  highPerformance?: boolean;
  maxRecords?: number;
  allowDeletes?: number;
  skipValidation?: boolean;
  debug?: boolean;
  profile?: boolean;
  param?: Record<string, string>;
  only?: string[];
  skip?: string[];
  concurrency?: number;
  output: "text" | "json";
  since?: string;
  forceOverwrite?: boolean;
  test?: boolean;
  verbose?: boolean;
  limit?: number;
  incremental?: boolean;
}

export function wholeNumber(flag: string, smallest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < smallest)
      throw new SpecError(
        `${flag} must be a whole number${smallest > 0 ? ` from ${smallest}` : ", 0 for unlimited"}, not ${JSON.stringify(text)}`,
      );
    return value;
  };
}

export function collectParam(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new SpecError(`--param ${JSON.stringify(text)} must be name=value`);
  // Own keys only: `__proto__` is a name like any other, and nobody declares it.
  return Object.fromEntries([...Object.entries(before), [text.slice(0, at), text.slice(at + 1)]]);
}

/** A word that may be given several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** Names of flags in the code base that this replaces, and what they are called now. */
const oldFlags = [
  ["since", "--start-date"],
  ["forceOverwrite", "--force"],
  ["test", "--debug"],
  ["verbose", "--debug"],
  ["limit", "--max-records"],
  ["incremental", undefined],
] as const;

/** Types the flags; the old names still work, with a warning that names the new one. */
export function runFlags(options: Omit<RunOptions, "output">, warn: (text: string) => void): RunFlags {
  for (const [old, now] of oldFlags) {
    if (options[old] === undefined) continue;
    const flag = `--${old.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    warn(now ? `${flag} is an old name: use ${now}` : `${flag} is the default: leave it out`);
  }
  const start = options.startDate ?? options.since;
  return {
    full: options.full ?? false,
    force: options.force ?? options.forceOverwrite ?? false,
    startDate: start === undefined ? undefined : parseDateFlag("--start-date", start),
    endDate: options.endDate === undefined ? undefined : parseDateFlag("--end-date", options.endDate),
    dryRun: options.dryRun ?? false,
    batchSize: options.batchSize,
    concurrentPages: options.highPerformance ? "concurrency" : options.concurrentPages,
    maxRecords: options.maxRecords ?? options.limit ?? 0,
    allowDeletes: options.allowDeletes,
    skipValidation: options.skipValidation ?? false,
    debug: options.debug ?? options.test ?? options.verbose ?? false,
    params: options.param ?? {},
  };
}

/** Gives the command its arguments, options and action. */
export function runCommand(command: Command, exit: (code: number) => void): void {
  command
    .argument("<pipeline...>", "pipelines/hubspot/contacts.yml, pipelines/hubspot, hubspot.contacts")
    .option("--full", "read everything; stored rows that are newer stay")
    .option("--force", "read everything; stored rows are replaced, newer ones too")
    .option("--start-date <date>", "read what changed since: YYYY-MM-DD (midnight UTC) or ISO 8601 with a zone")
    .option("--end-date <date>", "read what changed before")
    .option("--dry-run", "write nothing at all, say what would be done")
    .option("--batch-size <n>", "page size asked of the source, within its max_size", wholeNumber("--batch-size", 1))
    .addOption(
      new Option("--concurrent-pages <n>", "pages asked for side by side where the API tells how many there are (1)")
        .argParser(wholeNumber("--concurrent-pages", 1))
        .conflicts("highPerformance"),
    )
    .option("--high-performance", "--concurrent-pages as many as the connection's concurrency")
    .option("--max-records <n>", "stop after so many records; 0: unlimited", wholeNumber("--max-records", 0))
    .option(
      "--allow-deletes <n>",
      "how many rows may be deleted, instead of deletes.max",
      wholeNumber("--allow-deletes", 1),
    )
    .option("--skip-validation", "skip validators and rules; types and required fields stay")
    .option("--debug", "log everything")
    .option("--profile", "print where the time went; JSON holds it in any case")
    .option("--param <name=value>", "a param of the pipeline; may be repeated", collectParam)
    .option("--only <name>", "of several, only those of this name or tag; may be repeated", collect)
    .option("--skip <name>", "of several, none of this name or tag; may be repeated", collect)
    .option("--concurrency <n>", "how many pipelines run at once (default 1)", wholeNumber("--concurrency", 1))
    .addOption(new Option("--output <format>", "what stdout gets").choices(["text", "json"]).default("text"));
  for (const [flag, description] of projectOptions) command.option(flag, description);
  for (const old of ["--since <date>", "--force-overwrite", "--test", "--verbose", "--incremental"])
    command.addOption(new Option(old).hideHelp());
  command.addOption(new Option("--limit <n>").argParser(wholeNumber("--limit", 0)).hideHelp());
  command.action(async (targets: string[], options: RunOptions) => {
    exit(await run(targets, options));
  });
}

/** Runs pipelines and prints what became of them; gives the exit code. */
export async function run(
  targets: readonly string[],
  options: RunOptions,
  variables?: Record<string, string | undefined>,
): Promise<number> {
  const context = openContext(targets, options, variables);
  const flags = runFlags(options, (text) => console.error(`warning: ${text}`));
  const specs = loadSpecs(targets, context);
  if (tellProblems(specs.problems, context)) {
    if (options.output === "json") console.log(JSON.stringify({ runs: [] }));
    return 2;
  }
  const chosen = selectPipelines(specs.pipelines, { targets, only: options.only, skip: options.skip });
  refuseUnknownParams(chosen, flags.params);
  const watching = { output: options.output, debug: flags.debug };
  const { result: outcomes, isInterrupted } = await watched(context, watching, ({ engine, signal, done }) =>
    runInOrder(chosen, {
      concurrency: options.concurrency ?? 1,
      signal,
      async run(pipeline) {
        const own = { ...flags, params: paramsOf(pipeline, chosen, flags.params) };
        const result = await runPipeline({ pipeline, flags: own, engine });
        done(pipeline.spec.pipeline);
        return result;
      },
      skip(pipeline, reason) {
        engine.log.warn(`Skipped ${pipeline.system} ${pipeline.entity} sync: ${reason}`);
        return skippedOutcome({ pipeline }, reason);
      },
    }),
  );
  if (options.output === "json") console.log(JSON.stringify({ runs: outcomes.map(({ summary }) => summary) }));
  else {
    if (outcomes.length > 1) console.error(`\n${overviewTable(outcomes)}`);
    for (const { hint, summary } of outcomes) if (hint) console.error(`${summary.pipeline}: ${hint}`);
    if (options.profile) console.log(outcomes.map(profileTable).join("\n\n"));
  }
  const leftOut = outcomes.some(({ summary }) => summary.status === "skipped");
  return isInterrupted && leftOut ? 130 : exitCodeOf(outcomes);
}

/** Of several pipelines one at least must know a param; a single one says itself what it has. */
export function refuseUnknownParams(pipelines: readonly LoadedPipeline[], params: Record<string, string>): void {
  if (pipelines.length < 2) return;
  const declared = new Set(pipelines.flatMap(({ spec }) => Object.keys(spec.params ?? {})));
  for (const name of Object.keys(params)) {
    if (!declared.has(name))
      throw new SpecError(`none of these pipelines has a param "${name}".${didYouMean(name, declared)}`);
  }
}

/** The params of one of the pipelines that run: of several each takes those it knows, a single one says what it lacks. */
export function paramsOf(
  { spec }: LoadedPipeline,
  chosen: readonly LoadedPipeline[],
  params: Record<string, string>,
): Record<string, string> {
  if (chosen.length < 2) return params;
  return Object.fromEntries(Object.entries(params).filter(([name]) => Object.hasOwn(spec.params ?? {}, name)));
}
