#!/usr/bin/env node
// Plain JavaScript that any Node can parse: it finds a Node that is new enough, sets V8's heap limits, and starts
// the command line, from the sources in a clone and from dist/ in the published package.
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const minimum = 24;
// Small young generations keep resident memory flat: long runs would otherwise grow to what V8 is allowed.
const heapFlags = ["--max-semi-space-size=4", "--disable-warning=ExperimentalWarning"];

/** The Node of the `node` package, which a clone's `npm ci` brings. */
function bundledNode() {
  try {
    const file = nodeModule.createRequire(import.meta.url).resolve("node/bin/node");
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

async function replaceProcess(node) {
  const args = [...heapFlags, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const env = { ...process.env, ETL_NODE: String(minimum) };
  if (process.execve && process.platform !== "win32") {
    process.removeAllListeners("warning");
    process.execve(node, [node, ...process.execArgv, ...args], env);
  }
  const { spawn } = await import("node:child_process");
  const child = spawn(node, args, { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code)));
}

const major = Number(process.versions.node.split(".")[0]);
const started = process.env.ETL_NODE === String(minimum);
delete process.env.ETL_NODE;
if (major < minimum) {
  const node = started ? undefined : bundledNode();
  if (node) await replaceProcess(node);
  else {
    console.error(
      `etl needs Node ${minimum} or newer, and this is ${process.version}: install a newer Node (https://nodejs.org), or run it in a clone after "npm ci", which brings one`,
    );
    process.exitCode = 1;
  }
} else if (!started) await replaceProcess(process.execPath);
else {
  // Stripped types and compiled code are kept between runs: half the start-up time of a clone.
  nodeModule.enableCompileCache();
  const source = new URL("../src/cli/main.ts", import.meta.url);
  const main = existsSync(source) ? source : new URL("../dist/main.js", import.meta.url);
  const { main: run } = await import(pathToFileURL(fileURLToPath(main)).href);
  process.exitCode = await run(process.argv.slice(2));
}
