/** How search compares the texts of a property: by its type, and ids in the order that the sandbox was told. */
import { invalid } from "../api-error.ts";
import { compareIds, parseId } from "../object-id.ts";
import type { IdOrder } from "../object-id.ts";
import type { Property } from "../data/property.ts";

export interface Comparable<T> {
  /** From a stored text; undefined where it is none of its type, and then nothing but NOT_… matches it. */
  read(text: string): T | undefined;
  compare(left: T, right: T): number;
}

/** Milliseconds since 1970 of an instant: epoch milliseconds or ISO 8601; undefined where it is neither. */
function instant(text: string): number | undefined {
  const ms = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function decimal(text: string): number | undefined {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isNaN(number) ? undefined : number;
}

const numbers: Comparable<number> = { read: decimal, compare: (left, right) => left - right };
const instants: Comparable<number> = { read: instant, compare: numbers.compare };
/** Texts match whatever their case. */
const texts: Comparable<string> = {
  read: (text) => text.toLowerCase(),
  compare: (left, right) => (left === right ? 0 : left < right ? -1 : 1),
};

const ids = (order: IdOrder): Comparable<string> => ({
  read: parseId,
  compare: (left, right) => compareIds(left, right, order),
});

/** The way in which values of this property compare. */
export function comparableFor(property: Property, idOrder: IdOrder): Comparable<string> | Comparable<number> {
  if (property.name === "hs_object_id") return ids(idOrder);
  if (property.type === "datetime" || property.type === "date") return instants;
  return property.type === "number" ? numbers : texts;
}

/** The value of a filter, or a 400 where the property cannot have it. */
export function readFilterValue<T>(comparable: Comparable<T>, text: string, property: Property): T {
  const value = comparable.read(text);
  if (value === undefined) {
    throw invalid(
      `There was a problem with the request: "${text}" is not a valid value of the ${property.type} property "${property.name}".`,
      { propertyName: [property.name] },
    );
  }
  return value;
}
