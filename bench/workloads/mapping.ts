/** W6: mapping alone, by the script that measures it for those who work on the compiler. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../folders.ts";

/** Gives what it printed: records a second compiled, by the reference evaluator and by hand. */
export function measureMapping(): string {
  return execFileSync(process.execPath, [join(root, "scripts/measure-jsonata.ts")], { encoding: "utf8" }).trim();
}
