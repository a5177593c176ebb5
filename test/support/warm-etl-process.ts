/** The process behind warm-etl.ts: takes a command, runs it as bin/etl.js does, answers with what it printed. */
import { enableCompileCache } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

export interface Order {
  args: readonly string[];
  cwd: string;
  /** All of its environment. */
  env: Record<string, string>;
}

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** How long something may stay open after a command: a process of its own would go on for as long. */
const lingerMs = 10_000;

enableCompileCache();
const { main } = await import("../../src/cli/main.ts");

/** Keeps what is written to a stream from now on; the returned function gives it and lets go of the stream. */
function capture(stream: NodeJS.WriteStream): () => string {
  let text = "";
  const write = stream.write;
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    const written = rest.find((each) => typeof each === "function") as (() => void) | undefined;
    if (written) process.nextTick(written);
    return true;
  };
  return () => {
    stream.write = write;
    return text;
  };
}

/** What keeps a process from ending, but for the channel to the test. */
const open = (): string[] => process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap");

/** Throws where the command left something open, for then `etl` would not end. */
async function nothingLeft(): Promise<void> {
  const deadline = Date.now() + lingerMs;
  while (open().length > 0) {
    if (Date.now() > deadline) throw new Error(`etl does not end: it left ${open().join(", ")}`);
    await sleep(1);
  }
}

async function run({ args, cwd, env }: Order): Promise<Answer> {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)];
  const code = await main(args);
  await nothingLeft();
  return { code, stdout: stdout(), stderr: stderr() };
}

process.on("message", (order: Order) => void run(order).then((answer) => process.send!(answer)));
process.on("disconnect", () => process.exit());
