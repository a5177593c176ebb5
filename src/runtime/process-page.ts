/** A page's records into a batch: filtered, mapped, rejected. */
import { FatalError, messageOf, RecordError } from "../errors.ts";
import { compile, type Compiled } from "../jsonata/index.ts";
import type { Bound, Page } from "../sources/contract.ts";
import type { Pipeline } from "../spec/types.ts";
import type { Row } from "../sinks/contract.ts";
import { keyOf, type Batch, type BatchKeys } from "./batch.ts";
import type { CompiledDelta } from "./delta.ts";
import { rowObject, type Failure, type Mapping, type Prepared } from "./mapping/index.ts";
import { ThrownValue } from "./mapping/field.ts";
import { recordHash } from "./state/rejects.ts";
import type { RecordLabel, Teller } from "./warnings.ts";

export interface PageProcessor {
  process(page: Page, batch: Batch): Promise<void>;
  /** The greatest delta value so far; the last one, for cursors. */
  greatest: Bound | undefined;
  /** Records that were warned about. */
  warned: number;
  label(row: Row, key: string): RecordLabel;
}

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

/** Compiles filter and delta and gives the processor of a run's pages. */
export function createProcessor(options: ProcessorOptions): PageProcessor {
  const { spec, mapping, at, delta, localWindow, teller } = options;
  const filter = spec.source.filter === undefined ? undefined : compile(spec.source.filter);
  const deltaField = spec.source.delta === undefined ? undefined : compile(spec.source.delta.field);
  const missing = spec.source.delta?.missing ?? "include";
  const hasSensitive = Object.values(spec.mapping).some(({ sensitive }) => sensitive);

  const processor: PageProcessor = {
    greatest: options.greatest,
    warned: 0,
    label(row, key) {
      const names = spec.upsert.keys.map((name, index) => `${name}=${String(row[at.keys[index]!] ?? "?")}`);
      return {
        system: options.system,
        entity: options.entity,
        label: names.join(", "),
        id: key,
        url: row.length ? options.recordUrl?.(rowObject(mapping.columns, row)) : undefined,
      };
    },
    async process(page, batch) {
      for (const reject of page.rejects ?? []) {
        const key = reject.line === undefined ? recordHash(reject.record) : `${page.slice}:${reject.line}`;
        batch.fetched++;
        rejectRecord(
          batch,
          key,
          reject.record,
          [{ stage: "source", field: "", rule: reject.rule, message: reject.message }],
          () => ({ system: options.system, entity: options.entity, label: key, id: key }),
        );
      }
      for (let index = 0; index < page.records.length; index++) {
        const waiting = processRecord(page.records[index], batch);
        if (waiting) await waiting;
        // A record that stops the run is none that it read: the next run reads it.
        batch.fetched++;
      }
    },
  };

  function rejectRecord(
    batch: Batch,
    key: string,
    record: unknown,
    failures: readonly Failure[],
    label: () => RecordLabel,
  ): void {
    for (const failure of failures) teller.reject(failure, label);
    batch.reject(failures.map(({ stage, field, rule, message }) => ({ key, stage, field, rule, message, record })));
  }

  function processRecord(record: unknown, batch: Batch): Promise<void> | undefined {
    const prepared = mapping.prepare(record);
    if (filter || prepared instanceof Promise) return filtered(record, prepared, batch);
    const raw = value(deltaField, prepared);
    if (raw instanceof Promise) return raw.then((settled) => admit(record, prepared, settled, batch));
    return admit(record, prepared, raw, batch);
  }

  async function filtered(record: unknown, preparing: Prepared | Promise<Prepared>, batch: Batch): Promise<void> {
    const prepared = await preparing;
    const raw = await value(deltaField, prepared);
    if (!filter || (await passes(filter, prepared))) return admit(record, prepared, raw, batch);
    batch.filtered++;
    // It was read all the same: a watermark that stayed before it would have every run read it again.
    follow(boundOf(raw));
  }

  /** A record that the filter let through. Synchronous where the mapping is. */
  function admit(record: unknown, prepared: Prepared, raw: unknown, batch: Batch): Promise<void> | undefined {
    if (!inWindow(prepared, raw)) {
      batch.filtered++;
      return undefined;
    }
    const mapped = mapping.map(prepared);
    if (mapped instanceof Promise) return mapped.then((ready) => take(record, ready, batch));
    take(record, mapped, batch);
    return undefined;
  }

  async function passes(compiled: Compiled, prepared: Prepared): Promise<boolean> {
    const result = await mapping.evaluate(compiled, prepared);
    if (result instanceof ThrownValue)
      throw new FatalError(`source.filter failed: ${messageOf(result.error)}`, { cause: result.error });
    return result === true;
  }

  function value(compiled: Compiled | undefined, prepared: Prepared): unknown {
    return compiled && mapping.evaluate(compiled, prepared);
  }

  /** The record's delta value; undefined where it has none, or none that can be read. */
  function boundOf(raw: unknown, onUnreadable?: (problem: RecordError) => void): Bound | undefined {
    try {
      if (raw instanceof ThrownValue) throw new RecordError(messageOf(raw.error));
      return delta?.read(raw);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      onUnreadable?.(error);
      return undefined;
    }
  }

  /** Keeps the greatest delta value read; the last one, for cursors. */
  function follow(bound: Bound | undefined): void {
    if (!delta || !bound) return;
    if (delta.kind === "cursor" || !processor.greatest || delta.compare(bound, processor.greatest) > 0)
      processor.greatest = bound;
  }

  /** Follows the greatest delta value, and tells whether the record lies in the window. */
  function inWindow(prepared: Prepared, raw: unknown): boolean {
    if (!delta) return true;
    const bound = boundOf(raw, (problem) =>
      teller.warn(
        {
          field: "delta",
          rule: "unreadable",
          message: `${problem.message}; the record is read as one without a delta value`,
          value: raw,
        },
        () => ({ system: options.system, entity: options.entity, label: recordHash(prepared.record), id: "" }),
      ),
    );
    if (!bound) {
      if (missing === "fail")
        throw new FatalError(
          `a record has no value at source.delta.field (${spec.source.delta!.field}), and delta.missing is fail: ${hasSensitive ? "it has sensitive fields and is not shown" : JSON.stringify(prepared.record).slice(0, 200)}`,
        );
      return missing === "include";
    }
    if (localWindow.until && delta.compare(bound, localWindow.until) >= 0) return false;
    if (localWindow.since && delta.compare(bound, localWindow.since) < 0) return false;
    follow(bound);
    return true;
  }

  function take(record: unknown, mapped: Awaited<ReturnType<Mapping["map"]>>, batch: Batch): void {
    const hasKey = at.keys.every((index) => mapped.row[index] !== null);
    const whole = hasKey ? keyOf(mapped.row, at.keys) : recordHash(record);
    const key = whole.length > longestKey ? recordHash(whole) : whole;
    const label = (): RecordLabel => processor.label(mapped.row, key);
    if (mapped.warnings.length) {
      processor.warned++;
      batch.warnings += mapped.warnings.length;
      for (const warning of mapped.warnings) teller.warn(warning, label);
    }
    if (mapped.failures.length) rejectRecord(batch, key, record, mapped.failures, label);
    else batch.add({ key, row: mapped.row, record, newerLimit: mapped.newerLimit });
  }

  return processor;
}
