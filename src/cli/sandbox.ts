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
}

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new SpecError(`${JSON.stringify(text)} must be a whole number`);
  return Number(text);
}

/** Adds the command. */
export function sandboxCommand(program: Command, exit: (code: number) => void): void {
  program
    .command("sandbox")
    .description("start a local server that behaves like a system, until Ctrl-C")
    .addArgument(new Argument("<system>", "which one").choices(["hubspot"]))
    .option("--port <n>", "0: any that is free", count, 0)
    .option("--records <n>", "how many contacts", count, 1_000)
    .option("--seed <n>", "the same seed gives the same records", count, 1)
    .option("--no-limits", "no rate limits")
    .addOption(
      new Option("--ids-compare-as <how>", "how search compares ids").choices(["number", "text"]).default("number"),
    )
    .option("--index-lag <ms>", "how far search is behind", count, 0)
    .action(async (system: string, options: SandboxOptions) => exit(await serve(system, options)));
}

async function serve(system: string, { indexLag, limits, ...options }: SandboxOptions): Promise<number> {
  const { startHubspotSandbox } = await import("../../sandbox/hubspot/index.ts");
  const sandbox = await startHubspotSandbox({ ...options, indexLagMs: indexLag, ...(limits ? {} : { limits: false }) });
  // Before the address is told: whoever reads it may send the signal at once.
  const signals = watchSignals(() => {});
  console.log(JSON.stringify({ system, url: sandbox.url, token: sandbox.token }));
  console.error(
    `The ${system} sandbox listens at ${sandbox.url}. To run against it:\n  HUBSPOT_BASE_URL=${sandbox.url} HUBSPOT_API_TOKEN=${sandbox.token} npx etl run hubspot.contacts\nCtrl-C stops it.`,
  );
  await new Promise<void>((resolve) => signals.signal.addEventListener("abort", () => resolve(), { once: true }));
  signals.stop();
  await sandbox.close();
  return 0;
}
