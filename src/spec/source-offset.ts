/** Where a character of a YAML text stands in its file: block and folded texts, quotes and escapes. */
import type { Scalar } from "yaml";

interface Visible {
  character: string;
  /** Offset in the file. */
  at: number;
}

const blank = /\s/;
/** How many hexadecimal digits follow `\x`, `\u` and `\U` (YAML 1.2.2, section 5.7). */
const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const namedEscapes: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  e: "\x1b",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  f: "\f",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};

/**
 * The file offset of the character at `offset` of a scalar's value; that of its end where the value ends sooner.
 * Folding and indentation change blanks alone, so the visible characters of the file and of the value are the same
 * in the same order: the one with as many before it is the one.
 */
export function sourceOffset(text: string, scalar: Scalar, offset: number): number {
  const [start, end] = scalar.range!;
  const value = String(scalar.value);
  const before = Array.from(value.slice(0, offset)).filter((character) => !blank.test(character)).length;
  const visible = visibleCharacters(text, scalar);
  const found = visible[before];
  if (found) return found.at;
  const last = visible.at(-1);
  return last ? last.at + 1 : Math.min(start, end);
}

function visibleCharacters(text: string, scalar: Scalar): Visible[] {
  const [start, end] = scalar.range!;
  if (scalar.type === "QUOTE_DOUBLE") return doubleQuoted(text, start + 1, end - 1);
  if (scalar.type === "QUOTE_SINGLE")
    return plain(text, start + 1, end - 1).filter(
      ({ character }, index, all) => character !== "'" || isFirstOfPair(all, index),
    );
  // A block's first line is its header: `|`, `>-`, `|2+ # comment`.
  const header =
    scalar.type === "BLOCK_LITERAL" || scalar.type === "BLOCK_FOLDED" ? text.indexOf("\n", start) + 1 : start;
  return plain(text, header, end);
}

function plain(text: string, start: number, end: number): Visible[] {
  const visible: Visible[] = [];
  for (let at = start; at < end; at++) {
    const character = String.fromCodePoint(text.codePointAt(at)!);
    if (!blank.test(character)) visible.push({ character, at });
    at += character.length - 1;
  }
  return visible;
}

/** In single quotes `''` is one quote: the first of each pair stands for it. */
function isFirstOfPair(all: readonly Visible[], index: number): boolean {
  let run = 0;
  while (all[index - run - 1]?.character === "'" && all[index - run - 1]!.at === all[index - run]!.at - 1) run++;
  return run % 2 === 0;
}

function doubleQuoted(text: string, start: number, end: number): Visible[] {
  const visible: Visible[] = [];
  for (let at = start; at < end;) {
    const { character, length } =
      text[at] === "\\" ? escaped(text, at) : { character: String.fromCodePoint(text.codePointAt(at)!), length: 0 };
    if (!blank.test(character)) visible.push({ character, at });
    at += length || character.length;
  }
  return visible;
}

/** The character that an escape stands for, and how long the escape is. A backslash at a line's end is a blank. */
function escaped(text: string, at: number): { character: string; length: number } {
  const kind = text[at + 1] ?? "";
  const digits = hexDigits[kind];
  if (digits === undefined) return { character: namedEscapes[kind] ?? kind, length: 2 };
  const code = Number.parseInt(text.slice(at + 2, at + 2 + digits), 16);
  return { character: code <= 0x10ffff ? String.fromCodePoint(code) : "?", length: 2 + digits };
}
