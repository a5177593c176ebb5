/** A record as the API shows it: every value a text, the envelope beside the properties. */
import { iso } from "./data/property.ts";
import type { ObjectStore } from "./store.ts";
import type { RecordState, StoredRecord } from "./stored-record.ts";

export interface RecordJson {
  id: string;
  properties: Record<string, string | null>;
  createdAt: string;
  updatedAt: string;
  archived: boolean;
  archivedAt?: string;
  url: string;
}

/** The account number in links. */
export const portalId = 4242;

/**
 * How the records of one answer are shown. Made once for all of them: with 170 properties, sorting out the names costs
 * more than reading the values.
 * @param names the properties that were asked for; an empty list gives the type's defaults. Unknown ones are left out.
 * @param unset what becomes of a property that has no value: search and reads by id say null, lists say nothing.
 */
export function recordWriter(
  store: ObjectStore,
  names: readonly string[],
  unset: "null" | "absent",
): (record: StoredRecord, state: RecordState) => RecordJson {
  const { type } = store;
  const asked = names.length === 0 ? type.defaultProperties : [...new Set([...type.alwaysProperties, ...names])];
  const known = asked.filter((name) => type.properties.has(name));
  return (record, state) => {
    const properties: Record<string, string | null> = {};
    for (const name of known) {
      const value = store.value(record, state, name);
      if (value !== undefined) properties[name] = value;
      else if (unset === "null") properties[name] = null;
    }
    const { archivedMs } = state;
    return {
      id: record.id,
      properties,
      createdAt: iso(record.createdMs),
      updatedAt: iso(state.modifiedMs),
      archived: archivedMs !== undefined,
      ...(archivedMs === undefined ? {} : { archivedAt: iso(archivedMs) }),
      url: `https://app.hubspot.com/contacts/${portalId}/record/${type.typeId}/${record.id}`,
    };
  };
}
