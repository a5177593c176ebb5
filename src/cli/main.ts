/** The command line: argv in, exit code out. Each command is a file of its own. */
import { Command, CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { messageOf, SpecError } from "../errors.ts";
import { withParamFlags } from "./param-flags.ts";

/** Every command adds itself to the program and gives its exit code to `exit`. */
export type AddCommand = (program: Command, exit: (code: number) => void) => void;

/** The commands, in the order of the help. A command's file is loaded when it is called; the help loads all. */
export const commands: Record<string, () => Promise<AddCommand>> = {
  run: async () => (await import("./run.ts")).runCommand,
  remove: async () => (await import("./remove.ts")).removeCommand,
  validate: async () => (await import("./validate.ts")).validateCommand,
  test: async () => (await import("./test.ts")).testCommand,
  new: async () => (await import("./new.ts")).newCommand,
  preview: async () => (await import("./preview.ts")).previewCommand,
  plan: async () => (await import("./plan.ts")).planCommand,
  explain: async () => (await import("./explain.ts")).explainCommand,
  history: async () => (await import("./history.ts")).historyCommand,
  rejects: async () => (await import("./rejects.ts")).rejectsCommand,
  state: async () => (await import("./state.ts")).stateCommand,
  connections: async () => (await import("./connections.ts")).connectionsCommand,
  credentials: async () => (await import("./credentials.ts")).credentialsCommand,
  demo: async () => (await import("./demo.ts")).demoCommand,
  sandbox: async () => (await import("./sandbox.ts")).sandboxCommand,
};

function version(): string {
  const file = new URL(
    import.meta.url.endsWith("/src/cli/main.ts") ? "../../package.json" : "../package.json",
    import.meta.url,
  );
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/**
 * Builds the program; `exit` is told the exit code of the command that ran.
 * @param name the command that is called: only that one is loaded. Any other word loads all.
 */
export async function createProgram(exit: (code: number) => void, name?: string): Promise<Command> {
  const program = new Command("etl")
    .description("Declarative ETL: YAML pipeline specs in, correct warehouse rows out.")
    .version(version())
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .configureOutput({ outputError: (text, write) => write(text) });
  const called = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  const isVersion = name === "--version" || name === "-V";
  for (const load of called ? [called] : isVersion ? [] : Object.values(commands)) (await load())(program, exit);
  // Sub-commands inherit neither of these.
  for (const command of program.commands)
    for (const each of [command, ...command.commands]) each.exitOverride().showSuggestionAfterError();
  return program;
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
    const program = await createProgram((value) => (code = value), argv[0]);
    await program.parseAsync(await withParams(argv, program), { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === "commander.help" ? 0 : 2;
    console.error(`etl: ${messageOf(error)}`);
    if (process.env["ETL_DEBUG"]) console.error(error);
    return error instanceof SpecError ? 2 : 1;
  }
}
