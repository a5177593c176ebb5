/** Options of validators that have the right shape and still cannot be: bounds, patterns, countries. */
import { createRequire } from "node:module";
import type { isSupportedCountry } from "libphonenumber-js/min";
import { compareDecimals, readDecimal } from "../values/decimal-text.ts";
import { readIsoTime } from "../values/iso-time.ts";
import { slowRegex } from "./check-regexes.ts";
import type { Path } from "./document.ts";
import type { Problem } from "./problem.ts";
import { tree } from "./tree.ts";

export interface OptionProblem {
  /** Below the validator's options; empty for them as a whole. */
  at: Path;
  code: "E105" | "E106" | "E414" | "E425";
  message: string;
  severity?: Problem["severity"];
}

/** What is wrong with the options of a built-in validator that the schema accepts; undefined when nothing is. */
export function validatorOptionProblem(name: string, options: unknown): OptionProblem | undefined {
  switch (name) {
    case "pattern":
      return patternProblem(options);
    case "phone":
      return countryProblem(tree(options)["country"]);
    case "decimal":
    case "integer":
    case "length":
      return boundsProblem(tree(options), { times: false });
    case "range":
      return boundsProblem(tree(options), { times: true });
    default:
      return undefined;
  }
}

function patternProblem(options: unknown): OptionProblem | undefined {
  const { pattern = options, flags = "" } = tree(options);
  const at = typeof options === "string" ? [] : ["pattern"];
  const used = `${String(flags).replace("u", "")}u`;
  const problem = regexProblem(String(pattern), used);
  if (problem !== undefined) return { at, code: "E414", message: `this is not a regular expression: ${problem}` };
  const slow = slowRegex(String(pattern), used);
  return slow && { at, ...slow };
}

/** Why a text is not a regular expression, in V8's words but for the text itself; undefined for one that is. */
export function regexProblem(source: string, flags: string): string | undefined {
  try {
    return void RegExp(source, flags);
  } catch (error) {
    const message = (error as Error).message.replace(/^Invalid regular expression: /, "");
    return (/: ([^:]+)$/.exec(message)?.[1] ?? message).replace(/^[A-Z]/, (letter) => letter.toLowerCase());
  }
}

function countryProblem(country: unknown): OptionProblem | undefined {
  if (typeof country !== "string" || country === "US") return undefined;
  const library = createRequire(import.meta.url)("libphonenumber-js/min") as {
    isSupportedCountry: typeof isSupportedCountry;
  };
  if (library.isSupportedCountry(country)) return undefined;
  return {
    at: ["country"],
    code: "E105",
    message: `there is no country "${country}": write its two letters, such as US or GB`,
  };
}

function boundsProblem(
  { min, max }: Record<string, unknown>,
  { times }: { times: boolean },
): OptionProblem | undefined {
  const given = Object.entries({ min, max }).filter(([, bound]) => bound !== undefined);
  const isTime = times && given.some(([, bound]) => typeof bound === "string" && readDecimal(bound) === undefined);
  const sound = (bound: unknown): boolean =>
    (isTime ? readIsoTime(String(bound)) : readDecimal(String(bound))) !== undefined;
  const wrong = given.find(([, bound]) => !sound(bound));
  if (wrong)
    return {
      at: [wrong[0]],
      code: "E105",
      message: `${wrong[0]} ${JSON.stringify(wrong[1])} is not ${times ? "a number or an ISO 8601 date" : "a number"}`,
    };
  if (min === undefined || max === undefined) return undefined;
  const crossed = isTime
    ? String(min) > String(max)
    : compareDecimals(readDecimal(String(min))!, readDecimal(String(max))!) > 0;
  return crossed
    ? {
        at: ["min"],
        code: "E106",
        message: `min ${String(min)} is greater than max ${String(max)}: nothing would pass`,
      }
    : undefined;
}
