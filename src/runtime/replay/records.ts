/** Rejected records, mapped again with the spec as it is now. */
import { FatalError, messageOf } from "../../errors.ts";
import { compile } from "../../jsonata/index.ts";
import type { Sink } from "../../sinks/contract.ts";
import { Batch, type BatchRow } from "../batch.ts";
import { compileWatch } from "../deletes/watch.ts";
import { compileRecordUrl } from "../record-url.ts";
import { ThrownValue } from "../mapping/field.ts";
import { rowObject, type Failure, type Mapped, type Prepared } from "../mapping/index.ts";
import type { Prepared as PreparedRun } from "../run-pipeline.ts";
import { keyLabel, rowKey, type Target } from "../target.ts";
import type { RecordLabel, Teller } from "../warnings.ts";
import { recordObstacle } from "./obstacles.ts";
import type { OpenRejects, RejectedRecord } from "./open-rejects.ts";
import type { ReplayedRejects } from "./store.ts";
import { writersOf } from "./stored-rows.ts";

export interface RecordsOptions {
  run: PreparedRun;
  sink: Sink;
  main: Target;
  teller: Teller;
  rejects: OpenRejects;
  store: ReplayedRejects;
  /** Told why a record was not tried. */
  onLeft(record: RejectedRecord, reason: string): void;
}

interface Candidate {
  rejected: RejectedRecord;
  row: BatchRow;
  warnings: Mapped["warnings"];
}

export class ReplayedRecords {
  /** Records that were warned about. */
  warned = 0;
  readonly #options: RecordsOptions;
  readonly #passes: (prepared: Prepared) => Promise<boolean>;
  readonly #watch: ReturnType<typeof compileWatch> | undefined;
  readonly #url: ReturnType<typeof compileRecordUrl>;

  constructor(options: RecordsOptions) {
    const { pipeline, engine, params, mapping } = options.run;
    const { spec } = pipeline;
    const filter = spec.source.filter === undefined ? undefined : compile(spec.source.filter);
    this.#options = options;
    this.#url = compileRecordUrl(pipeline, params.values);
    this.#watch = spec.deletes
      ? compileWatch(spec, { validation: engine.validation, skipValidation: false, params: params.values })
      : undefined;
    this.#passes = async (prepared) => {
      const result = filter === undefined ? true : await mapping.evaluate(filter, prepared);
      if (result instanceof ThrownValue)
        throw new FatalError(`source.filter failed: ${messageOf(result.error)}`, { cause: result.error });
      return result === true;
    };
  }

  /** Maps what can be tried; gives the rows that may be written and the records that are still rejected. */
  async map(records: readonly RejectedRecord[]): Promise<Batch> {
    const { main, sink, onLeft } = this.#options;
    const batch = new Batch(main, sink);
    const candidates: Candidate[] = [];
    for (const rejected of records) {
      const obstacle = recordObstacle(rejected);
      if (obstacle !== undefined) onLeft(rejected, obstacle);
      else {
        const candidate = await this.#mapOne(rejected, batch);
        if (candidate) candidates.push(candidate);
      }
    }
    for (const candidate of await this.#newest(candidates)) this.#take(candidate, batch);
    return batch;
  }

  async #mapOne(rejected: RejectedRecord, batch: Batch): Promise<Candidate | undefined> {
    const { run, main, onLeft } = this.#options;
    const { mapping } = run;
    const { record } = rejected;
    const prepared = await mapping.prepare(record);
    const look = await this.#watch?.look(prepared);
    if (look?.flagged) return void onLeft(rejected, "it says that it was deleted");
    if (look && look.losers.length > 0)
      return void onLeft(rejected, "others were merged into it: a run that reads it again settles whose rows go");
    if (!prepared.problem && !(await this.#passes(prepared)))
      return void onLeft(rejected, "source.filter leaves it out now");
    const mapped = await mapping.main!.map(prepared);
    const children = prepared.problem ? [] : await Promise.all(mapping.children.map((child) => child.expand(prepared)));
    const { key } = rowKey(main, mapped.row, record);
    const failed = children.flatMap(({ failure }) => failure ?? []);
    const failures = [...mapped.failures, ...failed];
    if (failures.length === 0)
      return {
        rejected,
        warnings: mapped.warnings,
        row: { key, row: mapped.row, record, newerLimit: mapped.newerLimit, children },
      };
    this.#reject(batch, { key, record, failures, row: mapped.row });
    return undefined;
  }

  #reject(
    batch: Batch,
    { key, record, failures, row }: Pick<BatchRow, "key" | "record" | "row"> & { failures: readonly Failure[] },
  ): void {
    const { teller } = this.#options;
    for (const failure of failures) teller.reject(failure, () => this.#label(row, key));
    batch.read++;
    batch.main.fetched++;
    batch.main.reject(
      failures.map(({ stage, field, rule, message }) => ({ key, stage, field, rule, message, record, table: "" })),
      row,
    );
  }

  /** Those that are the last word on their row: a later run may have written it, or rejected a later version. */
  async #newest(candidates: readonly Candidate[]): Promise<Candidate[]> {
    const { sink, main, rejects, onLeft } = this.#options;
    if (candidates.length === 0) return [];
    // Under its own key a record is there in its newest version already; what had no key may have one now.
    const moved = candidates.filter(({ row, rejected }) => row.key !== rejected.key && rejected.table === "");
    const later = await rejects.later(new Map(moved.map(({ row, rejected }) => [row.key, rejected.runId])));
    const writers = await writersOf(
      sink,
      main,
      candidates.map(({ row }) => row.row),
    );
    return candidates.filter((candidate, index) => {
      const { rejected, row } = candidate;
      if (moved.includes(candidate) && later.has(row.key)) {
        onLeft(rejected, "a later version of the same record is rejected");
        return false;
      }
      if ((writers[index] ?? 0) <= rejected.runId) return true;
      onLeft(rejected, "a later run wrote its row, or deleted it");
      return false;
    });
  }

  #take({ rejected, row, warnings }: Candidate, batch: Batch): void {
    const { teller, store } = this.#options;
    if (warnings.length > 0) this.warned++;
    batch.main.warnings += warnings.length;
    for (const warning of warnings) teller.warn(warning, () => this.#label(row.row, row.key));
    batch.read++;
    batch.main.fetched++;
    batch.main.add(row);
    store.hold(row.key, rejected.ids);
  }

  /** How messages name a record. */
  #label(row: BatchRow["row"], key: string): RecordLabel {
    const { run, main } = this.#options;
    const { system, entity } = run.pipeline;
    const url = this.#url?.(rowObject(run.mapping.main!.columns, row));
    return { system, entity, label: keyLabel(main, row), id: key, ...(url === undefined ? {} : { url }) };
  }
}
