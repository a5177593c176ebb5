/** Compares a warehouse's tables with the HubSpot sandbox's own data: every row, every column. */
import { expect } from "vitest";
import type { HubspotSandbox, ObjectTypeName } from "../../sandbox/hubspot/index.ts";
import type { Pipeline } from "../../src/spec/types.ts";
import type { TestWarehouse } from "./warehouses.ts";

type Field = NonNullable<Pipeline["mapping"]>[string];

/**
 * What a property must become, said apart from the code that does it. Misfits are NULL: runs of tests are lenient.
 * Whole numbers come as bigint, instants as milliseconds, json as data.
 */
export function stored(
  text: string | null | undefined,
  { type, default: fallback, validate }: Pick<Field, "type" | "default" | "validate">,
): unknown {
  if (text === null || text === undefined || text === "" || text === "null") return fallback ?? null;
  const checks = JSON.stringify(validate ?? "");
  switch (type) {
    case "text":
      if (checks.includes('"email"')) return text.trim().toLowerCase();
      if (checks.includes('"phone"')) return phone(text);
      return text.trim();
    case "integer":
    case "bigint":
      return /^\d+(\.0+)?$/.test(text) ? BigInt(text.replace(/\..*/, "")) : null;
    case "boolean":
      return /^(true|yes|1)$/i.test(text);
    case "timestamp":
      return instantMs(text);
    case "date":
      return new Date(instantMs(text)).toISOString().slice(0, 10);
    case "time": {
      const [, hour, minute, second = "00", half] = /^(\d+):(\d\d)(?::(\d\d))? ?([AP]M)?$/.exec(text)!;
      const hours = half ? (Number(hour) % 12) + (half === "PM" ? 12 : 0) : Number(hour);
      return `${String(hours).padStart(2, "0")}:${minute}:${second}`;
    }
    case "json":
      return text.split(";").filter(Boolean);
    default: {
      const scale = Number(/^decimal\(\d+,(\d+)\)$/.exec(type)?.[1]);
      if (Number.isNaN(scale)) throw new Error(`the test does not know ${type}`);
      return Number.isFinite(Number(text)) && Number(text) < 1e13 ? Number(text).toFixed(scale) : null;
    }
  }
}

/** Ten digits without an extension; what is no phone number stays as it is. */
function phone(text: string): string {
  const digits = text.replace(/ext.*$/, "").replace(/\D/g, "");
  return digits === "" ? text.trim() : digits.replace(/^1(?=\d{10}$)/, "");
}

const instantMs = (text: string): number => (/^[\d.]+$/.test(text) ? Math.floor(Number(text)) : Date.parse(text));

/** A value as a database gives it, in the form of `stored`. */
export function read(value: unknown, type: string): unknown {
  if (value === null) return null;
  if (type === "timestamp") return value instanceof Date ? value.getTime() : Date.parse(String(value));
  if (type === "date") return String(value).slice(0, 10);
  if (type === "json") return typeof value === "string" ? JSON.parse(value) : value;
  if (type === "boolean") return value === true || value === 1n || value === 1;
  return type === "integer" || type === "bigint" ? BigInt(value as number | string | bigint) : value;
}

export interface ObjectTable {
  sandbox: HubspotSandbox;
  warehouse: TestWarehouse;
  entity: ObjectTypeName;
  spec: Pipeline;
  /** After a removal: no row is live but those of live records. Otherwise rows of archived ones may be. */
  removed?: boolean;
}

/**
 * Every column of every live record is what HubSpot has, and no row is live whose record HubSpot does not know. Gives
 * how many values were compared.
 */
export async function expectObjects({ sandbox, warehouse, entity, spec, removed }: ObjectTable): Promise<number> {
  const rows = await warehouse.query(`select * from ${spec.sink!.table}`);
  const byId = new Map(rows.map((row) => [String(row["id"]), row]));
  expect(byId.size).toBe(rows.length);
  const records = sandbox.all(entity);
  const wrong: string[] = [];
  let compared = 0;
  for (const record of records.filter(({ archived }) => !archived)) {
    const row = byId.get(record.id);
    if (!row) {
      wrong.push(`${record.id} is missing`);
      continue;
    }
    if (row["deleted_at"] !== undefined && row["deleted_at"] !== null) wrong.push(`${record.id} is marked as deleted`);
    for (const [column, field] of Object.entries(spec.mapping!)) {
      const property = /^properties\.(\w+)/.exec(field.from)?.[1];
      const text = property ? record.properties[property] : String(record[field.from as "id" | "archived"]);
      const [was, expected] = [read(row[column], field.type), stored(text, field)];
      compared++;
      if (!same(was, expected)) wrong.push(`${record.id} ${column}: ${show(was)}, not ${show(expected)} (${text})`);
    }
  }
  expect(wrong.slice(0, 10)).toEqual([]);
  const known = new Set(records.filter(({ archived }) => !removed || !archived).map(({ id }) => id));
  const live = rows.filter(({ deleted_at: gone }) => (gone ?? null) === null).map(({ id }) => String(id));
  expect(live.filter((id) => !known.has(id)).slice(0, 10)).toEqual([]);
  return compared;
}

const show = (value: unknown): string =>
  typeof value === "bigint" ? `${value}n` : typeof value === "string" ? value.slice(0, 80) : JSON.stringify(value);
const same = (one: unknown, other: unknown): boolean =>
  Array.isArray(other) ? JSON.stringify(one) === JSON.stringify(other) : one === other;
