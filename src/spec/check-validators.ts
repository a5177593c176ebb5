/** Validators: their names, their options, and the names that connections and etl.yml give to them. */
import { didYouMean } from "../suggest.ts";
import type { Path, SpecDocument } from "./document.ts";
import { schemaValidator } from "./schema.ts";
import type { ValidatorUse } from "./types.ts";

/** `object_id: { pattern: "^[0-9]+$", message: not an id }`: built-ins under a name, with words of their own. */
export type NamedValidators = Record<string, Record<string, unknown>>;

/** Names of the built-in validators, as the schema lists them. */
export function builtInValidators(): string[] {
  return Object.keys((schemaValidator("pipeline", "validators").schema as { properties: object }).properties);
}

/** `email`, `{ phone: {…} }` or a list of both, as built-in uses; a named one becomes what it stands for. */
export function validatorUses(value: unknown, named: NamedValidators): ValidatorUse[] {
  if (Array.isArray(value)) return value.flatMap((item) => validatorUses(item, named));
  const uses = typeof value === "string" ? { [value]: {} } : (value as Record<string, unknown>);
  return Object.entries(uses).flatMap(([rule, options]): ValidatorUse[] => {
    const definition = named[rule];
    if (!definition) return [{ name: rule, rule, options: options ?? {} }];
    const { message, ...built } = definition;
    return Object.entries(built).map(([name, own]) => ({ name, rule, options: own ?? {}, ...(typeof message === "string" ? { message } : {}) }));
  });
}

/** Checks every `validate:` of a mapping. */
export function checkValidators(document: SpecDocument, raw: Record<string, unknown>, named: NamedValidators): void {
  const known = [...new Set([...Object.keys(named), ...builtInValidators()])];
  const mapping = raw["mapping"];
  if (!mapping || typeof mapping !== "object") return;
  for (const [column, field] of Object.entries(mapping as Record<string, unknown>)) {
    const value = (field as { validate?: unknown } | null)?.validate;
    if (value === undefined) continue;
    checkUse(document, ["mapping", column, "validate"], value, { known, named });
  }
}

function checkUse(document: SpecDocument, path: Path, value: unknown, context: { known: string[]; named: NamedValidators }): void {
  if (typeof value === "string") {
    checkName(document, path, value, context.known, "value");
    if (!(value in context.named)) checkOptions(document, path, value, {});
  } else if (Array.isArray(value)) value.forEach((item, index) => checkUse(document, [...path, index], item, context));
  else if (value && typeof value === "object") {
    for (const [name, options] of Object.entries(value)) {
      if (checkName(document, [...path, name], name, context.known, "key") && !(name in context.named)) checkOptions(document, [...path, name], name, options ?? {});
    }
  }
}

function checkName(document: SpecDocument, path: Path, name: string, known: string[], target: "key" | "value"): boolean {
  if (known.includes(name)) return true;
  document.add(path, "E413", `unknown validator "${name}".${didYouMean(name, known) || ` Known: ${known.join(", ")}.`}`, { target });
  return false;
}

function checkOptions(document: SpecDocument, path: Path, name: string, options: unknown): void {
  const validate = schemaValidator("pipeline", "validators");
  if (validate({ [name]: options })) {
    const pattern = name === "pattern" ? (typeof options === "string" ? options : (options as { pattern: string }).pattern) : undefined;
    if (pattern === undefined) return;
    try {
      new RegExp(pattern, "u");
    } catch (error) {
      document.add(path, "E414", `this is not a regular expression: ${(error as Error).message.replace(/^Invalid regular expression: /, "")}`);
    }
    return;
  }
  const error = validate.errors?.find(({ keyword }) => keyword !== "if");
  if (!error) return;
  const option = error.params as { additionalProperty?: string };
  const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {});
  if (option.additionalProperty !== undefined) {
    document.add([...path, option.additionalProperty], "E101", `unknown option "${option.additionalProperty}" of validator ${name}.${didYouMean(option.additionalProperty, known) || (known.length ? ` Known: ${known.join(", ")}.` : " It takes none.")}`, { target: "key" });
  } else {
    const at = error.instancePath.split("/").slice(2);
    document.add([...path, ...at], "E103", `validator ${name}: ${at.length ? `${at.join(".")} ` : ""}${error.message ?? "is not allowed"}${error.keyword === "enum" ? `: ${(error.params as { allowedValues: unknown[] }).allowedValues.join(", ")}` : ""}`);
  }
}
