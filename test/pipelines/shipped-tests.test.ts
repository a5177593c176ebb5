/** The `tests:` of every shipped pipeline, run by the engine's own mapping. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadSpecs, openContext } from "../../src/cli/context.ts";
import { compile } from "../../src/jsonata/index.ts";
import { compileMapping, rowObject, type Failure } from "../../src/runtime/mapping/index.ts";
import { resolveParams } from "../../src/runtime/params.ts";
import type { Pipeline } from "../../src/spec/types.ts";
import type { Value } from "../../src/sinks/contract.ts";
import { compileCoercion } from "../../src/values/coerce.ts";

type SpecTest = NonNullable<Pipeline["tests"]>[number];

const folder = fileURLToPath(new URL("../../pipelines", import.meta.url));
const { pipelines, problems } = loadSpecs([folder], openContext([folder], {}, { HUBSPOT_API_TOKEN: "x" }));

it("finds every shipped pipeline, each with tests", () => {
  expect(problems).toEqual([]);
  expect(pipelines.map(({ spec }) => spec.pipeline)).toEqual(
    expect.arrayContaining([
      "hubspot.appointments",
      "hubspot.contacts",
      "hubspot.deals",
      "hubspot.divisions",
      "hubspot.genius_users",
      "hubspot.owners",
      "hubspot.zipcodes",
    ]),
  );
  expect(pipelines.filter(({ spec }) => !spec.tests?.length).map(({ spec }) => spec.pipeline)).toEqual([]);
});

/** What the mapping makes of a test's records. */
async function outcomeOf(spec: Pipeline, test: SpecTest) {
  // What a test is about does not depend on the account: a required param may be anything.
  const given = Object.fromEntries(
    Object.entries(spec.params ?? {})
      .filter(([, param]) => param.required)
      .map(([name]) => [name, "1"]),
  );
  const mapping = compileMapping(spec, {
    validation: test.validation ?? "strict",
    skipValidation: false,
    params: resolveParams(spec, given, {}).values,
  });
  const filter = spec.source.filter === undefined ? undefined : compile(spec.source.filter);
  const rows: Record<string, Value>[] = [];
  const rejects: Failure[] = [];
  const warnings: string[] = [];
  for (const record of test.records) {
    const prepared = await mapping.prepare(record);
    if (filter && (await mapping.evaluate(filter, prepared)) !== true) continue;
    const mapped = await mapping.map(prepared);
    warnings.push(...mapped.warnings.map(({ field, rule }) => field || rule));
    if (mapped.failures.length) rejects.push(...mapped.failures);
    else rows.push(rowObject(mapping.columns, mapped.row) as Record<string, Value>);
  }
  return { rows, rejects, warnings };
}

/** An expected row as the sinks would be given it; a column that is not mapped is kept, so that it shows. */
function canonical(spec: Pipeline, row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      const field = spec.mapping[column];
      if (!field) return [column, `${column} is not a column of ${spec.pipeline}`];
      const coerce = compileCoercion(field.type, { keepEmpty: true, trim: false, nullValues: [] });
      return [column, coerce(value, (rule, message) => expect.fail(`${column}: ${rule}: ${message}`))];
    }),
  );
}

const only = (names: object, values: object): Record<string, unknown> =>
  Object.fromEntries(Object.keys(names).map((name) => [name, (values as Record<string, unknown>)[name]]));

describe.each(pipelines.map(({ spec }) => [spec.pipeline, spec] as const))("%s", (_, spec) => {
  it.each((spec.tests ?? []).map((test) => [test.name, test] as const))("%s", async (_name, test) => {
    const { rows, rejects, warnings } = await outcomeOf(spec, test);
    // Named columns alone; none left out, none too many.
    expect(rows.map((row, index) => only(test.rows?.[index] ?? row, row))).toEqual(
      (test.rows ?? []).map((row) => canonical(spec, row)),
    );
    expect(rejects.map((reject, index) => only(test.rejects?.[index] ?? reject, reject))).toEqual(test.rejects ?? []);
    expect(warnings.toSorted()).toEqual((test.warnings ?? []).toSorted());
  });
});
