/** Params as flags of their own: `--booking-status open` is `--param booking_status=open` where a pipeline declares it. */
import type { Command } from "commander";
import { findSpecs, projectOf } from "../spec/find.ts";
import { readExtended } from "../spec/extend.ts";
import { tree } from "../spec/tree.ts";

/** Names of the params that the pipelines among the arguments declare. Files that cannot be read declare none. */
function declaredParams(args: readonly string[]): Set<string> {
  const targets = args.filter((arg) => !arg.startsWith("-"));
  const project = projectOf(targets, { variables: { values: process.env, secrets: new Set() } });
  const names = new Set<string>();
  for (const target of targets) {
    // A word may be the value of a flag: what names no pipeline is passed over here.
    for (const file of findSpecs([target], project).files) {
      for (const name of Object.keys(tree(tree(readExtended(file).data)["params"]))) names.add(name);
    }
  }
  return names;
}

/**
 * Rewrites flags that the command does not know and a pipeline's params do; every other argument stays as it is, a
 * mistyped flag too, for the command to refuse.
 * @param args without the command's own name.
 */
export function withParamFlags(args: readonly string[], command: Command): string[] {
  const known = new Set(["--help", ...command.options.map(({ long }) => long)]);
  const isOwn = (arg: string): boolean => arg.startsWith("--") && arg.length > 2 && !known.has(arg.split("=", 1)[0]!);
  if (!command.options.some(({ long }) => long === "--param") || !args.some(isOwn)) return [...args];
  const params = declaredParams(args);
  const rewritten: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    const [flag, ...rest] = arg.split("=");
    const name = flag!.slice(2).replaceAll("-", "_");
    if (!isOwn(arg) || !params.has(name)) rewritten.push(arg);
    else if (rest.length) rewritten.push("--param", `${name}=${rest.join("=")}`);
    else rewritten.push("--param", `${name}=${args[++index] ?? ""}`);
  }
  return rewritten;
}
