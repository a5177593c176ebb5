/** Regular expressions as functions, and the four library functions that match texts. */
import { callGiven, type Focus } from "./callables.ts";
import { evaluation, tick, TimeLimitError } from "./evaluation.ts";
import { handOver } from "./hand-over.ts";
import { emptySequence, push } from "./values.ts";

/** What a matcher answers; functions of the expression may be matchers too. */
interface Match {
  match: string;
  start: number;
  end: number;
  groups: (string | undefined)[];
  next: unknown;
}

/** How often one match may be found again where a pattern does not move on. */
const MOST_REPEATS = 10_000;

/**
 * `/…/`: a function that gives the first match, which gives the next. The parser damages the patterns on the left of
 * `?:` and `??` (it copies them as JSON): those find their first match again and again, for ever in the reference,
 * until there is no memory left.
 */
export function matcher(pattern: RegExp): (text: string, from?: number) => Match | undefined {
  const expression = new RegExp(pattern);
  let repeats = 0;
  const match = (text: string, from?: number): Match | undefined => {
    expression.lastIndex = from ?? 0;
    if (from === undefined) repeats = 0;
    const found = expression.exec(text);
    if (!found) return undefined;
    return {
      match: found[0],
      start: found.index,
      end: found.index + found[0].length,
      groups: found.slice(1),
      next: () => {
        if (expression.lastIndex >= text.length) return undefined;
        if (!expression.global && ++repeats > MOST_REPEATS) throw new TimeLimitError(evaluation.limits.timeoutMs);
        const next = match(text, expression.lastIndex);
        // It would never go on.
        return next?.match === "" ? handOver() : next;
      },
    };
  };
  return match;
}

function ask(pattern: unknown, values: unknown[], focus: Focus): Match | undefined {
  tick();
  const answer = callGiven(pattern, values, focus);
  if (answer === undefined) return undefined;
  const match = answer as Partial<Match> | null;
  const looksRight =
    match &&
    (typeof match.start === "number" ||
      (match.end as unknown) === "number" ||
      Array.isArray(match.groups) ||
      typeof match.next === "function");
  return looksRight ? (match as Match) : handOver();
}

export function contains(this: Focus, text: unknown, token: unknown): unknown {
  if (text === undefined || token === undefined) return undefined;
  if (typeof token === "string") return (text as string).includes(token);
  return ask(token, [text], this) !== undefined;
}

export function match(this: Focus, text: unknown, pattern: unknown, limit: unknown): unknown {
  if (text === undefined) return undefined;
  const most = limitOf(limit);
  const found = emptySequence();
  if (most <= 0) return found;
  let next = ask(pattern, [text], this);
  for (let count = 0; next !== undefined && count < most; count++) {
    push(found, { match: next.match, index: next.start, groups: next.groups });
    next = ask(next.next, [undefined], this);
  }
  return found;
}

/** Negative limits are refused. */
function limitOf(limit: unknown): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  return (limit as number) < 0 ? handOver() : (limit as number);
}

export function split(this: Focus, text: unknown, separator: unknown, limit: unknown): unknown {
  if (text === undefined) return undefined;
  const most = limitOf(limit);
  if (!(most > 0)) return [];
  const whole = text as string;
  if (typeof separator === "string") return whole.split(separator, limit as number | undefined);
  const parts: string[] = [];
  let next = ask(separator, [text], this);
  if (next === undefined) return [whole];
  let from = 0;
  let count = 0;
  for (; next !== undefined && count < most; count++) {
    parts.push(whole.substring(from, next.start));
    from = next.end;
    next = ask(next.next, [undefined], this);
  }
  if (count < most) parts.push(whole.substring(from));
  return parts;
}

export function replace(this: Focus, text: unknown, pattern: unknown, replacement: unknown, limit: unknown): unknown {
  if (text === undefined) return undefined;
  if (pattern === "") return handOver();
  const most = limitOf(limit);
  if (!(most > 0)) return text;
  const whole = text as string;
  if (typeof pattern === "string") return replaceText({ whole, pattern, replacement, most });
  let next = ask(pattern, [text], this);
  if (next === undefined) return text;
  let result = "";
  let position = 0;
  for (let count = 0; next !== undefined && count < most; count++) {
    result += whole.substring(position, next.start);
    const substitute: unknown =
      typeof replacement === "string" ? substituteOf(replacement, next) : callGiven(replacement, [next], this);
    result += typeof substitute === "string" ? substitute : handOver();
    position = next.start + next.match.length;
    next = ask(next.next, [undefined], this);
  }
  return result + whole.substring(position);
}

function replaceText(given: { whole: string; pattern: string; replacement: unknown; most: number }): string {
  const { whole, pattern, replacement, most } = given;
  let result = "";
  let position = 0;
  let found = whole.indexOf(pattern);
  // A function has no text that could stand there.
  if (found !== -1 && typeof replacement !== "string") return handOver();
  for (let count = 0; found !== -1 && count < most; count++) {
    result += whole.slice(position, found) + (replacement as string);
    position = found + pattern.length;
    found = whole.indexOf(pattern, position);
  }
  return result + whole.slice(position);
}

/**
 * The replacement with its `$1` filled in: `$$` is a dollar, `$0` the whole match, a number beyond the groups is cut
 * by its last digit, and a dollar before anything else stands for itself.
 */
function substituteOf(replacement: string, { match: matched, groups }: Match): string {
  let result = "";
  let position = 0;
  for (let dollar = replacement.indexOf("$"); dollar !== -1; dollar = replacement.indexOf("$", position)) {
    result += replacement.slice(position, dollar);
    position = dollar + 1;
    const follows = replacement.charAt(position);
    if (follows === "$" || follows === "0") {
      result += follows === "$" ? "$" : matched;
      position++;
      continue;
    }
    const group = groupNumber(replacement, position, groups.length);
    if (Number.isNaN(group)) result += "$";
    else {
      result += groups[group - 1] ?? "";
      position += String(group).length;
    }
  }
  return result + replacement.slice(position);
}

function groupNumber(replacement: string, position: number, groups: number): number {
  const digits = groups === 0 ? 1 : Math.floor(Math.log(groups) * Math.LOG10E) + 1;
  const number = Number.parseInt(replacement.slice(position, position + digits), 10);
  if (digits > 1 && number > groups) return Number.parseInt(replacement.slice(position, position + digits - 1), 10);
  return number;
}
