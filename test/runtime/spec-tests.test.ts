/** `etl test`: what it finds of a spec's tests, how it says so, and what it leaves alone. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { etl, temporaryFolder } from "../package/support.ts";

const orders = (tests: string): string => `pipeline: shop.orders
description: Orders, and what was ordered.
source: { type: csv, path: nowhere.csv, header: true, filter: $not(kind = 'draft') }
params: { day: { type: date, required: true } }
mapping:
  id: { from: id, type: bigint }
  email: { from: email, validate: email }
  total: { from: total, type: "decimal(10,2)" }
  paid: { from: paid, type: boolean }
  changed: { from: changed, type: timestamp }
  raw: { from: $, type: json }
rules: [{ name: positive, check: $number(total) > 0, on_fail: warn }]
upsert: { keys: [id] }
sink: { table: shop_order }
children:
  - each: items
    mapping: { order_id: { from: $parent.id, type: bigint }, no: { from: no, type: integer } }
    upsert: { keys: [order_id, no] }
    sink: { table: shop_item }
tests:
${tests.replace(/^\n/, "")}`;

/** A project of one file; what it is told of the tests. */
async function tested(tests: string, args: string[] = []): Promise<Awaited<ReturnType<typeof etl>> & { cwd: string }> {
  const cwd = project({ "orders.yml": orders(tests) });
  return { ...(await etl(["test", "orders.yml", ...args], { cwd })), cwd };
}

function project(files: Record<string, string>): string {
  const cwd = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  return cwd;
}

describe.concurrent("etl test", () => {
  it("passes where everything is as the tests say, by the types of the columns", async () => {
    const { code, stdout, stderr, cwd } = await tested(`
  - name: typed
    records:
      - { id: 1, email: " Ada@Example.com ", total: "9.5", paid: yes, changed: "2025-01-01T01:00:00+01:00", items: [{ no: 2 }, { no: 3 }] }
      - { id: 2, kind: draft }
      - { id: "9223372036854775807", total: 1 }
    rows:
      - { id: "1", email: ada@example.com, total: 9.50, paid: true, changed: 2025-01-01T00:00:00Z }
      - { id: "9223372036854775807", email: null }
    children: { shop_item: [{ order_id: 1, no: 2 }, { no: "3" }] }
  - name: strict unless it says otherwise
    records: [{ id: 1, email: nobody, total: 1 }]
    rejects: [{ field: email, rule: email }]
  - name: lenient
    validation: lenient
    records: [{ id: 1, email: nobody, total: -1 }]
    rows: [{ id: 1 }]
    warnings: [positive, email]
`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "shop.orders: 3 tests passed\n" });
    expect(stderr).toBe("\n1 pipeline, 3 tests: 0 failed\n");
    expect(readdirSync(cwd)).toEqual(["orders.yml"]); // no warehouse, and the source's file was not missed
  });

  it("says of every failing test where it stands and what differs, column by column", async () => {
    const { code, stdout } = await tested(`
  - name: passes
    records: [{ id: 1, total: 1 }]
    rows: [{ id: 1 }]
  - name: columns
    records: [{ id: 1, email: ada@example.com, total: 2, items: [{ no: 1 }] }]
    rows: [{ id: 2, email: null, total: soon }]
    children: { shop_item: [{ no: 2 }, { no: 3 }] }
  - name: rows, rejects and warnings
    records: [{ id: 1, total: 0 }, { id: 2, total: 1 }, { total: 1 }]
    rows: [{ id: 1 }]
    rejects: [{ field: email }, { rule: x }]
`);
    expect(code).toBe(1);
    expect(stdout).toBe(`shop.orders: 2 of 3 tests failed
  orders.yml:24:5 columns
    rows[0].id: expected 2, got 1
    rows[0].email: expected null, got "ada@example.com"
    rows[0].total: what is expected is no decimal(10,2): "soon" is not a decimal number
    children.shop_item[0].no: expected 2, got 1
    children.shop_item[1]: expected {"no":3}, got nothing
  orders.yml:28:5 rows, rejects and warnings
    rows[1]: expected nothing, got {"id":2,"email":null,"total":"1.00","paid":null,"changed":null,"raw":"{\\"id\\":2,\\"total\\":1}"}
    rejects[0].field: expected "email", got "id"
    rejects[1]: expected {"rule":"x"}, got nothing
    warnings: expected [], got ["positive"]
`);
  });

  it("--format json gives the same as data", async () => {
    const { code, stdout } = await tested(
      `
  - { name: bad, records: [{ id: 1, total: 1 }], rows: [{ id: 2 }] }
  - { name: good, records: [{ id: 1, total: 1 }], rows: [{ total: 1 }] }
`,
      ["--format", "json"],
    );
    expect(code).toBe(1);
    const place = { file: "orders.yml", column: 5 };
    expect(JSON.parse(stdout)).toEqual({
      pipelines: [
        {
          pipeline: "shop.orders",
          tests: [
            {
              name: "bad",
              ...place,
              line: 21,
              status: "failed",
              differences: [{ at: "rows[0].id", expected: 2, got: 1 }],
            },
            { name: "good", ...place, line: 22, status: "passed", differences: [] },
          ],
        },
      ],
    });
  });

  it("a filter that fails stops a run, and so fails the test", async () => {
    const spec = orders("  - { name: filter, records: [{ id: 1 }] }\n").replace(
      "$not(kind = 'draft')",
      "$number(id.x) > 1 or $error('no')",
    );
    const { code, stdout } = await etl(["test", "orders.yml"], { cwd: project({ "orders.yml": spec }) });
    expect(code).toBe(1);
    expect(stdout).toContain("    records: a run would stop here: source.filter failed: no");
  });

  it("a record that says it was deleted becomes no row", async () => {
    const spec = orders(
      "  - { name: gone, records: [{ id: 1, total: 1, gone: true }, { id: 2, total: 1 }], rows: [{ id: 2 }] }\n",
    );
    const deletes = "deletes: { detect: flag, when: gone = true, mode: soft }\n";
    const { code, stdout } = await etl(["test", "orders.yml"], { cwd: project({ "orders.yml": deletes + spec }) });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "shop.orders: 1 test passed\n" });
  });

  it("takes a folder, needs no credentials, tells a pipeline without tests; a spec that is wrong is exit code 2", async () => {
    const cwd = project({
      "pipelines/shop/connection.yml":
        'connection: shop\ntype: api\nbase_url: ${SHOP_URL}\nauth: { type: bearer, token: "${SHOP_TOKEN}" }\n',
      "pipelines/shop/notes.yml": `pipeline: shop.notes
description: Notes.
source: { type: api, connection: shop, request: { path: /notes }, records: $ }
mapping: { id: id }
upsert: { keys: [id] }
sink: { table: note }
`,
      "pipelines/shop/orders.yml": orders("  - { name: one, records: [{ id: 1, total: 1 }], rows: [{ id: 1 }] }\n"),
    });
    const sound = await etl(["test"], { cwd });
    expect(sound).toMatchObject({
      code: 0,
      stdout: "shop.notes: no tests\nshop.orders: 1 test passed\n",
      stderr: "\n2 pipelines, 1 test: 0 failed\n",
    });
    writeFileSync(join(cwd, "pipelines/shop/bad.yml"), "pipeline: shop.bad\n");
    const wrong = await etl(["test"], { cwd });
    expect(wrong.code).toBe(2);
    expect(wrong.stdout).toContain("shop.orders: 1 test passed");
    expect(wrong.stderr).toContain("pipelines/shop/bad.yml:1:1 E102");
  });
});
