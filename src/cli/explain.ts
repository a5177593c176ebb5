/** `etl explain`: the whole of a spec, and where each value comes from. */
import type { Command } from "commander";
import { explainPipeline } from "../spec/explain.ts";
import { loadSpecs, openContext, tellProblems, type ProjectFlags } from "./context.ts";

/** Gives the command its arguments, options and action. */
export function explainCommand(command: Command, exit: (code: number) => void): void {
  command
    .argument("<pipeline>", "a file or a name")
    .option("--env <name>", "the environment of etl.yml")
    .action((target: string, options: ProjectFlags) => exit(explain(target, options)));
}

function explain(target: string, options: ProjectFlags): number {
  const context = openContext([target], options);
  const specs = loadSpecs([target], context);
  const failed = tellProblems(specs.problems, context);
  for (const { pipeline, document } of specs.results) {
    if (pipeline) console.log(context.mask.mask(explainPipeline(pipeline, document)));
  }
  return failed ? 2 : 0;
}
