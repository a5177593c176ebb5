/** Records of a file that cannot be read as records: what is wrong with each, in words. */
import type { SourceReject } from "../contract.ts";
import { showLoneSurrogates } from "./decode-text.ts";
import type { RecordReader } from "./record-reader.ts";

export interface Expected {
  /** Names of the columns. */
  names: string[];
  /** Who named them: "the header has", "source.columns names". */
  namedBy: string;
  encoding: string;
}

/**
 * What is wrong with the record that the reader stands on; undefined when it is sound. The reject holds the whole
 * of it: fields where they could be told apart, else the text of the file.
 */
export function rejectOf(reader: RecordReader, { names, namedBy, encoding }: Expected): SourceReject | undefined {
  const { line, problem } = reader;
  if (problem?.rule === "bad_encoding") {
    const message =
      `line ${line}: column ${quoted(names[problem.field], problem.field)} has bytes that are not ${encoding}; ` +
      "write the file's encoding in the source (latin1, windows-1252, …)";
    return { line, rule: "bad_encoding", message, record: { line, fields: fieldsOf(reader) } };
  }
  if (problem) {
    const message =
      `line ${line}: column ${quoted(names[problem.field], problem.field)} goes on after its closing quote; double ` +
      "the quotes that belong to the text, or write quote: false in the source if the file does not quote";
    return { line, rule: "bad_quote", message, record: { line, text: reader.raw } };
  }
  if (reader.count === names.length) return undefined;
  const message = `line ${line} has ${count(reader.count)}, ${namedBy} ${names.length}`;
  return { line, rule: "ragged_row", message, record: { line, fields: fieldsOf(reader) } };
}

function fieldsOf(reader: RecordReader): string[] {
  return reader.fields.slice(0, reader.count).map(showLoneSurrogates);
}

function quoted(name: string | undefined, index: number): string {
  return name === undefined ? String(index + 1) : `"${name}"`;
}

function count(fields: number): string {
  return `${fields} field${fields === 1 ? "" : "s"}`;
}
