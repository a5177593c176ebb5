/** `etl connections test`: one cheap call each. */
import type { Command } from "commander";
import { messageOf } from "../errors.ts";
import type { LoadedPipeline } from "../spec/load.ts";
import { openPipelineSource } from "../runtime/open-source.ts";
import { resolveParams } from "../runtime/params.ts";
import { loadSpecs, openContext, openEngine, tellProblems, type ProjectFlags } from "./context.ts";
import { watchSignals } from "./signals.ts";

/** Gives the command its sub-commands. */
export function connectionsCommand(command: Command, exit: (code: number) => void): void {
  command
    .command("test")
    .description("make one cheap call over each connection, and one look at each file source")
    .argument("[name...]", "names of connections, or paths of pipelines; all of the project if none")
    .option("--env <name>", "the environment of etl.yml")
    .option("--debug", "log everything")
    .action(async (names: string[], options: ProjectFlags & { debug?: boolean }) =>
      exit(await testConnections(names, options)),
    );
}

async function testConnections(names: readonly string[], options: ProjectFlags & { debug?: boolean }): Promise<number> {
  const paths = names.filter((name) => /[/.]/.test(name));
  const wanted = names.filter((name) => !paths.includes(name));
  const context = openContext(paths, options);
  const specs = loadSpecs(paths, context);
  if (tellProblems(specs.problems, context)) return 2;
  // One pipeline of a connection stands for it, one by an export only where there is no other; a file has only itself.
  const byExport = ({ spec: { source } }: LoadedPipeline): boolean => source.type === "api" && source.job !== undefined;
  const targets = new Map(
    specs.pipelines
      .toSorted((one, other) => Number(byExport(one)) - Number(byExport(other)))
      .map((pipeline) => [pipeline.connection?.connection ?? pipeline.spec.pipeline, pipeline] as const)
      .reverse(),
  );
  const missing = wanted.filter((name) => !targets.has(name));
  for (const name of missing)
    console.error(`there is no connection "${name}" that a pipeline uses. Known: ${[...targets.keys()].join(", ")}`);
  if (missing.length) return 2;
  const signals = watchSignals((text) => console.error(text));
  const engine = openEngine(context, { debug: options.debug ?? false, quiet: !options.debug, signal: signals.signal });
  let failed = false;
  for (const [name, pipeline] of targets) {
    if (wanted.length && !wanted.includes(name)) continue;
    if (signals.signal.aborted) break;
    const stop = new AbortController();
    try {
      const source = await openPipelineSource(
        { pipeline, engine, params: resolveParams(pipeline.spec, {}, engine.variables).values },
        AbortSignal.any([stop.signal, signals.signal]),
      );
      try {
        console.log(`${name}: ${(await source.check?.()) ?? "nothing to test"}`);
      } finally {
        stop.abort();
        await source.close();
      }
    } catch (error) {
      if (signals.signal.aborted) break;
      failed = true;
      console.log(`${name}: failed: ${context.mask.mask(messageOf(error))}`);
    }
  }
  signals.stop();
  if (signals.signal.aborted) return 130;
  return failed ? 1 : 0;
}
