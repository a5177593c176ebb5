/** A table's mapping as one function gives what its expressions and its columns give one by one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/jsonata/index.ts";
import { compileField } from "../../src/runtime/mapping/field.ts";
import { startMapped, type Mapped } from "../../src/runtime/mapping/outcome.ts";
import { evaluate, Prepared } from "../../src/runtime/mapping/prepare.ts";
import { compileRows, type MappingOptions } from "../../src/runtime/mapping/rows.ts";
import { withoutNulls } from "../../src/runtime/mapping/without-nulls.ts";
import type { Field } from "../../src/spec/types.ts";

const options: MappingOptions = { validation: "strict", skipValidation: false, params: {} };
const names = ["id", "a", "b", "c", "constructor", "__proto__", "length"];

/** Each expression and each column by itself, over a copy without nulls: what the function must come to. */
async function oneByOne(mapping: Record<string, Field>, record: unknown): Promise<Mapped> {
  const mapped = startMapped();
  const row: Mapped["row"] = [];
  for (const [column, field] of Object.entries(mapping)) {
    const isJson = field.type === "json";
    const compiled = compile(field.from, { keepLists: isJson });
    const value: unknown = await evaluate(compiled, isJson ? record : withoutNulls(record), { params: {} });
    row.push(
      compileField(column, field, { ...options, isKey: column === "id", nullValues: [""] }).finish(value, mapped),
    );
  }
  mapped.row = row;
  return mapped;
}

const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }).map((steps) => steps.join("."));
const from = fc.oneof(
  { weight: 4, arbitrary: path },
  { weight: 1, arbitrary: path.map((steps) => `$string(${steps})`) },
  { weight: 1, arbitrary: path.map((steps) => `${steps} & 'x'`) },
  { weight: 1, arbitrary: path.map((steps) => `${steps}[0]`) },
  { weight: 1, arbitrary: fc.constantFrom("$", "$keys($)", "$sum(a)", "$params.x", "1") },
);
const field: fc.Arbitrary<Field> = fc
  .record(
    {
      from,
      type: fc.constantFrom("text", "json", "integer", "bigint", "boolean", "double", "date", "decimal(4,1)"),
      required: fc.constantFrom(true),
      default: fc.constantFrom("7"),
      sensitive: fc.constantFrom(true),
      validate: fc.constantFrom([{ name: "length", rule: "length", options: { max: 2 } }]),
    },
    { requiredKeys: ["from", "type"] },
  )
  .map((made) => (made.type === "text" ? made : { ...made, validate: undefined, default: undefined }) as Field);

const leaf = fc.oneof(
  fc.constantFrom(null, "", "x", " padded ", "7", "7.5", "2025-01-02", true, 3, -0, 1.25),
  fc.string({ maxLength: 4 }),
);
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.dictionary(fc.constantFrom("id", "a", "b", "c", "constructor", "length"), tie("value"), { maxKeys: 4 }),
    fc.array(tie("value"), { maxLength: 3 }),
  ),
}));

describe("one function for a table's mapping", () => {
  it("comes to what its parts come to one by one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(field, { minLength: 1, maxLength: 6 }), anyValue, async (fields, record) => {
        const mapping = Object.fromEntries(fields.map((each, index) => [index === 0 ? "id" : `column_${index}`, each]));
        const before = structuredClone(record);
        const { map } = compileRows({ mapping, upsert: { keys: ["id"] } }, options, [""]);
        const mapped = await map(new Prepared(record, { params: {} }));
        expect(mapped).toEqual(await oneByOne(mapping, record));
        expect(record).toEqual(before);
      }),
      { numRuns: 200 },
    );
  });

  const mappingOf = (fields: Record<string, Partial<Field>>) =>
    Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, { type: "text", from: name, ...each }]));
  const mapOnce = (fields: Record<string, Partial<Field>>, record: unknown) =>
    compileRows({ mapping: mappingOf(fields) as Record<string, Field>, upsert: { keys: [] } }, options, [""]).map(
      new Prepared(record, { params: {} }),
    );

  it("makes no copy of a record whose paths are plain", () => {
    const prepared = new Prepared({ a: null, b: { c: "x" } }, { params: {} });
    Object.defineProperty(prepared, "input", {
      get: () => {
        throw new Error("a copy was asked for");
      },
    });
    const { map } = compileRows(
      { mapping: mappingOf({ a: {}, b: { from: "b.c" } }) as Record<string, Field>, upsert: { keys: [] } },
      options,
      [""],
    );
    expect(map(prepared)).toMatchObject({ row: [null, "x"], failures: [], warnings: [] });
  });

  it("takes a list on the way as JSONata does", () => {
    const record = { a: [{ b: "x" }, { b: null }] };
    expect(mapOnce({ one: { from: "a.b" }, all: { from: "a.b", type: "json" } }, record)).toMatchObject({
      row: ["x", '["x",null]'],
    });
  });

  it("gives failures in the order of the columns", () => {
    const mapped = mapOnce({ a: { type: "integer" }, b: { required: true }, c: { type: "date" } }, { a: "x", c: "y" });
    expect((mapped as Mapped).failures.map(({ field: name, stage }) => `${name} ${stage}`)).toEqual([
      "a coerce",
      "b required",
      "c coerce",
    ]);
  });

  it("shares no failures among records", () => {
    const { map } = compileRows(
      { mapping: mappingOf({ a: { type: "integer" } }) as Record<string, Field>, upsert: { keys: [] } },
      options,
      [""],
    );
    const bad = map(new Prepared({ a: "x" }, {})) as Mapped;
    const good = map(new Prepared({ a: 1 }, {})) as Mapped;
    expect([bad.failures.length, good.failures.length]).toEqual([1, 0]);
  });

  it("answers with a promise where the reference evaluates, and an error is the field's own", async () => {
    const waiting = mapOnce({ a: { from: "$sum(a)" }, b: { from: "b" } }, { a: "x", b: "y" });
    expect(waiting).toBeInstanceOf(Promise);
    expect(await waiting).toMatchObject({ row: [null, "y"], failures: [{ stage: "map", field: "a" }] });
  });
});
