#!/usr/bin/env node
// Plain JavaScript that Node 14 can parse: it finds a Node that is new enough, sets V8's heap limits, and starts the
// command line, from the sources in a clone and from dist/ in the published package.
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

const minimum = 24;
// A small young generation and a bounded old one keep resident memory flat: V8 lets a heap grow in proportion to what it
// may become. Measured on PostgreSQL into PostgreSQL, 300,000 rows of 20 columns, from the built package, beside 2 and
// 1024: 8 MB of young generation, or 2048 of old, take a tenth of the work off and cost 15 and 50 MB.
const heapFlags = ["--max-semi-space-size=2", "--max-old-space-size=1024", "--disable-warning=ExperimentalWarning"];

/** Our flags, without those that NODE_OPTIONS sets: the command line would win over what somebody asked for. */
function flagsOfOurs() {
  const asked = (process.env.NODE_OPTIONS || "").replace(/_/g, "-");
  return heapFlags.filter((flag) => !asked.includes(`${flag.split("=")[0]}=`) || flag.startsWith("--disable-warning"));
}

/** The Node of the `node` package, which a clone's `npm ci` brings. */
function bundledNode() {
  const { resolve } = nodeModule.createRequire(import.meta.url);
  for (const file of ["node/bin/node", "node/bin/node.exe"]) {
    try {
      return resolve(file);
    } catch {
      // Not installed, or its install script was not allowed to bring the binary.
    }
  }
  return undefined;
}

/** Goes on as another Node: in this very process where that can be done, so that its id and its signals stay. */
async function goOnAs(node) {
  const args = [...flagsOfOurs(), ...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const env = { ...process.env, ETL_NODE: String(minimum) };
  if (process.execve && process.platform !== "win32") {
    process.execve(node, [node, ...args], env);
    return;
  }
  const { spawn } = await import("node:child_process");
  // Ctrl-C goes to every process of the terminal's group, and the second one stops a run at once: in a group of its
  // own, the child gets each signal once, from here. The channel tells it when this process is gone.
  const detached = process.platform !== "win32";
  const child = spawn(node, args, { stdio: ["inherit", "inherit", "inherit", "ipc"], detached, env });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => tellTooOld(`${node} does not start: ${error.message}`));
  child.on("exit", (code, signal) => {
    for (const each of signals) process.removeAllListeners(each);
    if (signal) process.kill(process.pid, signal);
    else process.exit(code);
  });
}

function tellTooOld(reason) {
  console.error(
    `etl needs Node ${minimum} or newer, and this is ${process.version}${reason ? ` (${reason})` : ""}: install a newer Node (https://nodejs.org), or run "npm ci" in a clone, which brings one`,
  );
  process.exitCode = 1;
}

async function commandLine() {
  if (process.channel) {
    process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
    process.channel.unref();
  }
  // Stripped types and compiled code are kept between runs: half the start-up time of a clone.
  nodeModule.enableCompileCache();
  const source = new URL("../src/cli/main.ts", import.meta.url);
  const inClone = existsSync(source);
  let main;
  try {
    ({ main } = await import(inClone ? source.href : new URL("../dist/main.js", import.meta.url).href));
  } catch (error) {
    const bare =
      inClone && error.code === "ERR_MODULE_NOT_FOUND" && !existsSync(new URL("../node_modules", import.meta.url));
    if (!bare) throw error;
    console.error('etl: its dependencies are not installed: run "npm ci" first');
    process.exitCode = 1;
    return;
  }
  process.exitCode = await main(process.argv.slice(2));
}

const isNewEnough = Number(process.versions.node.split(".")[0]) >= minimum;
// Set by goOnAs, for this process alone: a child that runs etl has to set its flags itself.
const wentOn = process.env.ETL_NODE === String(minimum);
delete process.env.ETL_NODE;
if (isNewEnough) {
  if (wentOn) commandLine();
  else goOnAs(process.execPath);
} else {
  const node = wentOn ? undefined : bundledNode();
  if (node) goOnAs(node);
  else tellTooOld();
}
