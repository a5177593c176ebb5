/** `extends` and `etl explain`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadSpecs, openContext } from "../../src/cli/context.ts";
import { explainPipeline } from "../../src/spec/explain.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "etl-extend-"));
  const files = {
    "connection.yml": "connection: shop\ntype: api\nbase_url: http://127.0.0.1:1\n",
    "_object.yml": `source:
  type: api
  connection: shop
  request:
    path: "/objects/{{params.type}}"
    query: { limit: "{{page.size}}", expand: all }
  records: results
  pagination: { type: cursor, cursor: next, send_as: query.after, size: 100 }
params: { type: { type: text } }
upsert: { keys: [id] }
`,
    "_custom.yml": 'extends: ./_object.yml\nsource: { request: { query: { expand: null, custom: "true" } } }\n',
    "things.yml":
      "pipeline: shop.things\nextends: ./_custom.yml\nparams: { type: { default: thing } }\nmapping: { id: id, sku: sku }\nupsert: { keys: [id, sku] }\nsink: { table: things }\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = () => loadSpecs([folder], openContext([folder], {}, {}));

describe("extends", () => {
  it("lays a spec over a base that has a base: maps merge, lists and scalars are replaced, null removes", () => {
    const { pipelines, problems } = load();
    expect(problems).toEqual([]);
    expect(pipelines.map(({ spec }) => spec.pipeline)).toEqual(["shop.things"]);
    expect(pipelines[0]!.spec).toMatchObject({
      source: {
        type: "api",
        request: { path: "/objects/{{params.type}}", query: { limit: "{{page.size}}", custom: "true" } },
      },
      params: { type: { type: "text", default: "thing" } },
      upsert: { keys: ["id", "sku"] },
    });
    expect((pipelines[0]!.spec.source as { request: { query: object } }).request.query).not.toHaveProperty("expand");
  });

  it("has another hash when its base changes what is asked", () => {
    const before = load().pipelines[0]!.hash;
    writeFileSync(join(folder, "_custom.yml"), "extends: ./_object.yml\n");
    expect(load().pipelines[0]!.hash).not.toBe(before);
  });
});

describe("explain", () => {
  it("says of each value where it comes from", () => {
    const { results } = load();
    const text = explainPipeline(results[0]!.pipeline!, results[0]!.document);
    expect(text).toMatch(/path: \/objects\/\{\{params\.type\}\} # .*_object\.yml:5$/m);
    expect(text).toMatch(/custom: "true" # .*_custom\.yml:2$/m);
    expect(text).toMatch(/default: thing$/m);
    expect(text).toMatch(/method: GET # default$/m);
    expect(text).toMatch(/from: id$/m);
  });
});
