/** Where `send_as` and `size_as` put a value in a request: `query.after`, `body.paging.after`, `headers.x`, `form.x`. */
import { SpecError } from "../../errors.ts";

const parts = ["query", "body", "headers", "form"] as const;

/** The parts of a request that a value may be put into, rendered. */
export interface Placeable {
  query: Record<string, unknown>;
  headers: Record<string, unknown>;
  body?: unknown;
  form?: Record<string, unknown>;
}

/**
 * Compiles a place. The result puts a value there, maps on the way made as needed; the request given is changed.
 * @throws SpecError for a place that is none of the four.
 */
export function compilePlace(place: string): (request: Placeable, value: unknown) => void {
  const [part, ...path] = place.split(".");
  const known = parts.find((name) => name === part);
  if (known === undefined || path.length === 0 || path.includes("") || path.includes("__proto__")) {
    throw new SpecError(
      `"${place}" is not a place in a request: write query.name, body.name, headers.name or form.name`,
    );
  }
  // Only a body has maps in maps: elsewhere a dot belongs to the name (`page.after` in a query).
  const keys = known === "body" ? path : [path.join(".")];
  return (request, value) => {
    const root = (request[known] ??= {});
    if (!isMap(root)) throw new SpecError(`${place} cannot be sent: the request's ${known} is not a map`);
    let map = root;
    for (const key of keys.slice(0, -1)) {
      const below = Object.hasOwn(map, key) ? map[key] : undefined;
      map = isMap(below) ? below : (map[key] = {});
    }
    map[keys.at(-1) as string] = value;
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
