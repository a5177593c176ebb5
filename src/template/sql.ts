/**
 * SQL with templates. Every value is bound beside the text and never becomes a part of it, so a template can stand
 * only where a value can: not in quotes, names or comments.
 */
import type { Expression, Part } from "./expression.ts";
import { parseTemplate } from "./parse.ts";
import type { SqlRules } from "./sql-rules.ts";
import { type ScanProblem, SqlScanner, type SqlWord } from "./sql-scanner.ts";

/** The runtime's own conditions. */
export type Predicate = "delta" | "keyset";
export const predicates: readonly Predicate[] = ["delta", "keyset"];

export type SqlPart =
  | { kind: "text"; text: string }
  | { kind: "value"; expression: Expression; text: string }
  | { kind: "predicate"; name: Predicate };

export interface CompiledSql {
  parts: SqlPart[];
  /** Words outside of parentheses, quotes and comments, in capitals. */
  words: SqlWord[];
  /** Roots of the values that are used: `since`, `params`. */
  roots: Set<string>;
  /** What no database would take as it is meant, with offsets into the template's text. */
  problems: ScanProblem[];
}

/** Takes SQL apart. Throws TemplateError for a template that cannot be read. */
export function compileSql(template: string, rules: SqlRules): CompiledSql {
  const read = parseTemplate(template);
  const scanner = new SqlScanner(rules);
  const roots = new Set<string>();
  const problems: ScanProblem[] = [];
  const parts: SqlPart[] = [];
  let offset = 0;
  read.forEach((part, index) => {
    if (part.kind === "text") {
      scanner.read(part.text, offset);
      parts.push(part);
      offset += part.text.length;
      return;
    }
    const wrong = misplaced(part, scanner, read[index + 1]);
    if (wrong !== undefined) problems.push({ offset: part.offset, message: wrong });
    collectRoots(part.expression, roots);
    const predicate = predicateOf(part.expression);
    const nested = predicate === undefined ? predicates.find((name) => calls(part.expression, name)) : undefined;
    if (nested !== undefined)
      problems.push({ offset: part.offset, message: `{{${nested}}} is a condition, not a value: it stands alone` });
    parts.push(
      predicate === undefined
        ? { kind: "value", expression: part.expression, text: part.text }
        : { kind: "predicate", name: predicate },
    );
    scanner.value();
    offset = part.offset + part.text.length;
  });
  scanner.finish();
  return { parts: withoutEnd(parts), words: scanner.words, roots, problems: [...problems, ...scanner.problems] };
}

function misplaced(
  slot: Extract<Part, { kind: "slot" }>,
  scanner: SqlScanner,
  next: Part | undefined,
): string | undefined {
  if (slot.raw) return `${slot.text} is raw: a value never becomes SQL text, write two braces`;
  if (scanner.place !== undefined)
    return scanner.place === "a comment"
      ? `${slot.text} stands in a comment, where nothing can be a value: take it out`
      : `${slot.text} stands in ${scanner.place}: values are bound, not put into the text. Write it without the quotes; a part of a text is made with ||, or CONCAT in MySQL`;
  const after = next === undefined ? "" : next.kind === "text" ? (next.text[0] ?? "") : "x";
  if (/[\w$."'`\]:@]/.test(scanner.last))
    return `${slot.text} touches what stands before it and would be a part of a name: names cannot be values`;
  if (/[\w$."'`([]/.test(after))
    return `${slot.text} touches what comes after it and would be a part of a name: names cannot be values`;
  return undefined;
}

function predicateOf(expression: Expression): Predicate | undefined {
  if (expression.kind !== "path" || expression.parts.length !== 1) return undefined;
  return predicates.find((name) => name === expression.parts[0]);
}

function calls(expression: Expression, name: string): boolean {
  if (expression.kind === "path") return expression.parts[0] === name;
  if (expression.kind === "literal") return false;
  return [...expression.args, ...expression.named.values()].some((argument) => calls(argument, name));
}

function collectRoots(expression: Expression, roots: Set<string>): void {
  if (expression.kind === "path") roots.add(expression.parts[0]!);
  else if (expression.kind === "call")
    for (const argument of [...expression.args, ...expression.named.values()]) collectRoots(argument, roots);
}

/** Blanks and semicolons at the end go: ORDER BY and LIMIT follow. */
function withoutEnd(parts: SqlPart[]): SqlPart[] {
  const last = parts.at(-1);
  if (last?.kind !== "text") return parts;
  return [...parts.slice(0, -1), { kind: "text", text: last.text.replace(/[\s;]+$/, "") }];
}
