/** What is wrong with a template before it runs, for `etl validate`. */
import { didYouMean, closest } from "../suggest.ts";
import { type Expression, type Slot, TemplateError } from "./expression.ts";
import { helperNames, misuse } from "./helpers.ts";
import { parseTemplate } from "./parse.ts";

export interface TemplateProblem {
  /** `syntax`: it cannot be read. `name`: it names something that is not there. */
  kind: "syntax" | "name";
  /** Where in the template's text, from 0. */
  offset: number;
  message: string;
  /** The known word that was probably meant. */
  suggestion?: string;
}

export interface TemplateSurroundings {
  /** Root names that have a value here: since, until, now, page, params, vars, slice, job, record, lookup. */
  names: readonly string[];
  /** Params that the pipeline declares. */
  params: readonly string[];
  /** The connection's vars; absent where they are not known. */
  vars?: readonly string[];
  /** Names below `slice`; absent where they are not known. */
  slice?: readonly string[];
  /** Names below `job`; absent where they are not known. */
  job?: readonly string[];
  /** `path`: `{{{…}}}` is allowed, and a value must stand. */
  where: "path" | "value";
}

const lookupNames = ["key", "keys", "inputs"];
const pageNames = ["after", "number", "offset", "size"];

/** Every problem of a template; none for a text without one. */
export function checkTemplate(text: string, surroundings: TemplateSurroundings): TemplateProblem[] {
  try {
    return parseTemplate(text).flatMap((part) => (part.kind === "slot" ? checkSlot(part, surroundings) : []));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { offset, message, unknownHelper: name } = error;
    if (name === undefined) return [{ kind: "syntax", offset, message }];
    if (surroundings.names.includes(name)) {
      return [{ kind: "name", offset, message: `"${name}" is a value, not a helper: it takes no arguments` }];
    }
    return [unknown(`helper "${name}"`, name, { known: [...helperNames], offset })];
  }
}

function checkSlot(slot: Slot, surroundings: TemplateSurroundings): TemplateProblem[] {
  const problems = checkExpression(slot.expression, surroundings);
  if (slot.raw && surroundings.where !== "path") {
    problems.unshift({
      kind: "syntax",
      offset: slot.offset,
      message: `${slot.text} is raw: three braces are allowed in a path only, write {{…}}`,
    });
  }
  return problems;
}

function checkExpression(expression: Expression, surroundings: TemplateSurroundings): TemplateProblem[] {
  if (expression.kind === "literal") return [];
  if (expression.kind === "path") return checkPath(expression.parts, expression.offset, surroundings);
  const { helper, args, named, offset } = expression;
  const wrong = misuse(helper, args.length, named.keys());
  const below = [...args, ...named.values()].flatMap((argument) => checkExpression(argument, surroundings));
  return wrong === undefined ? below : [{ kind: "syntax", offset, message: wrong }, ...below];
}

function checkPath(parts: readonly string[], offset: number, surroundings: TemplateSurroundings): TemplateProblem[] {
  const [root = "", member] = parts;
  if (!surroundings.names.includes(root)) {
    return [unknown(`name "${root}"`, root, { known: surroundings.names, offset, also: helperNames })];
  }
  const members: Readonly<Record<string, readonly string[] | undefined>> = {
    page: pageNames,
    params: surroundings.params,
    vars: surroundings.vars,
    slice: surroundings.slice,
    lookup: lookupNames,
    job: surroundings.job,
  };
  if (!Object.hasOwn(members, root)) return [];
  if (member === undefined) {
    return [
      {
        kind: "name",
        offset,
        message: `"${root}" is a map: name one of its values, such as {{${root}.${members[root]?.[0] ?? "name"}}}`,
      },
    ];
  }
  const known = members[root];
  if (known === undefined || known.includes(member)) return [];
  return [
    unknown(`${root === "params" ? "param" : root === "vars" ? "var" : "name"} "${root}.${member}"`, member, {
      known,
      offset,
    }),
  ];
}

function unknown(
  what: string,
  word: string,
  { known, offset, also = [] }: { known: readonly string[]; offset: number; also?: Iterable<string> },
): TemplateProblem {
  const candidates = [...known, ...also];
  const hint =
    didYouMean(word, candidates) || (known.length > 0 ? ` Known: ${known.join(", ")}.` : " There are none here.");
  const suggestion = closest(word, candidates);
  return {
    kind: "name",
    offset,
    message: `unknown ${what}.${hint}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}
