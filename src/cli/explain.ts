/** `etl explain`: the whole of a spec, and where each value comes from. */
import type { Command } from "commander";
import { explainPipeline } from "../spec/explain.ts";
import { loadSpecs, openContext, tellProblems, type ProjectFlags } from "./context.ts";

/** Adds the command. */
export function explainCommand(program: Command, exit: (code: number) => void): void {
  program
    .command("explain")
    .description(
      "show a spec whole: what it extends laid under it, defaults filled in, and where each value comes from",
    )
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
