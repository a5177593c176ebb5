/** JSONata of a spec: syntax, functions and variables that do not exist. */
import { referencesOf, syntaxProblems } from "../jsonata/index.ts";
import { didYouMean } from "../suggest.ts";
import type { SpecDocument } from "./document.ts";
import type { ExpressionSite } from "./expression-sites.ts";

/** What the source binds where it looks at an answer. */
const answerVariables = ["status", "headers", "request"];

/** What expressions may name. */
export interface ExpressionNames {
  /** Names of the pipeline's `let:`, in their order. */
  lets: readonly string[];
  /** Columns of its mapping. */
  columns: readonly string[];
  /** The source is read in slices. */
  slices?: boolean;
}

/** Checks every expression. */
export function checkExpressions(
  document: SpecDocument,
  sites: readonly ExpressionSite[],
  names: ExpressionNames,
): void {
  for (const site of sites) {
    // `${VAR}` is no JSONata, and a problem of its own (E406).
    if (/\$\{[A-Za-z_][A-Za-z0-9_]*\}/.test(site.expression)) continue;
    const problems = syntaxProblems(site.expression, new Set(site.over === "record" ? names.lets : []));
    for (const { kind, position, message } of problems) {
      if (kind === "syntax") document.add(site.path, "E201", `this is not JSONata: ${message}`, { offset: position });
      else
        document.add(site.path, "E202", message, {
          offset: position,
          length: /^\$?\w+/.exec(site.expression.slice(position))?.[0].length ?? 1,
        });
    }
    if (problems.some(({ kind }) => kind === "syntax")) continue;
    checkVariables(document, site, names);
  }
}

function checkVariables(document: SpecDocument, site: ExpressionSite, names: ExpressionNames): void {
  const { lets, columns } = names;
  const known = knownVariables(site, names);
  for (const { name, position } of referencesOf(site.expression).variables) {
    if (known.includes(name)) continue;
    const place = { offset: position, length: name.length + 1 };
    if (site.path[0] === "let" && lets.includes(name)) {
      document.add(site.path, "E203", `$${name} has no value yet: a let sees the ones above it only`, place);
    } else if (site.over === "row" && columns.includes(name)) {
      document.add(
        site.path,
        "E203",
        `unknown variable $${name}: a rule reads a column by its name alone, ${name}`,
        place,
      );
    } else document.add(site.path, "E203", `unknown variable $${name}.${hint(name, known)}`, place);
  }
}

function hint(name: string, known: readonly string[]): string {
  const near = didYouMean(name, known).replace('"', '"$');
  return near || (known.length ? ` Known: ${known.map((word) => `$${word}`).join(", ")}.` : " There are none here.");
}

function knownVariables(site: ExpressionSite, { lets, slices }: ExpressionNames): readonly string[] {
  // Over the reply to a token request, or over any answer: there is no request to look at.
  if (site.path[0] === "auth") return site.path[1] === "refresh_on" ? ["status", "headers"] : [];
  if (site.over === "response") return slices ? [...answerVariables, "slice"] : answerVariables;
  if (site.over === "row") return ["params"];
  if (site.over === "header") return [];
  // The source looks at the last record, before anything is computed.
  if (site.path.includes("pagination")) return [];
  if (site.path[0] === "let") return [...lets.slice(0, lets.indexOf(String(site.path[1]))), "params", "rest"];
  return [...lets, "params", ...(site.path[0] === "mapping" ? ["rest"] : [])];
}
