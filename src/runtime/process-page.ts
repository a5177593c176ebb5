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
    batch.rejected++;
    for (const failure of failures) {
      teller.reject(failure, label);
      batch.rejects.push({
        key,
        stage: failure.stage,
        field: failure.field,
        rule: failure.rule,
        message: failure.message,
        record,
      });
    }
  }

  function processRecord(record: unknown, batch: Batch): Promise<void> | undefined {
    batch.fetched++;
    const prepared = mapping.prepare(record);
    if (prepared instanceof Promise) return prepared.then((ready) => finish(record, ready, batch));
    if (!filter) {
      if (!inWindow(prepared, value(deltaField, prepared))) {
        batch.filtered++;
        return undefined;
      }
      const mapped = mapping.map(prepared);
      if (!(mapped instanceof Promise)) {
        take(record, mapped, batch);
        return undefined;
      }
      return mapped.then((ready) => take(record, ready, batch));
    }
    return finish(record, prepared, batch);
  }

  async function finish(record: unknown, prepared: Prepared, batch: Batch): Promise<void> {
    if (filter && !(await passes(filter, prepared))) {
      batch.filtered++;
      return;
    }
    if (!inWindow(prepared, await value(deltaField, prepared))) {
      batch.filtered++;
      return;
    }
    take(record, await mapping.map(prepared), batch);
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

  /** Follows the greatest delta value, and tells whether the record lies in the window. */
  function inWindow(prepared: Prepared, raw: unknown): boolean {
    if (!delta) return true;
    let bound: Bound | undefined;
    try {
      if (raw instanceof ThrownValue) throw new RecordError(messageOf(raw.error));
      bound = delta.read(raw);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      teller.warn(
        {
          field: "delta",
          rule: "unreadable",
          message: `${error.message}; the record is read as one without a delta value`,
          value: raw,
        },
        () => ({ system: options.system, entity: options.entity, label: recordHash(prepared.record), id: "" }),
      );
    }
    if (!bound) {
      if (missing === "fail")
        throw new FatalError(
          `a record has no value at source.delta.field (${spec.source.delta!.field}), and delta.missing is fail: ${JSON.stringify(prepared.record).slice(0, 200)}`,
        );
      return missing === "include";
    }
    if (localWindow.until && delta.compare(bound, localWindow.until) >= 0) return false;
    if (localWindow.since && delta.compare(bound, localWindow.since) < 0) return false;
    if (delta.kind === "cursor" || !processor.greatest || delta.compare(bound, processor.greatest) > 0)
      processor.greatest = bound;
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
