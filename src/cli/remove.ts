/** `etl remove`: deletes the rows that the source no longer has. */
import { Option, type Command } from "commander";
import { SpecError } from "../errors.ts";
import { removePipeline } from "../runtime/deletes/removal.ts";
import { noFlags, type RunFlags } from "../runtime/flags.ts";
import { dependentsFirst } from "../runtime/schedule.ts";
import type { RunOutcome } from "../runtime/summary.ts";
import type { LoadedPipeline } from "../spec/load.ts";
import { loadSpecs, openContext, projectOptions, tellProblems, type ProjectFlags } from "./context.ts";
import { exitCodeOf, overviewTable } from "./overview.ts";
import { collect, collectParam, paramsOf, refuseUnknownParams, wholeNumber } from "./run.ts";
import { selectPipelines } from "./select.ts";
import { watched } from "./watched.ts";

export interface RemoveOptions extends ProjectFlags {
  dryRun?: boolean;
  batchSize?: number;
  maxRecords?: number;
  allowDeletes?: number;
  debug?: boolean;
  param?: Record<string, string>;
  only?: string[];
  skip?: string[];
  output: "text" | "json";
}

/** Gives the command its arguments, options and action. */
export function removeCommand(command: Command, exit: (code: number) => void): void {
  command
    .argument("<pipeline...>", "pipelines/hubspot/contacts.yml, pipelines/hubspot, hubspot.contacts")
    .option("--dry-run", "write nothing at all, say what would be deleted")
    .option("--batch-size <n>", "page size asked of the source, within its max_size", wholeNumber("--batch-size", 1))
    .option(
      "--max-records <n>",
      "read so many records and delete nothing, as a rehearsal; 0: unlimited",
      wholeNumber("--max-records", 0),
    )
    .option("--allow-deletes <n>", "how many rows may go, instead of deletes.max", wholeNumber("--allow-deletes", 1))
    .option("--debug", "log everything")
    .option("--param <name=value>", "a param of the pipeline; may be repeated", collectParam)
    .option("--only <name>", "of several, only those of this name or tag; may be repeated", collect)
    .option("--skip <name>", "of several, none of this name or tag; may be repeated", collect)
    .addOption(new Option("--output <format>", "what stdout gets").choices(["text", "json"]).default("text"));
  for (const [flag, description] of projectOptions) command.option(flag, description);
  command.action(async (targets: string[], options: RemoveOptions) => exit(await remove(targets, options)));
}

async function remove(targets: readonly string[], options: RemoveOptions): Promise<number> {
  const context = openContext(targets, options);
  const specs = loadSpecs(targets, context);
  if (tellProblems(specs.problems, context)) {
    if (options.output === "json") console.log(JSON.stringify({ runs: [] }));
    return 2;
  }
  const chosen = dependentsFirst(deleting(selectPipelines(specs.pipelines, { targets, ...options })));
  const flags: RunFlags = {
    ...noFlags,
    dryRun: options.dryRun ?? false,
    batchSize: options.batchSize,
    maxRecords: options.maxRecords ?? 0,
    allowDeletes: options.allowDeletes,
    debug: options.debug ?? false,
    params: options.param ?? {},
  };
  refuseUnknownParams(chosen, flags.params);
  const watching = { output: options.output, debug: flags.debug };
  const { result: outcomes, isInterrupted } = await watched(context, watching, async ({ engine, signal, done }) => {
    const ended: RunOutcome[] = [];
    for (const pipeline of chosen) {
      if (signal.aborted) break;
      const own = { ...flags, params: paramsOf(pipeline, chosen, flags.params) };
      ended.push(...(await removePipeline({ pipeline, flags: own, engine })));
      done(pipeline.spec.pipeline);
    }
    return ended;
  });
  if (options.output === "json") console.log(JSON.stringify({ runs: outcomes.map(({ summary }) => summary) }));
  else if (outcomes.length > 1) console.error(`\n${overviewTable(outcomes)}`);
  return isInterrupted ? 130 : exitCodeOf(outcomes);
}

/** Of a folder those that delete anything; what is named alone says itself that it does not. */
function deleting(pipelines: readonly LoadedPipeline[]): LoadedPipeline[] {
  if (pipelines.length < 2) return [...pipelines];
  const found = pipelines.filter(({ spec }) => spec.deletes !== undefined);
  if (found.length > 0) return found;
  throw new SpecError("none of these pipelines says what is deleted: write deletes: { detect: … } into their specs");
}
