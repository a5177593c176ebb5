import { messageOf, SpecError } from "../../errors.ts";
import { compareDecimals, readDecimal } from "../../values/decimal-text.ts";
import { type CompileValidator, fail, readOptions, trimmed } from "./contract.ts";

export const objectIdOptions: string[] = [];

/** object_id: 1 to 20 digits. Gives a text trimmed. */
export const objectId: CompileValidator = (options) => {
  readOptions("object_id", objectIdOptions, options);
  return (value) => {
    const text = trimmed(value);
    if (!/^[0-9]{1,20}$/.test(text)) fail("not an object id");
    return typeof value === "string" ? text : value;
  };
};

export const enumOptions = ["values", "ignore_case"];

/** enum: one of `values` (a list may stand for the map). With `ignore_case` gives it as the list spells it. */
export const enumeration: CompileValidator = (options) => {
  const given = readOptions("enum", enumOptions, Array.isArray(options) ? { values: options } : options);
  const values = given.list("values");
  if (values === undefined) throw new SpecError("validator enum needs values: a list");
  const ignoreCase = given.flag("ignore_case");
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const known = new Map(values.map((value) => [fold(String(value)), String(value)]));
  const numbers = values.filter((value) => typeof value === "number").map((value) => readDecimal(String(value)));
  // 5 in the list is 5.00 in a decimal column; "5" is that text alone.
  const isListedNumber = (text: string): boolean => {
    const number = numbers.length > 0 ? readDecimal(text) : undefined;
    return number !== undefined && numbers.some((listed) => listed && compareDecimals(listed, number) === 0);
  };
  const shown = values.length > 8 ? `${values.slice(0, 8).join(", ")}, …` : values.join(", ");
  return (value) => {
    const found = known.get(fold(String(value)));
    if (found !== undefined) return typeof value === "string" ? found : value;
    return isListedNumber(String(value)) ? value : fail(`not one of ${shown}`);
  };
};

export const patternOptions = ["pattern", "flags"];

/**
 * pattern: a regular expression (always of whole characters, flag u) that is found in the text: anchor it with ^ and
 * $. Gives the text as it was.
 */
export const pattern: CompileValidator = (options) => {
  const given = readOptions("pattern", patternOptions, typeof options === "string" ? { pattern: options } : options);
  const source = given.text("pattern");
  const flags = given.text("flags") ?? "";
  if (source === undefined) throw new SpecError("validator pattern needs a pattern: a regular expression");
  // g and y make a regular expression remember where it stopped: the next value would be read from there.
  if (!/^[imsu]*$/.test(flags)) throw new SpecError(`validator pattern: flags "${flags}" may only be i, m, s or u`);
  const form = compileRegex(source, flags.includes("u") ? flags : `${flags}u`);
  return (value) => (form.test(String(value)) ? value : fail(`does not match ${source}`));
};

function compileRegex(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new SpecError(`validator pattern: ${messageOf(error)}`, { cause: error });
  }
}

export const lengthOptions = ["min", "max"];

/** length: from `min` to `max` characters (code points, as a database counts them). Gives the text as it was. */
export const length: CompileValidator = (options) => {
  const given = readOptions("length", lengthOptions, options);
  const min = given.number("min");
  const max = given.number("max");
  if (min === undefined && max === undefined) throw new SpecError("validator length needs min, max or both");
  if ((min ?? 0) > (max ?? Infinity)) throw new SpecError(`validator length: min ${min} is greater than max ${max}`);
  return (value) => {
    const characters = countCharacters(String(value));
    if (min !== undefined && characters < min) fail(`shorter than ${min} characters`);
    if (max !== undefined && characters > max) fail(`longer than ${max} characters`);
    return value;
  };
};

function countCharacters(text: string): number {
  let count = 0;
  for (const character of text) count += character === "" ? 0 : 1;
  return count;
}
