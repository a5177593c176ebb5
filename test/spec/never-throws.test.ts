import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDelta } from "../../src/runtime/delta.ts";
import { compileMapping } from "../../src/runtime/mapping/index.ts";
import { effectiveSource } from "../../src/sources/api/effective-source.ts";
import { checkParentPipelines } from "../../src/spec/check-parent-pipelines.ts";
import { loadConnectionFile, loadPipeline, type LoadedPipeline } from "../../src/spec/load.ts";
import type { Problem } from "../../src/spec/problem.ts";
import { connection, folderOf, projectIn } from "./support.ts";

// The same files each time, so that a check does not fail by chance; another number looks further.
fc.configureGlobal({ seed: Number(process.env["ETL_FUZZ_SEED"] ?? 20_261_121) });

const sound = new URL("../fixtures/spec-sound/shop/", import.meta.url);
const orders = readFileSync(new URL("orders.yml", sound), "utf8");
const shipments = readFileSync(new URL("shipments.yml", sound), "utf8");
const carts = readFileSync(new URL("carts.yml", sound), "utf8");
const exported = readFileSync(new URL("exports.yml", sound), "utf8");
const shop = readFileSync(new URL("connection.yml", sound), "utf8");

const folder = folderOf({
  "pipeline.yml": orders,
  "connection.yml": shop,
  "orders.yml": orders,
  "etl.yml": 'pipelines: [none]\nvalidators: { sku: { pattern: "^[A-Z]" } }\n',
});
const parent = join(folder, "orders.yml");
const project = projectIn(folder, { variables: { SHOP_TOKEN: "t" } });

/** Pieces that break specs: YAML's and JSONata's signs, and words at the wrong place. */
const piece = fc.constantFrom(
  ..."{}[]()'\"`\\:,#&*!|>%@-?\n\t $",
  ": ",
  " #",
  "  ",
  "{{",
  "}}",
  "${",
  "null",
  "true",
  "[]",
  "{}",
  "1",
  "99999999999999999999",
  "1e999",
  ".inf",
  "<<: *id",
  "*id",
  "&id ",
  "!!binary ",
  "~",
  "\u{1f600}",
  "é",
  "\0",
  "---\n",
  "type: ",
  "from: ",
  "$",
  "$x",
  "decimal(3,9)",
  "2024-02-30",
  "Mars/Olympus",
);

interface Edit {
  at: number;
  remove: number;
  insert: string;
}

const edit = fc.record({
  at: fc.nat(),
  remove: fc.constantFrom(0, 0, 0, 1, 2, 5, 20),
  insert: fc.oneof(piece, fc.constant("")),
});

function apply(text: string, edits: readonly Edit[]): string {
  return edits.reduce((before, { at, remove, insert }) => {
    const start = at % before.length;
    return before.slice(0, start) + insert + before.slice(start + remove);
  }, text);
}

/** Problems stand in their file, and say something. */
function expectSound(problems: readonly Problem[], text: string): void {
  const lines = text.split("\n");
  for (const { file, line, column, message } of problems) {
    if (!file.endsWith("pipeline.yml") && !file.endsWith("connection.yml")) continue;
    expect(line, message).toBeGreaterThanOrEqual(1);
    expect(line, message).toBeLessThanOrEqual(lines.length);
    expect(column, message).toBeGreaterThanOrEqual(1);
    expect(column, `${line}:${column} ${message}`).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    expect(message).not.toMatch(/undefined|\[object/);
  }
}

/** What a run does with a spec before it reads a record. */
function compileAll({ spec }: LoadedPipeline): void {
  for (const validation of ["strict", "lenient"] as const)
    compileMapping(spec, { validation, skipValidation: false, params: {} });
  if (spec.source.delta) compileDelta(spec.source.delta);
  if (spec.source.type === "api") for (const incremental of [false, true]) effectiveSource(spec.source, incremental);
}

describe("whatever is in a file", () => {
  it.each([
    ["a pipeline", orders],
    ["a pipeline with children", carts],
    ["a pipeline by parents", shipments],
    ["a pipeline by exports", exported],
  ])("%s loads without throwing: with problems at their places, or so that a run can compile it", (_name, spec) => {
    const file = join(folder, "pipeline.yml");
    let whole = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const text = apply(spec, edits);
        writeFileSync(file, text);
        const result = loadPipeline(file, project);
        const { pipeline } = result;
        const problems = [...result.problems, ...checkParentPipelines([result], new Map([["shop.orders", parent]]))];
        expectSound(problems, text);
        if (!problems.some(({ severity }) => severity === "error")) {
          whole++;
          compileAll(pipeline!);
        } else if (result.problems.some(({ severity }) => severity === "error")) expect(pipeline).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    expect(whole).toBeGreaterThan(0);
  });

  it.each([orders, shipments, carts])(
    "a quote in place of the first sign is told, and costs no more than the file",
    (spec) => {
      const file = join(folder, "pipeline.yml");
      const text = spec.replace(/^#/, '"');
      expect(text).not.toBe(spec);
      writeFileSync(file, text);
      const { problems } = loadPipeline(file, project);
      expect(problems.find(({ line }) => line === 1)).toMatchObject({ column: 1, code: "E001" });
      expectSound(problems, text);
    },
  );

  it("a connection loads without throwing", () => {
    const file = join(folder, "connection.yml");
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const text = apply(shop, edits);
        writeFileSync(file, text);
        const { problems, connection: loaded } = loadConnectionFile(file, project);
        expectSound(problems, text);
        expect(loaded === undefined).toBe(problems.length > 0);
      }),
      { numRuns: 150 },
    );
    writeFileSync(file, shop);
  });

  it("any JSON value in the place of any other is a problem or fits", () => {
    const file = join(folder, "pipeline.yml");
    const keys = [
      "pipeline",
      "params",
      "source",
      "let",
      "mapping",
      "rules",
      "upsert",
      "limits",
      "sink",
      "tests",
      "record_url",
      "enabled",
      "tags",
    ];
    const sourceKeys = [
      "type",
      "connection",
      "request",
      "records",
      "pagination",
      "delta",
      "incremental",
      "filter",
      "select",
      "null_values",
      "parse_json",
      "responses",
      "slices",
      "job",
    ];
    const value = fc.jsonValue({ maxDepth: 3, noUnicodeString: true });
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        fc.constantFrom(...sourceKeys),
        value,
        fc.boolean(),
        (key, sourceKey, json, deep) => {
          const spec = {
            pipeline: "shop.orders",
            source: { type: "api", connection: "shop", request: { path: "/a" }, records: "a" },
            mapping: { id: "id" },
            upsert: { keys: ["id"] },
            sink: { table: "t" },
          };
          const changed = deep ? { ...spec, source: { ...spec.source, [sourceKey]: json } } : { ...spec, [key]: json };
          const text = JSON.stringify(changed, null, 1);
          writeFileSync(file, text);
          const { problems, pipeline } = loadPipeline(file, project);
          expectSound(problems, text);
          if (pipeline) compileAll(pipeline);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("what a run would refuse is refused by validate, with its place", () => {
  const base = (field: string, rest = ""): string => `pipeline: shop.orders
source: { type: api, connection: shop, request: { path: /a }, records: a${rest} }
mapping:
  id: id
  value: ${field}
upsert: { keys: [id] }
sink: { table: t }
`;
  const types = [
    "text",
    "integer",
    "bigint",
    "decimal(5,2)",
    "double",
    "boolean",
    "date",
    "time",
    "timestamp",
    "interval",
    "json",
    "uuid",
  ];
  const formats = [
    "iso",
    "epoch",
    "epochMs",
    "epochUs",
    "serial",
    "money",
    "seconds",
    "MM/dd/yyyy",
    "HH:mm",
    "yyyy",
    "DD.MM.YYYY",
    "hh:mm",
    "nonsense",
    "",
  ];
  const defaults = [
    "''",
    "x",
    "1",
    "1.5",
    "true",
    "2024-01-31",
    "2024-02-30",
    "10:00",
    "2024-01-31T10:00:00Z",
    "P1D",
    "'[1]'",
    "'-'",
    "123456.789",
  ];
  const zones = ["UTC", "Europe/Berlin", "UTC+3", "local", "Mars/Olympus"];

  it("for every type with every format, default and zone", () => {
    writeFileSync(join(folder, "connection.yml"), connection);
    const file = join(folder, "pipeline.yml");
    let whole = 0;
    let broken = 0;
    const variants = types.flatMap((type) =>
      [
        ...formats.map((format) => `, format: "${format}"`),
        ...defaults.map((value) => `, default: ${value}`),
        ...zones.map((zone) => `, time_zone: ${zone}`),
      ].map((option) => `{ from: value, type: "${type}"${option} }`),
    );
    for (const field of variants) {
      writeFileSync(file, base(field));
      const { pipeline, problems } = loadPipeline(file, project);
      expect(problems.length, field).toBeLessThanOrEqual(1);
      if (pipeline) {
        whole++;
        compileAll(pipeline);
      } else {
        broken++;
        expect(problems[0], field).toMatchObject({ line: 5, code: expect.stringMatching(/^E41[678]$/) });
      }
    }
    expect(
      [whole, broken].every((count) => count > 30),
      `${whole} ${broken}`,
    ).toBe(true);
  });
});
