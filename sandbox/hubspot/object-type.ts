/** What an object type is: its names, properties, defaults and where its ids lie. */
import type { Property } from "./data/property.ts";
import { uglyEvery } from "./data/ugly.ts";
import type { Ugliness, UglyRecord } from "./data/ugly.ts";

/** The names in the sandbox's handle and statistics; what stands for them in paths is `pathNames`. */
export type ObjectTypeName = "contacts" | "deals" | "appointments" | "divisions" | "genius_users";

export interface ObjectType {
  name: ObjectTypeName;
  /** `0-1`, `0-3`, `0-421` everywhere; `2-…` of a custom object in this account alone. */
  typeId: string;
  /** As HubSpot's messages call it. */
  label: string;
  /** The names in lower case that stand for it in paths, beside the type id. */
  pathNames: readonly string[];
  /** Only for the account's own objects: what the schemas endpoint says of it. */
  custom: CustomNaming | undefined;
  /** What reading it takes. */
  readScope: string;
  properties: ReadonlyMap<string, Property>;
  /** Sent when the caller names none. */
  defaultProperties: readonly string[];
  /** Sent whatever the caller names. */
  alwaysProperties: readonly string[];
  /** Which one holds the creation: `createdate` for contacts and deals, `hs_createdate` for all others. */
  createdProperty: string;
  /** Which one holds the last change: `lastmodifieddate` for contacts, `hs_lastmodifieddate` for all others. */
  modifiedProperty: string;
  /** Which ones `query` looks into. */
  searchedProperties: readonly string[];
  /** Ids run across this number, so that some are a digit longer: the order as numbers is not that as text. */
  idsAround: number;
  /** What is not as generated, for one record of the base data. */
  ugliness(index: number): Ugliness | undefined;
}

/** What an account names when it makes an object of its own. */
export interface CustomNaming {
  singular: string;
  plural: string;
  primaryDisplayProperty: string;
}

export type ObjectTypes = Readonly<Record<ObjectTypeName, ObjectType>>;

export type TypeNaming = Omit<ObjectType, "properties" | "alwaysProperties" | "ugliness">;

/** A type from what it is called, what it has and what is ugly about it. */
export function defineType(
  naming: TypeNaming,
  properties: readonly Property[],
  ugly: readonly UglyRecord[],
): ObjectType {
  const byPlace = new Map(ugly.map((one) => [one.place, one.values]));
  return {
    ...naming,
    properties: new Map(properties.map((property) => [property.name, property])),
    alwaysProperties: [naming.createdProperty, "hs_object_id", naming.modifiedProperty],
    ugliness: (index) => byPlace.get(index % uglyEvery),
  };
}

/** The type that a path segment means (`contacts`, `contact`, `0-1`), or undefined where the account has none. */
export function objectTypeOf(segment: string, types: ObjectTypes): ObjectType | undefined {
  const name = segment.toLowerCase();
  return Object.values(types).find((type) => type.typeId === name || type.pathNames.includes(name));
}
