/**
 * What a record's fields cost, 12 and 40 of them: the whole mapping from record to row with every value in its
 * column's form, the expressions alone, the reference evaluator, and JavaScript written by hand, side by side.
 * node scripts/measure-jsonata.ts [records]
 */
import { isDeepStrictEqual } from "node:util";
import jsonata from "jsonata";
import { compile } from "../src/jsonata/index.ts";
import { compileMapping, type Mapped } from "../src/runtime/mapping/index.ts";
import type { Field, Pipeline } from "../src/spec/types.ts";
import { compileCoercion } from "../src/values/coerce.ts";

interface Contact {
  id: string;
  updatedAt: string;
  archived: boolean;
  properties: Record<string, string>;
  tags: { name: string; weight: number }[];
}

const lower = (text: string | undefined): string | undefined => text?.toLowerCase();

/** An expression, its column's type, and what somebody would write instead. */
type Measured = [expression: string, type: string, write: (record: Contact) => unknown];

const twelve: Measured[] = [
  ["id", "bigint", (record) => record.id],
  ["updatedAt", "timestamp", (record) => record.updatedAt],
  ["properties.city", "text", (record) => record.properties?.["city"]],
  ["properties.phone", "text", (record) => record.properties?.["phone"]],
  ["$lowercase(properties.email)", "text", (record) => lower(record.properties?.["email"])],
  [
    "properties.firstname & ' ' & properties.lastname",
    "text",
    (record) => `${record.properties?.["firstname"] ?? ""} ${record.properties?.["lastname"] ?? ""}`,
  ],
  ["$number(properties.amount)", "decimal(12,2)", (record) => Number(record.properties?.["amount"])],
  [
    "properties.stage = 'customer' ? 'won' : 'open'",
    "text",
    (record) => (record.properties?.["stage"] === "customer" ? "won" : "open"),
  ],
  ["$exists(properties.company)", "boolean", (record) => record.properties?.["company"] !== undefined],
  ["$join(tags.name, ',')", "text", (record) => record.tags.map(({ name }) => name).join(",")],
  [
    "$sum($map(tags, function($tag) { $tag.weight * 2 }))",
    "integer",
    (record) => record.tags.reduce((sum, { weight }) => sum + weight * 2, 0),
  ],
  ["tags[weight > 1].name", "text", (record) => record.tags.find(({ weight }) => weight > 1)?.name],
];

/** 28 more as most fields are: a path, and a value that is nearly in its column's form. */
const more = Array.from({ length: 28 }, (_, index): Measured => {
  const name = `more_${index}`;
  return [
    `properties.${name}`,
    ["text", "text", "integer", "timestamp"][index % 4]!,
    ({ properties }) => properties?.[name],
  ];
});
const moreValues = ["some text", "text of another field", "1234", "2024-05-01T12:00:00.123Z"];

function contact(index: number): Contact {
  return {
    id: String(index),
    updatedAt: "2024-05-01T12:00:00Z",
    archived: false,
    properties: {
      email: `Person${index}@Example.com`,
      firstname: "Ada",
      lastname: `L${index}`,
      phone: "+1 555 0100",
      city: "Springfield",
      amount: `${index}.50`,
      stage: index % 2 ? "customer" : "lead",
      ...(index % 3 ? { company: "Acme" } : {}),
      ...Object.fromEntries(more.map((_, at) => [`more_${at}`, moreValues[at % 4]!])),
    },
    tags: [
      { name: "a", weight: 1 },
      { name: "b", weight: 2 },
    ],
  };
}

const bindings = { params: {} };
const records = Array.from({ length: 1_000 }, (_, index) => contact(index));

interface Ways {
  hand(record: Contact): unknown[];
  mapping(record: Contact): Mapped;
  compiled(record: Contact): unknown[];
  reference(record: Contact): Promise<unknown[]>;
}

function waysOf(fields: readonly Measured[]): Ways {
  const compiled = fields.map(([expression]) => compile(expression));
  const references = fields.map(([expression]) =>
    jsonata(expression, { timeout: 5_000, stack: 500, sequence: 1_000_000 }),
  );
  const columns = fields.map(([from, type], index) => [`column_${index}`, { from, type }] as [string, Field]);
  const spec = {
    source: { null_values: [""] },
    mapping: Object.fromEntries(columns),
    upsert: { keys: ["column_0"] },
    sink: { table: "contact" },
  } as unknown as Pipeline;
  const { main, prepare } = compileMapping(spec, { validation: "strict", skipValidation: false, params: {} });
  return {
    hand: (record) => fields.map(([, , write]) => write(record)),
    mapping: (record) => main!.map(prepare(record) as Awaited<ReturnType<typeof prepare>>) as Mapped,
    compiled: (record) => compiled.map((each) => each.evaluate(record, bindings)),
    reference: (record) => Promise.all(references.map((each) => each.evaluate(record, bindings))),
  };
}

/** All ways come to the same, the mapping's row in the form of its columns. */
async function compare(fields: readonly Measured[], ways: Ways): Promise<void> {
  const coercions = fields.map(([, type]) => compileCoercion(type));
  for (const record of records) {
    const values = await ways.reference(record);
    const expected = JSON.stringify(values);
    for (const way of ["compiled", "hand"] as const)
      if (JSON.stringify(ways[way](record)) !== expected) throw new Error(`${way} differs`);
    const row = coercions.map((coerce, index) => coerce(values[index], () => {}));
    if (!isDeepStrictEqual(ways.mapping(record).row, row)) throw new Error("the mapping differs");
  }
}

async function perSecond(map: Ways[keyof Ways], count: number): Promise<number> {
  const started = performance.now();
  for (let index = 0; index < count; index++) {
    const row = map(records[index % records.length]!);
    if (row instanceof Promise) await row;
  }
  return count / ((performance.now() - started) / 1_000);
}

function median(values: number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!;
}

const count = Number(process.argv[2] ?? 200_000);
const titles = { hand: "by hand", mapping: "mapping to a row", compiled: "expressions", reference: "reference" };
for (const fields of [twelve, [...twelve, ...more]]) {
  const ways = waysOf(fields);
  await compare(fields, ways);
  const rounds: Record<keyof Ways, number[]> = { hand: [], mapping: [], compiled: [], reference: [] };
  const names = Object.keys(rounds) as (keyof Ways)[];
  // A round of each in turn: what the machine does besides falls on all of them.
  for (let round = 0; round < 5; round++)
    for (const name of names) rounds[name].push(await perSecond(ways[name], name === "reference" ? count / 40 : count));
  const reference = median(rounds.reference);
  const hand = median(rounds.hand);
  for (const name of names) {
    const rate = median(rounds[name]);
    console.log(
      `${titles[name].padEnd(16)} ${Math.round(rate).toLocaleString("en").padStart(12)} records/s of ${fields.length} fields, ` +
        `${(rate / reference).toFixed(1)} times the reference, ${(rate / hand).toFixed(2)} of by hand`,
    );
  }
}
for (const [expression] of twelve) {
  const compiled = compile(expression);
  const costs = Array.from({ length: 20 }, () => {
    const started = performance.now();
    for (let at = 0; at < count / 20; at++) compiled.evaluate(records[at % records.length], bindings);
    return ((performance.now() - started) / (count / 20)) * 1e6;
  });
  console.log(
    `${Math.min(...costs)
      .toFixed(0)
      .padStart(6)} ns  ${expression}`,
  );
}
