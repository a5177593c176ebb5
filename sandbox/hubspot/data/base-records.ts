/** The records that a sandbox starts with: the same for the same type, count and seed, on every machine and day. */
import type { ObjectType } from "../object-type.ts";
import type { StoredRecord } from "../stored-record.ts";
import { Draw, hashText } from "./draw.ts";

/** Base data was made and changed within 2025. */
const firstMs = Date.UTC(2025, 0, 1);
const yearMs = 365 * 86_400_000;
/** One import that touched thousands of records within one millisecond. */
export const oneTimestampMs = Date.UTC(2025, 10, 3, 6, 30, 0, 417);

/** From this many records on, the last three have ids that no double tells apart. */
const longIdsFrom = 25;
const longIds = ["9007199254740993001", "9007199254740993002", "9007199254740993003"];

/** How far apart two neighbouring ids are, on average. */
const meanStep = 5;

export interface BaseData {
  /** In the order of creation, which is that of ids as numbers. */
  records: StoredRecord[];
  /** The id below which the next one to be created follows. */
  lastId: number;
}

/**
 * @param count how many records.
 * @param oneTimestamp how many of them share one last-modified instant, spread evenly over all.
 */
export function baseRecords(
  type: ObjectType,
  count: number,
  options: { seed: number; oneTimestamp: number },
): BaseData {
  const draw = new Draw();
  const place = hashText(`${type.name}/record`);
  const shared = Math.min(options.oneTimestamp, count);
  const records: StoredRecord[] = [];
  let lastId = type.idsAround - Math.floor(count / 2) * meanStep;
  for (let index = 0; index < count; index++) {
    draw.at(options.seed, index, place);
    lastId += draw.int(1, meanStep * 2 - 1);
    const createdMs = Math.floor(firstMs + ((index + draw.next()) / count) * yearMs * 0.8);
    const longId = count >= longIdsFrom ? longIds[index - (count - longIds.length)] : undefined;
    const isShared = Math.floor((index * shared) / count) !== Math.floor(((index + 1) * shared) / count);
    const modifiedMs = isShared ? oneTimestampMs : Math.floor(createdMs + draw.next() * (firstMs + yearMs - createdMs));
    const state = {
      sinceMs: -Infinity,
      modifiedMs,
      archivedMs: undefined,
      removed: false,
      written: undefined,
      before: undefined,
    };
    records.push({
      id: longId ?? String(lastId),
      index,
      createdMs: Math.min(createdMs, modifiedMs),
      baseModifiedMs: modifiedMs,
      isNew: false,
      drawnAs: undefined,
      state,
    });
  }
  return { records, lastId };
}
