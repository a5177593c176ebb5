/**
 * Runs `etl` to its end in a process that stays for the next command of the same test file. Starting Node, loading the
 * sources and compiling the schemas is most of what a small command costs, and here it is paid once a file.
 *
 * What a process is itself the subject of has one of its own (`startEtl`): signals, kills, memory, the launcher, what is
 * read from stdin, and what pipelines of one process share (tokens, rate budgets).
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import type { Answer, Order } from "./warm-etl-process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const script = fileURLToPath(new URL("warm-etl-process.ts", import.meta.url));

export interface EndedEtl {
  /** Null where a signal ended the process. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

const processes = new Set<ChildProcess>();
const idle: ChildProcess[] = [];
afterAll(() => processes.forEach((child) => child.kill("SIGKILL")));

function start(): ChildProcess {
  const execArgv = ["--disable-warning=ExperimentalWarning"];
  const child = fork(script, { execArgv, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  processes.add(child);
  child.once("close", () => processes.delete(child));
  return child;
}

/** Runs `etl` as `startEtl` does, to its end. */
export function runEtl(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<EndedEtl> {
  const env = { ...(process.env as Record<string, string>), NO_COLOR: "1", ...options.env };
  return runOrder({ args, cwd: options.cwd ?? root, env });
}

/** Ends with what the command printed and its exit code; commands that run at once have a process each. */
export function runOrder(order: Order): Promise<EndedEtl> {
  const child = idle.pop() ?? start();
  // What comes this way is not the command's: a crash of the process.
  let crash = "";
  const onCrash = (chunk: Buffer): void => void (crash += chunk.toString());
  child.stderr!.on("data", onCrash);
  return new Promise((resolve) => {
    const onClose = (code: number | null, signal: NodeJS.Signals | null): void =>
      resolve({ code, signal, stdout: "", stderr: crash });
    child.once("close", onClose);
    child.once("message", (answer: Answer) => {
      child.off("close", onClose);
      child.stderr!.off("data", onCrash);
      idle.push(child);
      resolve({ ...answer, signal: null });
    });
    child.send(order);
  });
}
