/** Specs of databases, broken in every place: they load without throwing, or so that a run can compile them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDelta } from "../../src/runtime/delta.ts";
import { compileMapping } from "../../src/runtime/mapping/index.ts";
import { mysqlDialect } from "../../src/sources/database/dialects/mysql/index.ts";
import { compileSelect } from "../../src/sources/database/sql/select.ts";
import { ALWAYS } from "../../src/sources/database/sql/sql.ts";
import { loadConnectionFile, loadPipeline, type LoadedPipeline } from "../../src/spec/load.ts";
import type { Problem } from "../../src/spec/problem.ts";
import { TemplateError } from "../../src/template/index.ts";
import { folderOf, projectIn } from "./support.ts";

const sound = new URL("../fixtures/spec-sound/genius/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, sound), "utf8");
const connection = read("connection.yml");
const folder = folderOf({ "connection.yml": connection, "etl.yml": "pipelines: [none]\n" });
const project = projectIn(folder, { variables: { SHOP_TOKEN: "t" } });

const piece = fc.constantFrom(
  ..."{}[]()'\"`\\:,#&*|>%@-?;\n\t $.",
  "{{",
  "}}",
  "{{delta}}",
  "{{keyset}}",
  "{{params.division}}",
  "/*",
  "*/",
  "-- ",
  "null",
  "1",
  "ORDER BY id",
  "type: ",
  "DELETE ",
  "\0",
  "é",
  "\u{1f600}",
);
const edit = fc.record({
  at: fc.nat(),
  remove: fc.constantFrom(0, 0, 1, 2, 5, 20),
  insert: fc.oneof(piece, fc.constant("")),
});

function apply(text: string, edits: readonly { at: number; remove: number; insert: string }[]): string {
  return edits.reduce((before, { at, remove, insert }) => {
    const start = at % before.length;
    return before.slice(0, start) + insert + before.slice(start + remove);
  }, text);
}

function expectSound(problems: readonly Problem[], text: string): void {
  const lines = text.split("\n");
  for (const { line, column, message } of problems) {
    expect(line, message).toBeGreaterThanOrEqual(1);
    expect(line, message).toBeLessThanOrEqual(lines.length);
    expect(column, `${line}:${column} ${message}`).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    expect(message).not.toMatch(/undefined|\[object/);
  }
}

/** What a run does before it connects. */
function compileAll({ spec }: LoadedPipeline): void {
  compileMapping(spec, { validation: "strict", skipValidation: false, params: {} });
  const { source } = spec;
  if (source.delta) compileDelta(source.delta);
  if (source.type !== "database") return;
  const bound = { text: "1970-01-01T00:00:00.000000Z", instant: "1970-01-01T00:00:00.000000Z" };
  const params = { excluded_type: 9, division: "x" };
  const scope = { values: { since: bound, until: bound, params, vars: {} } };
  try {
    compileSelect({ spec: source, dialect: mysqlDialect, wanted: ["id"], scope }).statement({
      delta: ALWAYS,
      keyset: ALWAYS,
    });
  } catch (error) {
    // A value may be of a kind that a helper cannot take: only the run knows.
    if (!(error instanceof TemplateError)) throw error;
  }
}

describe("whatever is in a file of a database", () => {
  it.each(["appointments.yml", "services.yml"])("%s loads without throwing", (name) => {
    const file = join(folder, "pipeline.yml");
    let whole = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 0, maxLength: 3 }), (edits) => {
        const text = apply(read(name), edits);
        writeFileSync(file, text);
        const { problems, pipeline } = loadPipeline(file, project);
        expectSound(problems, text);
        if (!pipeline) return;
        whole++;
        compileAll(pipeline);
      }),
      { numRuns: 250 },
    );
    expect(whole).toBeGreaterThan(10);
  });

  it("a connection loads without throwing", () => {
    const file = join(folder, "connection.yml");
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const text = apply(connection, edits);
        writeFileSync(file, text);
        const { problems, connection: loaded } = loadConnectionFile(file, project);
        expectSound(problems, text);
        expect(loaded === undefined).toBe(problems.some(({ severity }) => severity === "error"));
      }),
      { numRuns: 150 },
    );
    writeFileSync(file, connection);
  });
});
