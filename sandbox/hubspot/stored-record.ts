/**
 * A record as the sandbox keeps it: an id, an index into the generated data and what has been written since. Values
 * that nobody wrote are drawn again whenever they are asked for, so 50,000 contacts cost a few megabytes.
 */
import { Draw } from "./data/draw.ts";
import { iso } from "./data/property.ts";
import type { RecordContext } from "./data/property.ts";
import type { ObjectType } from "./object-type.ts";

/** What may change about a record. Never altered once made: a lagging index still reads the one before. */
export interface RecordState {
  /** From when on it holds. */
  sinceMs: number;
  modifiedMs: number;
  /** When it was archived; undefined while it is not. */
  archivedMs: number | undefined;
  /** Gone for good, as after a merge: neither listed nor archived. */
  removed: boolean;
  /** What was written over the generated values; `""` is a cleared field. */
  written: ReadonlyMap<string, string> | undefined;
  /** The state before, as long as a lagging index may ask for it. */
  before: RecordState | undefined;
}

export interface StoredRecord {
  readonly id: string;
  readonly index: number;
  readonly createdMs: number;
  /** The generated instants lie between creation and this. */
  readonly baseModifiedMs: number;
  /** Made after the start: it has no ugly place. */
  readonly isNew: boolean;
  /** The record whose generated values it has: one that came of a merge has those of the primary one. */
  readonly drawnAs: StoredRecord | undefined;
  state: RecordState;
}

/** The state that held at an instant; undefined when the record did not exist yet. */
export function stateAt(record: StoredRecord, atMs: number): RecordState | undefined {
  let state: RecordState | undefined = record.state;
  while (state && state.sinceMs > atMs) state = state.before;
  return state;
}

/** Reads property values of records of one type under one seed. */
export class ValueReader {
  private readonly type: ObjectType;
  private readonly seed: number;

  constructor(type: ObjectType, seed: number) {
    this.type = type;
    this.seed = seed;
  }

  /** The text of a property; undefined where it is unset or unknown. */
  value(record: StoredRecord, state: RecordState, name: string): string | undefined {
    if (name === "hs_object_id") return record.id;
    if (name === this.type.createdProperty) return iso(record.createdMs);
    if (name === this.type.modifiedProperty) return iso(state.modifiedMs);
    const written = state.written?.get(name);
    if (written !== undefined) return written;
    return this.generated(record.drawnAs ?? record, name);
  }

  private generated(record: StoredRecord, name: string): string | undefined {
    const ugly = record.isNew ? undefined : this.type.ugliness(record.index);
    if (ugly && Object.hasOwn(ugly, name)) return ugly[name];
    const property = this.type.properties.get(name);
    if (!property) return undefined;
    const draw = new Draw().at(this.seed, record.index, property.place);
    if (draw.next() >= property.share) return undefined;
    const context: RecordContext = {
      index: record.index,
      createdMs: record.createdMs,
      modifiedMs: record.baseModifiedMs,
      value: (other) => this.generated(record, other),
    };
    return property.make(draw, context);
  }
}
