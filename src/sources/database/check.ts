/** `etl connections test`: what answers, and that the pipeline's SQL is one that it takes. */
import type { Session } from "./dialects/contract.ts";
import type { ReadPlan } from "./plan.ts";
import { serverOptions } from "./server-options.ts";
import type { DatabaseSourceInput } from "./source.ts";

/** Beyond this, times of the two machines cannot be taken for each other. */
const CLOCK_SECONDS = 5;

/** A line for the user. */
export async function describeSource(session: Session, plan: ReadPlan, input: DatabaseSourceInput): Promise<string> {
  const { dialect, connection, context } = input;
  const version = await session.version();
  const askedAt = Date.now();
  const now = await session.now();
  const { user } = serverOptions(connection, 0);
  const who = user === undefined ? "" : ` as ${user}`;
  const what = plan.columns
    ? `; ${plan.spec.table === undefined ? "the query" : `table ${plan.spec.table}`} gives ${plan.columns.length} columns`
    : "";
  return `${version} at ${dialect.address(connection, context.folder)}${who}${what}${now ? clockText(now.getTime() - askedAt) : ""}`;
}

function clockText(aheadMs: number): string {
  const seconds = Math.round(aheadMs / 1000);
  if (Math.abs(seconds) < CLOCK_SECONDS) return "";
  return `; its clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} ours`;
}
