/** How one kind of CSV text is written: the spec's options, checked once and made ready for the reader. */
import { SpecError } from "../../errors.ts";
import type { CsvSource } from "../../spec/types.ts";
import { namesProblem } from "./header.ts";

export interface Dialect {
  delimiter: string;
  /** One character; undefined: the files do not quote. */
  quote: string | undefined;
  /** One character; the same as `quote` where quotes are doubled. */
  escape: string;
  comment: string | undefined;
  /** Physical lines to leave out before the header. */
  skipLines: number;
}

/** What a spec says of CSV: a csv source, or the csv decoder of an api source. */
export type DialectOptions = Pick<
  CsvSource,
  "header" | "columns" | "delimiter" | "quote" | "escape" | "comment" | "skip_lines"
>;

/**
 * @param at where the options stand in the spec, for messages
 * @throws SpecError for options that no file can be read with: the schema cannot say "one character" of a value
 *   that may be false, nor "columns where there is no header".
 */
export function dialectOf(spec: DialectOptions, at = "source"): Dialect {
  if (!spec.header && !spec.columns) {
    throw new SpecError(`${at}.header is false and there are no columns; name them in ${at}.columns`);
  }
  const problem = spec.columns && namesProblem(spec.columns);
  if (problem) throw new SpecError(`${at}.columns ${problem}`);
  // In YAML, '\t' in single quotes is two characters; nobody separates fields with a backslash and a t.
  const delimiter = spec.delimiter === "\\t" ? "\t" : spec.delimiter;
  if (/[\r\n]/.test(delimiter)) throw new SpecError(`${at}.delimiter may not contain a line break`);
  const quote =
    spec.quote === false ? undefined : one(`${at}.quote`, spec.quote, "false means that the files do not quote");
  if (quote !== undefined && delimiter.startsWith(quote))
    throw new SpecError(`${at}.delimiter begins with the quote character`);
  const escape = one(`${at}.escape`, spec.escape, "write the quote character where quotes are doubled");
  return {
    delimiter,
    quote,
    // The default escape is the default quote, doubled. With another quote it means that one, doubled.
    escape: quote !== undefined && escape === '"' ? quote : escape,
    comment: spec.comment || undefined,
    skipLines: spec.skip_lines,
  };
}

function one(key: string, value: unknown, hint: string): string {
  if (typeof value === "string" && value.length === 1 && !/[\r\n]/.test(value)) return value;
  throw new SpecError(`${key} is ${JSON.stringify(value)}, but takes one character; ${hint}`);
}
