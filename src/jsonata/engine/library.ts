/** The built-in functions: the reference's own where they answer at once, ours where they call functions. */
import { referenceFunctions, type ReferenceFunction } from "../reference-functions.ts";
import { Builtin } from "./callables.ts";
import { instant } from "./evaluation.ts";
import { each, filterBy, map, reduce, sift, single, sort } from "./higher-order.ts";
import { contains, match, replace, split } from "./matching.ts";

type Implementation = ReferenceFunction["implementation"];

/** What answers with a promise in the reference, and what tells the time. */
const ours: Readonly<Record<string, unknown>> = {
  contains,
  match,
  replace,
  split,
  map,
  filter: filterBy,
  single,
  reduce,
  each,
  sift,
  sort,
  now(picture: unknown, timezone: unknown): unknown {
    return referenceFunctions()["fromMillis"]!.implementation(instant(), picture, timezone);
  },
  millis(): number {
    return instant();
  },
};

const made = new Map<string, Builtin>();

/** A built-in function by its name, which exists. */
export function builtin(name: string): Builtin {
  let found = made.get(name);
  if (!found) {
    const definition = referenceFunctions()[name]!;
    const implementation = (ours[name] as Implementation | undefined) ?? definition.implementation;
    found = new Builtin(
      definition.signature ? { implementation, signature: definition.signature } : { implementation },
    );
    made.set(name, found);
  }
  return found;
}
