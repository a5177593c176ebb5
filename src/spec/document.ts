/** A YAML file that remembers where everything stands. */
import { readFileSync } from "node:fs";
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from "yaml";
import { messageOf } from "../errors.ts";
import { shownPath, type Problem } from "./problem.ts";
import { isMergeKey, readYaml, type YamlText } from "./read-yaml.ts";
import { sourceOffset } from "./source-offset.ts";

export type Path = readonly (string | number)[];

export interface PlaceOptions {
  /** Whether the key or its value is meant; the value if not given. */
  target?: "key" | "value";
  /** Of a character of the text at the path. */
  offset?: number;
  /** How many characters are meant. */
  length?: number;
  severity?: Problem["severity"];
  /**
   * What is wrong, without the path: two problems of one code at one place that agree in it are one mistake, seen
   * through two aliases. The message if not given.
   */
  mistake?: string;
}

export class SpecDocument {
  readonly file: string;
  /** As it stands in the file. */
  readonly text: string;
  readonly problems: Problem[] = [];
  /** The plain data, the whole of it where a file extends another; undefined when the YAML is broken. */
  data: unknown;
  readonly #yaml: YamlText | undefined;
  readonly #lineStarts: number[];
  readonly #mistakes = new Set<string>();
  readonly #muted = new Set<string>();
  readonly #overlays: { document: SpecDocument; prefix: Path; first?: boolean }[] = [];

  /** Reads and parses; what is wrong goes to `problems`. */
  constructor(file: string, text?: string) {
    this.file = file;
    this.text = "";
    this.#lineStarts = [0];
    try {
      this.text = text ?? readFileSync(file, "utf8");
    } catch (error) {
      this.add([], "E001", `the file cannot be read: ${messageOf(error)}`);
      return;
    }
    this.#lineStarts = [0, ...Array.from(this.text.matchAll(/\n/g), ({ index }) => index + 1)];
    this.#yaml = readYaml(this.text);
    for (const { offset, length, code, message } of this.#yaml.problems)
      this.#push(this.#problemAt(offset, { length, code, message }), message);
    try {
      this.data = this.#yaml.document?.toJS({ maxAliasCount: 1_000 });
    } catch (error) {
      this.add([], "E001", messageOf(error));
    }
  }

  /** The file as users read it. */
  get shownFile(): string {
    return shownPath(this.file);
  }

  /** True when the YAML could not be read, so that there is nothing else to check. */
  get broken(): boolean {
    return this.data === undefined && this.problems.length > 0;
  }

  /** Says that what stands below `prefix` in another document was laid over this one: its problems are shown there. */
  layOver(document: SpecDocument, prefix: Path): void {
    this.#overlays.unshift({ document, prefix });
  }

  /**
   * This document as another one extends it: `data` is the whole, and what stands in either is shown there, what
   * stands in both or in neither in the one that extends.
   */
  extendBy(document: SpecDocument, data: unknown): this {
    this.#overlays.unshift({ document, prefix: [], first: true });
    this.problems.push(...document.problems);
    this.data = data;
    return this;
  }

  /** Where a value stands: the file as users read it, line and column from 1; undefined for one that stands nowhere. */
  placeOf(path: Path): { file: string; line: number; column: number } | undefined {
    const over = this.#over(path);
    if (over) return over.document.placeOf([...over.prefix, ...path]);
    const node = this.#find(path);
    if (!node?.whole) return undefined;
    const located = this.#locate(path, {}, { code: "", message: "" });
    return located && { file: this.shownFile, line: located.line, column: located.column };
  }

  /** The overlay that a path is to be looked for in; undefined for this document itself. */
  #over(path: Path): { document: SpecDocument; prefix: Path } | undefined {
    const own = this.#find(path)?.whole === true;
    const holder = this.#overlays.find(({ document, prefix, first }) => {
      const node = document.#find([...prefix, ...path]);
      // Maps merge, so one that is in both is the base's; what is no map was replaced.
      return node?.whole && (first || !isMap(node.value) || !own);
    });
    return holder ?? (own ? undefined : this.#overlays.find(({ first }) => first));
  }

  /** Adds a problem at a path, or at as much of it as there is. */
  add(path: Path, code: string, message: string, options: PlaceOptions = {}): void {
    if (this.#muted.has(JSON.stringify(path))) return;
    const over = this.#over(path);
    const problem = over
      ? over.document.#locate([...over.prefix, ...path], options, { code, message })
      : this.#locate(path, options, { code, message });
    if (problem) this.#push(problem, options.mistake ?? message);
  }

  /** The node of a scalar as it stands in the file, or undefined. */
  scalar(path: Path): Scalar | undefined {
    const over = this.#over(path);
    if (over) return over.document.scalar([...over.prefix, ...path]);
    const value = this.#find(path)?.value;
    return isScalar(value) ? value : undefined;
  }

  /** Nothing more is said about the value at the path: what is wrong with it was said, and what it is is not known. */
  mute(path: Path): void {
    this.#muted.add(JSON.stringify(path));
  }

  /** True when there is something at the path. */
  has(path: Path): boolean {
    return (
      this.#find(path)?.whole === true ||
      this.#overlays.some(({ document, prefix, first }) => first && document.has([...prefix, ...path]))
    );
  }

  /** True where the value at a path has an anchor (`&name`), so that it may be meant under several paths. */
  isShared(path: Path): boolean {
    return (this.#find(path)?.value as { anchor?: string } | undefined)?.anchor !== undefined;
  }

  #push(problem: Problem, mistake: string): void {
    const key = JSON.stringify([problem.file, problem.line, problem.column, problem.code, mistake]);
    if (this.#mistakes.has(key)) return;
    this.#mistakes.add(key);
    this.problems.push(problem);
  }

  /** The problem with its place; undefined inside a text that YAML cut, which is a problem already. */
  #locate(path: Path, options: PlaceOptions, what: { code: string; message: string }): Problem | undefined {
    const node = this.#find(path);
    const range = (options.target === "key" ? node?.key : node?.value)?.range ?? node?.key?.range ?? node?.value?.range;
    let start = range?.[0] ?? 0;
    let length = options.length ?? (range ? range[1] - range[0] : 1);
    if (options.offset !== undefined && isScalar(node?.value) && this.#yaml) {
      start = sourceOffset(this.#yaml.text, node.value, options.offset);
      length = options.length ?? 1;
    }
    const given = this.#yaml?.given(start);
    if (given?.mended) return undefined;
    return this.#problemAt(given?.offset ?? start, { length, severity: options.severity, ...what });
  }

  #problemAt(
    offset: number,
    {
      length,
      severity = "error",
      code,
      message,
    }: { length: number; severity?: Problem["severity"] | undefined; code: string; message: string },
  ): Problem {
    const starts = this.#lineStarts;
    let line = starts.length;
    while (line > 1 && starts[line - 1]! > offset) line--;
    return {
      file: this.shownFile,
      line,
      column: offset - starts[line - 1]! + 1,
      severity,
      code,
      message,
      length: Math.max(1, length),
    };
  }

  /** Follows a path through aliases and merge keys, as far as it goes; `whole` when it goes to the end. */
  #find(path: Path): { key?: Node | undefined; value?: Node | undefined; whole: boolean } | undefined {
    let key: Node | undefined;
    let value: Node | undefined = this.#resolve(this.#yaml?.document?.contents ?? undefined);
    for (const part of path) {
      const pair: Pair | { key?: Node; value: unknown } | undefined = isMap(value)
        ? this.#pair(value, part)
        : isSeq(value) && value.items[Number(part)] !== undefined
          ? { value: value.items[Number(part)] }
          : undefined;
      if (!pair) return key || value ? { key, value, whole: false } : undefined;
      key = (pair.key as Node | undefined) ?? (pair.value as Node | undefined) ?? key;
      value = this.#resolve(pair.value as Node | undefined);
    }
    return { key, value, whole: true };
  }

  #pair(map: Node, name: string | number): Pair | undefined {
    if (!isMap(map)) return undefined;
    // Of a key that is there twice, the last is what the data has.
    const own = map.items.findLast((pair) => isScalar(pair.key) && String(pair.key.value) === String(name));
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
    return isAlias(node) && this.#yaml?.document ? (node.resolve(this.#yaml.document) as Node | undefined) : node;
  }
}
