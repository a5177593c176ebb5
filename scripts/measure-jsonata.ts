/**
 * What a record's fields cost: compiled, by the reference evaluator, and in JavaScript written by hand, side by side.
 * node scripts/measure-jsonata.ts [records]
 */
import { isDeepStrictEqual } from "node:util";
import jsonata from "jsonata";
import { compile } from "../src/jsonata/index.ts";

interface Contact {
  id: string;
  updatedAt: string;
  archived: boolean;
  properties: Record<string, string>;
  tags: { name: string; weight: number }[];
}

const lower = (text: string | undefined): string | undefined => text?.toLowerCase();

/** An expression, and what somebody would write instead. */
const fields: [string, (record: Contact) => unknown][] = [
  ["id", (record) => record.id],
  ["updatedAt", (record) => record.updatedAt],
  ["properties.city", (record) => record.properties?.["city"]],
  ["properties.phone", (record) => record.properties?.["phone"]],
  ["$lowercase(properties.email)", (record) => lower(record.properties?.["email"])],
  [
    "properties.firstname & ' ' & properties.lastname",
    (record) => `${record.properties?.["firstname"] ?? ""} ${record.properties?.["lastname"] ?? ""}`,
  ],
  ["$number(properties.amount)", (record) => Number(record.properties?.["amount"])],
  [
    "properties.stage = 'customer' ? 'won' : 'open'",
    (record) => (record.properties?.["stage"] === "customer" ? "won" : "open"),
  ],
  ["$exists(properties.company)", (record) => record.properties?.["company"] !== undefined],
  ["$join(tags.name, ',')", (record) => record.tags.map(({ name }) => name).join(",")],
  [
    "$sum($map(tags, function($tag) { $tag.weight * 2 }))",
    (record) => record.tags.reduce((sum, { weight }) => sum + weight * 2, 0),
  ],
  ["tags[weight > 1].name", (record) => record.tags.find(({ weight }) => weight > 1)?.name],
];

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
    },
    tags: [
      { name: "a", weight: 1 },
      { name: "b", weight: 2 },
    ],
  };
}

const bindings = { params: {} };
const compiled = fields.map(([expression]) => compile(expression));
const references = fields.map(([expression]) =>
  jsonata(expression, { timeout: 5_000, stack: 500, sequence: 1_000_000 }),
);
const records = Array.from({ length: 1_000 }, (_, index) => contact(index));

const ways: Record<string, (record: Contact) => unknown[] | Promise<unknown[]>> = {
  "by hand": (record) => fields.map(([, write]) => write(record)),
  compiled: (record) => compiled.map((each) => each.evaluate(record, bindings)),
  reference: (record) => Promise.all(references.map((each) => each.evaluate(record, bindings))),
};

async function perSecond(way: string, count: number): Promise<number> {
  const map = ways[way]!;
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
for (const record of records) {
  const expected = JSON.stringify(await ways["reference"]!(record));
  for (const way of ["compiled", "by hand"]) {
    if (!isDeepStrictEqual(JSON.stringify(await ways[way]!(record)), expected)) throw new Error(`${way} differs`);
  }
}
const rounds: Record<string, number[]> = { "by hand": [], compiled: [], reference: [] };
// A round of each in turn: what the machine does besides falls on all of them.
for (let round = 0; round < 5; round++)
  for (const way of Object.keys(rounds))
    rounds[way]!.push(await perSecond(way, way === "reference" ? count / 40 : count));
const rate = Object.fromEntries(Object.entries(rounds).map(([way, values]) => [way, median(values)]));
for (const [way, value] of Object.entries(rate))
  console.log(
    `${way.padEnd(10)} ${Math.round(value).toLocaleString("en").padStart(12)} records/s of ${fields.length} fields, ` +
      `${(value / rate["reference"]!).toFixed(1)} times the reference, ${(value / rate["by hand"]!).toFixed(2)} of by hand`,
  );
for (const [index, [expression]] of fields.entries()) {
  const costs = Array.from({ length: 20 }, () => {
    const started = performance.now();
    for (let at = 0; at < count / 20; at++) compiled[index]!.evaluate(records[at % records.length], bindings);
    return ((performance.now() - started) / (count / 20)) * 1e6;
  });
  console.log(
    `${Math.min(...costs)
      .toFixed(0)
      .padStart(6)} ns  ${expression}`,
  );
}
