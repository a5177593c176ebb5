/** `etl new`: a spec from a look at the system, for people to go on with. */
import type { Command } from "commander";
import { existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { messageOf, SpecError } from "../errors.ts";
import { loadConnectionFile } from "../spec/load.ts";
import { namesOf } from "../spec/find.ts";
import { shownPath } from "../spec/problem.ts";
import type { Project } from "../spec/project.ts";
import type { AnyConnection } from "../spec/types.ts";
import { credentialStoreOf } from "../runtime/state/credentials.ts";
import { writeDraft } from "../draft/write.ts";
import { loadSpecs, openContext, openEngine, tellProblems, type Context, type ProjectFlags } from "./context.ts";
import { draftFor, type DraftRequest } from "./draft-for.ts";
import { wholeNumber } from "./run.ts";
import { watchSignals } from "./signals.ts";

interface NewOptions extends ProjectFlags, Pick<DraftRequest, "table" | "path" | "records" | "file" | "sample"> {
  force?: boolean;
  stdout?: boolean;
  debug?: boolean;
}

const defaultSample = 200;

/** Gives the command its arguments, options and action. */
export function newCommand(command: Command, exit: (code: number) => void): void {
  command
    .argument("<system.entity>", "what the pipeline will be called; the system's connection.yml says where to look")
    .option("--table <name>", "database: the table, where the entity's name does not tell")
    .option("--path <path>", "api: what to ask for, below the connection's address: /orders?limit=50")
    .option("--records <expression>", "api: where the list of records is in the answer")
    .option("--file <file>", "a CSV file, instead of a connection")
    .option("--sample <n>", "how many records or rows are looked at", wholeNumber("--sample", 1), defaultSample)
    .option("--force", "replace the spec that is there")
    .option("--stdout", "print the spec and write no file")
    .option("--env <name>", "the environment of etl.yml")
    .option("--debug", "log everything")
    .action(async (name: string, options: NewOptions) => exit(await makeSpec(name, options)));
}

async function makeSpec(name: string, options: NewOptions): Promise<number> {
  const [, system, entity] = /^([a-z][a-z0-9]*)\.([a-z][a-z0-9_]*)$/.exec(name) ?? [];
  if (system === undefined || entity === undefined || entity.endsWith("_sync"))
    throw new SpecError(
      `${JSON.stringify(name)} must be <system>.<entity>, such as hubspot.contacts: small letters and digits, _ in the entity, which does not end in _sync`,
    );
  const context = openContext([], options);
  const { project } = context;
  if (tellProblems(project.problems, context)) return 2;
  const folder = folderOf(system, project);
  const file = join(folder, `${entity}.yml`);
  // Before anything is asked: nobody waits for an answer that is thrown away.
  if (!options.stdout) refuseTwin(name, file, { project, force: options.force ?? false });
  const connectionFile = join(folder, "connection.yml");
  let connection: AnyConnection | undefined;
  if (options.file === undefined) {
    if (!existsSync(connectionFile)) throw noConnection(system, connectionFile);
    const loaded = loadConnectionFile(connectionFile, project);
    if (tellProblems(loaded.problems, context) || !loaded.connection) return 2;
    connection = loaded.connection;
  }
  const signals = watchSignals((text) => console.error(text));
  try {
    const { table, path, records, file: csv, sample } = options;
    const request = { system, entity, folder, connection, table, path, records, file: csv, sample };
    const { signal } = signals;
    const engine = openEngine(context, { debug: options.debug ?? false, quiet: !options.debug, signal });
    const secret = (value: string): void => void project.variables.secrets.add(value);
    const { draft, doubts } = await draftFor(request, {
      log: engine.log,
      secret,
      signal,
      credentials: credentialStoreOf(engine),
    });
    const text = writeDraft({ ...draft, ...schemaOf(project, folder) });
    if (options.stdout) {
      console.log(text.trimEnd());
      tellDoubts(doubts, context);
      return 0;
    }
    put(file, text, options.force ?? false);
    console.error(`wrote ${shownPath(file)}`);
    tellDoubts(doubts, context);
    if (tellProblems(loadSpecs([file], context).problems, context)) return 2;
    console.error(`next: etl preview ${name}`);
    return 0;
  } catch (error) {
    if (signals.signal.aborted) return 130;
    console.error(`etl: ${context.mask.mask(messageOf(error))}`);
    return error instanceof SpecError ? 2 : 1;
  } finally {
    signals.stop();
  }
}

function tellDoubts(doubts: readonly string[], { mask }: Context): void {
  for (const doubt of doubts) console.error(mask.mask(`look at: ${doubt}`));
}

/** The system's folder, of those that there are; else below the first folder of pipelines. */
function folderOf(system: string, { pipelineFolders }: Project): string {
  const [first = "pipelines"] = pipelineFolders;
  return join(pipelineFolders.find((root) => existsSync(join(root, system))) ?? first, system);
}

function noConnection(system: string, file: string): SpecError {
  return new SpecError(
    `there is no ${shownPath(file)}: etl new asks the system by its connection. Write one first (connection: ${system}, type: database or api; docs/add-an-entity.md shows how), or name a CSV file: --file data.csv`,
  );
}

function refuseTwin(name: string, file: string, { project, force }: { project: Project; force: boolean }): void {
  if (existsSync(file) && !force)
    throw new SpecError(
      `${shownPath(file)} is there already and stays as it is. --force replaces it, --stdout prints the new one instead.`,
    );
  const twin = namesOf(project).get(name);
  if (twin !== undefined && twin !== file)
    throw new SpecError(`the pipeline ${name} is in ${shownPath(twin)} already: names are unique in a project`);
}

/** Whole or not at all; without `force` never over a file that came to be meanwhile. */
function put(file: string, text: string, force: boolean): void {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(next, text);
    if (force) renameSync(next, file);
    else linkSync(next, file);
  } finally {
    rmSync(next, { force: true });
  }
}

/** Where an editor finds the schema, in a project that has it. */
function schemaOf({ folder: root }: Project, folder: string): { schema?: string } {
  const schema = join(root, "schemas/pipeline.schema.json");
  return existsSync(schema) ? { schema: relative(folder, schema) } : {};
}
