/** Our own, narrow tree of a template: text and expressions, nothing that Handlebars could do besides. */
import { SpecError } from "../errors.ts";

export type Expression = Literal | PathExpression | CallExpression;

export interface Literal {
  kind: "literal";
  value: string | number | boolean | null;
  offset: number;
}

/** `params.account`: names to follow from a root. */
export interface PathExpression {
  kind: "path";
  parts: readonly string[];
  offset: number;
}

/** `join (mapped 'properties') ','`. */
export interface CallExpression {
  kind: "call";
  helper: string;
  args: readonly Expression[];
  named: ReadonlyMap<string, Expression>;
  offset: number;
}

export type Part = { kind: "text"; text: string } | Slot;

/** One `{{…}}`. */
export interface Slot {
  kind: "slot";
  expression: Expression;
  /** `{{{…}}}` or `{{&…}}`. */
  raw: boolean;
  /** Of the first brace, in the template's text. */
  offset: number;
  /** As it was written, braces included. */
  text: string;
}

/** A template that cannot be read or has no value. */
export class TemplateError extends SpecError {
  /** Where in the template's text, from 0. */
  readonly offset: number;
  /** The word that was called and is no helper. */
  readonly unknownHelper: string | undefined;
  constructor(message: string, offset: number, options?: ErrorOptions & { unknownHelper?: string }) {
    super(message, options);
    this.offset = offset;
    this.unknownHelper = options?.unknownHelper;
  }
}
