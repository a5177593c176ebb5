import { SpecError } from "../../../errors.ts";
import type { RateLimit } from "../../../spec/types.ts";

/** What a budget is chosen by. */
export interface Target {
  method: string;
  /** Path of the URL, without query. */
  path: string;
}

/** Compiles a budget's `match`. Throws SpecError for what is no regular expression. */
export function compileMatch(match: RateLimit["match"]): (target: Target) => boolean {
  const pattern = match?.path === undefined ? undefined : patternOf(match.path);
  const wanted = match?.method?.toUpperCase();
  return ({ method, path }) =>
    (wanted === undefined || wanted === method) && (pattern === undefined || pattern.test(path));
}

function patternOf(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (cause) {
    throw new SpecError(`rate_limits: "${source}" is not a regular expression`, { cause });
  }
}
