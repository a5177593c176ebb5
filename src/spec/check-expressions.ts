/** JSONata of a spec: syntax, functions and variables that do not exist, expressions that YAML cut. */
import { referencesOf, syntaxProblems } from "../jsonata/index.ts";
import { didYouMean } from "../suggest.ts";
import { quote, type Path, type SpecDocument } from "./document.ts";
import type { ExpressionSite } from "./expression-sites.ts";

const responseVariables = ["headers", "status", "slice", "request", "params"];

/**
 * Checks every expression.
 * @param lets names of the pipeline's `let:`, in their order.
 */
export function checkExpressions(document: SpecDocument, sites: readonly ExpressionSite[], lets: readonly string[]): void {
  for (const site of sites) {
    if (cutExpressionAt(document, site)) continue;
    const problems = syntaxProblems(site.expression, new Set(lets));
    for (const { kind, position, message } of problems) {
      const comment = kind === "syntax" ? commentHint(document, site) : "";
      document.add(site.path, kind === "syntax" ? "E201" : "E202", kind === "syntax" ? `this is not JSONata: ${lowerFirst(message)}${comment}` : message, { offset: position });
    }
    if (problems.some(({ kind }) => kind === "syntax")) continue;
    const known = knownVariables(site, lets);
    for (const { name, position } of referencesOf(site.expression).variables) {
      if (known.includes(name)) continue;
      document.add(site.path, "E203", `unknown variable $${name}.${didYouMean(name, known).replace(' "', ' "$')}`.replace(/\.$/, ""), { offset: position, length: name.length + 1 });
    }
  }
}

function knownVariables(site: ExpressionSite, lets: readonly string[]): readonly string[] {
  if (site.over === "response") return responseVariables;
  if (site.over === "row") return ["params"];
  // A let sees the ones before it.
  const before = site.path[0] === "let" ? lets.slice(0, lets.indexOf(String(site.path[1]))) : lets;
  return [...before, "params", "rest", "slice"];
}

/**
 * Inside `{ }` YAML ends a plain value at a comma or bracket: `{ from: $substring(name, 0, 5) }` parses into junk
 * keys without values. Says "quote this expression" once, with the text put together again.
 */
function cutExpressionAt(document: SpecDocument, site: ExpressionSite): boolean {
  const cut = cutExpression(document, site.path.slice(0, -1), String(site.path.at(-1)));
  if (!cut) return false;
  const column = site.path.at(-1);
  document.add(site.path, "E204", `YAML cuts this text at a comma or bracket. Quote this expression: ${column}: ${quote(cut)}`);
  return true;
}

/** The whole text of a plain value that YAML cut inside a flow map, or undefined. */
export function cutExpression(document: SpecDocument, parent: Path, key: string): string | undefined {
  const pairs = document.pairs(parent);
  const index = pairs.findIndex((pair) => pair.key === key);
  const pair = pairs[index];
  if (!pair?.flow || !pair.valueRange) return undefined;
  const scalar = document.scalar([...parent, key]);
  if (scalar && (scalar.type === "QUOTE_DOUBLE" || scalar.type === "QUOTE_SINGLE")) return undefined;
  const junk = pairs.slice(index + 1).findIndex((next) => next.valueRange !== undefined && next.valueRange[0] !== next.valueRange[1]);
  const rest = pairs.slice(index + 1, junk < 0 ? undefined : index + 1 + junk);
  const last = rest.at(-1);
  if (!last) return undefined;
  const text = document.text.slice(pair.valueRange[0], last.keyRange[1]).replace(/\s+/g, " ").trim();
  return /[()[\]]/.test(text) ? text : undefined;
}

/** ` #` starts a comment in YAML: an expression with one loses its end. */
function commentHint(document: SpecDocument, site: ExpressionSite): string {
  const scalar = document.scalar(site.path);
  if (scalar?.type !== "PLAIN" || !scalar.range) return "";
  const after = /^[ \t]+#[^\n]*/.exec(document.text.slice(scalar.range[1]));
  return after ? `. YAML took "${after[0].trim()}" for a comment: quote this expression: ${quote(`${site.expression}${after[0]}`)}` : "";
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
