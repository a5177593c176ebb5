/**
 * Texts that YAML cuts: inside `{ }` at a comma or bracket, anywhere at `: ` and ` #`, after a leading quote, before
 * a sign that YAML keeps for itself. Found where it happened, so that it is one problem and not what follows from it.
 */
import { isAlias, isMap, isScalar, visit, type Document, type YAMLError, type YAMLMap } from "yaml";
import { syntaxProblems } from "../jsonata/index.ts";
import { closingBracket, endOfLine, endOfValue } from "./scan-value.ts";

export interface Cut {
  /** The key that the text belongs to, as it was written. */
  key: string;
  /** Where the whole text starts and ends in the file. */
  start: number;
  end: number;
  /** What YAML did: "YAML takes … for a comment". */
  reason: string;
}

/** A cut that made the document unreadable; undefined where the error is something else. */
export function cutBehindError(
  text: string,
  error: Pick<YAMLError, "code" | "pos">,
  document: Document.Parsed,
): Cut | undefined {
  const unclosed = unclosedFlow(text, document, error);
  const at = unclosed ?? error.pos[0];
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const candidates = values(text, lineStart, at);
  for (const { key, start, inFlow } of candidates) {
    const end = endOfValue(text, start, inFlow);
    if (end === undefined || end <= start || (unclosed === undefined && (at < start || at > end))) continue;
    const whole = text.slice(start, end);
    if (unclosed !== undefined ? !isExpression(whole) || !whole.includes(" #") : !isCut(whole, error, inFlow)) continue;
    return { key, start, end, reason: reasonOf(whole, inFlow) };
  }
  return undefined;
}

/** The first cut of a document that YAML could read all the same: junk keys, half an expression before a comment. */
export function cutWithoutError(text: string, document: Document.Parsed): Cut | undefined {
  let cut: Cut | undefined;
  visit(document, {
    Pair(index, { key, value }, parents) {
      if (!isScalar(key) || cut) return cut ? visit.BREAK : undefined;
      const map = parents.at(-1);
      const inFlow = isMap(map) && map.flow === true;
      if (isAlias(value) && value.range && !value.resolve(document)) {
        const end = endOfValue(text, value.range[0], inFlow);
        const whole = end === undefined ? "" : text.slice(value.range[0], end);
        if (/^\*+[.[]/.test(whole) && isExpression(whole))
          cut = { key: String(key.value), start: value.range[0], end: end!, reason: reasonOf(whole, inFlow) };
        return undefined;
      }
      if (!isScalar(value) || value.type !== "PLAIN" || !value.range || value.source === "") return undefined;
      const [start, valueEnd] = value.range;
      const junk = inFlow && isMap(map) ? endOfJunk(text, map, Number(index)) : undefined;
      const end = Math.max(endOfValue(text, start, inFlow) ?? 0, junk ?? 0);
      if (end <= valueEnd) return undefined;
      const whole = text.slice(start, end);
      const comment = /^\s+#/.exec(text.slice(valueEnd, end));
      if (comment && (!isExpression(whole) || isExpression(String(value.value)))) return undefined;
      if (!comment && !inFlow) return undefined;
      cut = {
        key: String(key.value),
        start,
        end,
        reason: comment
          ? commentReason(text.slice(valueEnd, endOfLine(text, start)))
          : flowReason(text[valueEnd + /^\s*/.exec(text.slice(valueEnd))![0].length]!),
      };
      return visit.BREAK;
    },
  });
  return cut;
}

/** Where the keys end that follow a pair without a colon: `{ a: x, y, b: z }` has a junk key `y`. */
function endOfJunk(text: string, map: YAMLMap, index: number): number | undefined {
  let end: number | undefined;
  for (const { key } of map.items.slice(index + 1)) {
    if (!isScalar(key) || key.type !== "PLAIN" || !key.range || /^\s*:/.test(text.slice(key.range[1]))) break;
    end = key.range[1];
  }
  return end;
}

/** `key: value` pairs of one line that hold or come before `at`, outermost first. */
function values(text: string, lineStart: number, at: number): { key: string; start: number; inFlow: boolean }[] {
  const line = text.slice(lineStart, endOfLine(text, lineStart));
  const found: { key: string; start: number; inFlow: boolean }[] = [];
  // A pair of a flow map that goes over several lines.
  const multiLineFlow = /,\s*$/.test(line);
  for (const match of line.matchAll(/(^\s*(?:- +)*|[{,]\s*)("[^"]*"|'[^']*'|[\w$.-]+):[ \t]+(?=\S)/g)) {
    const start = lineStart + match.index + match[0].length;
    if (start > at + 1) break;
    const inFlow = /[{,]/.test(match[1]!) || multiLineFlow;
    // What lies inside a value that is no flow map is part of that value.
    const outer = found.at(-1);
    if (outer && !isFlow(text, outer) && (endOfValue(text, outer.start, outer.inFlow) ?? 0) > start) continue;
    found.push({ key: match[2]!.replace(/^["']|["']$/g, ""), start, inFlow });
  }
  return found.filter((value) => !isFlow(text, value));
}

/** True for a value that is a flow map or list and nothing else: `{ a: b }`, not `{ "n": a }.n`. */
function isFlow(text: string, { start, inFlow }: { start: number; inFlow: boolean }): boolean {
  if (!/[{[]/.test(text[start]!)) return false;
  const close = closingBracket(text, start);
  return close === undefined || close + 1 === endOfValue(text, start, inFlow);
}

function isCut(whole: string, { code }: Pick<YAMLError, "code">, inFlow: boolean): boolean {
  if (isExpression(whole) && /[^\w.]/.test(whole)) return true;
  // Prose with a colon, or with more after a leading quote, is cut as well.
  return (
    !inFlow &&
    (code === "BLOCK_AS_IMPLICIT_KEY"
      ? /: /.test(whole) && !/^["'{[]/.test(whole)
      : /^(["']).*\1\s*\S/.test(whole) && code === "UNEXPECTED_TOKEN")
  );
}

/** A flow map on the error's line or above that a comment swallowed the end of: the comment's offset. */
function unclosedFlow(text: string, document: Document.Parsed, { code }: Pick<YAMLError, "code">): number | undefined {
  if (code !== "BAD_INDENT") return undefined;
  let at: number | undefined;
  visit(document, {
    Map(_, map) {
      if (!map.flow || !map.range || text[map.range[1] - 1] === "}") return;
      const comment = /[ \t]#/.exec(text.slice(map.range[0], endOfLine(text, map.range[0])));
      if (comment) at = map.range[0] + comment.index + 1;
    },
  });
  return at;
}

/** True for a text that is JSONata as it stands. */
export function isExpression(text: string): boolean {
  return !syntaxProblems(text).some(({ kind }) => kind === "syntax");
}

function reasonOf(whole: string, inFlow: boolean): string {
  const first = whole[0]!;
  if (/["']/.test(first)) return "YAML ends this text at its second quote";
  if (/[@`%&*!|>[{]/.test(first)) return `YAML keeps a leading "${first}" for itself`;
  if (/(^|\s)#/.test(whole)) return commentReason(whole);
  const sign = inFlow ? /[,[\]{}]|: /.exec(whole)?.[0] : /: /.exec(whole)?.[0];
  return sign === ": " || sign === undefined ? `YAML takes the ": " in this text for a key` : flowReason(sign);
}

function flowReason(sign: string): string {
  return `inside { } YAML cuts this text at "${sign}"`;
}

function commentReason(text: string): string {
  return `YAML takes "${/#.*/.exec(text)![0].trim()}" for a comment`;
}

/** A text as YAML takes it whole: in single quotes, or in double ones where that needs no escapes and single would. */
export function quote(text: string): string {
  return text.includes("'") && !/["\\]/.test(text) ? `"${text}"` : `'${text.replace(/'/g, "''")}'`;
}

/** The whole message of a cut. */
export function cutMessage(text: string, { key, start, end, reason }: Cut): string {
  const whole = text.slice(start, end);
  return `${reason}. Quote this ${isExpression(whole) && !isProse(key) ? "expression" : "text"}: ${key}: ${quote(whole)}`;
}

function isProse(key: string): boolean {
  return /^(description|message|name)$/.test(key);
}
