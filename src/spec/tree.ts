/** Looking into data that no schema has accepted yet. */

export type Tree = Record<string, unknown>;

/** The value as a map; an empty one for whatever is no map. */
export function tree(value: unknown): Tree {
  return value && typeof value === "object" && !Array.isArray(value) ? (value as Tree) : {};
}

/** The value as a list; an empty one for whatever is no list. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
