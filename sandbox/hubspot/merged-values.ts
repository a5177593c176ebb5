/** What is written into the record that two others are merged into. */
import type { ObjectStore } from "./store.ts";
import type { StoredRecord } from "./stored-record.ts";

export interface Merge {
  primary: StoredRecord;
  loser: StoredRecord;
  nowMs: number;
  /** The primary one goes too, into a record that is new. */
  goesToo: boolean;
}

/**
 * The values of the primary record win, and what it lacks comes from the other one. `hs_merged_object_ids` names every
 * record that went into this one, also by way of another; `hs_calculated_merged_vids` names those that were merged
 * into it directly, and when.
 * Source: the changelog entry "updated merge functionality for contacts and companies".
 */
export function mergedValues(store: ObjectStore, merge: Merge): ReadonlyMap<string, string> {
  const { primary, loser } = merge;
  const { type } = store;
  const valueOf = (record: StoredRecord, name: string) => store.value(record, record.state, name) || undefined;
  const written = new Map(primary.state.written);
  const owned = new Set([...type.alwaysProperties, "hs_merged_object_ids", "hs_calculated_merged_vids"]);
  for (const name of type.properties.keys()) {
    if (owned.has(name) || valueOf(primary, name) !== undefined) continue;
    const other = valueOf(loser, name);
    if (other !== undefined) written.set(name, other);
  }
  const gone = merge.goesToo ? [primary, loser] : [loser];
  written.set(
    "hs_merged_object_ids",
    [
      ...list(valueOf(primary, "hs_merged_object_ids")),
      ...gone.map(({ id }) => id),
      ...list(valueOf(loser, "hs_merged_object_ids")),
    ].join(";"),
  );
  if (type.properties.has("hs_calculated_merged_vids")) {
    const before = merge.goesToo ? [] : list(valueOf(primary, "hs_calculated_merged_vids"));
    written.set("hs_calculated_merged_vids", [...before, ...gone.map(({ id }) => `${id}:${merge.nowMs}`)].join(";"));
  }
  return written;
}

function list(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(";");
}
