/** `etl plan`: what a run would do if it began now; nothing is written. */
import { Option, type Command } from "commander";
import { planRun, type PlannedBudget, type RunPlan } from "../runtime/plan.ts";
import { loadSpecs, openContext, openEngine, projectOptions, tellProblems } from "./context.ts";
import { collectParam, runFlags, type RunOptions, wholeNumber } from "./run.ts";
import { watchSignals } from "./signals.ts";

type PlanOptions = Pick<
  RunOptions,
  "env" | "warehouse" | "full" | "force" | "startDate" | "endDate" | "batchSize" | "param" | "debug" | "output"
>;

/** Gives the command its arguments, options and action. */
export function planCommand(command: Command, exit: (code: number) => void): void {
  command
    .argument("<pipeline>", "a file or a name")
    .option("--full", "of a run with --full")
    .option("--force", "of a run with --force")
    .option("--start-date <date>", "of a run with --start-date: YYYY-MM-DD (midnight UTC) or ISO 8601 with a zone")
    .option("--end-date <date>", "of a run with --end-date")
    .option("--batch-size <n>", "of a run with this page size", wholeNumber("--batch-size", 1))
    .option("--param <name=value>", "a param of the pipeline; may be repeated", collectParam)
    .option("--debug", "log everything")
    .addOption(new Option("--output <format>", "what stdout gets").choices(["text", "json"]).default("text"));
  for (const [flag, description] of projectOptions) command.option(flag, description);
  command.action(async (target: string, options: PlanOptions) => exit(await showPlan(target, options)));
}

async function showPlan(target: string, options: PlanOptions): Promise<number> {
  const flags = runFlags(options, (text) => console.error(text));
  const context = openContext([target], options);
  const specs = loadSpecs([target], context);
  if (tellProblems(specs.problems, context)) return 2;
  const [pipeline] = specs.pipelines;
  if (!pipeline || specs.pipelines.length > 1) {
    console.error(`plan takes one pipeline; ${target} holds ${specs.pipelines.length}`);
    return 2;
  }
  const signals = watchSignals((text) => console.error(text));
  const engine = openEngine(context, { debug: flags.debug, signal: signals.signal });
  try {
    const planned = await planRun({ pipeline, flags, engine });
    console.log(options.output === "json" ? JSON.stringify(planned, undefined, 2) : planText(planned));
    return planned.problems.length > 0 ? 1 : 0;
  } finally {
    signals.stop();
  }
}

function planText(plan: RunPlan): string {
  const { calls, request, tables, ddl, problems, resumes } = plan;
  const lines = [
    `${plan.pipeline}: ${plan.strategy}${plan.since === null ? "" : ` since ${plan.since}`}, until ${plan.until}`,
  ];
  if (resumes !== null) lines.push(`  first goes on with run ${resumes}, which failed`);
  if (request) lines.push("", "first request", ...requestLines(request));
  lines.push("", `calls     ${callsText(plan)}`);
  if (calls.asked > 0) lines.push(`          ${number(calls.asked)} more was made for this plan, to ask`);
  for (const budget of plan.budgets) lines.push(`budget    ${budgetText(budget)}`);
  lines.push(`duration  ${durationText(plan)}`);
  if (plan.deletes) lines.push(`deletes   ${deletesText(plan.deletes)}`);
  if (ddl.length > 0)
    lines.push("", `would run, for ${tables.join(", ")}`, ...ddl.map((statement) => `  ${statement};`));
  else if (problems.length === 0)
    lines.push("", `${tables.join(", ")} ${tables.length > 1 ? "are as they" : "is as it"} should be`);
  for (const { message, sql } of problems) lines.push("", `would stop: ${message}`, ...(sql ? [`  ${sql};`] : []));
  return lines.join("\n");
}

function requestLines({ method, url, headers, body }: NonNullable<RunPlan["request"]>): string[] {
  return [
    `${method} ${url}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : (typeof body === "string" ? body : JSON.stringify(body)).split("\n")),
  ].map((line) => `  ${line}`);
}

function deletesText({ detect, mode, max, not }: NonNullable<RunPlan["deletes"]>): string {
  const what = `${detect}, ${mode}, at most ${typeof max === "number" ? `${number(max)} rows` : `${max} of the live rows`}`;
  return not === null ? `${what}, once all is read` : `nothing: ${not} (${what})`;
}

const origins: Record<RunPlan["calls"]["from"], string> = {
  total: "by the total that the source tells",
  pages: "by the pages that the source tells",
  slices: "one for each slice",
  first_slice: "if all slices are like the first one, which was asked",
  history: "as many as the last runs made",
  unknown: "the source tells no total, and no run has been made yet",
};

function callsText({ calls }: RunPlan): string {
  const { expected, records, slices, from } = calls;
  const of = [
    records === null ? undefined : `${number(records)} records`,
    slices === null ? undefined : `${number(slices)} slices`,
  ].filter((part) => part !== undefined);
  const atLeast = slices !== null && slices > 1 ? `, ${number(slices)} at least,` : "";
  return `${expected === null ? `unknown${atLeast}` : `about ${number(expected)}`}${of.length > 0 ? ` for ${of.join(", ")}` : ""} (${origins[from]})`;
}

function budgetText({
  name,
  unit,
  quota,
  limit,
  used,
  remaining,
  reserved,
  needed,
  share,
  enough,
}: PlannedBudget): string {
  const what = unit === "cost" ? " of cost" : "";
  if (!quota) return `${name}: ${needed === null ? "paced" : `${number(needed)}${what} to charge, paced`}`;
  const stands = `${number(used)} of ${number(limit)}${what} used, ${number(remaining)} left${reserved > 0 ? `, ${number(reserved)} of them the reserve` : ""}`;
  if (needed === null || share === null) return `${name}: ${stands}`;
  return `${name}: takes ${number(needed)}, ${(share * 100).toFixed(1)} %; ${stands}${enough ? "" : ". NOT ENOUGH: the run would stop at it and could be resumed"}`;
}

function durationText({ duration: { expected, paced, observed } }: RunPlan): string {
  if (expected === null) return "unknown";
  const from = [
    paced === null ? undefined : `${seconds(paced)} at the pace of the budgets`,
    observed === null ? undefined : `${seconds(observed)} as the last runs took`,
  ].filter((part) => part !== undefined);
  return `about ${seconds(expected)} (${from.join(", ")})`;
}

function seconds(value: number): string {
  if (value < 1) return "less than 1 s";
  if (value < 90) return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
  return value < 5_400 ? `${Math.round(value / 60)} minutes` : `${(value / 3_600).toFixed(1)} hours`;
}

function number(value: number): string {
  return (Math.round(value * 100) / 100).toLocaleString("en-US");
}
