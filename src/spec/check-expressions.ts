/** JSONata of a spec: syntax, functions and variables that do not exist, regular expressions. */
import { referencesOf, syntaxProblems } from "../jsonata/index.ts";
import { didYouMean } from "../suggest.ts";
import { checkRegexes } from "./check-regexes.ts";
import type { SpecDocument } from "./document.ts";
import type { ExpressionSite } from "./expression-sites.ts";

/** What the source binds where it looks at an answer. */
const answerVariables = ["status", "headers", "request"];

/** What expressions may name. */
export interface ExpressionNames {
  /** The pipeline itself, then its children: names of each `let:`, in their order, and columns of each mapping. */
  targets: readonly { lets: readonly string[]; columns: readonly string[] }[];
  /** The source is read in slices. */
  slices?: boolean;
}

/** Where an expression stands: in the pipeline (0) or in one of its children (from 1), and in which part of it. */
function placeOf({ path }: ExpressionSite): { index: number; part: string; name: string } {
  const [index, rest] = path[0] === "children" ? [Number(path[1]) + 1, path.slice(2)] : [0, path];
  return { index, part: String(rest[0]), name: String(rest[1]) };
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
    const problems = syntaxProblems(site.expression, new Set(letsOf(site, names)));
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
    checkRegexes(document, site);
  }
}

/** Names of `let:` that an expression may call and read, as far as it is one over records. */
function letsOf(site: ExpressionSite, { targets }: ExpressionNames): readonly string[] {
  if (site.over !== "record" && site.over !== "child") return [];
  const { index, part } = placeOf(site);
  const own = targets[0]?.lets ?? [];
  return index > 0 && part !== "each" ? [...own, ...(targets[index]?.lets ?? [])] : own;
}

function checkVariables(document: SpecDocument, site: ExpressionSite, names: ExpressionNames): void {
  const known = knownVariables(site, names);
  const { index, part } = placeOf(site);
  const { lets, columns } = names.targets[index] ?? { lets: [], columns: [] };
  for (const { name, position } of referencesOf(site.expression).variables) {
    if (known.includes(name)) continue;
    const place = { offset: position, length: name.length + 1 };
    if (part === "let" && lets.includes(name)) {
      document.add(site.path, "E203", `$${name} has no value yet: a let sees the ones above it only`, place);
    } else if (site.over === "row" && columns.includes(name)) {
      document.add(
        site.path,
        "E203",
        `unknown variable $${name}: a rule reads a column by its name alone, ${name}`,
        place,
      );
    } else if (name === "parent") {
      document.add(site.path, "E203", parentHint(part), place);
    } else document.add(site.path, "E203", `unknown variable $${name}.${hint(name, known)}`, place);
  }
}

function parentHint(part: string): string {
  return part === "each"
    ? "each is evaluated over the parent record itself: leave $parent away"
    : "only a child has a $parent: the record itself is read by its names alone";
}

function hint(name: string, known: readonly string[]): string {
  const near = didYouMean(name, known).replace('"', '"$');
  return near || (known.length ? ` Known: ${known.map((word) => `$${word}`).join(", ")}.` : " There are none here.");
}

function knownVariables(site: ExpressionSite, names: ExpressionNames): readonly string[] {
  const slice = names.slices ? ["slice"] : [];
  // Over the reply to a token request, or over any answer: there is no request to look at.
  if (site.path[0] === "auth") return site.path[1] === "refresh_on" ? ["status", "headers"] : [];
  if (site.over === "response") return [...answerVariables, ...slice];
  if (site.over === "row") return ["params"];
  if (site.over === "header") return [];
  // The source looks at the last record, before anything is computed.
  if (site.path.includes("pagination")) return [];
  const { index, part, name } = placeOf(site);
  const lets = letsOf(site, names);
  const own = names.targets[index]?.lets ?? [];
  const seen = part === "let" ? lets.slice(0, lets.length - own.length + own.indexOf(name)) : lets;
  const whole = index === 0 && (part === "let" || part === "mapping") ? ["rest"] : [];
  return [...seen, "params", ...slice, ...whole, ...(site.over === "child" ? ["parent"] : [])];
}
