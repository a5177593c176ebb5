/**
 * Every shipped pipeline is valid, and its tests pass. The variables that connections read are given stand-ins: which secrets this
 * machine has is not the question.
 */
import { readFileSync } from "node:fs";
import { globSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const env: Record<string, string | undefined> = { ...process.env };
for (const file of globSync("pipelines/**/connection.yml", { cwd: root })) {
  for (const [, name] of readFileSync(`${root}/${file}`, "utf8").matchAll(/\$\{([A-Z0-9_]+)\}/g))
    env[name!] ??= "stand-in";
}
for (const command of ["validate", "test"]) {
  const { status } = spawnSync(process.execPath, ["bin/etl.js", command, "pipelines"], {
    cwd: root,
    env,
    stdio: "inherit",
  });
  process.exitCode ||= status ?? 1;
}
