/** What a property of an object type is, and the small makers that the tables of properties are written with. */
import { hashText } from "./draw.ts";
import type { Draw } from "./draw.ts";

/** Property types as `GET /crm/v3/properties` names them. */
export type PropertyType = "string" | "number" | "datetime" | "date" | "bool" | "enumeration";

/** What a maker may ask about the record it makes a value for. */
export interface RecordContext {
  index: number;
  createdMs: number;
  /** When it was last modified in the base data. */
  modifiedMs: number;
  /** Another property of the same record; undefined where it is unset. */
  value(name: string): string | undefined;
}

export type Make = (draw: Draw, record: RecordContext) => string;

export interface Property {
  name: string;
  /** Where it stands in the draw: a hash of its name. */
  place: number;
  type: PropertyType;
  /** Which part of the records has it: 0 none, 1 all. */
  share: number;
  make: Make;
}

/** A property before it has its name. */
export type PropertyKind = Omit<Property, "name" | "place">;

/** The properties of a table, in its order. */
export function named(table: Readonly<Record<string, PropertyKind>>): readonly Property[] {
  return Object.entries(table).map(([name, kind]) => ({ name, place: hashText(name), ...kind }));
}

/** Milliseconds since 1970 as HubSpot writes instants: ISO 8601 in UTC with milliseconds. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export const text = (share: number, make: Make): PropertyKind => ({
  type: "string",
  share,
  make,
});
export const number = (share: number, make: Make): PropertyKind => ({
  type: "number",
  share,
  make,
});
export const pick = (share: number, list: readonly string[]): PropertyKind => ({
  type: "enumeration",
  share,
  make: (draw) => draw.pick(list),
});
export const bool = (share: number): PropertyKind => ({
  type: "bool",
  share,
  make: (draw) => (draw.next() < 0.5 ? "true" : "false"),
});

/** An id of another system: `size` digits in a number property. */
export const id = (share: number, size: number): PropertyKind => number(share, (draw) => draw.digits(size));

/** A whole number between two, as text. */
export const whole = (share: number, low: number, high: number): PropertyKind =>
  number(share, (draw) => String(draw.int(low, high)));

/** Money as HubSpot hands it out: now `3000`, now `5000.00`, now `149.9`. */
export const money = (share: number, high: number): PropertyKind =>
  number(share, (draw) => {
    const amount = draw.int(1, high);
    const way = draw.int(0, 2);
    return way === 0 ? String(amount) : way === 1 ? `${amount}.00` : `${amount}.${draw.int(1, 9)}`;
  });

/** An instant between the record's creation and its last change. */
export const instant = (share: number): PropertyKind => ({
  type: "datetime",
  share,
  make: (draw, record) => iso(record.createdMs + Math.floor(draw.next() * (record.modifiedMs - record.createdMs))),
});

/** A day after the record's creation, within so many days, without a time. */
export const day = (share: number, withinDays: number): PropertyKind => ({
  type: "date",
  share,
  make: (draw, record) => iso(record.createdMs + draw.int(0, withinDays) * 86_400_000).slice(0, 10),
});

/** Ids of teams, users or owners, joined with semicolons as HubSpot joins lists. */
export const ids = (share: number, size: number): PropertyKind => ({
  type: "enumeration",
  share,
  make: (draw) => Array.from({ length: draw.int(1, 3) }, () => draw.digits(size)).join(";"),
});

/** A property that the base data never sets: the store writes it, or somebody does later. */
export const unset = (type: PropertyType): PropertyKind => ({ type, share: 0, make: () => "" });

/** A made-up American number: the exchange 555-01xx is kept free for that. */
export const phone = (share: number): PropertyKind =>
  text(share, (draw) => {
    const line = `01${draw.int(0, 9)}${draw.int(0, 9)}`;
    const area = draw.pick(["212", "303", "512", "614", "617", "813"]);
    return draw.pick([`(${area}) 555-${line}`, `+1${area}555${line}`, `${area}-555-${line}`, `${area}555${line}`]);
  });
