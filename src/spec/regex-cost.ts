/** Regular expressions that may take long: a backtracking engine tries every way to match before it says no. */
import { ambiguityOf } from "./regex-ambiguity.ts";
import { type Automaton, automatonOf } from "./regex-automaton.ts";

export interface RegexCost {
  /** The power of the text's length that time grows with; Infinity for exponential. */
  degree: number;
  /** The parts that match one text in many ways, as they are written. */
  parts: string[];
}

/**
 * What a regular expression costs at worst. Undefined for one that is no worse than the square of the text's length
 * (`\s+$` is: it is tried from every place), and for one too large to judge.
 * @param flags as of RegExp; `g` and `y` say nothing here.
 */
export function regexCost(source: string, flags: string): RegexCost | undefined {
  // One endless repeat and the search through the text are a square at most: most need not be looked into.
  const repeats = source.match(/[*+]|\{\d+,?\d*\}/g) ?? [];
  if (repeats.length < 2 && !/\)[*+{]/.test(source)) return undefined;
  const automaton = readable(source, flags);
  const ambiguity = automaton && ambiguityOf(automaton);
  if (!automaton || !ambiguity || ambiguity.degree < 3) return undefined;
  const parts = ambiguity.loops.flatMap((loop) => {
    const [first, ...others] = loop.map((atom) => automaton.repeats[atom]!);
    const shared = first!.find((repeat) => others.every((repeats) => repeats.includes(repeat)));
    return shared ? [shared.raw] : [];
  });
  return { degree: ambiguity.degree, parts: [...new Set(parts)] };
}

/** The parser and V8 need not agree on the newest syntax: what only V8 can read is not judged. */
function readable(source: string, flags: string): Automaton | undefined {
  try {
    return automatonOf(source, flags);
  } catch {
    return undefined;
  }
}
