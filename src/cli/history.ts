/** `etl history`: what has been run. */
import { Option, type Command } from "commander";
import { History } from "../runtime/state/history.ts";
import { fromJson } from "../runtime/state/tables.ts";
import { openContext, projectOptions, type ProjectFlags } from "./context.ts";
import { asText, pipelineFilter, withHistory } from "./open-warehouse.ts";
import { wholeNumber } from "./run.ts";
import { table } from "./table.ts";

interface HistoryOptions extends ProjectFlags {
  limit: number;
  output: "text" | "json";
}

/** Gives the command its arguments, options and action. */
export function historyCommand(command: Command, exit: (code: number) => void): void {
  command
    .argument("[pipeline]", "hubspot.contacts, or hubspot for a whole system")
    .option("--limit <n>", "how many", wholeNumber("--limit", 1), 20)
    .addOption(new Option("--output <format>", "what stdout gets").choices(["text", "json"]).default("text"));
  for (const [flag, description] of projectOptions) command.option(flag, description);
  command.action(async (pipeline: string | undefined, options: HistoryOptions) => {
    const context = openContext([], options);
    const runs =
      (await withHistory(context, (sink) =>
        new History(sink).list({ pipeline: pipelineFilter(pipeline), limit: options.limit }),
      )) ?? [];
    if (options.output === "json") console.log(JSON.stringify({ runs: runs.map(plain) }, null, 2));
    else if (runs.length) console.log(historyTable(runs));
    exit(0);
  });
}

/** A row as data: counts as numbers, json columns opened, timestamps as text. */
function plain(run: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(run).map(([name, value]) => {
      if (["checkpoint", "configuration", "performance_metrics"].includes(name)) return [name, fromJson(value) ?? null];
      if (name === "id" || name.startsWith("records_")) return [name, Number(value)];
      return [name, value === null ? null : asText(value)];
    }),
  );
}

function historyTable(runs: Record<string, unknown>[]): string {
  const shown = (run: Record<string, unknown>, name: string): string => asText(run[name]);
  return table(
    [
      "run",
      "pipeline",
      "started",
      "status",
      "strategy",
      "fetched",
      "created",
      "updated",
      "unchanged",
      "deleted",
      "failed",
      "watermark",
      "error",
    ],
    runs.map((run) => [
      shown(run, "id"),
      `${shown(run, "crm_source")}.${shown(run, "sync_type")}${run["scope"] ? ` (${shown(run, "scope")})` : ""}`,
      shown(run, "start_time").replace(/\.\d+/, ""),
      shown(run, "status"),
      shown(run, "strategy"),
      ...["processed", "created", "updated", "unchanged", "deleted", "failed"].map((count) =>
        shown(run, `records_${count}`),
      ),
      shown(run, "watermark"),
      shown(run, "error_message"),
    ]),
  );
}
