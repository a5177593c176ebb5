/** YAML text to a document, whatever is wrong with it: cut texts are mended and read on, so that one cut is one problem. */
import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  visit,
  type Document,
  type YAMLError,
} from "yaml";
import { parseJson } from "../values/json-text.ts";
import { cutBehindError, cutMessage, cutWithoutError, quote } from "./cut-text.ts";
import { endOfLine } from "./scan-value.ts";

export interface YamlProblem {
  /** Offset in the text as it was given. */
  offset: number;
  length: number;
  code: string;
  message: string;
}

export interface YamlText {
  /** Absent where the text cannot be read. */
  document?: Document.Parsed;
  /** The text that the document's offsets belong to: as given, cut texts quoted. */
  text: string;
  problems: YamlProblem[];
  /** The offset in the text as given of an offset in `text`, and whether it lies in a text that was mended. */
  given(offset: number): { offset: number; mended: boolean };
}

/** A piece of the text that was replaced by its quoted form, in the coordinates of the text before. */
interface Mend {
  start: number;
  end: number;
  length: number;
}

/** More cut texts than this in one file are not mended: it is not a spec. */
const maxMends = 100;

/** Reads YAML 1.2 with merge keys. */
export function readYaml(given: string): YamlText {
  const problems: YamlProblem[] = [];
  const mends: Mend[] = [];
  let text = given;
  const back = (offset: number): { offset: number; mended: boolean } => {
    let at = offset;
    let mended = false;
    for (const { start, end, length } of mends.toReversed()) {
      if (at >= start + length) at -= length - (end - start);
      else if (at >= start) {
        mended = true;
        at = Math.min(end, Math.max(start, at - 1));
      }
    }
    return { offset: at, mended };
  };
  for (;;) {
    const document = parseDocument(text, { merge: true, uniqueKeys: true, prettyErrors: false });
    const broken = document.errors.find(({ code }) => code !== "DUPLICATE_KEY" && code !== "TAB_AS_INDENT");
    const cut = broken ? cutBehindError(text, broken, document) : cutWithoutError(text, document);
    // Where one quote is taken for another's end, each mend escapes those before it: the text would double every time.
    if (cut && mends.length < maxMends && text.length <= 2 * given.length + 1_000) {
      problems.push({
        offset: back(cut.start).offset,
        length: cut.end - cut.start,
        code: "E204",
        message: cutMessage(text, cut),
      });
      const whole = quote(text.slice(cut.start, cut.end));
      mends.push({ start: cut.start, end: cut.end, length: whole.length });
      text = text.slice(0, cut.start) + whole + text.slice(cut.end);
      continue;
    }
    const found = [
      ...errorsOf(document, text),
      ...(broken ? [] : [...referenceProblems(document), ...numberProblems(document)]),
    ];
    for (const problem of found) problems.push({ ...problem, offset: back(problem.offset).offset });
    problems.sort((a, b) => a.offset - b.offset);
    return { text, problems, given: back, ...(found.some(({ code }) => code === "E001") ? {} : { document }) };
  }
}

/** What YAML itself says, one problem a mistake: what follows the first break of the syntax follows from it. */
function errorsOf(document: Document.Parsed, text: string): YamlProblem[] {
  const found: YamlProblem[] = [];
  const tabs = document.errors.filter(({ code }) => code === "TAB_AS_INDENT");
  for (const error of tabs.length > 0 ? tabs : document.errors) {
    found.push(error.code === "DUPLICATE_KEY" ? duplicateKey(error, text) : describe(error, text, document));
    if (error.code !== "DUPLICATE_KEY" && error.code !== "TAB_AS_INDENT") break;
  }
  for (const { code, pos } of document.warnings) {
    if (code !== "TAG_RESOLVE_FAILED") continue;
    const tag = text.slice(pos[0], pos[1]);
    found.push({
      offset: pos[0],
      length: tag.length,
      code: "E001",
      message: `YAML takes "${tag}" for a tag, and there is none of that name: quote the text`,
    });
  }
  return found;
}

function duplicateKey({ pos }: YAMLError, text: string): YamlProblem {
  const key = /^(?:"[^"]*"|'[^']*'|[^\s:,}]+)/.exec(text.slice(pos[0]))?.[0] ?? "";
  return {
    offset: pos[0],
    length: key.length,
    code: "E002",
    message: `the key "${key.replace(/^["']|["']$/g, "")}" is there twice: keep one`,
  };
}

function describe({ code, pos, message }: YAMLError, text: string, document: Document.Parsed): YamlProblem {
  const at = pos[0];
  const problem = (offset: number, length: number, words: string): YamlProblem => ({
    offset,
    length,
    code: "E001",
    message: words,
  });
  switch (code) {
    case "TAB_AS_INDENT":
      return problem(at, 1, "a tab indents this line: YAML takes blanks only");
    case "MULTIPLE_DOCS":
      return problem(at, 3, "a second document starts here: a file holds one");
    case "BLOCK_AS_IMPLICIT_KEY":
    case "MULTILINE_IMPLICIT_KEY": {
      const missing = /^[^\n:#]*$/.test(text.slice(at, endOfLine(text, at)));
      if (missing && code === "MULTILINE_IMPLICIT_KEY")
        return problem(at, endOfLine(text, at) - at, `this line has no ":": write key: value`);
      const next = text.indexOf("\n", at) + 1;
      if (next > 0 && pos[1] >= next)
        return problem(
          next + /^\s*/.exec(text.slice(next))![0].length,
          1,
          "this line is indented deeper than the one above, which has a value already: line them up",
        );
      if (missing) {
        const below = next + /^\s*/.exec(text.slice(next))![0].length;
        return problem(
          below,
          1,
          "this line is indented deeper than the one above, which has a value already: line them up",
        );
      }
      return problem(at, endOfLine(text, at) - at, `YAML takes the ": " in this text for a key: quote the text`);
    }
    default: {
      if (message.startsWith("Implicit map keys"))
        return problem(at, endOfLine(text, at) - at, `this line has no ":": write key: value`);
      const open = unclosed(document, text, at);
      if (open) return problem(open.offset, 1, `this ${open.sign} is not closed: put ${open.closing} at its end`);
      return problem(
        at,
        Math.max(1, pos[1] - at),
        `this is not YAML: ${message.split("\n", 1)[0]!.replace(/^[A-Z]/, (letter) => letter.toLowerCase())}`,
      );
    }
  }
}

/** The quote or bracket before an error that opens and does not close where it should. */
function unclosed(
  document: Document.Parsed,
  text: string,
  at: number,
): { offset: number; sign: string; closing: string } | undefined {
  let open: { offset: number; sign: string; closing: string } | undefined;
  visit(document, {
    Node(_, node) {
      const range = node.range;
      if (!range || range[0] > at) return;
      const sign = text[range[0]]!;
      if (isScalar(node) && (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE")) {
        const runsOn = text.slice(range[0], range[1]).includes("\n") && range[1] >= at - 2;
        if (runsOn || text[range[1] - 1] !== sign || range[1] - range[0] < 2)
          open = { offset: range[0], sign, closing: sign };
      } else if (isCollection(node) && node.flow) {
        const closing = isMap(node) ? "}" : "]";
        if (text[range[1] - 1] !== closing) open = { offset: range[0], sign, closing };
      }
    },
  });
  return open;
}

/** Aliases without an anchor, and merge keys that name no map: found by yaml when it resolves them, without a place. */
function referenceProblems(document: Document.Parsed): YamlProblem[] {
  const found: YamlProblem[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined && alias.range)
        found.push({
          offset: alias.range[0],
          length: alias.range[1] - alias.range[0],
          code: "E001",
          message: `there is no anchor &${alias.source} above this line`,
        });
    },
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isMergeKey(key.value) || !key.range) return;
      const merged = isAlias(value) ? value.resolve(document) : value;
      if (isAlias(value) && merged === undefined) return;
      const sources = isSeq(merged)
        ? merged.items.map((item) => (isAlias(item) ? item.resolve(document) : item))
        : [merged];
      if (!sources.every(isMap))
        found.push({
          offset: key.range[0],
          length: 2,
          code: "E001",
          message: `<< merges maps, and this is none: write <<: *name of a map`,
        });
    },
  });
  return found;
}

/** Numbers that would silently become others: a JavaScript number holds 15 digits for certain. */
function numberProblems(document: Document.Parsed): YamlProblem[] {
  const found: YamlProblem[] = [];
  visit(document, {
    Scalar(_, scalar) {
      const { value, source, range } = scalar;
      if (
        typeof value !== "number" ||
        typeof source !== "string" ||
        !range ||
        (source.length < 16 && !/e/i.test(source))
      )
        return;
      if (!isHeld(value, source))
        found.push({
          offset: range[0],
          length: source.length,
          code: "E107",
          message: `the number ${source} has more digits than a number can hold, and would be read as ${value}: quote it, texts keep every digit`,
        });
    },
  });
  return found;
}

function isHeld(value: number, source: string): boolean {
  const json = source.replace(/^\+/, "").replace(/^(-?)0+(?=\d)/, "$1");
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(json))
    return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  return typeof parseJson(json) === "number";
}

/** `<<`, which yaml keeps as a symbol. */
export function isMergeKey(value: unknown): boolean {
  return value === "<<" || (typeof value === "symbol" && value.description === "<<");
}
