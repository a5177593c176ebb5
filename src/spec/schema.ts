/** What AJV finds in a document, one problem a mistake. */
import type { ErrorObject, ValidateFunction } from "ajv";
import { closest } from "../suggest.ts";
import type { Path, SpecDocument } from "./document.ts";
import { schemaOf, schemaReference, type SchemaName } from "./schema-files.ts";
import { reportSchemaError } from "./schema-words.ts";
import { validatorOf } from "./validators.ts";

/** The validator of a schema, or of one of its definitions. It fills in defaults where it goes. */
export function schemaValidator(name: SchemaName, definition?: string): ValidateFunction {
  const validate = validatorOf(schemaReference(name, definition));
  if (!validate) throw new Error(`no schema ${name} ${definition ?? ""}`);
  return validate;
}

/** The keys that a definition knows. */
export function keysOf(name: SchemaName, definition: string): string[] {
  return Object.keys(schemaOf(name).$defs?.[definition]?.properties ?? {});
}

export interface SchemaCheck {
  /** A definition of the schema that the data is checked by, instead of the whole. */
  definition?: string;
  /** Where the data stands in the document. */
  at?: Path;
  /** Leaves out a problem; the path is that of an unknown key itself, else that of the value. */
  skip?: (path: Path, error: ErrorObject) => boolean;
}

/** Checks the document's data, fills in its defaults, and adds a problem for each mistake. True when there is none. */
export function checkSchema(
  document: SpecDocument,
  name: SchemaName,
  data: unknown,
  { definition, at = [], skip }: SchemaCheck = {},
): boolean {
  const validate = schemaValidator(name, definition);
  if (validate(data)) return true;
  const all = validate.errors ?? [];
  const kinds = new Set(
    all.filter(({ keyword }) => keyword === "discriminator").map(({ instancePath }) => instancePath),
  );
  // What follows from another error: the branch of a condition, a discriminator that is missing, whatever else is
  // wrong with a value of a wrong type.
  const errors = all.filter(
    ({ keyword, instancePath, params, propertyName }) =>
      keyword !== "if" &&
      propertyName === undefined &&
      !(
        keyword === "required" &&
        kinds.has(instancePath) &&
        ["type", "by", "detect"].includes((params as { missingProperty: string }).missingProperty)
      ),
  );
  const mistyped = new Set(errors.filter(({ keyword }) => keyword === "type").map(({ instancePath }) => instancePath));
  const own = errors.filter(({ keyword, instancePath }) => keyword === "type" || !mistyped.has(instancePath));
  const reported = new Set<string>();
  const depth = ({ instancePath }: ErrorObject): number => instancePath.split("/").length;
  for (const error of own.sort((a, b) => depth(a) - depth(b))) {
    const place = mistakePlace(error);
    if (reported.has(place) || isMisspelt(error, own)) continue;
    reported.add(place);
    const path = [...at, ...pathOf(error.instancePath)];
    const { additionalProperty: unknown } = error.params as { additionalProperty?: string };
    if (skip?.(unknown === undefined ? path : [...path, unknown], error)) continue;
    reportSchemaError(document, path, error);
  }
  return false;
}

/** One mistake a place: but a map may lack several keys and hold several that are unknown. */
function mistakePlace({ keyword, instancePath, params }: ErrorObject): string {
  return keyword === "additionalProperties" || keyword === "required" || keyword === "propertyNames"
    ? `${instancePath} ${keyword} ${Object.values(params as object)[0]}`
    : instancePath;
}

/** True for a missing key that is there under a name like it: the unknown key says so. */
function isMisspelt({ keyword, instancePath, params }: ErrorObject, errors: readonly ErrorObject[]): boolean {
  if (keyword !== "required") return false;
  const missing = (params as { missingProperty: string }).missingProperty;
  return errors.some((other) => {
    if (other.keyword !== "additionalProperties" || other.instancePath !== instancePath) return false;
    const known = Object.keys((other.parentSchema as { properties?: object }).properties ?? {});
    return closest((other.params as { additionalProperty: string }).additionalProperty, known) === missing;
  });
}

/** Keys of a map that its definition does not know. */
export function unknownKeys(name: SchemaName, definition: string, map: object): string[] {
  const known = keysOf(name, definition);
  return Object.keys(map).filter((key) => !known.includes(key));
}

/** `/source/request/query` as a path of keys. */
function pathOf(pointer: string): (string | number)[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}
