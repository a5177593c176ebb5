/** A batch into the database: rows, children, rejects and checkpoint in one transaction. */
import { FatalError, messageOf } from "../errors.ts";
import type { Position } from "../sources/contract.ts";
import type { MergeInput, MergeResult, RowBuffer, RowSet, Sink } from "../sinks/contract.ts";
import type { StageClock } from "../stage-clock.ts";
import { instantFromDate } from "../values/instant.ts";
import type { Batch, TableBatch } from "./batch.ts";
import { gatherChildren, type ToTell } from "./child-batch.ts";
import type { DeletedRows } from "./deletes/contract.ts";
import type { Deletions, KeyNotes } from "./deletes/deletions.ts";
import type { RejectLimit } from "./reject-limit.ts";
import { noCounts, type Checkpoint, type Counters } from "./state/checkpoint.ts";
import type { History, PipelineScope } from "./state/history.ts";
import { recordHash, rejectId, Rejects, type Reject, type RejectStore } from "./state/rejects.ts";
import { allCounts, headline, plus, type Tally } from "./tally.ts";
import type { Target } from "./target.ts";

/** What was thrown while a batch was written: it must not be written again. */
export class CommitFailure extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** More rejects than the spec allows: another run would not do better from where this one stopped. */
export class RejectLimitError extends FatalError {}

const nothingMerged: MergeResult = { created: 0, updated: 0, unchanged: 0, stale: 0, staleIndexes: [], rejects: [] };

export interface CommitterOptions {
  sink: Sink;
  /** Absent where only children are rows. */
  main?: Target;
  children: readonly Target[];
  /** Records hold whole sets of children: not where parents are asked for. */
  replacesByRecord: boolean;
  scope: PipelineScope;
  /** Keeps what the batch says of keys. */
  deletions?: Pick<Deletions, "handOver" | "save">;
  /** Absent on a dry run: rows are compared, not written. */
  history?: History;
  /** Where the run begins. */
  checkpoint: Checkpoint;
  /** `--force`. */
  replaceNewer: boolean;
  limit?: RejectLimit;
  /** Told how long the database takes. */
  clock: StageClock;
  now(): Date;
  /** Takes secrets out of a reject's record, as JSON. */
  maskData?(json: string): string;
  /** The pipeline's own if absent. */
  rejects?: RejectStore;
  /** Told of each row that the database refused. */
  onRefused(reject: Reject, part: TablePart): void;
  /** Told of what was wrong with children, once it is known which of them count. */
  onChildren(toTell: readonly ToTell[], told: { target: Target; warned: number }): void;
}

/** A table's part of a batch: what comes in, and what became of it. */
export interface TablePart {
  target: Target;
  batch: TableBatch;
  sets: readonly RowSet[];
  toTell: readonly ToTell[];
  warned: number;
}

interface WrittenPart extends TablePart {
  merged: MergeResult;
  deleted: number;
  /** Rows that the database refused. */
  refused: readonly Reject[];
  /** Keys whose rejects are over. */
  good: readonly string[];
}

/** How far a batch leads, as of the moment in which it is handed over: the pages after it are being read already. */
export type Reached = Pick<Checkpoint, "until" | "start" | "greatest">;

/** A batch with all that is written of it. */
interface HandedOver {
  batch: Batch;
  /** What it says of keys. */
  notes: KeyNotes | undefined;
  reached: Reached | undefined;
}

/** Keys that a dry run keeps, so that it counts none of them as created twice. */
const mostDryKeys = 2_000_000;

export class Committer {
  /** Of what is committed. */
  tally: Tally;
  /** The checkpoint as it was committed last: what came after it must be read again. */
  committed: Checkpoint;
  readonly #dryKeys = new Set<string>();
  readonly #options: CommitterOptions;
  readonly #rejects: RejectStore;
  /** `rejectId` of those that are open. */
  #openRejects = new Set<string>();
  #runId = 0;
  /** What is being written: transactions do not nest. */
  #writing: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(options: CommitterOptions) {
    const { checkpoint, children } = options;
    this.#options = options;
    this.#rejects = options.rejects ?? new Rejects(options.sink, options.scope, options.maskData);
    this.tally = {
      own: checkpoint.counters,
      tables: Object.fromEntries(
        children.map(({ table: { name } }) => [name, checkpoint.tables?.[name] ?? noCounts()]),
      ),
      read: checkpoint.read ?? checkpoint.counters.fetched,
    };
    this.committed = checkpoint;
  }

  /** What the run says of itself. */
  get counters(): Counters {
    return headline(this.tally, this.#options.main !== undefined);
  }

  /** Called once the run has its history row. */
  async begin(runId: number): Promise<void> {
    this.#runId = runId;
    this.#openRejects = await this.#rejects.open();
  }

  /**
   * Writes a batch. It may be read and mapped on meanwhile: nothing that happens after the call is in the checkpoint.
   * Throws CommitFailure when nothing of it was kept, RejectLimitError when it was kept and was one reject too many.
   */
  async commit(batch: Batch, reached?: Reached): Promise<void> {
    if (batch.isEmpty) return;
    const { history, limit, onRefused, onChildren, deletions } = this.#options;
    const handed: HandedOver = { batch, notes: deletions?.handOver(), reached };
    let written: readonly WrittenPart[];
    try {
      written = await this.#inTurn(async () => {
        const parts = history ? await this.#write(handed, history) : await this.#compare(handed);
        this.tally = this.#added(batch, parts);
        this.committed = this.#after(handed, this.tally);
        return parts;
      });
    } catch (error) {
      throw new CommitFailure(error);
    }
    for (const tell of batch.whenCommitted) tell();
    for (const part of written) {
      for (const key of part.good) this.#openRejects.delete(rejectId({ table: part.target.rejectTable, key }));
      const bad = [...part.refused.map(({ key }) => key), ...part.batch.rejectedKeys];
      for (const key of bad) this.#openRejects.add(rejectId({ table: part.target.rejectTable, key }));
      for (const reject of part.refused) onRefused(reject, part);
      if (part.toTell.length > 0) onChildren(part.toTell, part);
    }
    const all = allCounts(this.tally);
    if (limit?.count !== undefined && all.rejected > limit.count) throw new RejectLimitError(limit.message(all));
  }

  /** Deletes rows in one transaction with the counts of it; a dry run only counts. */
  async delete(apply: () => Promise<DeletedRows>): Promise<void> {
    const { history, sink, main } = this.#options;
    const counted = ({ own, tables }: DeletedRows): Tally => ({
      ...this.tally,
      own: plus(this.tally.own, { deleted: own }),
      tables: Object.fromEntries(
        Object.entries(this.tally.tables).map(([name, counters]) => [
          name,
          plus(counters, { deleted: tables[name] ?? 0 }),
        ]),
      ),
    });
    this.tally = await this.#inTurn(async () => {
      if (!history) return counted(await apply());
      return sink.transaction(async () => {
        const tally = counted(await apply());
        const shown = headline(tally, main !== undefined);
        await history.checkpoint(this.#runId, { ...this.committed, ...countsOf(tally) }, shown);
        return tally;
      });
    });
    this.committed = { ...this.committed, ...countsOf(this.tally) };
  }

  /**
   * Commits where a slice is, and nothing else that was not committed before. False once the run has ended.
   * @param unwritten batches whose turn comes later: what their pages say of the slice is over.
   */
  async keep(slice: string, position: Position, unwritten: Iterable<Batch>): Promise<boolean> {
    const { history, sink } = this.#options;
    return this.#inTurn(async () => {
      if (!history || this.#ended) return false;
      const place = { position, done: false };
      const next = { ...this.committed, slices: { ...this.committed.slices, [slice]: place } };
      await sink.transaction(() => history.checkpoint(this.#runId, next, this.counters));
      this.committed = next;
      for (const batch of unwritten) batch.slices.delete(slice);
      return true;
    });
  }

  /** The checkpoint that is committed with a batch. */
  #after({ batch, reached }: HandedOver, tally: Tally): Checkpoint {
    const slices = { ...this.committed.slices, ...Object.fromEntries(batch.slices) };
    return { ...this.committed, ...reached, ...countsOf(tally), slices };
  }

  /** Nothing is kept from now on; resolves when what was under way is written. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#writing;
  }

  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const turn = this.#writing.then(() => this.#options.clock.during("write", write));
    this.#writing = turn.catch(() => {});
    return turn;
  }

  /** What a dry run counts: a key that an earlier batch had would be there already. */
  async #compare({ batch, notes }: HandedOver): Promise<WrittenPart[]> {
    const { sink, deletions } = this.#options;
    const compare = async (part: TablePart): Promise<WrittenPart> => {
      const { rows, keys } = part.batch;
      const ids = keys.map((key) => rejectId({ table: part.target.rejectTable, key }));
      const indexes = ids.flatMap((id, index) => (this.#dryKeys.has(id) ? [] : [index]));
      const merged =
        rows && indexes.length > 0
          ? await sink.compare({ ...this.#mergeInput(part.target, rows), indexes })
          : nothingMerged;
      if (this.#dryKeys.size < mostDryKeys) for (const id of ids) this.#dryKeys.add(id);
      return {
        ...part,
        merged: { ...merged, unchanged: merged.unchanged + keys.length - indexes.length },
        deleted: part.sets.length > 0 ? await sink.compareSets(replaceInput(part)) : 0,
        refused: [],
        good: [],
      };
    };
    if (notes) await deletions?.save(notes);
    return this.#parts(batch, compare);
  }

  async #write(handed: HandedOver, history: History): Promise<WrittenPart[]> {
    const { batch, notes } = handed;
    const { sink, deletions } = this.#options;
    const { specHash } = this.committed;
    return sink.transaction(async () => {
      const now = instantFromDate(this.#options.now());
      const written = await this.#parts(batch, (part) => this.#writePart(part, now));
      const own = written[0]!;
      written[0] = { ...own, good: [...own.good, ...this.#answeredAgain(batch)] };
      const rejects = written.flatMap((part) => [...part.batch.rejects, ...part.refused]);
      if (rejects.length > 0) await this.#rejects.save(rejects, { id: this.#runId, specHash, now });
      for (const { target, good } of written)
        if (good.length > 0) await this.#rejects.resolve(target.rejectTable, good, now);
      if (notes) await deletions?.save(notes);
      const tally = this.#added(batch, written);
      const shown = headline(tally, this.#options.main !== undefined);
      await history.checkpoint(this.#runId, this.#after(handed, tally), shown);
      return written;
    });
  }

  /** The records' own rows first: whose were not written, their children do not count. */
  async #parts(batch: Batch, write: (part: TablePart) => Promise<WrittenPart>): Promise<WrittenPart[]> {
    const { main, children, sink, replacesByRecord } = this.#options;
    const target = main ?? noTarget;
    const own: TablePart = { target, batch: batch.main, sets: batch.due.get(undefined) ?? [], toTell: [], warned: 0 };
    const first = await write(own);
    if (children.length === 0) return [first];
    const { staleIndexes, rejects } = first.merged;
    const parents = batch.parents(new Set([...staleIndexes, ...rejects.map(({ index }) => index)]));
    const written = [first];
    for (const [index, child] of children.entries()) {
      const gathered = gatherChildren(parents, { target: child, index, sink, replacesByRecord });
      written.push(await write({ ...gathered, sets: [...gathered.sets, ...(batch.due.get(index) ?? [])] }));
    }
    return written;
  }

  async #writePart(part: TablePart, now: string): Promise<WrittenPart> {
    const { sink } = this.#options;
    const { rows, keys, records } = part.batch;
    // What is gone goes first: it may hold a place that a new row needs.
    const deleted = part.sets.length > 0 ? await sink.replaceSets(replaceInput(part)) : 0;
    const merged = rows && rows.length > 0 ? await sink.merge(this.#mergeInput(part.target, rows, now)) : nothingMerged;
    const refused = merged.rejects.map(({ index, field, code, message }): Reject => {
      const [key, record] = [keys[index]!, records[index]];
      const { rejectTable: table } = part.target;
      return { key, stage: "write", field: field ?? "", rule: code, message, record, table };
    });
    return { ...part, merged, deleted, refused, good: this.#goodAgain(part, { refused, merged }) };
  }

  /** Keys of the rejects that tell of parents who were refused (`{ id }` is kept of each), and have been answered about. */
  #answeredAgain({ answered }: Batch): string[] {
    if (this.#openRejects.size === 0) return [];
    return answered.map((id) => recordHash({ id })).filter((key) => this.#openRejects.has(key));
  }

  #mergeInput({ table }: Target, rows: RowBuffer, now?: string): MergeInput {
    return {
      table,
      rows,
      runId: this.#runId,
      now: now ?? instantFromDate(this.#options.now()),
      replaceNewer: this.#options.replaceNewer,
    };
  }

  #added(batch: Batch, [own, ...children]: readonly WrittenPart[]): Tally {
    const { tally } = this;
    const tables = children.map((part): [string, Counters] => {
      const { name } = part.target.table;
      return [name, plus(tally.tables[name] ?? noCounts(), addedBy(part))];
    });
    return {
      own: own ? plus(tally.own, addedBy(own)) : tally.own,
      tables: Object.fromEntries(tables),
      read: tally.read + batch.read,
    };
  }

  /** Keys with a reject, open or of this batch, whose later version became a row: their rejects are over. */
  #goodAgain(
    { target, batch }: TablePart,
    { refused, merged }: { refused: readonly Reject[]; merged: MergeResult },
  ): string[] {
    if (!this.#openRejects.size && !batch.rejects.length) return [];
    const rejected = new Set(batch.rejects.map(({ key }) => key));
    const stillBad = new Set(refused.map(({ key }) => key));
    // An older version than the stored one makes nothing good: what was rejected may be newer than both.
    for (const index of merged.staleIndexes) stillBad.add(batch.keys[index]!);
    return batch.keys
      .filter((key) => this.#openRejects.has(rejectId({ table: target.rejectTable, key })) || rejected.has(key))
      .filter((key) => !batch.rejectedKeys.has(key) && !stillBad.has(key));
  }
}

/** Stands for the table of records that are no rows: nothing is ever written to it. */
const noTarget: Target = { table: { name: "", columns: [], keys: [] }, at: { keys: [] }, rejectTable: "" };

function replaceInput({ target, sets }: TablePart): Parameters<Sink["replaceSets"]>[0] {
  return { table: target.table, within: target.within?.columns ?? [], sets };
}

function countsOf({ own, tables, read }: Tally): Pick<Checkpoint, "counters" | "tables" | "read"> {
  return { counters: own, read, ...(Object.keys(tables).length > 0 ? { tables } : {}) };
}

function addedBy({ batch, merged, deleted }: WrittenPart): Counters {
  const { created, updated, unchanged, stale, rejects } = merged;
  return {
    fetched: batch.fetched,
    filtered: batch.filtered,
    duplicates: batch.duplicates,
    rejected: batch.rejected + rejects.length,
    mapped: batch.keys.length - rejects.length,
    created,
    updated,
    unchanged,
    stale,
    deleted,
    warnings: batch.warnings,
  };
}
