/** The name of a window of time, by which a checkpoint knows a date slice: `2025-01-01T00:00:00Z/2025-01-08T00:00:00Z`. */
import { compileTimestampParser, isoOf } from "./instant.ts";

const parse = compileTimestampParser();

/** Names the window between two canonical instants. */
export function windowKey({ from, to }: { from: string; to: string }): string {
  return `${isoOf(from)}/${isoOf(to)}`;
}

/** The window, as canonical instants, that a name stands for; undefined for a name of something else. */
export function readWindowKey(key: string): { from: string; to: string } | undefined {
  const [from, to, ...rest] = key.split("/").map(instantOf);
  return from !== undefined && to !== undefined && rest.length === 0 ? { from, to } : undefined;
}

function instantOf(text: string): string | undefined {
  try {
    return /^\d{4}-\d\d-\d\dT/.test(text) ? parse(text)?.instant : undefined;
  } catch {
    return undefined;
  }
}
