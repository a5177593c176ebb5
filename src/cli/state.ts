/** `etl state`: how far a pipeline got, and changes of it by hand. */
import { Option, type Command } from "commander";
import { SpecError } from "../errors.ts";
import {
  changeState,
  showState,
  type PipelineState,
  type StateChange,
  type StateInput,
} from "../runtime/pipeline-state.ts";
import {
  loadSpecs,
  openContext,
  openEngine,
  projectOptions,
  tellProblems,
  type Context,
  type ProjectFlags,
} from "./context.ts";
import { collectParam } from "./run.ts";
import { watchSignals } from "./signals.ts";

interface StateOptions extends ProjectFlags {
  watermark?: string;
  param?: Record<string, string>;
  output: "text" | "json";
}

/** Gives the command its sub-commands. */
export function stateCommand(state: Command, exit: (code: number) => void): void {
  const show = state.command("show").description("show watermark, checkpoint and what the next run would be");
  const set = state
    .command("set")
    .description("store a watermark: the next run reads what changed since, less the overlap")
    .requiredOption("--watermark <value>", "as the source writes it; a date or ISO 8601 for times");
  const reset = state.command("reset").description("forget how far it got: the next run reads everything");
  for (const command of [show, set, reset]) {
    command
      .argument("<pipeline>", "a file or a name")
      .option("--param <name=value>", "a param of the pipeline; may be repeated", collectParam)
      .addOption(new Option("--output <format>", "what stdout gets").choices(["text", "json"]).default("text"));
    for (const [flag, description] of projectOptions) command.option(flag, description);
  }
  show.action(async (target: string, options: StateOptions) => exit(await withPipeline(target, options, shown)));
  set.action(async (target: string, options: StateOptions) =>
    exit(await withPipeline(target, options, changed({ watermark: options.watermark! }))),
  );
  reset.action(async (target: string, options: StateOptions) =>
    exit(await withPipeline(target, options, changed("reset"))),
  );
}

type Act = (input: StateInput, options: StateOptions) => Promise<{ text: string; data: object } | { held: string }>;

const shown: Act = async (input) => {
  const state = await showState(input);
  return { text: stateText(state), data: state };
};

const changed =
  (change: StateChange): Act =>
  async (input) => {
    const result = await changeState(input, change);
    if ("held" in result) return result;
    const { before, after } = result;
    return {
      text: `before\n${stateText(before)}\n\nnow\n${stateText(after)}${undoText(before, change)}`,
      data: result,
    };
  };

/** How to go back, where there is a way. */
function undoText({ pipeline, scope, watermark, checkpoint }: PipelineState, change: StateChange): string {
  const params =
    scope === ""
      ? ""
      : scope
          .split("&")
          .map((param) => ` --param ${param}`)
          .join("");
  const lost = checkpoint ? `\nRun ${checkpoint.run} will not be gone on with.` : "";
  if (watermark !== null) return `\n${lost}\nTo go back: etl state set ${pipeline}${params} --watermark '${watermark}'`;
  return change === "reset" ? lost : `\n${lost}\nTo go back: etl state reset ${pipeline}${params}`;
}

async function withPipeline(target: string, options: StateOptions, act: Act): Promise<number> {
  const context = openContext([target], options);
  const specs = loadSpecs([target], context);
  if (tellProblems(specs.problems, context)) return 2;
  const [pipeline] = specs.pipelines;
  if (!pipeline || specs.pipelines.length > 1)
    throw new SpecError(`etl state takes one pipeline; ${target} holds ${specs.pipelines.length}`);
  const signals = watchSignals((text) => console.error(text));
  const engine = openEngine(context, { debug: false, signal: signals.signal });
  try {
    const result = await act({ pipeline, engine, params: options.param ?? {} }, options);
    if ("held" in result) return 4;
    print(result, { context, options });
    return 0;
  } finally {
    signals.stop();
  }
}

function print(
  { text, data }: { text: string; data: object },
  { context, options }: { context: Context; options: StateOptions },
): void {
  console.log(context.mask.mask(options.output === "json" ? JSON.stringify(data, null, 2) : text));
}

function stateText(state: PipelineState): string {
  const { pipeline, scope, watermark, watermark_run: run, problem, next, checkpoint, parents, running } = state;
  const lines: [string, string][] = [
    ["watermark", watermark === null ? "none" : `${watermark} (stored by run ${run})`],
    ["next run", next ? `${next.strategy}${next.since === null ? "" : ` since ${next.since}`}` : `refused: ${problem}`],
  ];
  if (checkpoint) {
    const { run: failed, resumed, slices_done: done, slices_open: open } = checkpoint;
    const place = `run ${failed} failed with ${done} of its slices read and ${open} begun`;
    lines.push([
      "checkpoint",
      `${place}; ${resumed ? "the next run goes on from there first" : "the next run asks for something else and begins anew"}`,
    ]);
  }
  if (parents) lines.push(["parents", `asked for to ${parents.since}; all of them at ${parents.full}`]);
  if (running) lines.push(["running", `${running.by}, since ${running.since}`]);
  const width = Math.max(...lines.map(([name]) => name.length));
  return [
    `${pipeline}${scope ? ` (${scope})` : ""}`,
    ...lines.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`),
  ].join("\n");
}
