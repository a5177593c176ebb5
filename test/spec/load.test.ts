import { describe, expect, it } from "vitest";
import { mappedNames } from "../../src/spec/mapped-names.ts";
import { load, pipeline, shown } from "./support.ts";

describe("a loaded pipeline", () => {
  it("has its short forms spelled out and its defaults filled in", () => {
    const { pipeline: loaded, problems } = load({
      pipeline: pipeline.replace("id: { from: id, type: bigint }", "id: id"),
    });
    expect(problems).toEqual([]);
    expect(loaded).toMatchObject({
      system: "shop",
      entity: "orders",
      spec: {
        enabled: true,
        source: {
          records: { from: "data", missing: "fail" },
          pagination: { type: "none" },
          null_values: [""],
          request: { method: "GET" },
        },
      },
    });
    expect(loaded!.spec.mapping!["id"]).toEqual({
      from: "id",
      type: "text",
      required: false,
      keep_empty: false,
      sensitive: false,
    });
    expect(loaded!.spec.mapping!["email"]!.validate).toEqual([{ name: "email", rule: "email", options: {} }]);
  });

  it("has validators by what they stand for, with their defaults and their own words", () => {
    const named =
      "\nvalidators:\n  mobile: { phone: { format: e164 }, length: { max: 20 }, message: not a mobile number }\n";
    const { pipeline: loaded, problems } = load({
      pipeline: pipeline.replace("validate: email }", 'validate: [email, mobile, { phone: {} }, { pattern: "^a" }] }'),
      etl: `pipelines: [none]${named}`,
    });
    expect(problems).toEqual([]);
    expect(loaded!.spec.mapping!["email"]!.validate).toEqual([
      { name: "email", rule: "email", options: {} },
      { name: "phone", rule: "mobile", options: { format: "e164", country: "US" }, message: "not a mobile number" },
      { name: "length", rule: "mobile", options: { max: 20 }, message: "not a mobile number" },
      { name: "phone", rule: "phone", options: { country: "US", format: "digits" } },
      { name: "pattern", rule: "pattern", options: "^a" },
    ]);
  });

  it("takes a validator of the connection before one of etl.yml, and that before a built-in one", () => {
    const uses = (connectionText: string, etl: string): unknown =>
      load({
        pipeline: pipeline.replace("validate: email", "validate: object_id"),
        connection: `connection: shop\ntype: api\nbase_url: https://x.example.com\n${connectionText}`,
        etl,
      }).pipeline?.spec.mapping!["email"]!.validate;
    const etl = 'pipelines: [none]\nvalidators: { object_id: { pattern: "^e" } }\n';
    expect(uses("", "pipelines: [none]\n")).toMatchObject([{ name: "object_id" }]);
    expect(uses("", etl)).toMatchObject([{ name: "pattern", options: "^e", rule: "object_id" }]);
    expect(uses('validators: { object_id: { pattern: "^c" } }\n', etl)).toMatchObject([
      { name: "pattern", options: "^c" },
    ]);
  });

  it("is not there when anything is wrong, in its connection too, and its name is", () => {
    const broken = load({ connection: "connection: shop\ntype: api\n" });
    expect(broken.pipeline).toBeUndefined();
    expect(broken.name).toBe("shop.orders");
    expect(shown(broken.problems)).toEqual(['E102 1:1 "base_url" is missing']);
  });
});

describe("the hash", () => {
  const base = `${pipeline}rules:
  - { name: there, check: email, message: no e-mail }
params: { days: { type: integer, default: 7, description: how many } }
`;
  const hashOf = (text: string, etl?: string): string => {
    const { pipeline: loaded, problems } = load({ pipeline: text, ...(etl ? { etl } : {}) });
    expect(shown(problems)).toEqual([]);
    return loaded!.hash;
  };
  const original = hashOf(base);

  it.each<[string, string, string]>([
    ["a description", "sink:", "description: Orders\nsink:"],
    ["tags and tests", "sink:", "tags: [a]\ntests: [{ name: t, records: [{}] }]\nsink:"],
    ["enabled", "sink:", "enabled: false\nsink:"],
    ["limits", "sink:", "limits: { max_rejects: 5 }\nsink:"],
    ["record_url", "sink:", "record_url: https://x.example.com/{{record.id}}\nsink:"],
    ["a field's description", "type: bigint }", "type: bigint, description: The id }"],
    ["a field's message", "validate: email }", "validate: email, message: no }"],
    ["a field that is sensitive", "validate: email }", "validate: email, sensitive: true }"],
    ["a rule's message", "message: no e-mail", "message: nobody"],
    ["a param's description", "description: how many", "description: days"],
    ["a default, written out", "validate: email }", "validate: email, type: text, required: false }"],
    ["a short form, spelled out", "validate: email", "validate: { email: {} }"],
    ["a comment and blanks", "records: data", "records:   data # the list"],
    [
      "the order of columns and keys",
      "  id: { from: id, type: bigint }\n  email: { from: email, validate: email }",
      "  email: { validate: email, from: email }\n  id: { type: bigint, from: id }",
    ],
  ])("does not change with %s", (_, from, to) => {
    expect(base).toContain(from);
    expect(hashOf(base.replace(from, to))).toBe(original);
  });

  it.each<[string, string, string]>([
    ["an expression", "from: email,", "from: mail,"],
    ["a type", "type: bigint", "type: integer"],
    ["a new column", "\nupsert:", "\n  name: name\nupsert:"],
    ["a default", "type: bigint }", "type: bigint, default: 1 }"],
    ["a validator's options", "validate: email", "validate: { email: { blocked_domains: [a.example] } }"],
    ["a failed check's consequence", "validate: email", "validate: email, on_fail: unset"],
    ["a request", "path: /orders", "path: /orders/all"],
    ["records", "records: data", "records: list"],
    ["upsert keys", "keys: [id]", "keys: [id, email]"],
    ["a rule", "check: email", "check: id"],
    ["a rule's consequence", "message: no e-mail", "on_fail: reject"],
    ["a param's default", "default: 7", "default: 8"],
    ["the table", "table: shop_order", "table: shop_orders"],
  ])("changes with %s", (_, from, to) => {
    expect(base).toContain(from);
    expect(hashOf(base.replace(from, to))).not.toBe(original);
  });

  it("changes with what a named validator stands for, not with its words", () => {
    const text = base.replace("validate: email", "validate: mail");
    const with_ = (definition: string): string =>
      hashOf(text, `pipelines: [none]\nvalidators: { mail: ${definition} }\n`);
    expect(with_("{ email: {}, message: no }")).toBe(with_("{ email: {}, message: never }"));
    expect(with_("{ email: {} }")).not.toBe(with_("{ length: { max: 5 } }"));
  });
});

describe("mapped names", () => {
  const namesOf = (mapping: Record<string, unknown>, path: string, rest: object = {}): unknown => {
    const { names, whole } = mappedNames({ source: {}, ...rest, mapping }, path);
    return { names, whole: whole.map((site) => site.path.join(".")) };
  };

  it("are what the expressions read below a path, each once, in order", () => {
    expect(
      namesOf(
        { a: "properties.x", b: { from: "$uppercase(properties.y) & properties.x" }, c: "other.z", d: "id" },
        "properties",
      ),
    ).toEqual({ names: ["x", "y"], whole: [] });
  });

  it("come from let, filter, delta, and the id that pages go by, too", () => {
    const rest = {
      let: { l: "properties.l" },
      source: {
        filter: "properties.f = 'x'",
        delta: { field: "properties.d" },
        pagination: { id: "properties.i" },
        incremental: { pagination: { id: "properties.j" } },
        records: "properties.no",
        select: ["s"],
      },
    };
    expect(namesOf({ a: "properties.a" }, "properties", rest)).toEqual({
      names: ["f", "d", "i", "j", "l", "a", "s"],
      whole: [],
    });
  });

  it("come from children: by way of $parent, and below each where that is a path", () => {
    const children = [
      {
        each: "properties.items",
        mapping: { a: "$parent.properties.p", b: "inner.deep", c: { from: "$lookup($parent.other, 'x')" } },
      },
      {
        each: "properties.x.{ 'n': y }",
        let: { l: "$parent.properties.q" },
        mapping: { d: "unknown" },
        rules: [{ check: "z" }],
      },
    ];
    expect(namesOf({ m: "properties.m" }, "properties", { children })).toEqual({
      names: ["m", "items", "p", "x", "q"],
      whole: [],
    });
    expect(namesOf({}, "properties.items", { children })).toMatchObject({ names: ["inner"] });
    const whole = [{ each: "$", mapping: { a: "$string($parent)" } }];
    expect(namesOf({}, "properties", { children: whole })).toMatchObject({
      whole: ["children.0.each", "children.0.mapping.a"],
    });
  });

  it("do not come from rules, which read the row", () => {
    expect(namesOf({ a: "properties.a" }, "properties", { rules: [{ check: "properties.b" }] })).toEqual({
      names: ["a"],
      whole: [],
    });
  });

  it("are the outermost ones at the top", () => {
    expect(namesOf({ a: "properties.x", b: "id", c: "$.created", d: "$$.changed" }, "")).toEqual({
      names: ["properties", "id", "created", "changed"],
      whole: [],
    });
  });

  it.each([
    ["properties.email.$lowercase($)", ["email"]],
    ["properties.email.$contains('x')", ["email"]],
    ["properties.email ~> $trim", ["email"]],
    ["properties.(first & last)", ["first", "last"]],
    ["properties.lines[amount > 5].name", ["lines"]],
    ["properties.`odd name`", ["odd name"]],
    ["$map(properties.list, function($v) { $v.name })", ["list"]],
    ["($p := properties.address; $p.city)", ["address"]],
    ["properties.a ? properties.b : properties.c", ["a", "b", "c"]],
    ["properties.list^(rank).name", ["list"]],
    ["properties.list{kind: $sum(amount)}", ["list"]],
    ["properties.address.*", ["address"]],
  ])("of %s are known", (expression, names) => {
    expect(namesOf({ a: expression }, "properties")).toEqual({ names, whole: [] });
  });

  it.each([
    "properties",
    "properties.*",
    "$lookup(properties, 'a')",
    "properties.$keys()",
    "properties@$p.{'x': $p.a}",
    "$each(properties, function($v) { $v })",
    "**.email",
    "$string($)",
    "$$",
    "($p := properties; $p.a)",
    "$merge([properties, { 'a': 1 }])",
  ])("of %s cannot be told", (expression) => {
    expect(namesOf({ a: expression }, "properties")).toMatchObject({ whole: ["mapping.a"] });
    expect(namesOf({ a: expression }, "properties", { source: { select: ["a"] } })).toMatchObject({
      names: expect.arrayContaining(["a"]),
      whole: [],
    });
  });

  it("of a broken expression are none: it is reported elsewhere", () => {
    expect(namesOf({ a: "properties.(", b: "properties.b" }, "properties")).toEqual({ names: ["b"], whole: [] });
  });
});
