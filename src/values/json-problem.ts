/** Where a text stops being JSON. V8's own message names no position for most mistakes. */
export interface JsonProblem {
  /** Both from 1. */
  line: number;
  column: number;
  /** What stood there, in at most 60 characters; empty where the text ended. */
  excerpt: string;
}

const before = 10;
const after = 40;

/** Finds the first character of `text` that no JSON text can have there. Call it when JSON.parse has failed. */
export function findJsonProblem(text: string): JsonProblem {
  const offset = scan(text);
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  const from = Math.max(lineStart, offset - before);
  const excerpt = offset >= text.length ? "" : excerptOf(text, from, offset + after);
  return { line, column: offset - lineStart + 1, excerpt };
}

function excerptOf(text: string, from: number, to: number): string {
  // Control characters must not reach a terminal.
  return text
    .slice(from, to)
    .replaceAll(/\p{Cc}+/gu, " ")
    .toWellFormed();
}

type Expected = "value" | "first" | "key" | "first key" | "colon" | "after";

/**
 * A JSON reader that keeps nothing but its place: `open` holds the brackets that are open, `next` what may stand
 * here. By hand and without recursion: the text is broken in ways nobody foresaw.
 */
function scan(text: string): number {
  const open: string[] = [];
  let next = "value" as Expected;
  let at = 0;
  while (true) {
    at = skipBlanks(text, at);
    const char = text[at];
    if (char === undefined) return text.length;
    if (next === "colon") {
      if (char !== ":") return at;
      next = "value";
      at++;
    } else if (next === "after") {
      if (char === "," && open.length > 0) next = open.at(-1) === "{" ? "key" : "value";
      else if (char === "}" && open.at(-1) === "{") open.pop();
      else if (char === "]" && open.at(-1) === "[") open.pop();
      else return at;
      at++;
    } else if ((next === "first" && char === "]") || (next === "first key" && char === "}")) {
      open.pop();
      next = "after";
      at++;
    } else if (char === '"') {
      const end = endOfString(text, at);
      if (end < 0) return -end;
      next = next === "key" || next === "first key" ? "colon" : "after";
      at = end;
    } else if (next === "key" || next === "first key") {
      return at;
    } else if (char === "{" || char === "[") {
      open.push(char);
      next = char === "{" ? "first key" : "first";
      at++;
    } else {
      const length = scalarLength(text, at);
      if (length === 0) return at;
      next = "after";
      at += length;
    }
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (" \t\n\r".includes(text[at] ?? "x")) at++;
  return at;
}

/** The offset after the closing quote, or minus the offset of what may not stand in a string. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 34) return at + 1;
    if (char < 32) return -at;
    if (char !== 92) continue;
    const escape = text[at + 1] ?? "";
    if (escape === "u" && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6))) at += 5;
    else if (escape !== "" && '"\\/bfnrt'.includes(escape)) at++;
    else return -at;
  }
  return -text.length;
}

const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function scalarLength(text: string, at: number): number {
  scalar.lastIndex = at;
  return scalar.exec(text)?.[0].length ?? 0;
}
