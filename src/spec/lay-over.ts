/**
 * Lays one value over another: maps merge deeply, lists and scalars are replaced, null removes a key. Neither value
 * is changed; what the result does not replace it shares with `base`.
 */
export function layOver(base: unknown, over: unknown): unknown {
  if (!isMap(over)) return over;
  const merged = new Map<string, unknown>(isMap(base) ? Object.entries(base) : []);
  for (const [key, value] of Object.entries(over)) {
    if (value === null) merged.delete(key);
    else merged.set(key, layOver(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
