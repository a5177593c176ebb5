/** A batch into the database: rows, rejects and checkpoint in one transaction. */
import { FatalError, messageOf } from "../errors.ts";
import type { MergeInput, MergeResult, Sink, Table } from "../sinks/contract.ts";
import { instantFromDate } from "../values/instant.ts";
import type { Batch, BatchRow } from "./batch.ts";
import type { RejectLimit } from "./reject-limit.ts";
import type { Checkpoint, Counters } from "./state/checkpoint.ts";
import type { History, PipelineScope } from "./state/history.ts";
import { Rejects, type Reject } from "./state/rejects.ts";

/** What was thrown while a batch was written: it must not be written again. */
export class CommitFailure extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** More rejects than the spec allows: another run would not do better from where this one stopped. */
export class RejectLimitError extends FatalError {}

const nothingMerged: MergeResult = { created: 0, updated: 0, unchanged: 0, stale: 0, rejects: [] };

export interface CommitterOptions {
  sink: Sink;
  table: Table;
  scope: PipelineScope;
  /** Absent on a dry run: rows are compared, not written. */
  history?: History;
  checkpoint: Checkpoint;
  /** `--force`. */
  replaceNewer: boolean;
  limit?: RejectLimit;
  now(): Date;
  /** Told of each row that the database refused. */
  onRefused(reject: Reject, batch: Batch): void;
}

function copyOf(checkpoint: Checkpoint): Checkpoint {
  return { ...checkpoint, slices: { ...checkpoint.slices } };
}

/** Keys that a dry run keeps, so that it counts none of them as created twice. */
const mostDryKeys = 2_000_000;

export class Committer {
  readonly #dryKeys = new Set<string>();
  /** Of the run so far; the checkpoint's own copy follows with each commit. */
  counters: Counters;
  /** The checkpoint as it was committed with the last batch: what came after it must be read again. */
  committed: Checkpoint;
  readonly #options: CommitterOptions;
  readonly #rejects: Rejects;
  /** Keys that have an open reject. */
  #openRejects = new Set<string>();
  #runId = 0;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#rejects = new Rejects(options.sink, options.scope);
    this.counters = options.checkpoint.counters;
    this.committed = copyOf(options.checkpoint);
  }

  /** Called once the run has its history row. */
  async begin(runId: number): Promise<void> {
    this.#runId = runId;
    this.#openRejects = await this.#rejects.openKeys();
  }

  /**
   * Writes a batch; one that is written already is left alone. Throws CommitFailure when nothing of it was kept,
   * RejectLimitError when it was kept and was one reject too many.
   */
  async commit(batch: Batch): Promise<void> {
    if (batch.committed || (batch.fetched === 0 && batch.bytes === 0)) return;
    const { history, checkpoint, limit } = this.#options;
    try {
      if (history) await this.#write(batch, history);
      else this.counters = this.#added(batch, await this.#compare(batch));
    } catch (error) {
      throw new CommitFailure(error);
    }
    batch.committed = true;
    checkpoint.counters = this.counters;
    this.committed = copyOf(checkpoint);
    if (limit?.count !== undefined && this.counters.rejected > limit.count) {
      throw new RejectLimitError(limit.message(this.counters));
    }
  }

  /** What a dry run counts: a key that an earlier batch had would be there already. */
  async #compare(batch: Batch): Promise<MergeResult> {
    const fresh = batch.rows.filter(({ key }) => !this.#dryKeys.has(key));
    const merged = await this.#options.sink.compare(this.#mergeInput(fresh));
    if (this.#dryKeys.size < mostDryKeys) for (const { key } of batch.rows) this.#dryKeys.add(key);
    return { ...merged, unchanged: merged.unchanged + batch.rows.length - fresh.length };
  }

  async #write(batch: Batch, history: History): Promise<void> {
    const { sink, checkpoint, onRefused } = this.#options;
    const input = this.#mergeInput(batch.rows);
    const { counters, refused, resolved } = await sink.transaction(async () => {
      const merged = batch.rows.length ? await sink.merge(input) : nothingMerged;
      const added = this.#added(batch, merged);
      const refusedRows = merged.rejects.map(({ index, field, code, message }): Reject => {
        const { key, record } = batch.rows[index]!;
        return { key, stage: "write", field: field ?? "", rule: code, message, record };
      });
      const rejects = [...batch.rejects, ...refusedRows];
      if (rejects.length) {
        await this.#rejects.save(rejects, { id: this.#runId, specHash: checkpoint.specHash, now: input.now });
      }
      // Which rows were stale is not told, and a stale one makes nothing good: then all rejects stay for now.
      const good = merged.stale ? [] : this.#goodAgain(batch, refusedRows);
      if (good.length) await this.#rejects.resolve(good, input.now);
      await history.checkpoint(this.#runId, { ...checkpoint, counters: added });
      return { counters: added, refused: refusedRows, resolved: good };
    });
    this.counters = counters;
    for (const key of resolved) this.#openRejects.delete(key);
    for (const { key } of refused) this.#openRejects.add(key);
    for (const key of batch.rejectedKeys) this.#openRejects.add(key);
    for (const reject of refused) onRefused(reject, batch);
  }

  #mergeInput(rows: readonly BatchRow[]): MergeInput {
    const { table, replaceNewer } = this.#options;
    const limited = rows.some(({ newerLimit }) => newerLimit !== undefined);
    return {
      table,
      rows: rows.map(({ row }) => row),
      runId: this.#runId,
      now: instantFromDate(this.#options.now()),
      replaceNewer,
      ...(limited ? { newerLimits: rows.map(({ newerLimit }) => newerLimit) } : {}),
    };
  }

  #added(batch: Batch, merged: MergeResult): Counters {
    const before = this.counters;
    return {
      fetched: before.fetched + batch.fetched,
      filtered: before.filtered + batch.filtered,
      duplicates: before.duplicates + batch.duplicates,
      rejected: before.rejected + batch.rejected + merged.rejects.length,
      mapped: before.mapped + batch.rows.length - merged.rejects.length,
      created: before.created + merged.created,
      updated: before.updated + merged.updated,
      unchanged: before.unchanged + merged.unchanged,
      stale: before.stale + merged.stale,
      deleted: before.deleted,
      warnings: before.warnings + batch.warnings,
    };
  }

  /** Keys with a reject, open or of this batch, whose later version became a row: their rejects are over. */
  #goodAgain(batch: Batch, refused: readonly Reject[]): string[] {
    if (!this.#openRejects.size && !batch.rejects.length) return [];
    const rejected = new Set(batch.rejects.map(({ key }) => key));
    const stillBad = new Set(refused.map(({ key }) => key));
    return batch.rows
      .map(({ key }) => key)
      .filter((key) => this.#openRejects.has(key) || rejected.has(key))
      .filter((key) => !batch.rejectedKeys.has(key) && !stillBad.has(key));
  }
}
