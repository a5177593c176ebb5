/** Regular expressions that are sound and still do harm: they take too long, or JSONata's parser damages them. */
import { regexesOf } from "../jsonata/index.ts";
import type { SpecDocument } from "./document.ts";
import type { ExpressionSite } from "./expression-sites.ts";
import type { Problem } from "./problem.ts";
import { regexCost } from "./regex-cost.ts";

export interface SlowRegex {
  code: "E425";
  severity: Problem["severity"];
  message: string;
}

/** Checks the regular expressions in an expression that JSONata can read. */
export function checkRegexes(document: SpecDocument, { path, expression }: ExpressionSite): void {
  for (const { text, source, flags, position: offset, damagedBy } of regexesOf(expression)) {
    const place = { offset, length: text.length };
    if (damagedBy)
      document.add(
        path,
        "E205",
        `${text} stands on the left of ${damagedBy}, where JSONata's parser damages it: give the result a name first, ($found := …; $found ${damagedBy} …)`,
        place,
      );
    const slow = slowRegex(source, flags);
    if (slow) document.add(path, slow.code, slow.message, { ...place, severity: slow.severity });
  }
}

/**
 * What is wrong with a regular expression that is one but may take for ever: nothing stops a match on its way.
 * To the cube of the text's length is a warning, for a text of 1,000 characters still takes less than a second.
 */
export function slowRegex(source: string, flags: string): SlowRegex | undefined {
  const cost = regexCost(source, flags);
  if (!cost) return undefined;
  const { degree, parts } = cost;
  const which = parts.join(" and ") || "its repeats";
  if (degree === Number.POSITIVE_INFINITY)
    return {
      code: "E425",
      severity: "error",
      message: `this regular expression takes exponential time: ${which} can match one text in many ways, all of which are tried before it fails. Leave one way, such as a+ for (a+)+`,
    };
  return {
    code: "E425",
    severity: degree > 3 ? "error" : "warning",
    message: `the time of this regular expression grows with the text's length to the power of ${degree}: ${which} can match the same characters, shared out in any way. Tell them apart, such as [^,]*, for .*,`,
  };
}
