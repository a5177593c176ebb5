/** The schemas of schemas/, and what AJV finds, one problem a mistake. */
import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { didYouMean } from "../suggest.ts";
import type { Path, SpecDocument } from "./document.ts";

export type SchemaName = "pipeline" | "connection" | "etl";

/** The folder of the schemas, from the sources and from the built package alike. */
export const schemaFolder = new URL(import.meta.url.endsWith("/src/spec/schema.ts") ? "../../schemas/" : "../schemas/", import.meta.url);

let ajv: Ajv | undefined;

function ajvWithSchemas(): Ajv {
  if (ajv) return ajv;
  ajv = new Ajv({ allErrors: true, discriminator: true, useDefaults: true, strict: false, allowUnionTypes: true, verbose: true });
  for (const name of ["pipeline", "connection", "etl"]) {
    ajv.addSchema(JSON.parse(readFileSync(new URL(`${name}.schema.json`, schemaFolder), "utf8")));
  }
  return ajv;
}

/** The validator of a schema, or of one of its definitions. It fills in defaults where it goes. */
export function schemaValidator(name: SchemaName, definition?: string): ValidateFunction {
  const validate = ajvWithSchemas().getSchema(`${name}.schema.json${definition ? `#/$defs/${definition}` : ""}`);
  if (!validate) throw new Error(`no schema ${name} ${definition ?? ""}`);
  return validate;
}

/** Checks the document's data, fills in its defaults, and adds a problem for each mistake. True when there is none. */
export function checkSchema(document: SpecDocument, name: SchemaName, data: unknown): boolean {
  const validate = schemaValidator(name);
  if (validate(data)) return true;
  const errors = (validate.errors ?? []).filter((error) => error.keyword !== "if");
  const reported = new Set<string>();
  for (const error of errors.sort((a, b) => a.instancePath.length - b.instancePath.length)) {
    // A value of the wrong type breaks every other keyword as well: one problem says it.
    const place = error.keyword === "additionalProperties" || error.keyword === "required" ? `${error.instancePath} ${Object.values(error.params)[0]}` : error.instancePath;
    if (reported.has(place) || (error.keyword !== "type" && errors.some((other) => other.keyword === "type" && other.instancePath === error.instancePath))) continue;
    reported.add(place);
    report(document, error);
  }
  return false;
}

/** `/source/request/query` as a path of keys. */
function pathOf(pointer: string): (string | number)[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function where(path: Path): string {
  return path.length ? ` in ${path.map((part, index) => (typeof part === "number" ? `[${part}]` : index ? `.${part}` : part)).join("")}` : "";
}

function report(document: SpecDocument, error: ErrorObject): void {
  const path = pathOf(error.instancePath);
  const key = path.at(-1);
  const params = error.params as Record<string, unknown>;
  const schema = error.parentSchema as { properties?: Record<string, unknown>; description?: string } | undefined;
  switch (error.keyword) {
    case "additionalProperties": {
      const name = String(params["additionalProperty"]);
      const known = Object.keys(schema?.properties ?? {});
      const hint = didYouMean(name, known) || (known.length && known.length <= 12 ? ` Known: ${known.join(", ")}.` : "");
      document.add([...path, name], "E101", `unknown key "${name}"${where(path)}.${hint}`.replace(/\.\.$/, "."), { target: "key" });
      return;
    }
    case "required":
      document.add(path, "E102", `"${String(params["missingProperty"])}" is missing${where(path)}`, { target: path.length ? "key" : "value", length: 1 });
      return;
    case "type": {
      const wanted = [params["type"]].flat().map(String).map(typeName).join(" or ");
      document.add(path, "E103", `${label(key)} must be ${wanted}, not ${described(error.data)}`);
      return;
    }
    case "enum":
    case "const": {
      const allowed = (error.keyword === "enum" ? (params["allowedValues"] as unknown[]) : [params["allowedValue"]]).map(String);
      document.add(path, "E104", `${label(key)} cannot be ${described(error.data)}.${didYouMean(String(error.data), allowed)} Allowed: ${allowed.join(", ")}`);
      return;
    }
    case "discriminator": {
      const tag = String(params["tag"]);
      const value = params["tagValue"];
      const allowed = tags(error);
      if (value === undefined) document.add(path, "E102", `"${tag}" is missing${where(path)}`, { target: "key", length: 1 });
      else document.add([...path, tag], "E104", `${tag}${where(path)} cannot be ${described(value)}.${didYouMean(String(value), allowed)} Allowed: ${allowed.join(", ")}`);
      return;
    }
    case "pattern":
      document.add(path, "E105", `${label(key)} ${described(error.data)} is not of the form it must have${schema?.description ? `: ${schema.description}` : ""}${patternHint(String(params["pattern"]))}`);
      return;
    case "propertyNames":
      document.add([...path, String(params["propertyName"])], "E105", `"${String(params["propertyName"])}" cannot be a name${where(path)}: lower-case letters, digits and _ only`, { target: "key" });
      return;
    default:
      document.add(path, "E106", `${label(key)} ${error.message ?? "is not allowed"}`);
  }
}

/** The values a discriminator takes, through `$ref`. */
function tags(error: ErrorObject): string[] {
  const schemas = (error.parentSchema as { oneOf?: { $ref?: string }[] }).oneOf ?? [];
  const root = error.schemaPath.startsWith("#") ? undefined : error.schemaPath.split("#")[0];
  return schemas.flatMap(({ $ref }) => {
    const name = $ref?.split("/").at(-1) ?? "";
    for (const schema of root ? [root] : ["pipeline.schema.json", "connection.schema.json"]) {
      const definition = ajvWithSchemas().getSchema(`${schema}#/$defs/${name}`)?.schema as { properties?: { type?: { const?: string } } } | undefined;
      if (definition?.properties?.type?.const) return [definition.properties.type.const];
    }
    return [];
  });
}

function label(key: string | number | undefined): string {
  return key === undefined ? "the file" : typeof key === "number" ? `item ${key + 1}` : key;
}

function typeName(type: string): string {
  return { object: "a map", array: "a list", string: "a text", integer: "a whole number", number: "a number", boolean: "true or false", null: "empty" }[type] ?? type;
}

function described(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return JSON.stringify(value);
}

function patternHint(pattern: string): string {
  return pattern === "^\\d+(ms|s|m|h|d)$" ? " Write a number and a unit: 500ms, 30s, 10m, 2h, 7d." : "";
}
