/** `etl plan`: the first statement, with its values beside it, and how many rows there are where that is told soon. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Forecast } from "../contract.ts";
import type { Session } from "./dialects/contract.ts";
import type { ReadPlan } from "./plan.ts";
import { firstStatement } from "./read-slice.ts";
import type { DatabaseSourceInput } from "./source.ts";
import { deltaCondition } from "./sql/delta.ts";
import type { Statement } from "./sql/sql.ts";
import { ALWAYS } from "./sql/sql.ts";

/** A count that takes longer is not worth waiting for. */
const COUNT_MS = 3_000;

/** What a read would ask. */
export async function forecastRead(
  session: Session,
  plan: ReadPlan,
  { dialect, connection, context, pageSize }: DatabaseSourceInput & { pageSize: number },
): Promise<Forecast> {
  const { keyset } = plan;
  const first = firstStatement(plan, pageSize);
  const records = dialect.countsCheaply ? await count(session, plan) : undefined;
  return {
    request: { method: "SQL", url: dialect.address(connection, context.folder), headers: {}, body: shown(first) },
    ...(records === undefined ? {} : { records, calls: keyset ? Math.max(1, Math.ceil(records / pageSize)) : 1 }),
    ...(records === undefined && !keyset ? { calls: 1 } : {}),
    asked: dialect.countsCheaply ? 1 : 0,
    budgets: [],
  };
}

function shown({ text, values }: Statement): string {
  if (values.length === 0) return text;
  return `${text}\n-- values: ${values.map((value) => (typeof value === "string" ? JSON.stringify(value) : String(value))).join(", ")}`;
}

/** Undefined where it takes too long, or the database will not. */
async function count(session: Session, { select, delta }: ReadPlan): Promise<number | undefined> {
  const { text, values } = select.statement({ delta: deltaCondition(delta), keyset: ALWAYS });
  const done = new AbortController();
  const asked = (async (): Promise<number | undefined> => {
    let total: number | undefined;
    for await (const { rows } of session.rows({ text: `SELECT count(*) AS total FROM (${text}\n) AS counted`, values }))
      for (const [value] of rows) total = Number(value);
    return total;
  })().catch(() => undefined);
  const late = sleep(COUNT_MS, undefined, { signal: done.signal }).catch(() => undefined);
  const total = await Promise.race([asked, late]);
  done.abort();
  return total;
}
