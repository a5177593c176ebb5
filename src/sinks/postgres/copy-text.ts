/** Rows in COPY's text format: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format". */
import type { Row, Value } from "../contract.ts";

/** Fewer, larger writes: below 64 KB the calls cost more than the bytes. */
const CHUNK_CHARACTERS = 65_536;

const SPECIAL = /[\\\n\r\t]/;
const ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

export interface CopyRows {
  rows: readonly Row[];
  /** Which of them, and in which order; each line starts with its index. */
  indexes: readonly number[];
  limits: readonly (Value | undefined)[] | undefined;
}

/** The rows as buffers of about 64 KB; a row longer than that is one buffer. */
export function copyText({ rows, indexes, limits }: CopyRows): Generator<Buffer, undefined> {
  return inChunks(indexes, (index) => {
    let line = `${index}\t${encode(limits?.[index] ?? null)}`;
    for (const value of rows[index] ?? []) line += `\t${encode(value)}`;
    return `${line}\n`;
  });
}

/** The rows as they are stored: each line ends with what is the same in all of them. */
export function copyRows(
  { rows, indexes }: Omit<CopyRows, "limits">,
  ending: readonly Value[],
): Generator<Buffer, undefined> {
  const end = `\t${ending.map(encode).join("\t")}\n`;
  return inChunks(indexes, (index) => {
    const row = rows[index] ?? [];
    let line = encode(row[0] ?? null);
    for (let at = 1; at < row.length; at++) line += `\t${encode(row[at] ?? null)}`;
    return line + end;
  });
}

/** Lines of values. */
export function copyValues(lines: Iterable<readonly Value[]>): Generator<Buffer, undefined> {
  return inChunks(lines, (values) => `${values.map(encode).join("\t")}\n`);
}

/** A line for each item, as buffers of about 64 KB. */
function* inChunks<T>(items: Iterable<T>, lineOf: (item: T) => string): Generator<Buffer, undefined> {
  let text = "";
  for (const item of items) {
    text += lineOf(item);
    if (text.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
  return undefined;
}

/** `\N` is NULL; a text that says `\N` has its backslash escaped, so the two never meet. */
function encode(value: Value): string {
  if (value === null || value === undefined) return "\\N";
  if (typeof value === "string") return SPECIAL.test(value) ? value.replaceAll(/[\\\n\r\t]/g, escape) : value;
  if (typeof value === "boolean") return value ? "t" : "f";
  return String(value);
}

function escape(character: string): string {
  return ESCAPES[character] ?? character;
}
