/**
 * In mappings a null counts as missing: HubSpot's search says null where its list says nothing, and JSONata's
 * functions throw on null. Keys with a null are left out; lists keep theirs, whose places may mean something.
 */

/** The value without null keys. The same object where it has none: nothing is copied that need not be. */
export function withoutNulls(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      const clean = withoutNulls(item);
      if (clean !== item) (copy ??= [...value])[index] = clean;
    }
    return copy ?? value;
  }
  const source = value as Record<string, unknown>;
  let hasNull = false;
  let nested: Record<string, unknown> | undefined;
  for (const key in source) {
    const item = source[key];
    if (item === null) hasNull = true;
    else if (typeof item === "object") {
      const clean = withoutNulls(item);
      if (clean !== item) (nested ??= Object.create(null) as Record<string, unknown>)[key] = clean;
    }
  }
  if (!hasNull && !nested) return value;
  const copy: Record<string, unknown> = {};
  for (const key in source) {
    const item = nested?.[key] ?? source[key];
    // Assigning `__proto__` would set the copy's prototype.
    if (item !== null && key !== "__proto__") copy[key] = item;
  }
  return copy;
}
