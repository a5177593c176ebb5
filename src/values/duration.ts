import { SpecError } from "../errors.ts";

const unitMs: ReadonlyMap<string, number> = new Map([
  ...["ms", "millisecond"].map((unit) => [unit, 1] as const),
  ...["s", "sec", "second"].map((unit) => [unit, 1000] as const),
  ...["m", "min", "minute"].map((unit) => [unit, 60_000] as const),
  ...["h", "hour"].map((unit) => [unit, 3_600_000] as const),
  ...["d", "day"].map((unit) => [unit, 86_400_000] as const),
  ...["w", "week"].map((unit) => [unit, 604_800_000] as const),
]);

/**
 * Milliseconds of a duration in a spec: `500ms`, `5s`, `10m`, `2h`, `7d`, `1w`, `1.5h`, `30 days`.
 * Throws SpecError for anything else; for months and years too, which have no fixed length.
 */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]+)$/.exec(text.trim());
  const unit = match?.[2] ?? "";
  const ms = unitMs.get(unit) ?? (unit.length > 2 ? unitMs.get(unit.replace(/s$/, "")) : undefined);
  if (match === null || ms === undefined) {
    const months = /^(months?|mo|M|years?|y)$/.test(unit) ? ": months and years differ in length, write days" : "";
    throw new SpecError(`"${text}" is not a duration such as 500ms, 10s, 10m, 2h or 7d${months}`);
  }
  const total = Math.round(Number(match[1]) * ms);
  if (!Number.isSafeInteger(total)) throw new SpecError(`"${text}" is too long a duration`);
  return total;
}
