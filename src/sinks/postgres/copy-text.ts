/** COPY's text format: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format". */
import type { Value } from "../contract.ts";
import type { PostgresRows } from "./row-buffer.ts";

/** Fewer, larger writes: below 64 KB the calls cost more than the bytes. */
const CHUNK_BYTES = 65_536;

const SPECIAL = /[\\\n\r\t]/;
const ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

export interface CopyRows {
  rows: PostgresRows;
  /** Which of them, and in which order. */
  indexes: readonly number[];
}

/** Rows for the staging table: each line starts with the row's index and its limit. */
export function stagedLines({ rows, indexes }: CopyRows, limits: boolean): Generator<Buffer, undefined> {
  const limitOf = (index: number): Value => (limits ? (rows.limits.get(index) ?? null) : null);
  return linesOf({ rows, indexes }, (index) => `${index}\t${encode(limitOf(index))}\t`, []);
}

/** Rows for the table itself: each line ends with what is the same in all of them. */
export function storedLines(given: CopyRows, same: readonly Value[]): Generator<Buffer, undefined> {
  return linesOf(given, undefined, same);
}

/** Lines as buffers of about 64 KB; a line longer than that is one buffer. */
function* linesOf(
  { rows, indexes }: CopyRows,
  startOf: ((index: number) => string) | undefined,
  same: readonly Value[],
): Generator<Buffer, undefined> {
  const ending = Buffer.from(`${same.map((value) => `\t${encode(value)}`).join("")}\n`);
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let end = 0;
  for (const index of indexes) {
    const start = startOf?.(index) ?? "";
    const most = start.length * 3 + rows.bytesOf(index) + ending.length;
    if (end + most > chunk.length) {
      if (end > 0) yield chunk.subarray(0, end);
      chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, most));
      end = 0;
    }
    if (start !== "") end += chunk.write(start, end);
    end = rows.copy(index, chunk, end);
    end += ending.copy(chunk, end);
  }
  if (end > 0) yield chunk.subarray(0, end);
  return undefined;
}

/** Lines of values, as buffers of about 64 KB. */
export function* copyValues(lines: Iterable<readonly Value[]>): Generator<Buffer, undefined> {
  let text = "";
  for (const values of lines) {
    text += `${values.map(encode).join("\t")}\n`;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
  return undefined;
}

/** `\N` is NULL; a text that says `\N` has its backslash escaped, so the two never meet. */
export function encode(value: Value): string {
  if (value === null || value === undefined) return "\\N";
  if (typeof value === "string") return SPECIAL.test(value) ? value.replaceAll(/[\\\n\r\t]/g, escape) : value;
  if (typeof value === "boolean") return value ? "t" : "f";
  return String(value);
}

function escape(character: string): string {
  return ESCAPES[character] ?? character;
}
