/** Params as flags of their own: `--booking-status open` is `--param booking_status=open` where a pipeline declares it. */
import type { Command } from "commander";
import { SpecError } from "../errors.ts";

/** Names of the params that the pipelines among the arguments declare. Files that cannot be read declare none. */
async function declaredParams(args: readonly string[]): Promise<Set<string>> {
  const [{ findSpecs, projectOf }, { readExtended }, { tree }] = await Promise.all([
    import("../spec/find.ts"),
    import("../spec/extend.ts"),
    import("../spec/tree.ts"),
  ]);
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

/** Another flag is no value: `--zone --dry-run` would run with a zone of that name, and write. */
function valueAfter(flag: string, next: string | undefined): string {
  if (next === undefined || next.startsWith("--"))
    throw new SpecError(
      `${flag} needs a value: ${flag}=…${next === undefined ? "" : ` (${next} is taken for a flag)`}`,
    );
  return next;
}

/**
 * Rewrites flags that the command does not know and a pipeline's params do; every other argument stays as it is, a
 * mistyped flag too, for the command to refuse. Specs are read only where there is such a flag.
 * @param args without the command's own name.
 * @throws SpecError for one without a value.
 */
export async function withParamFlags(args: readonly string[], command: Command): Promise<string[]> {
  const known = new Set(["--help", ...command.options.map(({ long }) => long)]);
  const isOwn = (arg: string): boolean => arg.startsWith("--") && arg.length > 2 && !known.has(arg.split("=", 1)[0]!);
  if (!command.options.some(({ long }) => long === "--param") || !args.some(isOwn)) return [...args];
  const params = await declaredParams(args);
  const rewritten: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    const [flag, ...rest] = arg.split("=");
    const name = flag!.slice(2).replaceAll("-", "_");
    if (!isOwn(arg) || !params.has(name)) rewritten.push(arg);
    else if (rest.length) rewritten.push("--param", `${name}=${rest.join("=")}`);
    else rewritten.push("--param", `${name}=${valueAfter(flag!, args[++index])}`);
  }
  return rewritten;
}
