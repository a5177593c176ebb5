/** The schemas as they lie in schemas/. */
import { readFileSync } from "node:fs";

export const schemaNames = ["pipeline", "connection", "etl"] as const;
export type SchemaName = (typeof schemaNames)[number];

export interface Schema {
  $defs?: Record<string, Schema>;
  properties?: Record<string, Schema>;
}

/** The folder of the schemas, from the sources and from the built package alike. */
export const schemaFolder = new URL(
  import.meta.url.endsWith("/src/spec/schema-files.ts") ? "../../schemas/" : "../schemas/",
  import.meta.url,
);

const read = new Map<SchemaName, Schema>();

/** A schema, read once. */
export function schemaOf(name: SchemaName): Schema {
  let schema = read.get(name);
  if (!schema) {
    schema = JSON.parse(readFileSync(new URL(`${name}.schema.json`, schemaFolder), "utf8")) as Schema;
    read.set(name, schema);
  }
  return schema;
}

/** `pipeline.schema.json`, or one of its definitions: `pipeline.schema.json#/$defs/field`. */
export function schemaReference(name: SchemaName, definition?: string): string {
  return `${name}.schema.json${definition ? `#/$defs/${definition}` : ""}`;
}
