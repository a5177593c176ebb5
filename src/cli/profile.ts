/** `etl run --profile`: where the time of a run went. */
import type { RunOutcome } from "../runtime/summary.ts";
import { table } from "./table.ts";

/** The stages of a run: seconds, percents of the whole time, and how many records a second each alone would do; its fields. */
export function profileTable({ summary, read }: Pick<RunOutcome, "summary" | "read">): string {
  const { pipeline, stage_seconds: seconds } = summary;
  const { fetch, parse, map, validate, write, wait, idle, total } = seconds;
  const rows = Object.entries({ fetch, parse, map, validate, write, wait, idle, total }).map(([stage, spent]) => [
    stage,
    spent.toFixed(3),
    total > 0 ? ((100 * spent) / total).toFixed(1) : "",
    spent > 0 && stage !== "idle" ? Math.round(read / spent).toLocaleString("en-US") : "",
  ]);
  const records = `${read.toLocaleString("en-US")} record${read === 1 ? "" : "s"}`;
  const stages = table(["stage", "seconds", "%", "records/s"], rows);
  return [`${pipeline}: ${records} in ${total.toFixed(3)} s`, stages, ...fieldsOf(summary.expensive_fields)].join("\n");
}

/** The columns whose mapping costs most: of one record, and percents of the mapping. */
function fieldsOf(fields: RunOutcome["summary"]["expensive_fields"]): string[] {
  if (fields.length === 0) return [];
  const rows = fields.map(({ table: of, field, microseconds, share }) => [
    `${of}.${field}`,
    microseconds.toFixed(2),
    (100 * share).toFixed(1),
  ]);
  return [`\n${table(["most expensive fields", "µs/record", "% of map and validate"], rows)}`];
}
