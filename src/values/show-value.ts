const maxShown = 40;

/**
 * A value as a message shows it: text in quotes and cut at 40 characters, lists and objects by kind alone, so that
 * a message stays one short line whatever the source sent.
 */
export function showValue(value: unknown): string {
  if (typeof value === "string") {
    const short = value.length > maxShown ? `${value.slice(0, maxShown)}…` : value;
    return JSON.stringify(short.toWellFormed());
  }
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid date" : value.toISOString();
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  return String(value);
}
