/** All records of one object type, ordered by id, and what can be done to them. */
import { baseRecords } from "./data/base-records.ts";
import { Draw, hashText } from "./data/draw.ts";
import { iso } from "./data/property.ts";
import { compareIds } from "./object-id.ts";
import type { IdOrder } from "./object-id.ts";
import type { ObjectType } from "./object-type.ts";
import { mergedValues } from "./merged-values.ts";
import { ValueReader } from "./stored-record.ts";
import type { RecordState, StoredRecord } from "./stored-record.ts";

export interface StoreOptions {
  count: number;
  seed: number;
  oneTimestamp: number;
  indexLagMs: number;
  now: () => Date;
}

/** Which records an operation is about: those named, or so many chosen by the seed among those it can be done to. */
export interface Choice {
  ids?: readonly string[];
  /** 1 where neither is given. */
  count?: number;
}

const isLive = (state: RecordState) => state.archivedMs === undefined;

export class ObjectStore {
  readonly type: ObjectType;
  /** Every record ever made, by its index. Not to be altered. */
  readonly created: StoredRecord[];
  private readonly options: StoreOptions;
  private readonly reader: ValueReader;
  private readonly byId = new Map<string, StoredRecord>();
  private readonly byNumber: StoredRecord[];
  /** Which record one that was merged is part of now. */
  private readonly mergedInto = new Map<string, StoredRecord>();
  private byText: StoredRecord[] | undefined;
  private lastId: number;
  private operations = 0;

  constructor(type: ObjectType, options: StoreOptions) {
    this.type = type;
    this.options = options;
    this.reader = new ValueReader(type, options.seed);
    const base = baseRecords(type, options.count, options);
    this.byNumber = base.records;
    this.created = [...base.records];
    this.lastId = base.lastId;
    for (const record of base.records) this.byId.set(record.id, record);
  }

  /** Every record ever made, removed ones too, in the order of its id. Not to be altered. */
  ordered(order: IdOrder): readonly StoredRecord[] {
    if (order === "number") return this.byNumber;
    this.byText ??= this.byNumber.toSorted((left, right) => compareIds(left.id, right.id, "text"));
    return this.byText;
  }

  get(id: string): StoredRecord | undefined {
    return this.byId.get(id);
  }

  /** The record that an id leads to: that of a merged one leads to the record that it was merged into. */
  resolve(id: string): StoredRecord | undefined {
    let record = this.byId.get(id);
    for (let next = record; next; next = this.mergedInto.get(next.id)) record = next;
    return record;
  }

  /** The live record of this id. Throws RangeError where there is none. */
  live(id: string): StoredRecord {
    const [record] = this.chosen({ ids: [id] }, isLive);
    return record as StoredRecord;
  }

  /** Where the first record whose id is greater than `id` (as a number) stands in `ordered("number")`. */
  placeAfter(id: string): number {
    let low = 0;
    let high = this.byNumber.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const record = this.byNumber[middle];
      if (record && compareIds(record.id, id, "number") <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  value(record: StoredRecord, state: RecordState, name: string): string | undefined {
    return this.reader.value(record, state, name);
  }

  /** Changes records now: their last-modified instant and, where none are given, a count of notes. Gives the ids. */
  touch(choice: Choice, properties?: Readonly<Record<string, string>>): string[] {
    const nowMs = this.nowMs();
    return this.chosen(choice, isLive).map((record) => {
      const notes = Number(this.value(record, record.state, "num_notes") || 0);
      const changes = properties ?? {
        num_notes: String(Math.floor(notes) + 1),
        notes_last_updated: iso(nowMs),
      };
      const written = new Map([...(record.state.written ?? []), ...Object.entries(changes)]);
      this.enter(record, { written, modifiedMs: nowMs });
      return record.id;
    });
  }

  /** A change that leaves all properties as they are: now is its last-modified instant. */
  bump(record: StoredRecord): void {
    this.enter(record, { modifiedMs: this.nowMs() });
  }

  /** Makes new records, with ids after all others but the 19-digit ones. Gives the ids. */
  create(count: number, properties?: Readonly<Record<string, string>>): string[] {
    const nowMs = this.nowMs();
    const written = properties ? new Map(Object.entries(properties)) : undefined;
    return Array.from({ length: count }, () => this.insert({ createdMs: nowMs, written, drawnAs: undefined }).id);
  }

  /**
   * Merges two live records. What the primary one lacks comes from the other one.
   * @param into `primary`: the primary one stays, the other goes. `new record`: both go, and a new one comes.
   * Gives the record that is left: both ids lead to it. Throws RangeError for ids that are not there or the same.
   */
  merge(primaryId: string, loserId: string, into: "primary" | "new record"): StoredRecord {
    const [primary, loser] = [this.live(primaryId), this.live(loserId)];
    if (primary === loser) throw new RangeError(`${this.type.name}: ${primaryId} cannot be merged with itself`);
    const nowMs = this.nowMs();
    const written = mergedValues(this, { primary, loser, nowMs, goesToo: into === "new record" });
    const winner =
      into === "primary"
        ? primary
        : this.insert({
            createdMs: Math.min(primary.createdMs, loser.createdMs),
            written,
            drawnAs: primary.drawnAs ?? primary,
          });
    if (into === "primary") this.enter(primary, { written, modifiedMs: nowMs });
    for (const gone of into === "primary" ? [loser] : [primary, loser]) {
      this.enter(gone, { removed: true });
      this.mergedInto.set(gone.id, winner);
    }
    return winner;
  }

  /** Archives: off the list and the search, on to `archived=true`. The last-modified instant stays. Gives the ids. */
  archive(choice: Choice): string[] {
    const archivedMs = this.nowMs();
    return this.changed(choice, isLive, () => ({ archivedMs }));
  }

  /** Brings archived records back, as changed now. Gives the ids. */
  restore(choice: Choice): string[] {
    const nowMs = this.nowMs();
    const isArchived = (state: RecordState) => state.archivedMs !== undefined;
    return this.changed(choice, isArchived, () => ({ archivedMs: undefined, modifiedMs: nowMs }));
  }

  /** Takes records away for good, as a GDPR deletion does: they are not even archived. Gives the ids. */
  remove(choice: Choice): string[] {
    return this.changed(
      choice,
      () => true,
      () => ({ removed: true }),
    );
  }

  /** Puts a record among the others that is made now. */
  private insert(made: Pick<StoredRecord, "createdMs" | "drawnAs"> & Pick<RecordState, "written">): StoredRecord {
    const nowMs = this.nowMs();
    this.lastId += 1 + (this.created.length % 9);
    const record: StoredRecord = {
      id: String(this.lastId),
      index: this.created.length,
      createdMs: made.createdMs,
      baseModifiedMs: nowMs,
      isNew: true,
      drawnAs: made.drawnAs,
      state: {
        sinceMs: nowMs,
        modifiedMs: nowMs,
        archivedMs: undefined,
        removed: false,
        written: made.written,
        before: undefined,
      },
    };
    this.created.push(record);
    this.byNumber.splice(this.placeAfter(record.id), 0, record);
    this.byText = undefined;
    this.byId.set(record.id, record);
    return record;
  }

  private changed(
    choice: Choice,
    allowed: (state: RecordState) => boolean,
    change: () => Partial<RecordState>,
  ): string[] {
    return this.chosen(choice, allowed).map((record) => {
      this.enter(record, change());
      return record.id;
    });
  }

  /** Puts a record into its next state; the one before is kept as long as a lagging index may read it. */
  private enter(record: StoredRecord, change: Partial<RecordState>): void {
    const sinceMs = this.nowMs();
    const lag = this.options.indexLagMs;
    record.state = {
      ...record.state,
      ...change,
      sinceMs,
      before: lag > 0 ? record.state : undefined,
    };
    for (let state: RecordState | undefined = record.state; state; state = state.before) {
      if (state.sinceMs < sinceMs - lag) state.before = undefined;
    }
  }

  private chosen(choice: Choice, allowed: (state: RecordState) => boolean): StoredRecord[] {
    const isAllowed = (record: StoredRecord) => !record.state.removed && allowed(record.state);
    if (choice.ids) {
      return choice.ids.map((id) => {
        const record = this.byId.get(id);
        if (!record || !isAllowed(record))
          throw new RangeError(`${this.type.name}: no record ${id} that this can be done to`);
        return record;
      });
    }
    const count = choice.count ?? 1;
    const draw = new Draw().at(this.options.seed, ++this.operations, hashText(`${this.type.name}/chosen`));
    const candidates = this.byNumber.filter(isAllowed);
    if (candidates.length < count)
      throw new RangeError(`${this.type.name}: ${count} records asked for, ${candidates.length} there`);
    // The first steps of a Fisher-Yates shuffle: distinct ones, in an order of their own.
    for (let at = 0; at < count; at++) {
      const other = draw.int(at, candidates.length - 1);
      [candidates[at], candidates[other]] = [candidates[other] as StoredRecord, candidates[at] as StoredRecord];
    }
    return candidates.slice(0, count);
  }

  private nowMs(): number {
    return this.options.now().getTime();
  }
}
