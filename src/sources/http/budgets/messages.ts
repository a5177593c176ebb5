/** The words about budgets. */
import type { RateLimit } from "../../../spec/types.ts";
import { instantFromDate, isoOf } from "../../../values/instant.ts";

/** A budget's name, or what it is: `100 per 10s`, `4 per 1s (/search$)`, `80 cost per 2s`. */
export function limitText({ name, requests, cost, per, match }: RateLimit): string {
  if (name !== undefined) return name;
  const only = [match?.method, match?.path].filter((part) => part !== undefined).join(" ");
  return `${requests ?? `${cost} cost`} per ${per}${only === "" ? "" : ` (${only})`}`;
}

export interface BudgetWords {
  name: string;
  connection: string;
  unit: "requests" | "cost";
  used: number;
  limit: number;
  /** The system told so; else it is our own count. */
  isTold: boolean;
}

/** What is used, what of, when that ends, and what to do. */
export function quotaSpent(words: BudgetWords & { reserved: number; resetAt: number | undefined }): string {
  const { name, connection, reserved, resetAt, isTold } = words;
  const rest = reserved > 0 ? `, and ${number(reserved)} are the reserve for others` : "";
  const reset =
    resetAt === undefined
      ? "When it is counted anew, no header says"
      : isTold
        ? `It is counted anew from ${iso(resetAt)}`
        : `By our own count the first of them leaves the window at ${iso(resetAt)}`;
  return `the quota "${name}" of connection "${connection}" is spent: ${usedText(words)}${rest}. ${reset}. The run can be resumed after that: run it again`;
}

/** A window that is longer away than anybody waits. */
export function longWait(words: BudgetWords & { waitMs: number; readyAt: number }): string {
  const { name, connection, waitMs, readyAt } = words;
  return `the budget "${name}" of connection "${connection}" has no room for another ${Math.ceil(waitMs / 60_000)} minutes: ${usedText(words)}. The run can be resumed from ${iso(readyAt)}: run it again`;
}

/** What somebody reads who wonders why nothing happens. */
export function waitingText(name: string, waitMs: number): string {
  return `waiting ${waitMs < 90_000 ? `${Math.ceil(waitMs / 1000)} s` : `${Math.ceil(waitMs / 60_000)} minutes`} for the budget "${name}"`;
}

function usedText({ used, limit, unit, isTold }: BudgetWords): string {
  const what = unit === "requests" ? "requests" : "of cost";
  return `${number(used)} of ${number(limit)} ${what} are used${isTold ? ", the system says" : ""}`;
}

function number(value: number): string {
  return (Math.round(value * 100) / 100).toLocaleString("en-US");
}

function iso(ms: number): string {
  return isoOf(instantFromDate(new Date(Math.ceil(ms / 1000) * 1000)));
}
