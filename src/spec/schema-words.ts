/** What AJV finds, said as a person would. */
import type { ErrorObject } from "ajv";
import { didYouMean } from "../suggest.ts";
import type { Path, SpecDocument } from "./document.ts";

interface Schema {
  type?: string | string[];
  description?: string;
  properties?: Record<string, unknown>;
  /** Good values, for editors: near ones are suggested. */
  examples?: unknown[];
  oneOf?: { $ref?: string }[];
  /** Editors show it too: what a text must be, where its pattern does not fit. */
  patternErrorMessage?: string;
  const?: unknown;
}

/** A list of allowed words is shown up to this many. */
const maxShown = 15;

/** Adds the problem of one AJV error (with `verbose`), at the path of the data that it is about. */
export function reportSchemaError(document: SpecDocument, path: Path, error: ErrorObject): void {
  const params = error.params as Record<string, unknown>;
  const schema = error.parentSchema as Schema;
  const key = path.at(-1);
  switch (error.keyword) {
    case "additionalProperties": {
      const name = String(params["additionalProperty"]);
      const known = Object.keys(schema.properties ?? {});
      document.add(
        [...path, name],
        "E101",
        `unknown key "${name}"${where(path)}.${didYouMean(name, known) || known_(known)}`,
        { target: "key", mistake: name },
      );
      return;
    }
    case "required":
      missing(document, path, String(params["missingProperty"]));
      return;
    case "type":
      wrongType(document, path, error);
      return;
    case "enum":
    case "const": {
      const allowed = (
        error.keyword === "enum" ? (params["allowedValues"] as unknown[]) : [params["allowedValue"]]
      ).map(String);
      notAllowed(document, path, { name: label(key), value: error.data, allowed });
      return;
    }
    case "discriminator": {
      const tag = String(params["tag"]);
      const allowed = tagsOf(error);
      if (params["tagValue"] === undefined) missing(document, path, tag, allowed);
      else notAllowed(document, [...path, tag], { name: `${tag}${where(path)}`, value: params["tagValue"], allowed });
      return;
    }
    case "pattern":
      wrongForm(document, path, error);
      return;
    case "propertyNames":
      document.add(
        [...path, String(params["propertyName"])],
        "E105",
        `"${String(params["propertyName"])}" cannot be a name${where(path)}: ${nameForm(error)}`,
        { target: "key", mistake: "name" },
      );
      return;
    default:
      document.add(path, "E106", `${label(key)} ${limitWords(error)}`, { mistake: error.keyword });
  }
}

function wrongType(document: SpecDocument, path: Path, { parentSchema, data }: ErrorObject): void {
  const { type, description, patternErrorMessage } = parentSchema as Schema;
  const wanted = [type].flat().filter((name) => name !== undefined);
  const isMap = typeof data === "object" && data !== null;
  const hint = isMap && description?.includes("JSONata") ? ": quote it if it is an expression" : "";
  const types = `must be ${wanted.map(typeName).join(" or ")}`;
  const must = wanted.length === 1 && patternErrorMessage ? patternErrorMessage : types;
  document.add(path, "E103", `${label(path.at(-1))} ${must}, not ${described(data)}${hint}`, { mistake: "type" });
}

function wrongForm(document: SpecDocument, path: Path, { parentSchema, data, params }: ErrorObject): void {
  const { examples = [], patternErrorMessage } = parentSchema as Schema;
  const near = didYouMean(String(data), examples.map(String));
  const must = patternErrorMessage ?? `must match ${String((params as { pattern: string }).pattern)}`;
  document.add(path, "E105", `${label(path.at(-1))} ${described(data)} ${must}${near && `.${near}`}`, {
    mistake: "pattern",
  });
}

function missing(document: SpecDocument, path: Path, name: string, allowed: readonly string[] = []): void {
  // Under several keys it is one mistake: at the map itself.
  document.add(
    path,
    "E102",
    `"${name}" is missing${where(path)}${allowed.length ? `: one of ${allowed.join(", ")}` : ""}`,
    {
      ...(path.length && !document.isShared(path) ? { target: "key" } : { target: "value", length: 1 }),
      mistake: name,
    },
  );
}

function notAllowed(
  document: SpecDocument,
  path: Path,
  { name, value, allowed }: { name: string; value: unknown; allowed: readonly string[] },
): void {
  document.add(
    path,
    "E104",
    `${name} cannot be ${described(value)}.${didYouMean(String(value), allowed)} Allowed: ${allowed.join(", ")}`,
    { mistake: "enum" },
  );
}

/** ` in source.pagination`: the place of a map; nothing for the whole file. */
function where(path: Path): string {
  return path.length
    ? ` in ${path.map((part, index) => (typeof part === "number" ? `[${part}]` : index ? `.${part}` : part)).join("")}`
    : "";
}

function known_(known: readonly string[]): string {
  return known.length === 0 ? " It takes none." : known.length <= maxShown ? ` Known: ${known.join(", ")}.` : "";
}

/** The values of a discriminator, through `$ref`, from the names of the definitions: `pagination_cursor`. */
function tagsOf({ parentSchema }: ErrorObject): string[] {
  const names = ((parentSchema as Schema).oneOf ?? []).map(({ $ref = "" }) => $ref.split("/").at(-1)!);
  return names.map((name) => name.replace(/^(?:pagination|auth|slices|deletes)_|_(?:source|connection)$/g, ""));
}

function nameForm({ parentSchema }: ErrorObject): string {
  const names = (parentSchema as { propertyNames?: Schema }).propertyNames?.patternErrorMessage;
  return `a name ${names ?? "of another form is wanted"}`;
}

function limitWords({ keyword, params, data }: ErrorObject): string {
  const limit = (params as { limit?: number }).limit;
  switch (keyword) {
    case "minLength":
      return "is empty";
    case "minItems":
      return limit === 1 ? "is an empty list: it needs at least one item" : `needs at least ${limit} items`;
    case "minProperties":
      return "is an empty map: it needs at least one key";
    case "minimum":
      return `must be at least ${limit}, not ${String(data)}`;
    case "maximum":
      return `must be at most ${limit}, not ${String(data)}`;
    case "uniqueItems": {
      const { j } = params as { j: number };
      return `holds ${described((data as unknown[])[j])} twice: keep one`;
    }
    default:
      return `is not allowed (${keyword})`;
  }
}

function label(key: string | number | undefined): string {
  return key === undefined ? "the file" : typeof key === "number" ? `item ${key + 1}` : key;
}

const typeNames: Readonly<Record<string, string>> = {
  object: "a map",
  array: "a list",
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function typeName(type: string): string {
  return typeNames[type] ?? type;
}

/** A value of a spec in a message. */
export function described(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a map" : JSON.stringify(value);
}
