/**
 * What a run deletes. While it reads, it learns of keys; at its end, and only after a read that was whole, the rows
 * that are gone are found, counted against the guard, asked about, and deleted in one transaction.
 */
import { messageOf } from "../../errors.ts";
import type { LoadedPipeline } from "../../spec/load.ts";
import { instantFromDate } from "../../values/instant.ts";
import { timeOf } from "../engine.ts";
import type { Prepared } from "../mapping/index.ts";
import { childLinks } from "../../spec/child-links.ts";
import { comparableKeys } from "../../spec/comparable-keys.ts";
import { openPipelineSource } from "../open-source.ts";
import { SeenKeys, type KeyLedger, type SeenKey } from "../state/seen-keys.ts";
import { type Deleted, type DeletionsInput, partOnly, type ReadEnding } from "./contract.ts";
import { Comparison, keysAQuestion, type Compared } from "./compare.ts";
import { compileGuard, emptyReadMessage } from "./guard.ts";
import { readListed } from "./listed.ts";
import { askAboutDoomed, byLookup, type AskInput } from "./lookup.ts";
import { doomInMemory, MemoryKeys } from "./memory-keys.ts";
import { Rows, type Within } from "./rows.ts";
import { scopeOf } from "./scope.ts";
import { compileWatch, type Look, type Watch } from "./watch.ts";

/** What a batch says of keys. */
export interface KeyNotes {
  keys: SeenKey[];
  /** Of those that said they are gone: what is alive after that, where no time tells which is newer. */
  back: Set<string>;
}

export class Deletions {
  readonly #input: DeletionsInput;
  readonly #watch: Watch;
  readonly #keys: KeyLedger;
  #rows: Rows;
  /** What the batch in hand has said of keys. */
  #notes: KeyNotes = { keys: [], back: new Set() };
  /** Some record has said that it is gone. */
  #hasGone = false;
  /** Which rows the read answers for; none: all of them. */
  #within: readonly Within[] = [];
  #done = false;
  #toldKeyless = false;
  #needsSeen: boolean;
  /** Keys are compared instead of read with their rows. */
  readonly #compares: boolean;
  #comparison: Comparison | undefined;
  /** What was compared; absent where nothing was. */
  compared: Compared | undefined;
  readonly #partOnly: string | undefined;

  private constructor(input: DeletionsInput, watch: Watch) {
    const { sink, table, scope, window, flags } = input;
    this.#input = input;
    this.#watch = watch;
    this.#keys = flags.dryRun ? new MemoryKeys() : new SeenKeys(sink, scope);
    this.#rows = new Rows({ sink, table, pipeline: scope, before: window.start });
    this.#partOnly = partOnly(input);
    const looksForMissing = this.#spec.detect === "missing" && this.#partOnly === undefined && this.#isDue();
    this.#compares = looksForMissing && this.#readsPart() && comparableKeys({ ...input.pipeline.spec }) !== undefined;
    this.#needsSeen = looksForMissing && !this.#compares;
  }

  /** Undefined for a pipeline that deletes nothing. Throws SpecError for what cannot be compiled. */
  static open(input: DeletionsInput): Deletions | undefined {
    const { pipeline, engine, flags, params } = input;
    if (pipeline.spec.deletes === undefined) return undefined;
    const watch = compileWatch(pipeline.spec, {
      validation: engine.validation,
      skipValidation: flags.skipValidation,
      params: params.values,
    });
    return new Deletions(input, watch);
  }

  get #spec(): NonNullable<LoadedPipeline["spec"]["deletes"]> {
    return this.#input.pipeline.spec.deletes!;
  }

  /** A list is read and what is missing is looked for in this run. */
  #isDue(): boolean {
    const { strategy } = this.#input;
    return !strategy || (this.#partOnly === undefined && (this.#spec.on === "every" || !strategy.incremental));
  }

  /** The rows that a record was merged into are told by the records alone. */
  #readsPart(): boolean {
    const { strategy } = this.#input;
    return strategy ? strategy.incremental : this.#spec.merged === undefined;
  }

  /** Before a removal reads: whether it need not, because the source can compare its keys. */
  async compares(signal: AbortSignal): Promise<boolean> {
    if (!this.#compares) return false;
    this.#comparison = await Comparison.open(this.#input, signal);
    this.#needsSeen = this.#comparison === undefined;
    return !this.#needsSeen;
  }

  /** Called before the first page. What a run that is not gone on with has left is forgotten. */
  async begin({ resumed }: { resumed: boolean }): Promise<void> {
    if (!resumed) return this.#keys.clear();
    this.#done = (await this.#keys.first("done")) !== undefined;
    this.#hasGone = (await this.#keys.first("gone")) !== undefined;
  }

  /** Whether records are looked at at all. */
  get looks(): boolean {
    const { detect, merged } = this.#spec;
    return this.#needsSeen || detect === "flag" || merged !== undefined;
  }

  /** Looks at a record before it is mapped. True: it was deleted, and no row is to be made of it. */
  look(prepared: Prepared): boolean | Promise<boolean> {
    const look = this.#watch.look(prepared);
    return look instanceof Promise ? look.then((seen) => this.#note(seen)) : this.#note(look);
  }

  #note({ key, newer, flagged, losers }: Look): boolean {
    if (key === undefined) {
      this.noteUnreadable("a record has no key that can be read");
      if (flagged && !this.#toldKeyless)
        this.#log("warn", "a record that says it was deleted has no key that can be read");
      this.#toldKeyless ||= flagged;
      return flagged;
    }
    const { keys, back } = this.#notes;
    if (flagged) {
      keys.push({ kind: "gone", key, detail: newer });
      back.delete(key);
      this.#hasGone = true;
    } else if (this.#hasGone && newer === "") back.add(key);
    if (this.#needsSeen && !flagged) keys.push({ kind: "seen", key, detail: "" });
    for (const loser of losers) keys.push({ kind: "merged", key: loser, detail: key });
    return flagged;
  }

  /** A record whose key is not known may be any row's. */
  noteUnreadable(reason: string): void {
    if (this.#needsSeen) this.#notes.keys.push({ kind: "off", key: reason, detail: "" });
  }

  /** Gives what was said since it was last asked for: it belongs to the batch that is written now. */
  handOver(): KeyNotes {
    const notes = this.#notes;
    this.#notes = { keys: [], back: new Set() };
    return notes;
  }

  /** Keeps what a batch said; inside its transaction, which may be made again. */
  async save({ keys, back }: KeyNotes): Promise<void> {
    if (back.size > 0) await this.#keys.remove("gone", [...back]);
    await this.#keys.save(keys.filter(({ kind, key }) => kind !== "gone" || !back.has(key)));
  }

  /** Deletes what is to be deleted. Throws what stopped it with the user's signal or the database. */
  async finish(ending: ReadEnding): Promise<Deleted> {
    // Of a table that this run has made no row is older than the run.
    if (this.#done || !ending.tableExists) return { pending: false };
    const told = (await this.#keys.first("gone")) !== undefined || (await this.#keys.first("merged")) !== undefined;
    if (!ending.complete || ending.unchanged) return { pending: told };
    if (this.#partOnly !== undefined && !this.#input.flags.dryRun && this.#input.strategy) {
      if (told) this.#log("info", `a run with ${this.#partOnly} deletes nothing`);
      return { pending: told };
    }
    let problem: string | undefined;
    try {
      problem = await this.#condemn(ending);
      if (problem === undefined) {
        await this.#apply(ending);
        return { pending: false };
      }
    } catch (error) {
      if (ending.signal.aborted || this.#input.sink.lost.aborted) throw error;
      problem = `what is gone could not be told, and nothing was deleted: ${messageOf(error)}`;
    } finally {
      await this.#comparison?.close();
    }
    return { problem, pending: told };
  }

  /** Called when the run has ended, and its keys are of no use to another. */
  async close({ keep }: { keep: boolean }): Promise<void> {
    if (!keep) await this.#keys.clear();
  }

  /** Finds the rows that are gone. Gives why they may not be deleted. */
  async #condemn(ending: ReadEnding): Promise<string | undefined> {
    const spec = this.#spec;
    const problem = spec.detect === "listed" && this.#isDue() ? await this.#readList(ending.signal) : undefined;
    if (problem !== undefined) return problem;
    const off = this.#needsSeen ? await this.#keys.first("off") : undefined;
    if (off !== undefined)
      return `what is missing cannot be told, and nothing was deleted: ${off}. See etl rejects list ${this.#input.pipeline.spec.pipeline}`;
    await this.#doom(ending);
    const different = this.#compares && !this.#needsSeen ? await this.#compare(ending) : undefined;
    return different ?? this.#judge(ending.signal);
  }

  /** Dooms what the source's keys lack. Gives why that cannot be told. */
  async #compare(ending: ReadEnding): Promise<string | undefined> {
    const { signal } = ending;
    this.#comparison ??= await Comparison.open(this.#input, signal);
    if (!this.#comparison)
      return "this source cannot give its keys without its rows, and nothing was deleted: on: full compares a whole read";
    const rows = this.#rows;
    this.#within = this.#scope(ending);
    this.compared = await this.#comparison.run({ rows, ledger: this.#keys, within: this.#within, signal });
    const { theirs, read, lacking, ranges, differing, unreadable } = this.compared;
    const count = (value: number): string => value.toLocaleString("en-US");
    this.#log(
      "info",
      `compared ${count(theirs)} keys of the source in ${count(ranges)} ranges: ${count(differing)} differ, ${count(read)} keys were read`,
    );
    if (lacking > 0)
      this.#log(
        "info",
        `the source has ${count(lacking)} rows that the table lacks (rejected, filtered or never read): --full reads them`,
      );
    const off =
      unreadable === 0
        ? await this.#keys.first("off")
        : `${count(unreadable)} keys of the source cannot be read as ${this.#input.table.keys.join(", ")}`;
    return off && `what is missing cannot be told, and nothing was deleted: ${off}`;
  }

  #scope({ slices }: ReadEnding): Within[] {
    const { pipeline, params } = this.#input;
    return scopeOf({ spec: pipeline.spec, params: params.values, vars: pipeline.connection?.vars ?? {}, slices });
  }

  async #readList(signal: AbortSignal): Promise<string | undefined> {
    const { pipeline, engine, params, metrics, window, flags, mapping, sink } = this.#input;
    const deletes = this.#spec;
    if (deletes.detect !== "listed") return undefined;
    let unreadable = 0;
    // What a killed attempt read of it may have been restored since.
    await this.#keys.clear("gone");
    const pages = readListed(
      {
        pipeline,
        engine,
        params: params.values,
        metrics,
        window,
        pageSize: flags.batchSize,
        maxRecords: flags.maxRecords,
        mapping,
        watch: this.#watch,
        signal,
      },
      deletes,
    );
    for await (const { keys, unreadable: without, incomplete } of pages) {
      if (incomplete !== undefined) return `the list of what was deleted: ${incomplete}; nothing was deleted`;
      unreadable += without;
      const save = (): Promise<void> => this.#keys.save(keys);
      await (flags.dryRun ? save() : sink.transaction(save));
    }
    if (unreadable > 0)
      this.#log("warn", `${unreadable} records on the list of what was deleted have no key that can be read`);
    return undefined;
  }

  async #doom(ending: ReadEnding): Promise<void> {
    const { sink, strategy, table } = this.#input;
    const within = this.#needsSeen ? this.#scope(ending) : undefined;
    this.#within = within ?? [];
    if (this.#keys instanceof MemoryKeys) {
      // A table that is not given its column deleted_at yet has no deleted rows.
      const { statements } = await sink.plan(table);
      if (statements.some((statement) => statement.includes(`"deleted_at"`))) this.#rows = this.#rows.withoutDeleted();
      const type = table.columns.find(({ name }) => name === table.newerBy)?.type ?? "";
      const compareNewer = (a: string, b: string): number => {
        if (type === "integer" || type === "bigint") return BigInt(a) < BigInt(b) ? -1 : Number(BigInt(a) > BigInt(b));
        return a < b ? -1 : Number(a > b);
      };
      return doomInMemory(this.#rows, this.#keys, { missingWithin: within, compareNewer });
    }
    await sink.transaction(async () => {
      await this.#keys.clear("doomed");
      if (within) await this.#rows.doomMissing(within);
      // Each of them goes through the whole table.
      if (await this.#keys.first("merged")) await this.#rows.goneByMerging();
      if (await this.#keys.first("gone")) await this.#rows.doomGone({ onlyUntouched: strategy === undefined });
    });
  }

  /** Holds the doomed against the guard, and asks the source about them. */
  async #judge(signal: AbortSignal): Promise<string | undefined> {
    const { flags } = this.#input;
    const { lookup, max } = this.#spec;
    const doomed = await this.#keys.count("doomed");
    if (doomed === 0) return undefined;
    const guard = compileGuard(max, { live: await this.#rows.countLive(this.#within), allowed: flags.allowDeletes });
    const gaveNothing = this.compared
      ? this.compared.theirs === 0
      : this.#needsSeen && !(await this.#keys.first("seen"));
    if (gaveNothing && doomed > (flags.allowDeletes ?? 0)) return emptyReadMessage(doomed);
    const ask = async (how: Pick<AskInput, "batch" | "alive">): Promise<string | undefined> => {
      const { asked, gone } = await askAboutDoomed({ ...how, keys: this.#keys, enough: guard.limit, signal });
      this.#log("info", `the source was asked about ${asked} rows that seem to be gone, and denies ${gone} of them`);
      return gone > guard.limit ? guard.message(gone) : undefined;
    };
    if (this.#comparison) {
      const comparison = this.#comparison;
      return ask({ batch: keysAQuestion, alive: (keys) => comparison.alive(keys) });
    }
    if (!lookup) return doomed > guard.limit ? guard.message(doomed) : undefined;
    const { pipeline, engine, params, metrics } = this.#input;
    const source = await openPipelineSource({ pipeline, engine, params: params.values, metrics }, signal);
    try {
      return await ask({ batch: lookup.batch, alive: byLookup(lookup, source, this.#watch) });
    } finally {
      await source.close();
    }
  }

  async #apply({ runId, commit }: ReadEnding): Promise<void> {
    const { flags, engine, pipeline } = this.#input;
    if ((await this.#keys.first("doomed")) === undefined) return;
    if (flags.dryRun || this.#partOnly !== undefined) {
      const own = await this.#keys.count("doomed");
      if (this.#partOnly === undefined) await commit(async () => ({ own, tables: {} }));
      else
        this.#log(
          "info",
          `${own} rows of what was read would be deleted; a run with ${this.#partOnly} deletes nothing`,
        );
      return;
    }
    const now = instantFromDate(timeOf(engine));
    const links = childLinks(pipeline.spec);
    await commit(async () => {
      const tables: Record<string, number> = {};
      for (const { table, columns } of links) if (columns) tables[table] = await this.#rows.applyBelow(table, columns);
      const own = await this.#rows.apply({ now, runId });
      // Whoever goes on with this run must not take what is forgotten for what is missing.
      await this.#keys.clear();
      await this.#keys.save([{ kind: "done", key: "-", detail: "" }]);
      return { own, tables };
    });
  }

  #log(level: "info" | "warn", text: string): void {
    const { engine, pipeline } = this.#input;
    engine.log[level](`${pipeline.spec.pipeline}: ${text}`);
  }
}
