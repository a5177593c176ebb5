/**
 * The records of a CSV file out of its text, handed in pieces (RFC 4180, and what files do beyond it).
 *
 * Not csv-parse: it counts a CRLF inside quotes as two lines, so that every line number after one is wrong; one
 * stray quote ends the file or, told to skip, swallows the rest of it; its utf-16 splits characters whose bytes
 * look like a comma. test/csv/csv-parse.test.ts holds the two to the same answers everywhere else.
 */
import { FatalError } from "../../errors.ts";
import { showLoneSurrogates, type TextChunk } from "./decode-text.ts";
import type { Dialect } from "./dialect.ts";

/** A record may not be longer, in characters: an unclosed quote would otherwise take the rest of the file into memory. */
const MAX_RECORD_CHARS = 16 * 1024 * 1024;

const CR = 13;
const LF = 10;

/** What is wrong with a record that was read all the same. */
export interface RecordProblem {
  rule: "bad_quote" | "bad_encoding";
  /** Field, from 0. */
  field: number;
}

export class RecordReader {
  /** The record's fields; the same array for every record: valid for `fields.slice(0, count)` until the next one. */
  readonly fields: string[] = [];
  count = 0;
  /** Physical line where the record starts, from 1. */
  line = 1;
  problem: RecordProblem | undefined;

  readonly #name: string;
  readonly #delimiter: string;
  readonly #delimiterCode: number;
  readonly #quote: string;
  readonly #quoteCode: number;
  readonly #escape: string;
  readonly #comment: string | undefined;
  #linesToSkip: number;
  /** What ends a line, by the file's first one: a lone CR (then LF is data), else LF with or without CR. */
  #newline: number | undefined;
  #text = "";
  #position = 0;
  #recordStart = 0;
  #nextLine = 1;
  #suspect = false;
  #ended = false;
  /** An incomplete record is tried again only when there is this much text: trying at every chunk would be quadratic. */
  #enough = 0;
  #waiting: string[] = [];
  #waitingChars = 0;
  #ready = false;
  /** Where the quote opened that the text at hand does not close, -1 for none. */
  #openQuote = -1;

  /** @param name of the file, for errors */
  constructor(name: string, dialect: Dialect) {
    this.#name = name;
    this.#delimiter = dialect.delimiter;
    this.#delimiterCode = dialect.delimiter.charCodeAt(0);
    this.#quote = dialect.quote ?? "";
    this.#quoteCode = dialect.quote === undefined ? -1 : dialect.quote.charCodeAt(0);
    this.#escape = dialect.escape;
    this.#comment = dialect.comment;
    this.#linesToSkip = dialect.skipLines;
  }

  /** The record's text as it stands in the file, without its line end. Valid until the next one. */
  get raw(): string {
    return this.#text.slice(this.#recordStart, this.#position).replace(/\r?\n$|\r$/, "");
  }

  /** Length of the record in the file, in characters, line end included. */
  get length(): number {
    return this.#position - this.#recordStart;
  }

  /** Hands in the next piece of the file; records are then taken out with `next` until it says false. */
  push(chunk: TextChunk): void {
    this.#waiting.push(chunk.text);
    this.#waitingChars += chunk.text.length;
    if (!chunk.wellFormed) this.#suspect = true;
    if (this.#waitingChars >= this.#enough) this.#join();
  }

  /** There is no more text: what is left is the last record. */
  end(): void {
    this.#ended = true;
    this.#join();
  }

  /**
   * Reads the next record into `fields`, `count`, `line` and `problem`. Blank lines and comments are passed over.
   * @returns false when more text is needed, or after `end` when there is none left
   * @throws FatalError for a quote that is never closed and for a record that is too long
   */
  next(): boolean {
    if (!this.#ready || !this.#passOver()) return false;
    const start = this.#position;
    const end = this.#readFields(start);
    if (end === -1) {
      if (this.#text.length - start > MAX_RECORD_CHARS) throw this.#tooLong(start, this.line);
      return this.#needMore();
    }
    this.#recordStart = start;
    this.#position = end;
    if (end - start > MAX_RECORD_CHARS) throw this.#tooLong(start, this.line);
    if (this.#suspect) this.#checkEncoding();
    return true;
  }

  /** Fields from `position` to the end of the record; gives the position after its line end, -1 when text is missing. */
  #readFields(start: number): number {
    const text = this.#text;
    const length = text.length;
    const newline = this.#newline ?? LF;
    const delimiterCode = this.#delimiterCode;
    const delimiterLength = this.#delimiter.length;
    const fields = this.fields;
    let position = start;
    let count = 0;
    this.line = this.#nextLine;
    this.problem = undefined;
    this.#openQuote = -1;
    for (;;) {
      const begin = position;
      let value: string | undefined;
      if (position < length && text.charCodeAt(position) === this.#quoteCode) {
        const close = this.#closingQuote(begin);
        if (close === -1) {
          this.#openQuote = begin;
          if (this.#ended) throw this.#unclosed(start, "is never closed");
          return -1;
        }
        position = close + 1;
        if (!this.#ended && position + delimiterLength >= length) return -1;
        if (this.#endsField(position)) value = this.#unescape(text.slice(begin + 1, close));
        else this.problem ??= { rule: "bad_quote", field: count };
      }
      let code = -1;
      while (position < length) {
        code = text.charCodeAt(position);
        if (code === newline) break;
        if (code === delimiterCode && (delimiterLength === 1 || text.startsWith(this.#delimiter, position))) break;
        position++;
      }
      const atEnd = position >= length;
      if (atEnd && !this.#ended) return -1;
      if (!atEnd && code !== newline) {
        fields[count++] = value ?? text.slice(begin, position);
        position += delimiterLength;
        continue;
      }
      fields[count++] = value ?? text.slice(begin, this.#withoutCarriageReturn(begin, position));
      this.count = count;
      this.#nextLine += 1 + this.#newlinesBetween(start, position);
      return atEnd ? length : position + 1;
    }
  }

  /** Line ends inside the record: only quotes can hold them, so nearly always none. */
  #newlinesBetween(start: number, end: number): number {
    const newline = this.#newline === CR ? "\r" : "\n";
    let lines = 0;
    let at = this.#text.indexOf(newline, start);
    while (at !== -1 && at < end) {
      lines++;
      at = this.#text.indexOf(newline, at + 1);
    }
    return lines;
  }

  /** Position of the quote that closes the one at `open`, -1 where the text ends before. */
  #closingQuote(open: number): number {
    const text = this.#text;
    let at = open;
    for (;;) {
      at = text.indexOf(this.#quote, at + 1);
      if (at === -1) return -1;
      if (this.#escape !== this.#quote) {
        let escapes = 0;
        while (at - 1 - escapes > open && text[at - 1 - escapes] === this.#escape) escapes++;
        if (escapes % 2 === 1) continue;
      }
      // A doubled quote is text with any escape: it can mean nothing else.
      if (text.charCodeAt(at + 1) !== this.#quoteCode) return at;
      at++;
    }
  }

  /** Whether a delimiter, a line end or the end of the file stands there. */
  #endsField(position: number): boolean {
    const text = this.#text;
    if (position >= text.length || text.startsWith(this.#delimiter, position)) return true;
    const code = text.charCodeAt(position);
    if (code === (this.#newline ?? LF)) return true;
    return code === CR && (position + 1 === text.length || text.charCodeAt(position + 1) === LF);
  }

  /** PostgreSQL's reading of ESCAPE: it escapes a quote and itself; before anything else (`C:\new`) it is text. */
  #unescape(quoted: string): string {
    const { quote, escape } = { quote: this.#quote, escape: this.#escape };
    const doubled = quoted.includes(quote);
    if (escape === quote) return doubled ? quoted.replaceAll(quote + quote, quote) : quoted;
    if (!doubled && !quoted.includes(escape)) return quoted;
    let text = "";
    for (let at = 0; at < quoted.length; at++) {
      const char = quoted.charAt(at);
      const next = quoted.charAt(at + 1);
      const escapes = char === escape ? next === quote || next === escape : char === quote && next === quote;
      if (escapes) at++;
      text += escapes ? next : char;
    }
    return text;
  }

  #withoutCarriageReturn(begin: number, end: number): number {
    return this.#newline !== CR && end > begin && this.#text.charCodeAt(end - 1) === CR ? end - 1 : end;
  }

  /** Passes over skipped lines, blank lines and comments; false when text is missing. */
  #passOver(): boolean {
    if (this.#newline === undefined && !this.#findNewline()) return this.#needMore();
    for (;;) {
      const position = this.#position;
      if (position >= this.#text.length) return this.#needMore();
      const code = this.#text.charCodeAt(position);
      const skipped = this.#linesToSkip > 0;
      const blank =
        code === this.#newline || (code === CR && this.#newline === LF && this.#blankAfterCarriageReturn(position));
      const comment = this.#comment !== undefined && this.#text.startsWith(this.#comment, position);
      if (!skipped && !blank && !comment) return true;
      if (!this.#skipLine()) return false;
      if (skipped) this.#linesToSkip--;
    }
  }

  #blankAfterCarriageReturn(position: number): boolean {
    return position + 1 >= this.#text.length || this.#text.charCodeAt(position + 1) === LF;
  }

  #skipLine(): boolean {
    const end = this.#text.indexOf(this.#newline === CR ? "\r" : "\n", this.#position);
    if (end === -1 && !this.#ended) {
      if (this.#text.length - this.#position > MAX_RECORD_CHARS) throw this.#tooLong(this.#position, this.#nextLine);
      return this.#needMore();
    }
    this.#position = end === -1 ? this.#text.length : end + 1;
    this.#nextLine++;
    return true;
  }

  /** False while the text does not show what ends its first line. */
  #findNewline(): boolean {
    const at = this.#text.search(/[\r\n]/);
    if (at === -1 && !this.#ended && this.#text.length > MAX_RECORD_CHARS) throw this.#tooLong(0, 1);
    const afterCr = at + 1 === this.#text.length && this.#text[at] === "\r";
    if (!this.#ended && (at === -1 || afterCr)) return false;
    this.#newline = this.#text[at] === "\r" && this.#text[at + 1] !== "\n" ? CR : LF;
    return true;
  }

  /** @returns false, for the caller to pass on */
  #needMore(): false {
    const left = this.#text.length - this.#position;
    this.#text = this.#text.slice(this.#position);
    this.#position = 0;
    this.#recordStart = 0;
    if (this.#suspect) this.#suspect = !this.#text.isWellFormed();
    this.#ready = false;
    this.#waiting = left === 0 ? [] : [this.#text];
    this.#waitingChars = left;
    // One more than the limit is enough to refuse it.
    this.#enough = Math.min(2 * left, MAX_RECORD_CHARS + 1);
    return false;
  }

  #join(): void {
    this.#text = this.#waiting.length === 1 ? (this.#waiting[0] ?? "") : this.#waiting.join("");
    this.#waiting = [];
    this.#ready = true;
  }

  #checkEncoding(): void {
    if (this.#text.slice(this.#recordStart, this.#position).isWellFormed()) return;
    const field = this.fields.findIndex((text, index) => index < this.count && !text.isWellFormed());
    this.problem = { rule: "bad_encoding", field: Math.max(field, 0) };
  }

  #unclosed(start: number, what: string): FatalError {
    const line = this.#nextLine + this.#newlinesBetween(start, this.#openQuote);
    return new FatalError(
      `${this.#name}: the quote that opens on line ${line} ${what}. Close it, double the quotes that belong ` +
        "to the text, or write quote: false in the source if the file does not quote.",
    );
  }

  #tooLong(start: number, line: number): FatalError {
    if (this.#openQuote >= start) return this.#unclosed(start, "is not closed within 16 MB");
    return new FatalError(
      `${this.#name}: the record that starts on line ${line} is longer than 16 MB (it begins ` +
        `${JSON.stringify(showLoneSurrogates(this.#text.slice(start, start + 40)))}). Are delimiter, quote and encoding ` +
        "in the source those of the file?",
    );
  }
}
