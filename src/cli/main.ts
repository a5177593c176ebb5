/** The command line: argv in, exit code out. Each command is a file of its own. */
import { Command, CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { messageOf, SpecError } from "../errors.ts";
import { connectionsCommand } from "./connections.ts";
import { demoCommand } from "./demo.ts";
import { historyCommand } from "./history.ts";
import { previewCommand } from "./preview.ts";
import { rejectsCommand } from "./rejects.ts";
import { runCommand } from "./run.ts";
import { sandboxCommand } from "./sandbox.ts";
import { validateCommand } from "./validate.ts";

/** Every command adds itself to the program and gives its exit code to `exit`. */
export type AddCommand = (program: Command, exit: (code: number) => void) => void;

export const commands: readonly AddCommand[] = [
  runCommand,
  validateCommand,
  previewCommand,
  historyCommand,
  rejectsCommand,
  connectionsCommand,
  demoCommand,
  sandboxCommand,
];

function version(): string {
  const file = new URL(
    import.meta.url.endsWith("/src/cli/main.ts") ? "../../package.json" : "../package.json",
    import.meta.url,
  );
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** Builds the program; `exit` is told the exit code of the command that ran. */
export function createProgram(exit: (code: number) => void): Command {
  const program = new Command("etl")
    .description("Declarative ETL: YAML pipeline specs in, correct warehouse rows out.")
    .version(version())
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .configureOutput({ outputError: (text, write) => write(text) });
  for (const add of commands) add(program, exit);
  // Sub-commands inherit neither of these.
  for (const command of program.commands)
    for (const each of [command, ...command.commands]) each.exitOverride().showSuggestionAfterError();
  return program;
}

/** Runs the command line; never throws. Exit codes: design.md, section 5. */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  try {
    await createProgram((value) => (code = value)).parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === "commander.help" ? 0 : 2;
    console.error(`etl: ${messageOf(error)}`);
    if (process.env["ETL_DEBUG"]) console.error(error);
    return error instanceof SpecError ? 2 : 1;
  }
}
