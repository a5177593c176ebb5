/** The names of a file's columns, and records made with them. */
import { FatalError, SpecError } from "../../errors.ts";
import { showLoneSurrogates } from "./decode-text.ts";
import type { RecordReader } from "./record-reader.ts";

/**
 * The column names of one file: those of its header line, or the spec's in their place. Blanks around a name in
 * the file are taken off, so that `code, city` names "city".
 * @param reader stands on the header's record
 * @param from the file's name, the spec's columns, and where they stand in the spec, for messages
 * @throws FatalError for a header that cannot name columns; SpecError where the spec names another number of them
 */
export function headerNames(
  reader: RecordReader,
  { name, columns, key = "source.columns" }: { name: string; columns: string[] | undefined; key?: string },
): string[] {
  const written = reader.fields.slice(0, reader.count);
  const at = `${name}: the header (line ${reader.line})`;
  if (columns) {
    if (columns.length === written.length) return columns;
    throw new SpecError(`${at} has ${written.length} fields, but ${key} names ${columns.length}`);
  }
  if (reader.problem) {
    const field = `field ${reader.problem.field + 1}, ${JSON.stringify(showLoneSurrogates(written[reader.problem.field] ?? ""))},`;
    throw new FatalError(
      reader.problem.rule === "bad_encoding"
        ? `${at} cannot be read: ${field} has bytes that are not in the file's encoding; write the right encoding in the source`
        : `${at} cannot be read: ${field} goes on after its closing quote`,
    );
  }
  const names = written.map((text) => text.trim());
  const problem = namesProblem(names);
  if (problem) throw new FatalError(`${at} ${problem}; name the columns in ${key}`);
  return names;
}

/** What keeps a list of names from naming columns: a name that is empty or there twice. */
export function namesProblem(names: string[]): string | undefined {
  const seen = new Map<string, number>();
  for (const [index, text] of names.entries()) {
    if (text === "") return `has no name for column ${index + 1}`;
    const first = seen.get(text);
    if (first !== undefined) return `names columns ${first + 1} and ${index + 1} both "${text}"`;
    seen.set(text, index);
  }
  return undefined;
}

export type CsvRecord = Record<string, string>;
