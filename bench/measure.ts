/** Runs a process with all that it starts, and tells what it cost. Linux: it reads /proc. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync } from "node:fs";
import type { Command } from "./contract.ts";

export interface Cost {
  wallS: number;
  /** User and system time of the process and everything that it started. */
  cpuS: number;
  /** What all processors of the machine did meanwhile: the servers too, and whatever else ran. */
  machineCpuS: number;
  /** The most that the processes held at one moment, summed. Pages that they share count for each. */
  peakMb: number;
  exitCode: number | null;
  timedOut: boolean;
}

const sampleEveryMs = 100;
/** USER_HZ, which is 100 on every Linux that a package is built for. */
const ticksPerSecond = 100;

/**
 * @param log takes what the process prints.
 * @param limitS after so long everything is killed.
 */
export async function measure(command: Command, log: string, limitS: number): Promise<Cost> {
  const out = openSync(log, "a");
  const machineBefore = machineCpuS();
  const started = performance.now();
  // The shell waits for the command, so its `times` is that of the command and of all whom the command waited for.
  const child = spawn("sh", ["-c", '"$@"; code=$?; times >&3; exit $code', "sh", ...command.argv], {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ["ignore", out, out, "pipe"],
  });
  let times = "";
  child.stdio[3]!.on("data", (chunk: Buffer) => (times += chunk.toString()));

  const highWater = new Map<number, number>();
  let peakKb = 0;
  let timedOut = false;
  const sample = (): void => {
    const processes = descendants(child.pid!);
    let sumKb = 0;
    for (const pid of processes) {
      const memory = memoryOf(pid);
      sumKb += memory.nowKb;
      highWater.set(pid, Math.max(highWater.get(pid) ?? 0, memory.peakKb));
    }
    peakKb = Math.max(peakKb, sumKb);
    if (!timedOut && performance.now() - started > limitS * 1000) {
      timedOut = true;
      for (const pid of processes) kill(pid);
    }
  };
  const timer = setInterval(sample, sampleEveryMs);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => {
    clearInterval(timer);
    closeSync(out);
  });
  return {
    wallS: (performance.now() - started) / 1000,
    cpuS: childrenSeconds(times),
    machineCpuS: machineCpuS() - machineBefore,
    peakMb: Math.max(peakKb, ...highWater.values()) / 1024,
    exitCode,
    timedOut,
  };
}

/** The second line of `times`: user and system time of the children, as `0m1.23s 0m0.45s`. */
function childrenSeconds(times: string): number {
  const numbers = [...(times.split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  return numbers.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

function machineCpuS(): number {
  const [user, nice, system, , , irq, softIrq] = readFileSync("/proc/stat", "utf8")
    .split("\n", 1)[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user! + nice! + system! + irq! + softIrq!) / ticksPerSecond;
}

/** All below a process, without itself. Any thread may have started a child. */
function descendants(parent: number): number[] {
  const found: number[] = [];
  for (const pid of children(parent)) found.push(pid, ...descendants(pid));
  return found;
}

function children(parent: number): number[] {
  try {
    return readdirSync(`/proc/${parent}/task`).flatMap((thread) =>
      readFileSync(`/proc/${parent}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return []; // it ended meanwhile
  }
}

function memoryOf(pid: number): { nowKb: number; peakKb: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const of = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    return { nowKb: of("VmRSS"), peakKb: of("VmHWM") };
  } catch {
    return { nowKb: 0, peakKb: 0 };
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended meanwhile
  }
}
