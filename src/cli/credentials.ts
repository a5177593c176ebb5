/** `etl credentials`: secrets that outlive a run, encrypted in the warehouse. None is ever shown. */
import { Option, type Command } from "commander";
import { SpecError } from "../errors.ts";
import { credentialCipher, type CredentialCipher } from "../runtime/state/credential-cipher.ts";
import {
  deleteCredential,
  keyVariable,
  listCredentials,
  newKeyVariable,
  rotateCredentials,
  setCredential,
  splitName,
} from "../runtime/state/credentials.ts";
import type { Sink } from "../sinks/contract.ts";
import { openSink } from "../sinks/index.ts";
import { type Context, openContext, projectOptions, type ProjectFlags } from "./context.ts";
import { asText } from "./open-warehouse.ts";
import { table } from "./table.ts";

interface CredentialOptions extends ProjectFlags {
  fromEnv?: string;
  output?: "text" | "json";
}

/** Gives the command its sub-commands. */
export function credentialsCommand(credentials: Command, exit: (code: number) => void): void {
  const nameForm = "a system and a name: hubspot.refresh_token";
  const set = credentials
    .command("set")
    .description("store a secret, read from stdin or a variable, never from the command line")
    .argument("<name>", nameForm)
    .option("--from-env <variable>", "the environment variable that holds it, instead of stdin");
  const list = credentials
    .command("list")
    .description("list names and dates; no secrets")
    .addOption(new Option("--output <format>", "what stdout gets").choices(["text", "json"]).default("text"));
  const rotate = credentials
    .command("rotate")
    .description("encrypt all with a new key, ETL_CREDENTIALS_NEW_KEY: all of them or none");
  const remove = credentials.command("delete").description("delete a secret").argument("<name>", nameForm);
  for (const command of [set, list, rotate, remove])
    for (const [flag, description] of projectOptions) command.option(flag, description);
  set.action(async (name: string, options: CredentialOptions) => exit(await setOne(name, options)));
  list.action(async (options: CredentialOptions) => exit(await listAll(options)));
  rotate.action(async (options: CredentialOptions) => exit(await rotateAll(options)));
  remove.action(async (name: string, options: CredentialOptions) => exit(await deleteOne(name, options)));
}

/** The cipher of a variable's key. Throws SpecError where there is none. */
function cipherOf({ project }: Context, variable: string): CredentialCipher {
  const key = project.variables.values[variable];
  if (!key)
    throw new SpecError(
      `${variable} is not set: it is the key that secrets are encrypted with, 32 bytes in base64 (openssl rand -base64 32) or hex, or a passphrase`,
    );
  project.variables.secrets.add(key);
  return credentialCipher(key, variable);
}

async function withSink<T>(
  { project }: Context,
  { readOnly }: { readOnly: boolean },
  action: (sink: Sink) => Promise<T>,
): Promise<T> {
  const sink = await openSink(project.warehouse, { readOnly });
  try {
    return await action(sink);
  } finally {
    await sink.close();
  }
}

async function setOne(name: string, options: CredentialOptions): Promise<number> {
  const context = openContext([], options);
  splitName(name);
  const cipher = cipherOf(context, keyVariable);
  const secret = await readSecret(context, options.fromEnv);
  context.project.variables.secrets.add(secret);
  await withSink(context, { readOnly: false }, async (sink) => {
    const isNew = await setCredential(sink, { name, secret, cipher });
    console.log(`${name} is ${isNew ? "stored" : "replaced"} in ${sink.address}.`);
  });
  return 0;
}

/** One secret, without the line break that a file or `echo` ends it with. Throws SpecError for an empty one. */
async function readSecret({ project }: Context, variable: string | undefined): Promise<string> {
  if (variable !== undefined) {
    const value = project.variables.values[variable];
    if (value) return value;
    throw new SpecError(`the environment variable ${variable} is ${value === "" ? "empty" : "not set"}`);
  }
  if (process.stdin.isTTY) console.error("Paste the secret, then Enter and Ctrl-D. It is shown while you do.");
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(Buffer.from(piece as Uint8Array));
  const text = Buffer.concat(pieces)
    .toString("utf8")
    .replace(/(?:\r?\n)+$/, "");
  if (text === "") throw new SpecError("stdin held no secret: pipe it in, or name a variable with --from-env");
  return text;
}

async function listAll(options: CredentialOptions): Promise<number> {
  const context = openContext([], options);
  await withSink(context, { readOnly: true }, async (sink) => {
    const found = (await listCredentials(sink)).map(({ name, created_at, updated_at }) => ({
      name,
      created_at: asText(created_at),
      updated_at: asText(updated_at),
    }));
    if (options.output === "json") console.log(JSON.stringify({ credentials: found }, null, 2));
    else if (found.length)
      console.log(
        table(
          ["name", "stored", "replaced"],
          found.map((entry) => [entry.name, entry.created_at, entry.updated_at]),
        ),
      );
    else console.error(`There are no credentials in ${sink.address}.`);
  });
  return 0;
}

async function rotateAll(options: CredentialOptions): Promise<number> {
  const context = openContext([], options);
  const ciphers = { from: cipherOf(context, keyVariable), to: cipherOf(context, newKeyVariable) };
  const known = await withSink(context, { readOnly: true }, listCredentials);
  const count = known.length
    ? await withSink(context, { readOnly: false }, (sink) => rotateCredentials(sink, ciphers))
    : 0;
  console.log(
    `${count} ${count === 1 ? "credential is" : "credentials are"} encrypted with ${newKeyVariable}: from now on it is the value of ${keyVariable}.`,
  );
  return 0;
}

async function deleteOne(name: string, options: CredentialOptions): Promise<number> {
  const context = openContext([], options);
  splitName(name);
  // A warehouse that is not there is not made to delete something from it.
  const known = await withSink(context, { readOnly: true }, listCredentials);
  const deleted =
    known.some((entry) => entry.name === name) &&
    (await withSink(context, { readOnly: false }, (sink) => deleteCredential(sink, name)));
  if (deleted) console.log(`${name} is deleted.`);
  else console.error(`There is no ${name}: see etl credentials list`);
  return deleted ? 0 : 1;
}
