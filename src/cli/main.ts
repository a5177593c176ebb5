/** The command line: argv in, exit code out. Each command is a file of its own. */
import { Command, CommanderError, Help } from "commander";
import { readFileSync } from "node:fs";
import { messageOf, SpecError } from "../errors.ts";
import { commands } from "./commands.ts";
import { withParamFlags } from "./param-flags.ts";

function version(): string {
  const file = new URL(
    import.meta.url.endsWith("/src/cli/main.ts") ? "../../package.json" : "../package.json",
    import.meta.url,
  );
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/**
 * Builds the program; `exit` is told the exit code of the command that ran.
 * @param words of the command line: commands that are none of them are not loaded, but for their line in the help. Absent: all are.
 */
export async function createProgram(exit: (code: number) => void, words?: readonly string[]): Promise<Command> {
  const program = new Command("etl")
    .description("Declarative ETL: YAML pipeline specs in, correct warehouse rows out.")
    .version(version())
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text) })
    .configureHelp({ sortSubcommands: false, subcommandTerm });
  for (const [name, { description, load }] of Object.entries(commands)) {
    const command = program.command(name).description(description);
    if (!words || words.includes(name)) (await load())(command, exit);
    // Sub-commands inherit neither of these.
    for (const each of [command, ...command.commands]) each.exitOverride().showSuggestionAfterError();
  }
  return program;
}

/** A command's line in the help, loaded or not. */
function subcommandTerm(this: Help, command: Command): string {
  const entry = command.parent?.parent === null ? commands[command.name()] : undefined;
  return entry ? `${command.name()} ${entry.takes}`.trimEnd() : Help.prototype.subcommandTerm.call(this, command);
}

/** The arguments, with flags that are a pipeline's params made into `--param`. */
async function withParams([name, ...args]: readonly string[], program: Command): Promise<string[]> {
  const command = program.commands.find((candidate) => candidate.name() === name);
  return name === undefined ? [] : [name, ...(command ? await withParamFlags(args, command) : args)];
}

/** Runs the command line; never throws. Exit codes: design.md, section 5. */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  try {
    const program = await createProgram((value) => (code = value), argv);
    await program.parseAsync(await withParams(argv, program), { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === "commander.help" ? 0 : 2;
    console.error(`etl: ${messageOf(error)}`);
    if (process.env["ETL_DEBUG"]) console.error(error);
    return error instanceof SpecError ? 2 : 1;
  }
}
