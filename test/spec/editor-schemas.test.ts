/** What an editor shows of the shipped files: the schema that a file names in its first line finds nothing wrong. */
import { globSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../..", import.meta.url));
const files = globSync(["pipelines/**/*.yml", "etl.yml"], { cwd: root }).sort();
const schemaOf = (path: string): object => JSON.parse(readFileSync(path, "utf8")) as object;
// As an editor: nothing of our own is known to it.
const ajv = new Ajv({ allErrors: true, strict: false, logger: false });

describe("the schema for editors", () => {
  it.each(files)("of %s finds nothing wrong with it", (file) => {
    const path = resolve(root, file);
    const text = readFileSync(path, "utf8");
    const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1];
    expect(named, "its first line names a schema").toBeDefined();
    const schema = schemaOf(resolve(dirname(path), named!));
    const validate = ajv.getSchema((schema as { $id: string }).$id) ?? ajv.compile(schema);
    expect(validate(parse(text)) ? [] : validate.errors).toEqual([]);
  });

  const part = new Ajv({ strict: false }).compile(schemaOf(resolve(root, "schemas/pipeline-part.schema.json")));

  it.each([
    {},
    { limits: { max_rejects: null } },
    { source: { delta: { overlap: "5m" } } },
    { source: { pagination: { size: 20 } } },
    { upsert: null, mapping: { old_column: null, name: { required: true } } },
  ])("takes %j for a part of a pipeline", (data) => {
    expect(part(data) ? [] : part.errors).toEqual([]);
  });

  it.each([{ sauce: {} }, { source: { typ: "api" } }, { limits: { max_rejects: "many" } }, { upsert: { keys: "id" } }])(
    "sees what is wrong in %j all the same",
    (data) => expect(part(data)).toBe(false),
  );
});
