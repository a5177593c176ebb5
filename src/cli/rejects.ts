/** `etl rejects`: records that could not become rows. */
import { Option, type Command } from "commander";
import { fromJson } from "../runtime/state/tables.ts";
import { findRejects, listRejects } from "../runtime/state/rejects.ts";
import { openContext, projectOptions, type ProjectFlags } from "./context.ts";
import { asText, pipelineFilter, withHistory } from "./open-warehouse.ts";
import { addReplay } from "./replay.ts";
import { wholeNumber } from "./run.ts";
import { table } from "./table.ts";

interface RejectOptions extends ProjectFlags {
  limit: number;
  all?: boolean;
  output: "text" | "json";
}

/** Gives the command its sub-commands. */
export function rejectsCommand(rejects: Command, exit: (code: number) => void): void {
  const list = rejects
    .command("list")
    .description("list open rejects, the newest first")
    .argument("[pipeline]", "hubspot.contacts, or hubspot for a whole system")
    .option("--all", "resolved ones too")
    .option("--limit <n>", "how many", wholeNumber("--limit", 1), 50);
  const show = rejects
    .command("show")
    .description("show a reject whole: reason and record")
    .argument("<id>", "its id, or the record's key");
  for (const command of [list, show]) {
    for (const [flag, description] of projectOptions) command.option(flag, description);
    command.addOption(new Option("--output <format>", "what stdout gets").choices(["text", "json"]).default("text"));
  }
  addReplay(rejects, exit);
  list.action(async (pipeline: string | undefined, options: RejectOptions) => {
    const filter = {
      ...pipelineFilter(pipeline),
      all: options.all ?? false,
      limit: options.limit,
    };
    const found = (await withHistory(openContext([], options), (sink) => listRejects(sink, filter))) ?? [];
    if (options.output === "json") console.log(JSON.stringify({ rejects: found.map(plain) }, null, 2));
    else if (found.length) console.log(rejectTable(found));
    else console.error("No rejects.");
    exit(0);
  });
  show.action(async (id: string, options: RejectOptions) => {
    const found = (await withHistory(openContext([], options), (sink) => findRejects(sink, id))) ?? [];
    if (!found.length) console.error(`There is no reject ${id}: see etl rejects list`);
    else
      console.log(
        options.output === "json"
          ? JSON.stringify({ rejects: found.map(plain) }, null, 2)
          : found.map(rejectText).join("\n\n"),
      );
    exit(found.length ? 0 : 1);
  });
}

function plain(reject: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(reject).map(([name, value]) => [
      name,
      name === "record"
        ? fromJson(value)
        : name === "id" || name.endsWith("run_id")
          ? Number(value)
          : value === null
            ? null
            : asText(value),
    ]),
  );
}

function rejectTable(found: Record<string, unknown>[]): string {
  return table(
    ["id", "pipeline", "record", "stage", "field", "rule", "message", "run"],
    found.map((reject) => [
      asText(reject["id"]),
      `${asText(reject["crm_source"])}.${asText(reject["sync_type"])}`,
      recordText(reject),
      ...["stage", "field", "rule", "message", "last_run_id"].map((name) => asText(reject[name])),
    ]),
  );
}

/** The key, after the table where that is one of `children`. */
function recordText({ table_name: name, record_key: key }: Record<string, unknown>): string {
  return name ? `${asText(name)} ${asText(key)}` : asText(key);
}

function rejectText(reject: Record<string, unknown>): string {
  const text = (name: string): string => asText(reject[name]);
  return [
    `reject ${text("id")} of ${text("crm_source")}.${text("sync_type")}, record ${recordText(reject)}`,
    `  ${text("stage")}: ${[text("field"), text("rule")].filter(Boolean).join(" ")}: ${text("message")}`,
    `  first seen by run ${text("first_run_id")}, last by run ${text("last_run_id")}, spec ${text("spec_hash")}${reject["resolved_at"] ? `; resolved ${text("resolved_at")}: ${text("resolution")}` : ""}`,
    JSON.stringify(fromJson(reject["record"]), null, 2),
  ].join("\n");
}
