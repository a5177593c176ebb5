/** `etl validate`: every problem of every spec, at once. */
import { Option, type Command } from "commander";
import { loadConnectionFile } from "../spec/load.ts";
import { formatProblems, sortProblems, type Problem, type ProblemFormat } from "../spec/problem.ts";
import { loadSpecs, openContext, type ProjectFlags } from "./context.ts";

interface ValidateOptions extends ProjectFlags {
  format: ProblemFormat;
}

/** Gives the command its arguments, options and action. */
export function validateCommand(command: Command, exit: (code: number) => void): void {
  command
    .argument("[path...]", "files, folders or names; all pipelines of the project if none")
    .addOption(
      new Option("--format <format>", "how problems are printed").choices(["text", "json", "github"]).default("text"),
    )
    .option("--env <name>", "the environment of etl.yml")
    .action((paths: string[], options: ValidateOptions) => exit(validate(paths, options)));
}

/** Prints the problems on stdout; 2 when one of them is an error. */
function validate(paths: readonly string[], options: ValidateOptions): number {
  const context = openContext(paths, options);
  const specs = loadSpecs(paths, context);
  const problems: Problem[] = [...specs.problems];
  // Connections that no pipeline of the call uses are checked as well.
  for (const file of specs.connections) problems.push(...loadConnectionFile(file, context.project).problems);
  const all = sortProblems(problems);
  if (options.format === "json" || all.length) console.log(context.mask.mask(formatProblems(all, options.format)));
  const errors = all.filter(({ severity }) => severity === "error").length;
  const count = `${specs.results.length} pipeline${specs.results.length === 1 ? "" : "s"}`;
  if (options.format === "text")
    console.error(
      `${all.length ? "\n" : ""}${count}: ${errors ? `${errors} problem${errors === 1 ? "" : "s"}` : all.length ? `${all.length} warning${all.length === 1 ? "" : "s"}` : "no problems"}`,
    );
  return errors ? 2 : 0;
}
