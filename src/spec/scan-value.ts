/** Finds the end that an author meant for a text which YAML may have cut: brackets and quotes of JSONata count. */

const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/**
 * The offset after the last character of the value that starts at `start`, on its line: in a flow map it ends at a
 * comma or bracket outside of brackets and quotes, else at the line's end; a comment outside of them ends both.
 * Undefined where a bracket stays open or one is closed that was not opened.
 */
export function endOfValue(text: string, start: number, inFlow: boolean): number | undefined {
  const lineEnd = endOfLine(text, start);
  const open: string[] = [];
  let at = start;
  for (; at < lineEnd; at++) {
    const character = text[at]!;
    if (open.length === 0 && inFlow && /[,}\]]/.test(character)) break;
    if (open.length === 0 && character === "#" && /\s/.test(text[at - 1] ?? "")) break;
    // What begins with a slash is a path (`{ path: /a }, { path: /b }`): no value is a regular expression.
    const quoted = at === start && character === "/" ? undefined : quotedEnd(text, at, lineEnd);
    if (quoted !== undefined) at = quoted;
    else if (closing[character]) open.push(closing[character]);
    else if (/[)\]}]/.test(character) && open.pop() !== character) return undefined;
  }
  if (open.length > 0) return undefined;
  return start + text.slice(start, at).trimEnd().length;
}

/** The offset of the bracket that closes the one at `start`, on its line; undefined where none does. */
export function closingBracket(text: string, start: number): number | undefined {
  const lineEnd = endOfLine(text, start);
  const open: string[] = [];
  for (let at = start; at < lineEnd; at++) {
    const character = text[at]!;
    const quoted = quotedEnd(text, at, lineEnd);
    if (quoted !== undefined) at = quoted;
    else if (closing[character]) open.push(closing[character]);
    else if (/[)\]}]/.test(character)) {
      if (open.pop() !== character) return undefined;
      if (open.length === 0) return at;
    }
  }
  return undefined;
}

/** The offset of a line's end, without its line break. */
export function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  const stop = end < 0 ? text.length : end;
  return text[stop - 1] === "\r" && stop > at ? stop - 1 : stop;
}

/** The offset of the closing quote of a text or regular expression that opens at `at`, on the same line. */
function quotedEnd(text: string, at: number, lineEnd: number): number | undefined {
  const quote = text[at]!;
  const before =
    text
      .slice(Math.max(0, at - 20), at)
      .trimEnd()
      .at(-1) ?? "";
  if (quote === "'") {
    // An apostrophe inside a word opens nothing.
    if (/\w/.test(text[at - 1] ?? "")) return undefined;
  } else if (quote === "/") {
    // After a value it divides.
    if (!/[(,=:?~>&|]/.test(before)) return undefined;
  } else if (quote !== '"' && quote !== "`") return undefined;
  for (let end = at + 1; end < lineEnd; end++) {
    if (text[end] === "\\" && quote !== "`") end++;
    else if (text[end] === quote) return end;
  }
  return undefined;
}
