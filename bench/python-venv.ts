/** Virtual environments of Python, one a peer: their dependencies do not agree with each other. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { venvFolder } from "./folders.ts";

/** The path of a program of a venv. */
export function inVenv(name: string, program: string): string {
  return join(venvFolder, name, "bin", program);
}

/**
 * Makes a venv with these packages, unless it has them already.
 * Throws what is missing, in a sentence.
 */
export function ensureVenv(name: string, requirements: readonly string[]): void {
  const folder = join(venvFolder, name);
  const stamp = join(folder, "bench-requirements.txt");
  const wanted = `${requirements.join("\n")}\n`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync("python3", ["-m", "venv", folder], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (cause) {
    throw new Error("python3 with its venv module is needed (Debian: python3-venv)", { cause });
  }
  try {
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements];
    execFileSync(inVenv(name, "python"), pip, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (cause) {
    const last = String((cause as { stderr?: Buffer }).stderr ?? cause)
      .trim()
      .split("\n")
      .at(-1);
    throw new Error(`pip could not install ${requirements.join(" ")}: ${last}`, { cause });
  }
  writeFileSync(stamp, wanted);
}
