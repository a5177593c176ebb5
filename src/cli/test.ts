/** `etl test`: the tests of specs, by the engine's own mapping. Nothing is connected to. */
import { Option, type Command } from "commander";
import { runSpecTest, type Difference } from "../runtime/spec-tests.ts";
import type { LoadResult } from "../spec/load.ts";
import { loadSpecs, openContext, tellProblems, type ProjectFlags } from "./context.ts";

interface TestOptions extends Pick<ProjectFlags, "env"> {
  format: "text" | "json";
}

/** One test of `etl test --format json`; the keys are its contract. */
interface TestReport {
  name: string;
  file: string;
  line: number;
  column: number;
  status: "passed" | "failed";
  differences: Difference[];
}

interface PipelineReport {
  pipeline: string;
  tests: TestReport[];
}

/** Gives the command its arguments, options and action. */
export function testCommand(command: Command, exit: (code: number) => void): void {
  command
    .argument("[path...]", "files, folders or names; all pipelines of the project if none")
    .addOption(new Option("--format <format>", "what stdout gets").choices(["text", "json"]).default("text"))
    .option("--env <name>", "the environment of etl.yml")
    .action(async (paths: string[], options: TestOptions) => exit(await test(paths, options)));
}

/** 2 when a spec is wrong: those that are sound are tested all the same. */
async function test(paths: readonly string[], options: TestOptions): Promise<number> {
  const context = openContext(paths, { ...options, variablesMayBeMissing: true });
  const specs = loadSpecs(paths, context);
  const isWrong = tellProblems(specs.problems, context);
  const reports: PipelineReport[] = [];
  for (const result of specs.results) {
    const report = await reportOf(result);
    if (!report) continue;
    reports.push(report);
    if (options.format === "text") console.log(context.mask.maskShown(pipelineText(report)));
  }
  const tests = reports.flatMap((report) => report.tests);
  const failed = tests.filter(({ status }) => status === "failed").length;
  if (options.format === "json")
    console.log(context.mask.maskData(JSON.stringify({ pipelines: reports }, withBigInts, 2)));
  else console.error(`\n${counted(reports.length, "pipeline")}, ${counted(tests.length, "test")}: ${failed} failed`);
  return isWrong ? 2 : failed > 0 ? 1 : 0;
}

/** Undefined for a spec that is wrong. */
async function reportOf({ pipeline, document }: LoadResult): Promise<PipelineReport | undefined> {
  if (!pipeline) return undefined;
  const { spec } = pipeline;
  const tests: TestReport[] = [];
  for (const [index, each] of (spec.tests ?? []).entries()) {
    const differences = await runSpecTest(spec, each);
    const place = document.placeOf(["tests", index]) ?? { file: document.shownFile, line: 1, column: 1 };
    tests.push({ name: each.name, ...place, status: differences.length > 0 ? "failed" : "passed", differences });
  }
  return { pipeline: spec.pipeline, tests };
}

function pipelineText({ pipeline, tests }: PipelineReport): string {
  const failed = tests.filter(({ status }) => status === "failed");
  const head =
    tests.length === 0
      ? "no tests"
      : failed.length === 0
        ? `${counted(tests.length, "test")} passed`
        : `${failed.length} of ${counted(tests.length, "test")} failed`;
  return [`${pipeline}: ${head}`, ...failed.map(failureText)].join("\n");
}

function failureText({ name, file, line, column, differences }: TestReport): string {
  return [`  ${file}:${line}:${column} ${name}`, ...differences.map(differenceText)].join("\n");
}

function differenceText({ at, expected, got, problem }: Difference): string {
  if (problem !== undefined) return `    ${at}: ${problem}`;
  return `    ${at}: expected ${valueText(expected)}, got ${valueText(got)}`;
}

function valueText(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value, withBigInts);
}

function withBigInts(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}
