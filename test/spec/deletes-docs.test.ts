/** The examples of docs/deletes.md, each in a spec that validates and says what it says there. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { parse } from "yaml";
import { loadSpecs, openContext } from "../../src/cli/context.ts";

const page = readFileSync(new URL("../../docs/deletes.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml]) => yaml!);
const folder = mkdtempSync(join(tmpdir(), "etl-deletes-docs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spec = {
  pipeline: "shop.orders",
  params: { shop: { type: "text" } },
  source: {
    type: "api",
    connection: "shop",
    request: { path: "/orders", query: { from: "{{iso slice.from}}", to: "{{iso slice.to}}" } },
    records: "data",
    slices: { by: "date", from: "-30 days", step: "7d" },
  },
  mapping: {
    id: { from: "id", type: "bigint" },
    shop: "shop",
    start_datetime: { from: "start", type: "timestamp" },
  },
  upsert: { keys: ["id"] },
  sink: { table: "shop_order" },
};

it("has an example of each way, of a lookup and of a scope", () => {
  const ways = examples.map((yaml) => (parse(yaml) as { deletes?: { detect: string } }).deletes?.detect ?? "lookup");
  expect(new Set(ways)).toEqual(new Set(["listed", "flag", "missing", "merged", "lookup"]));
});

it.each(examples)("%s", (yaml) => {
  const { deletes, lookup } = parse(yaml) as { deletes?: object; lookup?: object };
  const written = { ...spec, deletes: deletes ?? { detect: "missing", lookup } };
  const files = join(folder, String(examples.indexOf(yaml)));
  mkdirSync(files);
  writeFileSync(join(files, "connection.yml"), "connection: shop\ntype: api\nbase_url: https://shop.example.com\n");
  writeFileSync(join(files, "orders.yml"), JSON.stringify(written));
  const context = openContext([files], {}, {});
  const { problems, pipelines } = loadSpecs([files], context);
  expect(problems).toEqual([]);
  expect(pipelines[0]!.spec.deletes).toMatchObject(written.deletes);
});
