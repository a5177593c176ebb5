/** The `tests:` of every shipped pipeline, as `etl test` runs them. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadSpecs, openContext } from "../../src/cli/context.ts";
import { runSpecTest } from "../../src/runtime/spec-tests.ts";

const folder = fileURLToPath(new URL("../../pipelines", import.meta.url));
const { pipelines, problems } = loadSpecs([folder], openContext([folder], { variablesMayBeMissing: true }, {}));

it("finds every shipped pipeline, each with tests", () => {
  expect(problems).toEqual([]);
  expect(pipelines.map(({ spec }) => spec.pipeline)).toEqual(
    expect.arrayContaining([
      "genius.appointments",
      "genius.leads",
      "hubspot.appointments",
      "hubspot.contacts",
      "hubspot.deals",
      "hubspot.divisions",
      "hubspot.genius_users",
      "hubspot.owners",
      "hubspot.zipcodes",
      "salespro.lead_results",
      "salespro.users",
    ]),
  );
  expect(pipelines.filter(({ spec }) => !spec.tests?.length).map(({ spec }) => spec.pipeline)).toEqual([]);
});

describe.each(pipelines.map(({ spec }) => [spec.pipeline, spec] as const))("%s", (_, spec) => {
  it.each((spec.tests ?? []).map((test) => [test.name, test] as const))("%s", async (_name, test) => {
    expect(await runSpecTest(spec, test)).toEqual([]);
  });
});
