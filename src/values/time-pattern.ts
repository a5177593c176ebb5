import { SpecError } from "../errors.ts";
import type { ReadTime } from "./iso-time.ts";
import { luxon } from "./luxon.ts";
import { type Field, FieldSet, months } from "./time-fields.ts";

/** What a text must give: a day (date, timestamp) or a time of day (time). */
export type Wanted = "day" | "clock";

const longMonths = "january|february|march|april|may|june|july|august|september|october|november|december";
const offsetForm = String.raw`[zZ]|[+-]\d{1,2}(?::?\d{2})?`;

/** Luxon's tokens that are read here; `u` keeps six digits, where Luxon's own keeps three. */
const tokens: ReadonlyMap<string, readonly [form: string, field: Field]> = new Map([
  ["yyyy", [String.raw`\d{4}`, "year"]],
  ["yy", [String.raw`\d{4}|\d{2}`, "year"]],
  ["M", [String.raw`\d{1,2}`, "month"]],
  ["L", [String.raw`\d{1,2}`, "month"]],
  ["MM", [String.raw`\d{2}`, "month"]],
  ["LL", [String.raw`\d{2}`, "month"]],
  ["MMM", [months.join("|"), "monthName"]],
  ["LLL", [months.join("|"), "monthName"]],
  ["MMMM", [longMonths, "monthName"]],
  ["LLLL", [longMonths, "monthName"]],
  ["d", [String.raw`\d{1,2}`, "day"]],
  ["dd", [String.raw`\d{2}`, "day"]],
  ["H", [String.raw`\d{1,2}`, "hour"]],
  ["HH", [String.raw`\d{2}`, "hour"]],
  ["h", [String.raw`\d{1,2}`, "hour12"]],
  ["hh", [String.raw`\d{2}`, "hour12"]],
  ["m", [String.raw`\d{1,2}`, "minute"]],
  ["mm", [String.raw`\d{2}`, "minute"]],
  ["s", [String.raw`\d{1,2}`, "second"]],
  ["ss", [String.raw`\d{2}`, "second"]],
  ["S", [String.raw`\d{1,3}`, "millisecond"]],
  ["SSS", [String.raw`\d{3}`, "millisecond"]],
  ["u", [String.raw`\d{1,9}`, "fraction"]],
  ["uu", [String.raw`\d{1,2}`, "fraction"]],
  ["uuu", [String.raw`\d`, "fraction"]],
  ["a", [String.raw`[ap]\.?m\.?`, "half"]],
  ["Z", [offsetForm, "offset"]],
  ["ZZ", [offsetForm, "offset"]],
  ["ZZZ", [offsetForm, "offset"]],
]);

/** Rarer tokens, which Luxon itself reads: ordinals, quarters, weeks, weekdays, eras, zone names, long years. */
const luxonToken = /^(?:y|yyyyy|yyyyyy|o|ooo|q|qq|kk|kkkk|W|WW|E|EEE|EEEE|c|ccc|cccc|G|GG|z)$/;
const dayTokens = [/^y|^k/, /^[ML]|^o|^W|^q/, /^d|^o|^W|^q|^E|^c/];

/**
 * Compiles a pattern of Luxon's tokens (`MM/dd/yyyy HH:mm:ss`, letters in '…' stand for themselves) to a reader
 * that gives undefined where the text is not of that form. English month names, no part of the machine's locale.
 * Throws SpecError when a token is unknown or the pattern gives no whole day, or no hour where a clock is wanted.
 * Tokens: moment.github.io/luxon/#/parsing?id=table-of-tokens
 */
export function compilePattern(pattern: string, wanted: Wanted): (text: string) => ReadTime | undefined {
  const parts = splitPattern(pattern);
  const names = parts.filter((part) => part.token).map((part) => part.text);
  for (const name of names) {
    if (tokens.has(name) || luxonToken.test(name)) continue;
    const hint = /^[YD]/.test(name) ? `; years are yyyy, days are dd, letters stand in '…'` : "";
    throw new SpecError(`format "${pattern}": there is no token "${name}"${hint}`);
  }
  if (wanted === "day" && !dayTokens.every((form) => names.some((name) => form.test(name)))) {
    throw new SpecError(`format "${pattern}" gives no whole date: it needs a year, a month and a day`);
  }
  if (names.some((name) => name[0] === "h") && !names.includes("a")) {
    throw new SpecError(`format "${pattern}": h counts to twelve and needs a (AM or PM); H counts to 24`);
  }
  if (wanted === "clock" && !names.some((name) => /^[Hh]/.test(name))) {
    throw new SpecError(`format "${pattern}" gives no time of day: it needs an hour`);
  }
  return names.every((name) => tokens.has(name)) ? ownReader(parts) : luxonReader(pattern, names);
}

interface Part {
  text: string;
  token: boolean;
}

/** Runs of one letter are tokens; everything else, and what stands in single quotes, stands for itself. */
function splitPattern(pattern: string): Part[] {
  const parts: Part[] = [];
  for (const [run, quoted, letters] of pattern.matchAll(/'([^']*)'|(([A-Za-z])\3*)|[^A-Za-z]/g)) {
    if (letters !== undefined) parts.push({ text: letters, token: true });
    else parts.push({ text: quoted === undefined ? run : quoted || "'", token: false });
  }
  return parts;
}

function ownReader(parts: readonly Part[]): (text: string) => ReadTime | undefined {
  const fields: Field[] = [];
  let source = "";
  for (const part of parts) {
    const token = part.token ? tokens.get(part.text) : undefined;
    if (token === undefined) {
      // Spreadsheets and ICU put a narrow no-break space before AM and PM.
      source += part.text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replaceAll(" ", "[ \u00a0\u202f]");
    } else {
      source += `(${token[0]})`;
      fields.push(token[1]);
    }
  }
  const form = new RegExp(`^${source}$`, "i");
  return (text) => {
    const match = form.exec(text);
    if (match === null) return undefined;
    const read = new FieldSet();
    for (let index = 0; index < fields.length; index++) read.set(fields[index] as Field, match[index + 1] ?? "");
    return read.time();
  };
}

function luxonReader(pattern: string, names: readonly string[]): (text: string) => ReadTime | undefined {
  const { DateTime } = luxon();
  const parser = DateTime.buildFormatParser(pattern, { locale: "en-US" });
  const zoneless = !names.some((name) => /^z$/i.test(name[0] ?? ""));
  return (text) => {
    const time = DateTime.fromFormatParser(text, parser, {
      locale: "en-US",
      zone: "UTC",
      setZone: true,
    });
    if (!time.isValid) return undefined;
    const ms = time.toMillis();
    const seconds = Math.floor(ms / 1000);
    return { seconds, micros: (ms - seconds * 1000) * 1000, zoneless };
  };
}
