import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { sourceKinds } from "../../src/sources/index.ts";
import { validators } from "../../src/runtime/validators/index.ts";
import { builtInValidators } from "../../src/spec/check-validators.ts";
import { schemaValidator } from "../../src/spec/schema.ts";
import { schemaFolder } from "../../src/spec/schema-files.ts";
import { isColumnType } from "../../src/values/coerce.ts";

interface Schema {
  [key: string]: unknown;
  $ref?: string;
  description?: string;
  properties?: Record<string, Schema>;
  allOf?: Schema[];
}

const names = ["pipeline", "connection", "etl"] as const;
const read = (name: string): Schema =>
  JSON.parse(readFileSync(new URL(`${name}.schema.json`, schemaFolder), "utf8")) as Schema;

/** Every schema within a schema, with where it is. */
function* within(value: unknown, at: string): Generator<[string, Schema]> {
  if (!value || typeof value !== "object") return;
  if (!Array.isArray(value)) yield [at, value as Schema];
  for (const [key, item] of Object.entries(value))
    if (key !== "default" && key !== "enum" && key !== "examples") yield* within(item, `${at}/${key}`);
}

describe.each(names)("the schema of %s", (name) => {
  const schema = read(name);
  const definitions = (schema["$defs"] ?? {}) as Record<string, Schema>;
  const described = (value: Schema): boolean => {
    const referred = value.$ref ?? value.allOf?.[0]?.$ref;
    return Boolean(value.description ?? (referred && definitions[referred.split("/").at(-1)!]?.description));
  };

  it("describes every key: it is the manual", () => {
    const silent = [...within(schema, "")].flatMap(([at, { properties }]) =>
      properties && !/\/(properties|if|not)$/.test(at)
        ? Object.entries(properties).flatMap(([key, value]) => (described(value) ? [] : [`${at} ${key}`]))
        : [],
    );
    expect(silent).toEqual([]);
  });

  it("says in words what every pattern wants", () => {
    const silent = [...within(schema, "")].filter(
      ([at, value]) =>
        typeof value["pattern"] === "string" &&
        !at.endsWith("/properties") &&
        !/^(must|may|of) /.test(String(value["patternErrorMessage"])),
    );
    expect(silent.map(([at]) => at)).toEqual([]);
  });

  it("refuses keys that it does not know, wherever it knows some", () => {
    const open = [...within(schema, "")].filter(
      ([at, value]) =>
        value.properties && !/\/(properties|if|not)$/.test(at) && value["additionalProperties"] !== false,
    );
    expect(open.map(([at]) => at)).toEqual([]);
  });

  it("has defaults and examples that it would take itself", () => {
    const ajv = new Ajv({ strict: false, discriminator: true, allowUnionTypes: true });
    for (const each of names) ajv.addSchema(read(each));
    const wrong = [...within(schema, "#")].flatMap(([at, value]) => {
      const given = [
        ...("default" in value ? [value["default"]] : []),
        ...((value["examples"] as unknown[] | undefined) ?? []),
      ];
      if (given.length === 0 || at.endsWith("/properties")) return [];
      const validate = ajv.compile({
        ...value,
        $defs: definitions,
        ...(value.$ref || value.allOf ? { $ref: undefined } : {}),
      });
      return given.filter((item) => !validate(item)).map((item) => `${at}: ${JSON.stringify(item)}`);
    });
    expect(wrong).toEqual([]);
  });
});

it("the types are what the schemas say: npm run generate", () => {
  const script = new URL("../../scripts/generate-types.ts", import.meta.url).pathname;
  expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
});

it("the kinds of sources are those of the registry", () => {
  const kinds = (
    schemaValidator("pipeline").schema as { properties: { source: { oneOf: { $ref: string }[] } } }
  ).properties.source.oneOf.map(({ $ref }) => $ref.split("/").at(-1)!.replace("_source", ""));
  expect(kinds.sort()).toEqual(Object.keys(sourceKinds).sort());
});

it("the validators are those of the registry", () => {
  expect(builtInValidators().sort()).toEqual(Object.keys(validators).sort());
});

it("the types of columns are those of values", () => {
  const field = schemaValidator("pipeline", "field").schema as {
    properties: { type: { examples: string[]; pattern: string; patternErrorMessage: string } };
  };
  const { examples, pattern, patternErrorMessage } = field.properties.type;
  const isListed = (type: string): boolean => new RegExp(pattern).test(type);
  for (const type of examples) {
    expect(isColumnType(type) && isListed(type), type).toBe(true);
    expect(patternErrorMessage).toContain(type.replace(/\(.*/, ""));
  }
  for (const type of ["varchar", "decimal", "Text", "timestamptz", "int", ""])
    expect(isColumnType(type) || isListed(type), type).toBe(false);
});
