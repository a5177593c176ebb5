/** `etl preview`: raw records beside the rows they become; nothing is written. */
import { Option, type Command } from "commander";
import { previewPipeline, type Preview, type PreviewedRow } from "../runtime/preview.ts";
import { loadSpecs, openContext, openEngine, projectOptions, tellProblems, type ProjectFlags } from "./context.ts";
import { collectParam, wholeNumber } from "./run.ts";
import { watchSignals } from "./signals.ts";

interface PreviewOptions extends ProjectFlags {
  records: number;
  output: "text" | "json";
  debug?: boolean;
  param?: Record<string, string>;
}

/** Gives the command its arguments, options and action. */
export function previewCommand(command: Command, exit: (code: number) => void): void {
  command
    .argument("<pipeline>", "a file or a name")
    .option("-n, --records <n>", "how many records", wholeNumber("--records", 1), 5)
    .option("--debug", "log everything")
    .option("--param <name=value>", "a param of the pipeline; may be repeated", collectParam)
    .addOption(new Option("--output <format>", "what stdout gets").choices(["text", "json"]).default("text"));
  for (const [flag, description] of projectOptions) command.option(flag, description);
  command.action(async (target: string, options: PreviewOptions) => exit(await preview(target, options)));
}

async function preview(target: string, options: PreviewOptions): Promise<number> {
  const context = openContext([target], options);
  const specs = loadSpecs([target], context);
  if (tellProblems(specs.problems, context)) return 2;
  const [pipeline] = specs.pipelines;
  if (!pipeline || specs.pipelines.length > 1) {
    console.error(`preview takes one pipeline; ${target} holds ${specs.pipelines.length}`);
    return 2;
  }
  const signals = watchSignals((text) => console.error(text));
  const engine = openEngine(context, { debug: options.debug ?? false, signal: signals.signal });
  try {
    const previews = await previewPipeline({ pipeline, engine, params: options.param ?? {}, count: options.records });
    console.log(
      options.output === "json"
        ? context.mask.maskData(JSON.stringify(previews, replaceBigInt, 2))
        : context.mask.maskShown(previews.map(previewText).join("\n\n")),
    );
    if (!previews.length) console.error("The source gave no records.");
    return 0;
  } catch (error) {
    if (signals.signal.aborted) return 130;
    throw error;
  } finally {
    signals.stop();
  }
}

function replaceBigInt(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function previewText({ record, children, filtered, ...own }: Preview, index: number): string {
  const lines = [
    `── record ${index + 1} ──`,
    JSON.stringify(record, replaceBigInt, 2),
    filtered ? "→ filtered out" : "→",
    ...rowLines(own),
  ];
  for (const [table, rows] of Object.entries(children ?? {})) {
    lines.push(`  ${table}: ${rows.length === 1 ? "1 row" : `${rows.length} rows`}`);
    for (const row of rows) {
      const [first = "(all columns are NULL)", ...more] = rowLines(row).map((line) => line.slice(2));
      lines.push(`    - ${first}`, ...more.map((line) => `      ${line}`));
    }
  }
  return lines.join("\n");
}

function rowLines({ row, rejects, warnings }: PreviewedRow): string[] {
  const lines: string[] = [];
  if (row) {
    const width = Math.max(...Object.keys(row).map((name) => name.length));
    for (const [name, value] of Object.entries(row))
      if (value !== null) lines.push(`  ${name.padEnd(width)}  ${JSON.stringify(value, replaceBigInt)}`);
    const empty = Object.values(row).filter((value) => value === null).length;
    if (empty) lines.push(`  (${empty === 1 ? "1 column is" : `${empty} columns are`} NULL)`);
  }
  for (const { field, rule, message } of rejects)
    lines.push(`  rejected: ${[field, rule].filter(Boolean).join(" ")}: ${message}`);
  for (const { field, rule, message } of warnings)
    lines.push(`  warning: ${[field, rule].filter(Boolean).join(" ")}: ${message}`);
  return lines;
}
