/** Which rows a read answers for: `deletes.scope` with values and with the date slices that were read. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scopeOf } from "../../../src/runtime/deletes/scope.ts";
import type { Pipeline } from "../../../src/spec/types.ts";
import { warehouses } from "../../support/warehouses.ts";
import { ThingsProject } from "./things-project.ts";

function scoped(scope: Record<string, string | number | boolean>, slices: readonly string[] = []) {
  const spec = {
    deletes: { detect: "missing", scope },
    mapping: { at: { type: "timestamp" }, day: { type: "date" }, shop: { type: "integer" }, name: { type: "text" } },
  } as unknown as Pipeline;
  return scopeOf({ spec, params: { shop: "7" }, vars: { portal: "x" }, slices });
}

describe("a scope", () => {
  it("takes values of the column's type, from params and vars too", () => {
    expect(scoped({ shop: "{{params.shop}}", name: "{{vars.portal}}-1" })).toEqual([
      { column: "shop", value: 7 },
      { column: "name", value: "x-1" },
    ]);
    expect(() => scoped({ shop: "{{vars.portal}}" })).toThrow(/deletes\.scope\.shop .*"x" is not an integer/);
  });

  it("joins windows that follow one another, and keeps a gap", () => {
    const keys = [
      "2025-01-08T00:00:00Z/2025-01-15T00:00:00Z",
      "2025-01-01T00:00:00Z/2025-01-08T00:00:00Z",
      "2025-02-01T00:00:00Z/2025-02-02T00:00:00Z",
    ];
    expect(scoped({ at: "slice" }, keys)).toEqual([
      {
        column: "at",
        windows: [
          { from: "2025-01-01T00:00:00.000000Z", to: "2025-01-15T00:00:00.000000Z" },
          { from: "2025-02-01T00:00:00.000000Z", to: "2025-02-02T00:00:00.000000Z" },
        ],
      },
    ]);
  });

  it("leaves out days that were read in part", () => {
    expect(scoped({ day: "slice" }, ["2025-01-01T12:00:00Z/2025-01-04T12:00:00Z"])).toEqual([
      { column: "day", windows: [{ from: "2025-01-02", to: "2025-01-04" }] },
    ]);
    expect(scoped({ day: "slice" }, ["2025-01-01T12:00:00Z/2025-01-02T01:00:00Z"])).toEqual([
      { column: "day", windows: [] },
    ]);
    expect(() => scoped({ at: "slice" }, ["a"])).toThrow(/the slice a is no window of time/);
  });
});

describe.each(warehouses)("slices in a scope, into $name", ({ open }) => {
  let project: ThingsProject;
  beforeEach(async () => {
    project = await ThingsProject.open(open);
    project.api.changedAt = "starts";
  });
  afterEach(() => project.close());

  it("every run reads whole windows: what lies in them and is gone is deleted, what lies outside is not", async () => {
    project.spec({
      source: {
        request: { query: { since: "{{iso slice.from}}", until: "{{iso slice.to}}" } },
        slices: { by: "date", from: "-10 days", to: "+10 days", step: "5d" },
        delta: { field: "updated_at", local: true },
        incremental: null,
      },
      mapping: { starts: { from: "starts", type: "timestamp" } },
      deletes: {
        detect: "missing",
        scope: { starts: "slice" },
        lookup: { request: { path: "/things/{{lookup.key}}" }, batch: 1, gone: "$status = 404" },
        on: "every",
        max: 5,
      },
    });
    const starts = ["2025-05-25", "2025-05-31", "2025-06-03", "2025-06-05", "2025-06-08"];
    starts.forEach((day, index) =>
      project.api.put({ id: index + 1, name: "task", starts: `${day}T08:00:00Z`, updated_at: "2025-05-20T00:00:00Z" }),
    );
    expect((await project.run()).summary).toMatchObject({ status: "success", created: 5, deleted: 0 });
    // Six days later the first one is behind the window; the third is gone; the fourth was moved beyond it.
    project.pass(6 * 86_400);
    project.api.things = project.api.things.filter(({ id }) => id !== 1 && id !== 3);
    project.api.put({ id: 4, starts: "2025-09-01T08:00:00Z" });
    project.api.before = ({ path }) =>
      path.startsWith("/things/") ? { status: path === "/things/4" ? 200 : 404, body: {} } : undefined;
    const { summary } = await project.run();
    expect(summary).toMatchObject({ status: "success", mode: "incremental", filtered: 0, deleted: 1 });
    const asked = project.api.asks.map(({ path }) => path).filter((path) => path.startsWith("/things/"));
    expect(asked).toEqual(["/things/3", "/things/4"]);
    const rows = await project.things("id, deleted_at");
    expect(rows.filter((row) => row["deleted_at"] !== null).map(({ id }) => id)).toEqual([3]);
  });
});
