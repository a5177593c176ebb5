/** `deletes.scope`: the rows that a read answers for. */
import { FatalError, RecordError, SpecError } from "../../errors.ts";
import type { Pipeline } from "../../spec/types.ts";
import { compileTemplate, DROPPED } from "../../template/index.ts";
import { compileCoercion } from "../../values/coerce.ts";
import { shiftInstant } from "../../values/instant.ts";
import { readWindowKey } from "../../values/window-key.ts";
import type { Within } from "./rows.ts";

const day = 86_400_000;

export interface ScopeInput {
  spec: Pipeline;
  params: Record<string, unknown>;
  vars: Record<string, unknown>;
  /** Names of the slices that were read to their end, those of an attempt before this one too. */
  slices: readonly string[];
}

/** Makes the scope's conditions; none where the whole table is meant. Throws SpecError for a value that cannot be one. */
export function scopeOf({ spec, params, vars, slices }: ScopeInput): Within[] {
  const { deletes } = spec;
  if (deletes?.detect !== "missing") return [];
  return Object.entries(deletes.scope ?? {}).map(([column, text]): Within => {
    const type = spec.mapping?.[column]?.type ?? "text";
    if (text === "slice") return { column, windows: windowsOf(slices, type) };
    const value =
      typeof text === "string" ? compileTemplate(text).render({ values: { params, vars } }, { mode: "value" }) : text;
    if (value === DROPPED)
      throw new SpecError(`deletes.scope.${column} (${text}) stands on a param that was not given`);
    try {
      return { column, value: compileCoercion(type)(value, () => {}) };
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      throw new SpecError(`deletes.scope.${column} (${text}): ${error.message}`, { cause: error });
    }
  });
}

/** Windows without the gaps that are none: one after another they are one. */
function windowsOf(slices: readonly string[], type: string): { from: string; to: string }[] {
  const windows = slices.map((key) => {
    const window = readWindowKey(key);
    if (window) return window;
    throw new FatalError(`the slice ${key} is no window of time: deletes.scope cannot tell which rows lie in it`);
  });
  const joined: { from: string; to: string }[] = [];
  for (const { from, to } of windows.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = to > last.to ? to : last.to;
    else joined.push({ from, to });
  }
  return type === "date" ? joined.map(wholeDays).filter(({ from, to }) => from < to) : joined;
}

/** A day that was read in part answers for none of its rows. */
function wholeDays({ from, to }: { from: string; to: string }): { from: string; to: string } {
  const isMidnight = from.slice(11) === "00:00:00.000000Z";
  return { from: (isMidnight ? from : shiftInstant(from, day)).slice(0, 10), to: to.slice(0, 10) };
}
