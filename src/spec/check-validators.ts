/** Validators: their names, their options, and the names that connections and etl.yml give to them. */
import { didYouMean } from "../suggest.ts";
import { validatorOptionProblem } from "./validator-options.ts";
import type { Path, SpecDocument } from "./document.ts";
import { checkSchema, keysOf, schemaValidator } from "./schema.ts";
import { targetTrees } from "./targets.ts";
import { tree, type Tree } from "./tree.ts";
import type { ValidatorUse } from "./types.ts";

/** `object_id: { pattern: "^[0-9]+$", message: not an id }`: built-ins under a name, with words of their own. */
export type NamedValidators = Record<string, Record<string, unknown>>;

/** Names of the built-in validators, as the schema lists them. */
export function builtInValidators(): string[] {
  return keysOf("pipeline", "validators");
}

/** `email`, `{ phone: {…} }` or a list of both, as built-in uses with their defaults; a named one becomes what it stands for. */
export function validatorUses(value: unknown, named: NamedValidators): ValidatorUse[] {
  if (Array.isArray(value)) return value.flatMap((item) => validatorUses(item, named));
  const uses = typeof value === "string" ? { [value]: {} } : (value as Record<string, unknown>);
  return Object.entries(uses).flatMap(([rule, options]): ValidatorUse[] => {
    const definition = Object.hasOwn(named, rule) ? named[rule] : undefined;
    if (!definition) return [{ name: rule, rule, options: withDefaults(rule, options) }];
    const { message, ...built } = definition;
    return Object.entries(built).map(([name, own]) => ({
      name,
      rule,
      options: withDefaults(name, own),
      ...(typeof message === "string" ? { message } : {}),
    }));
  });
}

function withDefaults(name: string, options: unknown): unknown {
  const filled = { [name]: structuredClone(options ?? {}) };
  schemaValidator("pipeline", "validators")(filled);
  return filled[name];
}

/** Checks every `validate:` of a mapping. */
export function checkValidators(document: SpecDocument, spec: Tree, named: NamedValidators): void {
  for (const { at, target } of targetTrees(spec)) {
    for (const [column, field] of Object.entries(tree(target["mapping"]))) {
      const value = tree(field)["validate"];
      if (value !== undefined) checkUse(document, [...at, "mapping", column, "validate"], value, named);
    }
  }
}

/** Checks the validators that a connection or etl.yml names: each is built-ins with their options, and a message. */
export function checkNamedValidators(document: SpecDocument, data: Tree): void {
  for (const [name, definition] of Object.entries(tree(data["validators"]))) {
    const path = ["validators", name];
    const { message, ...built } = tree(definition);
    if (message !== undefined && typeof message !== "string")
      document.add([...path, "message"], "E103", "message must be a text");
    for (const [rule, options] of Object.entries(built))
      checkBuiltIn(document, [...path, rule], rule, { options, target: "key", named: {} });
    if (definition === tree(definition) && Object.keys(built).length === 0)
      document.add(path, "E102", `the validator "${name}" checks nothing: name a built-in one, such as pattern`, {
        target: "key",
      });
  }
}

function checkUse(document: SpecDocument, path: Path, value: unknown, named: NamedValidators): void {
  if (typeof value === "string") checkBuiltIn(document, path, value, { options: {}, target: "value", named });
  else if (Array.isArray(value)) value.forEach((item, index) => checkUse(document, [...path, index], item, named));
  else
    for (const [name, options] of Object.entries(tree(value)))
      checkBuiltIn(document, [...path, name], name, { options, target: "key", named });
}

interface Use {
  options: unknown;
  /** Whether the name stands as a key or as a value. */
  target: "key" | "value";
  named: NamedValidators;
}

function checkBuiltIn(document: SpecDocument, path: Path, name: string, { options, target, named }: Use): void {
  if (Object.hasOwn(named, name)) {
    const given = target === "key" && options !== null && Object.keys(tree(options)).length > 0;
    if (given)
      document.add(
        path,
        "E103",
        `"${name}" is named in the connection or etl.yml with its options: it takes none here`,
        { target },
      );
    return;
  }
  const builtIn = builtInValidators();
  if (!builtIn.includes(name)) {
    const known = [...new Set([...Object.keys(named), ...builtIn])];
    document.add(
      path,
      "E413",
      `unknown validator "${name}".${didYouMean(name, known) || ` Known: ${known.join(", ")}.`}`,
      { target, mistake: name },
    );
    return;
  }
  const uses = { [name]: structuredClone(options ?? {}) };
  if (target === "value") {
    if (!schemaValidator("pipeline", "validators")(uses))
      document.add(path, "E102", `validator ${name} needs options: ${examples[name] ?? name}`);
    return;
  }
  if (!checkSchema(document, "pipeline", uses, { definition: "validators", at: path.slice(0, -1) })) return;
  const problem = validatorOptionProblem(name, options);
  if (problem)
    document.add([...path, ...problem.at], problem.code, `validator ${name}: ${problem.message}`, {
      severity: problem.severity,
    });
}

/** Validators that say nothing without options. */
const examples: Readonly<Record<string, string>> = {
  enum: "{ enum: [new, won, lost] }",
  pattern: '{ pattern: "^[A-Z]{3}$" }',
  range: "{ range: { min: 0, max: 100 } }",
  length: "{ length: { max: 50 } }",
};
