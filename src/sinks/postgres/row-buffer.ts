/**
 * Rows for PostgreSQL: the lines of COPY's text format, which a row is screened for while it is written into them.
 * https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"
 */
import { keep } from "../buffered.ts";
import { parseColumnType } from "../column-type.ts";
import type { Row, RowBuffer, Table, Value } from "../contract.ts";
import { type RowProblem, type Screen, type ScreenCodes, screenOf } from "../screen.ts";
import { encode } from "./copy-text.ts";

const CODES: ScreenCodes = { missingKey: "23502", badText: "22021", outOfRange: "22003" };

/** Longer texts are quicker to look at and to write as a whole. */
const SHORT_TEXT = 128;
/** As many bytes as UTF-8 or escapes can make of a short text, and a tab; a number has less. */
const SHORT_BYTES = SHORT_TEXT * 3 + 1;

const [TAB, NEWLINE, RETURN, BACKSLASH] = [9, 10, 13, 92];
/** What follows the backslash. */
const ESCAPED: Readonly<Record<number, number>> = { [TAB]: 116, [NEWLINE]: 110, [RETURN]: 114, [BACKSLASH]: 92 };

export class PostgresRows implements RowBuffer {
  /** Why rows cannot be written, by their indexes. */
  readonly problems = new Map<number, RowProblem>();
  /** What was given as `newerLimit`, by the rows' indexes. */
  readonly limits = new Map<number, Value>();
  readonly #table: Table;
  readonly #screen: Screen;
  #bytes: Buffer;
  #end = 0;
  /** Where each row's line begins, and where it ends, without the end of the line. */
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  /** Rows that have problems: there is no line of them. */
  readonly #unwritten = new Map<number, Row>();

  /** @param bytes how much is likely to come */
  constructor(table: Table, bytes: number) {
    this.#bytes = Buffer.allocUnsafe(bytes);
    this.#table = table;
    this.#screen = screenOf(table, CODES);
  }

  get length(): number {
    return this.#from.length;
  }

  set(index: number, row: Row, newerLimit?: Value): void {
    const from = this.#end;
    const problem = this.#screen.key(row) ?? this.#write(row);
    if (problem) this.#end = from;
    keep(this.problems, index, problem);
    keep(this.#unwritten, index, problem && row);
    keep(this.limits, index, newerLimit);
    this.#from[index] = from;
    this.#to[index] = this.#end;
  }

  get(index: number): Row {
    const unwritten = this.#unwritten.get(index);
    if (unwritten) return unwritten;
    const line = this.#bytes.toString("utf8", this.#from[index], this.#to[index]);
    return line.split("\t").map((cell, at) => decode(cell, this.#table.columns[at]?.type ?? "text"));
  }

  /**
   * Copies a row's line, without its end, into a buffer that has room for it: `bytesOf` says how much. Gives where it ends.
   */
  copy(index: number, target: Buffer, at: number): number {
    return at + this.#bytes.copy(target, at, this.#from[index], this.#to[index]);
  }

  /** Of all lines. */
  get bytes(): number {
    return this.#end;
  }

  bytesOf(index: number): number {
    return this.#to[index]! - this.#from[index]!;
  }

  #write(row: Row): RowProblem | undefined {
    for (let at = 0; at < row.length; at++) {
      const value = row[at] ?? null;
      this.#room(SHORT_BYTES);
      if (at > 0) this.#bytes[this.#end++] = TAB;
      if (typeof value === "string") {
        if (value.length <= SHORT_TEXT && this.#writeShort(value, this.#screen.isJson[at]!)) continue;
        const problem = this.#screen.value(value, at);
        if (problem) return problem;
        this.#writeLong(encode(value));
      } else if (typeof value === "number" && value >= 0 && (value | 0) === value) this.#writeWhole(value);
      else {
        const problem = this.#screen.value(value, at);
        if (problem) return problem;
        this.#end += this.#bytes.write(encode(value), this.#end, "latin1");
      }
    }
    return undefined;
  }

  /** Writes a text character by character; false for one that has to be looked at as a whole, and nothing is written. */
  #writeShort(text: string, isJson: boolean): boolean {
    const bytes = this.#bytes;
    let end = this.#end;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code < 128) {
        const escaped = code === BACKSLASH || code <= RETURN ? ESCAPED[code] : undefined;
        if (escaped !== undefined) {
          // An escape of JSON's may mean what no text holds.
          if (isJson) return false;
          bytes[end++] = BACKSLASH;
          bytes[end++] = escaped;
        } else if (code === 0) return false;
        else bytes[end++] = code;
      } else if (code < 0x800) {
        bytes[end++] = 0xc0 | (code >> 6);
        bytes[end++] = 0x80 | (code & 63);
      } else if (code < 0xd800 || code > 0xdfff) {
        bytes[end++] = 0xe0 | (code >> 12);
        bytes[end++] = 0x80 | ((code >> 6) & 63);
        bytes[end++] = 0x80 | (code & 63);
      } else return false;
    }
    this.#end = end;
    return true;
  }

  #writeLong(text: string): void {
    this.#room(Buffer.byteLength(text));
    this.#end += this.#bytes.write(text, this.#end);
  }

  /** Digits of a whole number from 0 to 2^31 - 1. */
  #writeWhole(value: number): void {
    let end = this.#end + 1;
    for (let power = 10; power <= value; power *= 10) end++;
    this.#end = end;
    let rest = value;
    do {
      const next = (rest / 10) | 0;
      this.#bytes[--end] = 48 + rest - next * 10;
      rest = next;
    } while (rest > 0);
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + bytes));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}

function decode(cell: string, type: string): Value {
  if (cell === "\\N") return null;
  switch (parseColumnType(type).kind) {
    case "integer":
    case "double":
      return Number(cell);
    case "bigint":
      return Number.isSafeInteger(Number(cell)) ? Number(cell) : BigInt(cell);
    case "boolean":
      return cell === "t";
    default:
      return cell.replaceAll(/\\(.)/g, (_, letter: string) => ({ n: "\n", r: "\r", t: "\t" })[letter] ?? letter);
  }
}
