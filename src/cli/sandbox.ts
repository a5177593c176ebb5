/** `etl sandbox`: local servers that behave like the systems. */
import { Argument, Option, type Command } from "commander";
import { SpecError } from "../errors.ts";
import { watchSignals } from "./signals.ts";

interface SandboxOptions {
  port: number;
  records: number;
  seed: number;
  limits: boolean;
  idsCompareAs: "number" | "text";
  indexLag: number;
  on: "any" | "mysql" | "sqlite";
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new SpecError(`${JSON.stringify(text)} must be a whole number`);
  return Number(text);
}

/** Gives the command its arguments, options and action. */
export function sandboxCommand(command: Command, exit: (code: number) => void): void {
  command
    .addArgument(new Argument("<system>", "which one").choices(["hubspot", "genius"]))
    .option("--port <n>", "hubspot: 0 takes any that is free", count, 0)
    .option("--records <n>", "how many contacts, or prospects", count, 1_000)
    .option("--seed <n>", "the same seed gives the same records", count, 1)
    .option("--no-limits", "hubspot: no rate limits")
    .addOption(
      new Option("--ids-compare-as <how>", "hubspot: how search compares ids")
        .choices(["number", "text"])
        .default("number"),
    )
    .option("--index-lag <ms>", "hubspot: how far search is behind", count, 0)
    .addOption(
      new Option("--on <database>", "genius: any takes MySQL or MariaDB where one answers (GENIUS_SANDBOX_MYSQL_URL)")
        .choices(["any", "mysql", "sqlite"])
        .default("any"),
    )
    .action(async (system: string, options: SandboxOptions) => exit(await serve(system, options)));
}

const systems: Readonly<Record<string, (options: SandboxOptions) => Promise<RunningSandbox>>> = { hubspot, genius };

interface RunningSandbox {
  /** Where it is. */
  url: string;
  /** What points the pipelines to it. */
  env: Readonly<Record<string, string>>;
  /** A pipeline to try. */
  example: string;
  /** For programs that start it. */
  told: object;
  close(): Promise<void>;
}

async function serve(system: string, options: SandboxOptions): Promise<number> {
  const sandbox = await systems[system]!(options);
  // Before the address is told: whoever reads it may send the signal at once.
  const signals = watchSignals(() => {});
  console.log(JSON.stringify({ system, ...sandbox.told }));
  const variables = Object.entries(sandbox.env).map(([name, value]) => `${name}=${value}`);
  console.error(
    `The ${system} sandbox ${system === "genius" ? "is" : "listens"} at ${sandbox.url}. To run against it:\n  ${variables.join(" ")} npx etl run ${sandbox.example}\nCtrl-C stops it.`,
  );
  // Nothing else keeps the process: a file has no socket that is open.
  const alive = setInterval(() => {}, 3_600_000);
  await new Promise<void>((resolve) => signals.signal.addEventListener("abort", () => resolve(), { once: true }));
  clearInterval(alive);
  signals.stop();
  await sandbox.close();
  return 0;
}

async function hubspot({
  indexLag,
  limits,
  port,
  records,
  seed,
  idsCompareAs,
}: SandboxOptions): Promise<RunningSandbox> {
  const { startHubspotSandbox } = await import("../../sandbox/hubspot/index.ts");
  const sandbox = await startHubspotSandbox({
    port,
    records,
    seed,
    idsCompareAs,
    indexLagMs: indexLag,
    ...(limits ? {} : { limits: false }),
  });
  const { url, token } = sandbox;
  return {
    url,
    env: { HUBSPOT_BASE_URL: url, HUBSPOT_API_TOKEN: token },
    example: "hubspot.contacts",
    told: { url, token },
    close: () => sandbox.close(),
  };
}

async function genius({ records, seed, on }: SandboxOptions): Promise<RunningSandbox> {
  const { startGeniusSandbox } = await import("../../sandbox/genius/index.ts");
  const sandbox = await startGeniusSandbox({ records, seed, on });
  const { url, dialect, env } = sandbox;
  return { url, env, example: "pipelines/genius", told: { url, dialect }, close: () => sandbox.close() };
}
