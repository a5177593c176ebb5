/** The rows of W3 to W5: orders of 20 columns, of which the CSV file has the first ten. The same on every machine. */
import { once } from "node:events";
import { createWriteStream, existsSync, renameSync } from "node:fs";
import type { Column } from "./contract.ts";

export const orderColumns: readonly Column[] = [
  { name: "id", kind: "integer" },
  { name: "customer_id", kind: "integer" },
  { name: "email", kind: "text" },
  { name: "name", kind: "text" },
  { name: "country", kind: "text" },
  { name: "amount", kind: "decimal" },
  { name: "quantity", kind: "integer" },
  { name: "active", kind: "boolean" },
  { name: "ordered_on", kind: "date" },
  { name: "updated_at", kind: "timestamp" },
  { name: "note", kind: "text" },
  { name: "sku", kind: "text" },
  { name: "weight", kind: "double" },
  { name: "discount", kind: "decimal" },
  { name: "phone", kind: "text" },
  { name: "city", kind: "text" },
  { name: "postcode", kind: "text" },
  { name: "status", kind: "text" },
  { name: "shipped_at", kind: "timestamp" },
  { name: "tracking", kind: "integer" },
];

/** Types of the table `orders` in PostgreSQL and in MariaDB, in the order of the columns. */
const types: readonly (readonly [postgres: string, mariadb: string])[] = [
  ["bigint PRIMARY KEY", "bigint PRIMARY KEY"],
  ["integer", "int"],
  ["text", "varchar(100)"],
  ["text", "varchar(100)"],
  ["text", "varchar(40)"],
  ["numeric(12,2)", "decimal(12,2)"],
  ["integer", "int"],
  ["boolean", "boolean"],
  ["date", "date"],
  ["timestamptz", "datetime(6)"],
  ["text", "text"],
  ["text", "varchar(40)"],
  ["double precision", "double"],
  ["numeric(5,2)", "decimal(5,2)"],
  ["text", "varchar(40)"],
  ["text", "varchar(60)"],
  ["text", "varchar(20)"],
  ["text", "varchar(20)"],
  ["timestamptz", "datetime(6)"],
  ["bigint", "bigint"],
];

/** DDL of a table with the first `count` columns. */
export function orderTable(name: string, server: "postgres" | "mariadb", count = orderColumns.length): string {
  const parts = orderColumns
    .slice(0, count)
    .map((column, at) => `${column.name} ${types[at]![server === "postgres" ? 0 : 1]}`);
  return `CREATE TABLE ${name} (${parts.join(", ")})`;
}

const names = ["Ada Lovelace", "Zoë Müller", "O'Brien, Pat", "李小龍", "Jean-Luc Picard", "Ana María Núñez"];
const countries = ["United States", "Deutschland", "Perú", "日本", "Norge", "Brasil", "Canada"];
const cities = ["Springfield", "São Paulo", "Köln", "Oslo", "Lima", "Kyoto", "Halifax"];
const states = ["new", "paid", "packed", "shipped", "returned"];
const notes = [
  "Leave it with the neighbour, please.",
  'He said "call first", and hung up.',
  "two lines:\nthe second",
  "Gift",
  "No substitutes; the blue one or none at all. If it is out of stock, write to me.",
];

/** Whole numbers that look drawn, and are the same for the same place. */
function draw(index: number, salt: number): number {
  let value = Math.imul(index + 1, 2_654_435_761) ^ Math.imul(salt + 1, 40_503);
  value = Math.imul(value ^ (value >>> 15), 2_246_822_519);
  value = Math.imul(value ^ (value >>> 13), 3_266_489_917);
  return (value ^ (value >>> 16)) >>> 0;
}

const firstMs = Date.UTC(2023, 0, 1);
const pick = <T>(list: readonly T[], number: number): T => list[number % list.length]!;
const instant = (number: number): string =>
  `${new Date(firstMs + number).toISOString().slice(0, -1)}${String(number % 1000).padStart(3, "0")}Z`;

/** The texts of one row; undefined is NULL. */
export function orderRow(index: number): (string | undefined)[] {
  const number = draw(index, 0);
  const other = draw(index, 1);
  return [
    String(index + 1),
    String(number % 250_000),
    `person.${number % 250_000}@example.com`,
    pick(names, number),
    pick(countries, other),
    `${number % 9_000}.${String(other % 100).padStart(2, "0")}`,
    String((other % 40) + 1),
    number & 1 ? "true" : "false",
    new Date(firstMs + (other % 1_000) * 86_400_000).toISOString().slice(0, 10),
    instant(number + index),
    other % 3 ? pick(notes, other >>> 3) : undefined,
    `SKU-${number % 9_973}-${other % 97}`,
    String((other % 100_000) / 16),
    number % 4 ? undefined : `${number % 60}.50`,
    number % 5 ? `+1 617 555 ${String(other % 10_000).padStart(4, "0")}` : undefined,
    pick(cities, number >>> 5),
    String(10_000 + (other % 89_999)),
    pick(states, other >>> 7),
    other & 4 ? instant(number + 86_400_000) : undefined,
    String(9_007_199_254_740_993n + BigInt(number)),
  ];
}

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Writes a CSV file of the first `count` columns with a header, unless it is there. NULL is an empty field. */
export async function writeOrders(file: string, rows: number, count: number): Promise<void> {
  if (existsSync(file)) return;
  const out = createWriteStream(`${file}.part`);
  const header = orderColumns.slice(0, count).map(({ name }) => name);
  let text = `${header.join(",")}\n`;
  for (let index = 0; index < rows; index++) {
    const cells = orderRow(index).slice(0, count);
    text += `${cells.map((cell) => (cell === undefined ? "" : quoted(cell))).join(",")}\n`;
    if (text.length < 1 << 16 && index < rows - 1) continue;
    if (!out.write(text)) await once(out, "drain");
    text = "";
  }
  out.end();
  await once(out, "finish");
  renameSync(`${file}.part`, file);
}
