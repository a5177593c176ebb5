import { createRequire } from "node:module";
import type * as Luxon from "luxon";

let loaded: typeof Luxon | undefined;

/** Luxon, loaded at the first use: most pipelines read ISO times in UTC and never need it. */
export function luxon(): typeof Luxon {
  loaded ??= createRequire(import.meta.url)("luxon") as typeof Luxon;
  return loaded;
}
