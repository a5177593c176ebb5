/**
 * AJV's validators of the schemas. The built package has them as code in the place of this file (scripts/build.ts):
 * making them takes longer than a small run.
 */
import { Ajv, type Options, type ValidateFunction } from "ajv";
import { schemaNames, schemaOf } from "./schema-files.ts";

/** An AJV that knows the schemas. They fill in defaults where they go. */
export function ajvOfSchemas(options?: Options): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    discriminator: true,
    useDefaults: true,
    strict: false,
    allowUnionTypes: true,
    verbose: true,
    ...options,
  });
  for (const name of schemaNames) ajv.addSchema(schemaOf(name));
  return ajv;
}

let ajv: Ajv | undefined;

/** The validator of a schema or a definition, by its reference. */
export function validatorOf(reference: string): ValidateFunction | undefined {
  ajv ??= ajvOfSchemas();
  return ajv.getSchema(reference);
}
