/** A page's records into a batch: filtered, mapped, rejected. */
import { setImmediate } from "node:timers/promises";
import { FatalError, messageOf } from "../errors.ts";
import { compile, type Compiled } from "../jsonata/index.ts";
import type { Bound, Page } from "../sources/contract.ts";
import type { Row } from "../sinks/contract.ts";
import { targetsOf } from "../spec/targets.ts";
import type { Pipeline } from "../spec/types.ts";
import type { StageClock } from "../stage-clock.ts";
import type { Batch } from "./batch.ts";
import type { ToTell } from "./child-batch.ts";
import type { CompiledDelta } from "./delta.ts";
import type { Deletions } from "./deletes/deletions.ts";
import { DeltaTracker } from "./delta-tracker.ts";
import { ThrownValue } from "./mapping/field.ts";
import {
  compileValue,
  rowObject,
  type ChildSet,
  type Failure,
  type Mapped,
  type Mapping,
  type Prepared,
} from "./mapping/index.ts";
import type { ParentSets } from "./parent-sets.ts";
import { recordHash } from "./state/rejects.ts";
import { keyLabel, rowKey, type Target } from "./target.ts";
import type { RecordLabel, Teller } from "./warnings.ts";

export interface ProcessorOptions {
  spec: Pipeline;
  system: string;
  entity: string;
  mapping: Mapping;
  /** Absent where only children are rows. */
  main?: Target;
  /** Present where sets are replaced by the parents that were asked for. */
  parentSets?: ParentSets;
  deletions?: Deletions;
  delta?: CompiledDelta;
  /** Records outside are filtered on our side; a bound that is absent does not filter. */
  localWindow: { since?: Bound; until?: Bound };
  teller: Teller;
  /** Stops while others have their turn. */
  clock: StageClock;
  recordUrl?: (row: Record<string, unknown>) => string | undefined;
  greatest?: Bound;
}

/** So many records are mapped before anything else has its turn. */
const recordsAtOnce = 50;
/** What an error shows of a record, in characters. */
const longestRecord = 200;

export class PageProcessor {
  /** Records that were warned about. */
  warned = 0;
  readonly #options: ProcessorOptions;
  readonly #filter: Compiled | undefined;
  readonly #deltaField: ((prepared: Prepared) => unknown) | undefined;
  readonly #tracker: DeltaTracker;
  readonly #hasMain: boolean;

  /** Compiles filter and delta field. */
  constructor(options: ProcessorOptions) {
    const { spec, delta, localWindow, greatest, teller } = options;
    const { filter, delta: deltaSpec } = spec.source;
    const fields = targetsOf(spec).flatMap(({ mapping }) => Object.values(mapping));
    const hasSensitive = fields.some(({ sensitive }) => sensitive);
    this.#options = options;
    this.#hasMain = options.main !== undefined;
    this.#filter = filter === undefined ? undefined : compile(filter);
    this.#deltaField = deltaSpec === undefined ? undefined : compileValue(deltaSpec.field);
    this.#tracker = new DeltaTracker({
      delta,
      spec: deltaSpec,
      localWindow,
      greatest,
      shown: (record) =>
        hasSensitive ? "it has sensitive fields and is not shown" : JSON.stringify(record).slice(0, longestRecord),
      onUnreadable: (value, problem, record) => {
        const message = `${problem}; the record is read as one without a delta value`;
        teller.warn({ field: "delta", rule: "unreadable", message, value }, () =>
          this.#bareLabel(recordHash(record), ""),
        );
      },
    });
  }

  /** The greatest delta value so far; the last one, for cursors. */
  get greatest(): Bound | undefined {
    return this.#tracker.greatest;
  }

  /** How messages name a record. */
  label(row: Row, key: string): RecordLabel {
    const { main, recordUrl, mapping } = this.#options;
    if (!main) return this.#bareLabel(key, key);
    const url = row.length ? recordUrl?.(rowObject(mapping.main?.columns ?? [], row)) : undefined;
    return { ...this.#bareLabel(keyLabel(main, row), key), url };
  }

  /** Tells the log what was wrong with children. */
  tellChildren(toTell: readonly ToTell[], { target, warned }: { target: Target; warned: number }): void {
    const { teller } = this.#options;
    if (!this.#hasMain) this.warned += warned;
    for (const { warning, failure, label, id } of toTell) {
      const named = (): RecordLabel => this.#bareLabel(`${target.table.name} ${label}`, id);
      if (warning) teller.warn(warning, named);
      if (failure) teller.reject(failure, named);
    }
  }

  #bareLabel(label: string, id: string): RecordLabel {
    const { system, entity } = this.#options;
    return { system, entity, label, id };
  }

  /**
   * Puts a page's records into the batch. Throws what stops the run; the records before it are in.
   * @param isLast no page is wanted after it
   */
  async process(page: Page, batch: Batch, isLast: boolean): Promise<void> {
    const { parentSets } = this.#options;
    parentSets?.open(page);
    for (const { line, record, rule, message } of page.rejects ?? []) {
      const key = line === undefined ? recordHash(record) : `${page.slice}:${line}`;
      batch.read++;
      const failure: Failure = { stage: "source", field: "", rule, message };
      this.#reject(batch, { key, record, failures: [failure], label: () => this.#bareLabel(key, key) });
      batch.main.fetched++;
      parentSets?.hold();
      this.#options.deletions?.noteUnreadable(message);
    }
    const { records } = page;
    for (let index = 0; index < records.length; index++) {
      // The next page is asked for first, and the answers to the batch that is being written are heard.
      if (index % recordsAtOnce === 0 && (index > 0 || !isLast)) await this.#options.clock.pause("map", setImmediate);
      const waiting = this.#processRecord(records[index], page.sliceValue, batch);
      if (waiting) await waiting;
      // A record that stops the run is none that it read: the next run reads it.
      batch.read++;
      if (this.#hasMain) batch.main.fetched++;
    }
    parentSets?.close(page, batch);
    if (page.answered) batch.answered.push(...page.answered);
  }

  #reject(
    batch: Batch,
    rejected: { key: string; record: unknown; failures: readonly Failure[]; label: () => RecordLabel; row?: Row },
  ): void {
    const { key, record, failures, label } = rejected;
    for (const failure of failures) this.#options.teller.reject(failure, label);
    const rejects = failures.map(({ stage, field, rule, message }) => ({
      key,
      stage,
      field,
      rule,
      message,
      record,
      table: "",
    }));
    batch.main.reject(rejects, rejected.row);
  }

  /** Synchronous where every expression is: most records cost no promise. */
  #processRecord(record: unknown, slice: unknown, batch: Batch): Promise<void> | undefined {
    const prepared = this.#options.mapping.prepare(record, slice);
    const { deletions } = this.#options;
    if (deletions?.looks) return this.#unlessDeleted(record, { prepared, deletions }, batch);
    if (this.#filter || prepared instanceof Promise) return this.#filtered(record, prepared, batch);
    const raw = this.#deltaValue(prepared);
    if (raw instanceof Promise) return raw.then((settled) => this.#admit(record, { prepared, raw: settled }, batch));
    return this.#admit(record, { prepared, raw }, batch);
  }

  /** A record that says it was deleted makes no row. */
  async #unlessDeleted(
    record: unknown,
    { prepared, deletions }: { prepared: Prepared | Promise<Prepared>; deletions: Deletions },
    batch: Batch,
  ): Promise<void> {
    const ready = await prepared;
    if (!(await deletions.look(ready))) return this.#filtered(record, ready, batch);
    this.#leaveOut(batch);
    this.#tracker.passBy(await this.#deltaValue(ready));
  }

  async #filtered(record: unknown, preparing: Prepared | Promise<Prepared>, batch: Batch): Promise<void> {
    const prepared = await preparing;
    const raw = await this.#deltaValue(prepared);
    if (!this.#filter || (await this.#passes(this.#filter, prepared))) {
      return this.#admit(record, { prepared, raw }, batch);
    }
    this.#leaveOut(batch);
    this.#tracker.passBy(raw);
  }

  #leaveOut(batch: Batch): void {
    batch.main.filtered++;
    if (!this.#hasMain) batch.main.fetched++;
  }

  /** A record that the filter let through. */
  #admit(
    record: unknown,
    { prepared, raw }: { prepared: Prepared; raw: unknown },
    batch: Batch,
  ): Promise<void> | undefined {
    if (!this.#tracker.admits(raw, prepared.record)) {
      this.#leaveOut(batch);
      // It belongs to its set all the same: the window is a matter of this run.
      this.#options.parentSets?.hold();
      return undefined;
    }
    const { main, children } = this.#options.mapping;
    if (!main || children.length > 0) return this.#family(record, prepared, batch);
    const mapped = main.map(prepared);
    if (mapped instanceof Promise) return mapped.then((ready) => this.#take(record, ready, batch));
    this.#take(record, mapped, batch);
    return undefined;
  }

  /** A record with children: all that it makes counts together, or not at all. */
  #family(record: unknown, prepared: Prepared, batch: Batch): Promise<void> | undefined {
    const { main, children } = this.#options.mapping;
    const mapped = main?.map(prepared);
    const sets = prepared.problem ? [] : children.map((child) => child.expand(prepared));
    const take = (ready: Mapped | undefined, found: readonly ChildSet[]): void => {
      batch.weigh(found);
      this.#options.parentSets?.seeChildren(found);
      if (ready) this.#take(record, ready, batch, found);
      else if (prepared.problem) this.#rejectLoose(record, { prepared, batch });
      else batch.loose.push({ record, children: found });
    };
    if (mapped instanceof Promise || sets.some((set) => set instanceof Promise))
      return Promise.all([mapped, Promise.all(sets)]).then(([ready, found]) => take(ready, found));
    take(mapped, sets as ChildSet[]);
    return undefined;
  }

  /** A record that is no row itself, and whose children cannot be had. */
  #rejectLoose(record: unknown, { prepared, batch }: { prepared: Prepared; batch: Batch }): void {
    const { rule, field, message } = prepared.problem!;
    const key = recordHash(record);
    const failures: Failure[] = [{ stage: "map", field, rule, message }];
    this.#reject(batch, { key, record, failures, label: () => this.#bareLabel(key, key) });
    batch.main.fetched++;
    this.#options.parentSets?.hold();
  }

  async #passes(filter: Compiled, prepared: Prepared): Promise<boolean> {
    const result = await this.#options.mapping.evaluate(filter, prepared);
    if (!(result instanceof ThrownValue)) return result === true;
    throw new FatalError(`source.filter failed: ${messageOf(result.error)}`, { cause: result.error });
  }

  #deltaValue(prepared: Prepared): unknown {
    return this.#deltaField?.(prepared);
  }

  #take(
    record: unknown,
    { row, failures, warnings, newerLimit }: Mapped,
    batch: Batch,
    children?: readonly ChildSet[],
  ): void {
    const { main, teller, parentSets } = this.#options;
    const { key, isWhole } = rowKey(main!, row, record);
    parentSets?.see(row, isWhole);
    if (warnings.length) {
      this.warned++;
      batch.main.warnings += warnings.length;
      for (const warning of warnings) teller.warn(warning, () => this.label(row, key));
    }
    if (failures.length) this.#reject(batch, { key, record, failures, label: () => this.label(row, key), row });
    else batch.main.add(children ? { key, row, record, newerLimit, children } : { key, row, record, newerLimit });
  }
}
