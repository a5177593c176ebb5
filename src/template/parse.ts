/**
 * Handlebars' own parser, and nothing else of Handlebars: its compiler escapes through a global hook, looks up
 * prototypes unless told otherwise, and takes ten times as long to load.
 */
import { createRequire } from "node:module";
import { type CallExpression, type Expression, type Part, type PathExpression, TemplateError } from "./expression.ts";
import { helperNames } from "./helpers.ts";

/** Nodes of Handlebars' tree: https://github.com/handlebars-lang/handlebars.js/blob/4.x/docs/compiler-api.md */
interface Node {
  type: string;
  loc: { start: Place; end: Place };
  value?: unknown;
  path?: Node;
  params?: Node[];
  hash?: { pairs: { key: string; value: Node }[] };
  escaped?: boolean;
  parts?: string[];
  depth?: number;
  data?: boolean;
  original?: unknown;
}

interface Place {
  /** From 1. */
  line: number;
  /** From 0. */
  column: number;
}

interface Parser {
  parse(text: string): { body: Node[] };
  /** The lexer that `parse` used last: how far it came when it gave up. */
  parser: { lexer: { matched: string; match: string } };
}

let loaded: Parser | undefined;

function handlebarsParser(): Parser {
  loaded ??= createRequire(import.meta.url)("handlebars/dist/cjs/handlebars/compiler/base.js") as Parser;
  return loaded;
}

/** Takes a template's text apart. Throws TemplateError for bad syntax, blocks, partials, and calls of no helper. */
export function parseTemplate(text: string): Part[] {
  if (!text.includes("{{")) return [{ kind: "text", text }];
  return new Reader(text).parts(parseBody(text));
}

function parseBody(text: string): Node[] {
  const parser = handlebarsParser();
  try {
    return parser.parse(text).body;
  } catch (error) {
    const { lexer } = parser.parser;
    const stopped = Math.max(0, lexer.matched.length - lexer.match.length);
    const open = text.lastIndexOf("{{", stopped);
    const shown = excerpt(text, Math.max(0, open));
    const what = text.includes("}}", open) ? "is not an expression" : "has no closing }}";
    throw new TemplateError(`${shown} ${what}`, Math.max(0, open), { cause: error });
  }
}

/** At most 40 characters of the text, from the offset to the closing braces. */
function excerpt(text: string, from: number): string {
  const close = text.indexOf("}}", from);
  const end = close < 0 ? text.length : close + 2;
  return end - from > 40 ? `${text.slice(from, from + 39)}…` : text.slice(from, end);
}

const refused: Readonly<Record<string, string>> = {
  BlockStatement: "blocks ({{#…}}) are not part of templates here",
  PartialStatement: "partials ({{> …}}) are not part of templates here",
  PartialBlockStatement: "partials ({{#> …}}) are not part of templates here",
  Decorator: "decorators ({{* …}}) are not part of templates here",
  DecoratorBlock: "decorators ({{#* …}}) are not part of templates here",
};

/** Turns Handlebars' nodes into ours, with offsets in place of lines and columns. */
class Reader {
  private readonly text: string;
  private readonly lineStarts: number[];

  constructor(text: string) {
    this.text = text;
    this.lineStarts = [0, ...Array.from(text.matchAll(/\r\n?|\n/g), (match) => match.index + match[0].length)];
  }

  parts(nodes: readonly Node[]): Part[] {
    const parts: Part[] = [];
    for (const node of nodes) {
      if (node.type === "ContentStatement") {
        if (node.value !== "") parts.push({ kind: "text", text: String(node.value) });
      } else if (node.type === "MustacheStatement") {
        const offset = this.offset(node.loc.start);
        const text = this.text.slice(offset, this.offset(node.loc.end));
        parts.push({ kind: "slot", expression: this.invocation(node), raw: node.escaped === false, offset, text });
      } else if (node.type !== "CommentStatement") {
        throw new TemplateError(
          refused[node.type] ?? `${node.type} is not part of templates here`,
          this.offset(node.loc.start),
        );
      }
    }
    return parts;
  }

  private offset({ line, column }: Place): number {
    return (this.lineStarts[line - 1] ?? 0) + column;
  }

  /** `{{name …}}` or `(name …)`: a call when a helper has the name or arguments follow it. */
  private invocation(node: Node): Expression {
    const offset = this.offset(node.loc.start);
    const head = this.expression(node.path as Node);
    const hasArguments = (node.params?.length ?? 0) > 0 || node.hash !== undefined;
    const name = head.kind === "path" && head.parts.length === 1 ? head.parts[0] : undefined;
    if (name !== undefined && helperNames.has(name)) return this.call(name, node, head.offset);
    if (!hasArguments && node.type === "MustacheStatement") return head;
    const shown =
      head.kind === "path" ? head.parts.join(".") : JSON.stringify(head.kind === "literal" ? head.value : "");
    throw new TemplateError(`unknown helper "${shown}"`, head.offset || offset, { unknownHelper: shown });
  }

  private call(helper: string, node: Node, offset: number): CallExpression {
    const args = (node.params ?? []).map((param) => this.expression(param));
    const named = new Map((node.hash?.pairs ?? []).map(({ key, value }) => [key, this.expression(value)]));
    return { kind: "call", helper, args, named, offset };
  }

  private expression(node: Node): Expression {
    const offset = this.offset(node.loc.start);
    switch (node.type) {
      case "SubExpression":
        return this.invocation(node);
      case "PathExpression":
        return this.path(node, offset);
      case "StringLiteral":
      case "NumberLiteral":
      case "BooleanLiteral":
        return { kind: "literal", value: node.value as string | number | boolean, offset };
      case "NullLiteral":
        return { kind: "literal", value: null, offset };
      default:
        throw new TemplateError(`${node.type === "UndefinedLiteral" ? "undefined" : node.type} is not a value`, offset);
    }
  }

  private path(node: Node, offset: number): PathExpression {
    const parts = node.parts ?? [];
    if (node.data || (node.depth ?? 0) > 0 || parts.length === 0 || /^this\b/.test(String(node.original))) {
      throw new TemplateError(
        `"${node.data ? "@" : ""}${String(node.original).replace(/^@/, "")}" is not a name: there is no this, no ../ and no @ here`,
        offset,
      );
    }
    return { kind: "path", parts, offset };
  }
}
