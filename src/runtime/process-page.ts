/** A page's records into a batch: filtered, mapped, rejected. */
import { FatalError, messageOf } from "../errors.ts";
import { compile, type Compiled } from "../jsonata/index.ts";
import type { Bound, Page } from "../sources/contract.ts";
import type { Row } from "../sinks/contract.ts";
import type { Pipeline } from "../spec/types.ts";
import { keyOf, type Batch, type BatchKeys } from "./batch.ts";
import type { CompiledDelta } from "./delta.ts";
import { DeltaTracker } from "./delta-tracker.ts";
import { ThrownValue } from "./mapping/field.ts";
import { rowObject, type Failure, type Mapped, type Mapping, type Prepared } from "./mapping/index.ts";
import { recordHash } from "./state/rejects.ts";
import type { RecordLabel, Teller } from "./warnings.ts";

export interface ProcessorOptions {
  spec: Pipeline;
  system: string;
  entity: string;
  mapping: Mapping;
  at: BatchKeys;
  delta?: CompiledDelta;
  /** Records outside are filtered on our side; a bound that is absent does not filter. */
  localWindow: { since?: Bound; until?: Bound };
  teller: Teller;
  recordUrl?: (row: Record<string, unknown>) => string | undefined;
  greatest?: Bound;
}

/** Keys longer than this are stored as a hash. */
const longestKey = 500;
/** What an error shows of a record, in characters. */
const longestRecord = 200;

export class PageProcessor {
  /** Records that were warned about. */
  warned = 0;
  readonly #options: ProcessorOptions;
  readonly #filter: Compiled | undefined;
  readonly #deltaField: Compiled | undefined;
  readonly #tracker: DeltaTracker;

  /** Compiles filter and delta field. */
  constructor(options: ProcessorOptions) {
    const { spec, delta, localWindow, greatest, teller } = options;
    const { filter, delta: deltaSpec } = spec.source;
    const hasSensitive = Object.values(spec.mapping).some(({ sensitive }) => sensitive);
    this.#options = options;
    this.#filter = filter === undefined ? undefined : compile(filter);
    this.#deltaField = deltaSpec === undefined ? undefined : compile(deltaSpec.field);
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
    const { spec, at, recordUrl, mapping } = this.#options;
    const names = spec.upsert.keys.map((name, index) => `${name}=${String(row[at.keys[index]!] ?? "?")}`);
    const url = row.length ? recordUrl?.(rowObject(mapping.columns, row)) : undefined;
    return { ...this.#bareLabel(names.join(", "), key), url };
  }

  #bareLabel(label: string, id: string): RecordLabel {
    const { system, entity } = this.#options;
    return { system, entity, label, id };
  }

  /** Puts a page's records into the batch. Throws what stops the run; the records before it are in. */
  async process(page: Page, batch: Batch): Promise<void> {
    for (const { line, record, rule, message } of page.rejects ?? []) {
      const key = line === undefined ? recordHash(record) : `${page.slice}:${line}`;
      batch.fetched++;
      const failure: Failure = { stage: "source", field: "", rule, message };
      this.#reject(batch, { key, record, failures: [failure], label: () => this.#bareLabel(key, key) });
    }
    for (const record of page.records) {
      const waiting = this.#processRecord(record, batch);
      if (waiting) await waiting;
      // A record that stops the run is none that it read: the next run reads it.
      batch.fetched++;
    }
  }

  #reject(
    batch: Batch,
    rejected: { key: string; record: unknown; failures: readonly Failure[]; label: () => RecordLabel; row?: Row },
  ): void {
    const { key, record, failures, label } = rejected;
    for (const failure of failures) this.#options.teller.reject(failure, label);
    const rejects = failures.map(({ stage, field, rule, message }) => ({ key, stage, field, rule, message, record }));
    batch.reject(rejects, rejected.row);
  }

  /** Synchronous where every expression is: most records cost no promise. */
  #processRecord(record: unknown, batch: Batch): Promise<void> | undefined {
    const prepared = this.#options.mapping.prepare(record);
    if (this.#filter || prepared instanceof Promise) return this.#filtered(record, prepared, batch);
    const raw = this.#deltaValue(prepared);
    if (raw instanceof Promise) return raw.then((settled) => this.#admit(record, { prepared, raw: settled }, batch));
    return this.#admit(record, { prepared, raw }, batch);
  }

  async #filtered(record: unknown, preparing: Prepared | Promise<Prepared>, batch: Batch): Promise<void> {
    const prepared = await preparing;
    const raw = await this.#deltaValue(prepared);
    if (!this.#filter || (await this.#passes(this.#filter, prepared))) {
      return this.#admit(record, { prepared, raw }, batch);
    }
    batch.filtered++;
    this.#tracker.passBy(raw);
  }

  /** A record that the filter let through. */
  #admit(
    record: unknown,
    { prepared, raw }: { prepared: Prepared; raw: unknown },
    batch: Batch,
  ): Promise<void> | undefined {
    if (!this.#tracker.admits(raw, prepared.record)) {
      batch.filtered++;
      return undefined;
    }
    const mapped = this.#options.mapping.map(prepared);
    if (mapped instanceof Promise) return mapped.then((ready) => this.#take(record, ready, batch));
    this.#take(record, mapped, batch);
    return undefined;
  }

  async #passes(filter: Compiled, prepared: Prepared): Promise<boolean> {
    const result = await this.#options.mapping.evaluate(filter, prepared);
    if (!(result instanceof ThrownValue)) return result === true;
    throw new FatalError(`source.filter failed: ${messageOf(result.error)}`, { cause: result.error });
  }

  #deltaValue(prepared: Prepared): unknown {
    return this.#deltaField && this.#options.mapping.evaluate(this.#deltaField, prepared);
  }

  #take(record: unknown, { row, failures, warnings, newerLimit }: Mapped, batch: Batch): void {
    const { at, teller } = this.#options;
    const hasKey = at.keys.every((index) => row[index] !== null);
    const whole = hasKey ? keyOf(row, at.keys) : recordHash(record);
    const key = whole.length > longestKey ? recordHash(whole) : whole;
    const label = (): RecordLabel => this.label(row, key);
    if (warnings.length) {
      this.warned++;
      batch.warnings += warnings.length;
      for (const warning of warnings) teller.warn(warning, label);
    }
    if (failures.length) this.#reject(batch, { key, record, failures, label, row });
    else batch.add({ key, row, record, newerLimit });
  }
}
