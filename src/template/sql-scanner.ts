/** Walks through SQL text and knows at each point whether it stands in a quoted text, an identifier or a comment. */
import type { SqlRules } from "./sql-rules.ts";

/** Where the scanner stands, for messages: `a quoted text`; undefined in plain SQL. */
export type Place = "a quoted text" | "a quoted name" | "a comment" | undefined;

interface Open {
  place: Exclude<Place, undefined>;
  /** What ends it. */
  close: string;
  /** Doubled, the closing character stands for itself. */
  doubles: boolean;
  backslash: boolean;
  depth: number;
}

export interface SqlWord {
  /** In capitals. */
  word: string;
  offset: number;
}

export interface ScanProblem {
  offset: number;
  message: string;
}

export class SqlScanner {
  /** Words outside of parentheses, quotes and comments. */
  readonly words: SqlWord[] = [];
  readonly problems: ScanProblem[] = [];
  /** The last character of plain SQL, quotes included. */
  last = "";
  readonly #rules: SqlRules;
  #open: Open | undefined;
  #openedAt = 0;
  #depth = 0;
  #ended = false;

  constructor(rules: SqlRules) {
    this.#rules = rules;
  }

  get place(): Place {
    return this.#open?.place;
  }

  /** Goes through a piece of text that stands at `offset`. */
  read(text: string, offset: number): void {
    for (let at = 0; at < text.length;) at = this.#open ? this.#inside(text, at) : this.#plain(text, at, offset);
  }

  /** Something stands here that is no text: a value. */
  value(): void {
    this.last = "?";
  }

  /** After the last piece. A comment that runs to the end of its line needs no end. */
  finish(): void {
    if (this.#open && this.#open.close !== "\n")
      this.problems.push({ offset: this.#openedAt, message: `${this.#open.place} that begins here has no end` });
  }

  #inside(text: string, at: number): number {
    const open = this.#open!;
    if (open.backslash && text[at] === "\\") return at + 2;
    if (open.place === "a comment" && this.#rules.nestedComments && open.close === "*/" && text.startsWith("/*", at)) {
      open.depth++;
      return at + 2;
    }
    if (!text.startsWith(open.close, at)) return at + 1;
    if (open.doubles && text.startsWith(open.close, at + 1)) return at + 2;
    if (--open.depth === 0) this.#open = undefined;
    return at + open.close.length;
  }

  #plain(text: string, at: number, offset: number): number {
    const rest = text.slice(at, at + 64);
    const opened = this.#opening(rest);
    if (opened) {
      this.#openedAt = offset + at;
      if (opened.open.place !== "a comment") this.last = opened.open.close;
      this.#open = opened.open;
      return at + opened.length;
    }
    const character = rest[0]!;
    if (this.#ended && !/\s/.test(character) && character !== ";") {
      this.problems.push({
        offset: offset + at,
        message: "one statement is all that is sent: nothing may follow the ;",
      });
      this.#ended = false;
    }
    const isName = /[\w$]/.test(this.last);
    if (!isName && this.#rules.placeholder.test(rest) && !(this.last === ":" && character === ":"))
      this.problems.push({
        offset: offset + at,
        message: `${/^\W\w*/.exec(rest)![0]} stands for a value that nobody gives: write {{params.name}} where a value is wanted`,
      });
    const word = isName ? undefined : /^[A-Za-z_]+/.exec(text.slice(at))?.[0];
    if (word !== undefined) {
      if (this.#depth === 0) this.words.push({ word: word.toUpperCase(), offset: offset + at });
      this.last = word.at(-1)!;
      return at + word.length;
    }
    if (character === "(") this.#depth++;
    if (character === ")") this.#depth--;
    if (character === ";") this.#ended = true;
    this.last = character;
    return at + 1;
  }

  #opening(rest: string): { open: Open; length: number } | undefined {
    const rules = this.#rules;
    const quote = (place: Open["place"], close: string, backslash = false): { open: Open; length: number } => ({
      open: { place, close, doubles: true, backslash, depth: 1 },
      length: 1,
    });
    const comment = (start: string, close: string): { open: Open; length: number } => ({
      open: { place: "a comment", close, doubles: false, backslash: false, depth: 1 },
      length: start.length,
    });
    if (rest.startsWith("/*")) return comment("/*", "*/");
    if (rest.startsWith("--") && (!rules.dashesNeedBlank || /^--\s/.test(rest))) return comment("--", "\n");
    switch (rest[0]) {
      case "'":
        return quote("a quoted text", "'", rules.backslashEscapes || (rules.escapeStrings && /^[eE]$/.test(this.last)));
      case '"':
        // With ANSI_QUOTES off, MySQL takes it for a text.
        return quote(rules.backslashEscapes ? "a quoted text" : "a quoted name", '"', rules.backslashEscapes);
      case "`":
        return rules.backticks ? quote("a quoted name", "`") : undefined;
      case "[":
        return rules.brackets ? { ...quote("a quoted name", "]") } : undefined;
      case "#":
        return rules.hashComments ? comment("#", "\n") : undefined;
      case "$": {
        const tag =
          rules.dollarQuotes && !/[\w$]/.test(this.last) ? /^\$(?:[A-Za-z_]\w*)?\$/.exec(rest)?.[0] : undefined;
        return tag === undefined
          ? undefined
          : {
              open: { place: "a quoted text", close: tag, doubles: false, backslash: false, depth: 1 },
              length: tag.length,
            };
      }
      default:
        return undefined;
    }
  }
}
