/** A YAML file that remembers where everything stands. */
import { readFileSync } from "node:fs";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type Pair, type Scalar } from "yaml";
import { messageOf } from "../errors.ts";
import { shownPath, type Problem } from "./problem.ts";

export type Path = readonly (string | number)[];

export class SpecDocument {
  readonly file: string;
  readonly text: string;
  readonly problems: Problem[] = [];
  /** The plain data; undefined when the YAML is broken. */
  readonly data: unknown;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed | undefined;

  /** Reads and parses; what is wrong goes to `problems`. */
  constructor(file: string, text?: string) {
    this.file = file;
    try {
      this.text = text ?? readFileSync(file, "utf8");
    } catch (error) {
      this.text = "";
      this.add([], "E001", `cannot be read: ${messageOf(error)}`);
      return;
    }
    const document = parseDocument(this.text, { lineCounter: this.#lines, merge: true, uniqueKeys: true, prettyErrors: false });
    for (const error of document.errors) this.#addAt(error.pos[0], error.pos[1] - error.pos[0], yamlCode(error.code), yamlMessage(error, this.text));
    if (document.errors.length) return;
    this.#document = document;
    try {
      this.data = document.toJS({ maxAliasCount: 1_000 });
    } catch (error) {
      this.add([], "E001", messageOf(error));
    }
  }

  /** The file as users read it. */
  get shownFile(): string {
    return shownPath(this.file);
  }

  /** Adds a problem at a path; `target` says whether the key or its value is meant. */
  add(path: Path, code: string, message: string, options: { target?: "key" | "value"; offset?: number; length?: number; severity?: "warning" } = {}): void {
    const node = this.#find(path);
    const range = (options.target === "key" ? node?.key : node?.value)?.range ?? node?.key?.range ?? node?.value?.range;
    let start = range?.[0] ?? 0;
    let length = options.length ?? (range ? range[1] - range[0] : 1);
    if (options.offset !== undefined && isScalar(node?.value)) {
      start = this.#sourceOffset(node.value, options.offset);
      length = options.length ?? 1;
    }
    this.#addAt(start, length, code, message, options.severity);
  }

  /** The node of a scalar as it stands in the file, or undefined. */
  scalar(path: Path): Scalar | undefined {
    const value = this.#find(path)?.value;
    return isScalar(value) ? value : undefined;
  }

  /** Pairs of the map at a path, as they stand in the file; empty when there is none. */
  pairs(path: Path): { key: string; keyRange: readonly number[]; valueRange: readonly number[] | undefined; flow: boolean }[] {
    const map = this.#find(path)?.value;
    if (!isMap(map)) return [];
    return map.items.flatMap((pair) => {
      const key = pair.key as Node;
      if (!isScalar(key) || !key.range) return [];
      return [{ key: String(key.value), keyRange: key.range, valueRange: (pair.value as Node | null)?.range ?? undefined, flow: map.flow === true }];
    });
  }

  #addAt(offset: number, length: number, code: string, message: string, severity: Problem["severity"] = "error"): void {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.text.length));
    this.problems.push({ file: shownPath(this.file), line: line || 1, column: col || 1, severity, code, message, length: Math.max(1, length) });
  }

  /** Follows a path through aliases and merge keys, as far as it goes. */
  #find(path: Path): { key?: Node; value?: Node } | undefined {
    let key: Node | undefined;
    let value: Node | undefined = this.#resolve(this.#document?.contents ?? undefined);
    for (const part of path) {
      const pair: Pair | { key?: Node; value: unknown } | undefined = isMap(value)
        ? this.#pair(value, part)
        : isSeq(value)
          ? { value: value.items[Number(part)] }
          : undefined;
      if (!pair) return key || value ? { key, value } : undefined;
      key = (pair.key as Node | undefined) ?? (pair.value as Node | undefined) ?? key;
      value = this.#resolve(pair.value as Node | undefined);
    }
    return { key, value };
  }

  #pair(map: Node, name: string | number): Pair | undefined {
    if (!isMap(map)) return undefined;
    const own = map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(name));
    if (own) return own;
    for (const pair of map.items) {
      if (!isScalar(pair.key) || !isMergeKey(pair.key.value)) continue;
      const merged = this.#resolve(pair.value as Node);
      for (const source of isSeq(merged) ? merged.items : [merged]) {
        const found = this.#pair(this.#resolve(source as Node) as Node, name);
        if (found) return found;
      }
    }
    return undefined;
  }

  #resolve(node: Node | undefined): Node | undefined {
    return isAlias(node) && this.#document ? (node.resolve(this.#document) as Node | undefined) : node;
  }

  /**
   * Where the character at `offset` of a scalar's value stands in the file. Blanks may differ (folding,
   * indentation, quotes and escapes), so the visible characters are matched one after the other.
   */
  #sourceOffset(scalar: Scalar, offset: number): number {
    const range = scalar.range!;
    const value = String(scalar.value);
    let at = range[0];
    const block = /^[|>][^\n]*\n/.exec(this.text.slice(at, range[1]));
    if (block) at += block[0].length;
    else if (/["']/.test(this.text[at] ?? "")) at += 1;
    const end = Math.min(offset, value.length);
    for (let index = 0; index <= end; index++) {
      const character = value[index];
      if (character === undefined) break;
      if (/\s/.test(character)) {
        if (index === end) break;
        continue;
      }
      while (at < range[1] && this.text[at] !== character) at++;
      if (index === end) return at;
      at++;
      if (character === "'" && this.text[range[0]] === "'" && this.text[at] === "'") at++;
    }
    return Math.min(at, Math.max(range[0], range[1]));
  }
}

/** `<<`, which yaml keeps as a symbol. */
function isMergeKey(value: unknown): boolean {
  return value === "<<" || (typeof value === "symbol" && value.description === "<<");
}

function yamlCode(code: string): string {
  return code === "DUPLICATE_KEY" ? "E002" : "E001";
}

/** yaml's message, with what to do where an expression was cut by YAML's own signs. */
function yamlMessage(error: { code: string; message: string; pos: [number, number] }, text: string): string {
  if (error.code === "DUPLICATE_KEY") {
    const key = /^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] ?? "";
    return `the key "${key.replace(/^["']|["']$/g, "")}" is there twice: keep one`;
  }
  const line = text.slice(text.lastIndexOf("\n", error.pos[0] - 1) + 1).split("\n", 1)[0]!;
  const cut = /^\s*(?:- )?(?:\{.*?\bfrom:\s*)?([\w-]+):\s+(\S.*)$/.exec(line);
  const expression = cut?.[2]?.trim();
  const expressionLike = expression !== undefined && /[$&?()=]|: |^["']/.test(expression) && !/^[[{|>]/.test(expression);
  const message = error.message.split("\n", 1)[0]!;
  if (!expressionLike) return `this is not YAML: ${message}`;
  return `YAML cuts this text (${message.toLowerCase()}). Quote this expression: ${cut![1]}: ${quote(expression)}`;
}

/** A text as YAML takes it whole: in single quotes, doubled inside. */
export function quote(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}
