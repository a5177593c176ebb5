/**
 * What is missing, without reading the source's rows: its keys and those of the table are compared range by range, by
 * checksums first and by themselves where these differ.
 */
import type { Source, SourceKeys } from "../../sources/contract.ts";
import { comparableKeys } from "../../spec/comparable-keys.ts";
import type { Pipeline } from "../../spec/types.ts";
import { openPipelineSource } from "../open-source.ts";
import type { KeyLedger, SeenKey } from "../state/seen-keys.ts";
import type { DeletionsInput } from "./contract.ts";
import { doomMissingInMemory, MemoryKeys } from "./memory-keys.ts";
import type { Rows, Within } from "./rows.ts";
import { compileWatch, type Watch } from "./watch.ts";

/** Keys a range: one that differs is read in a moment, and few are asked about. */
const keysARange = 10_000;
/** Keys that are asked about at once. */
export const keysAQuestion = 200;

export interface Compared {
  /** Keys that the source has there. */
  theirs: number;
  /** Those that were read. */
  read: number;
  /** Those that no live row has. */
  lacking: number;
  ranges: number;
  differing: number;
  /** Keys that could not be read as the key of a row: it could be any row's. */
  unreadable: number;
}

export interface CompareInput {
  rows: Rows;
  ledger: KeyLedger;
  within: readonly Within[];
  signal: AbortSignal;
}

export class Comparison {
  readonly #input: DeletionsInput;
  readonly #source: Source;
  readonly #keys: SourceKeys;
  /** Of records that hold their key and nothing else. */
  readonly #watch: Watch;

  private constructor(input: DeletionsInput, source: Source, keys: SourceKeys) {
    const { pipeline, engine, flags, params } = input;
    this.#input = input;
    this.#source = source;
    this.#keys = keys;
    const { skipValidation } = flags;
    const { validation } = engine;
    this.#watch = compileWatch(ofKeys(pipeline.spec), { validation, skipValidation, params: params.values });
  }

  /** Opens the source; undefined where it cannot tell its keys without its rows. */
  static async open(input: DeletionsInput, signal: AbortSignal): Promise<Comparison | undefined> {
    const { pipeline, engine, params, metrics } = input;
    const columns = comparableKeys({ ...pipeline.spec });
    if (columns === undefined) return undefined;
    const reduced = { ...pipeline, spec: ofKeys(pipeline.spec) };
    const source = await openPipelineSource({ pipeline: reduced, engine, params: params.values, metrics }, signal);
    try {
      const keys = await source.keys?.(columns);
      if (keys) return new Comparison(input, source, keys);
    } catch (error) {
      await source.close();
      throw error;
    }
    await source.close();
    return undefined;
  }

  /** Dooms live rows within the scope whose keys the source does not have. */
  async run({ rows, ledger, within, signal }: CompareInput): Promise<Compared> {
    const total: Compared = { theirs: 0, read: 0, lacking: 0, ranges: 0, differing: 0, unreadable: 0 };
    const ranges = this.#hasRanges() ? await rows.ranges(within, keysARange) : [undefined];
    for (const range of ranges) {
      signal.throwIfAborted();
      total.ranges++;
      const part: Within[] = range ? [...within, { keys: range }] : [...within];
      const [theirs, ours] = range
        ? [await this.#keys.checksum(range), await rows.checksum(part)]
        : [
            { count: 0, sums: "" },
            { count: await rows.countLive(part), sums: "-" },
          ];
      if (theirs.count === ours.count && theirs.sums === ours.sums) {
        total.theirs += theirs.count;
        continue;
      }
      total.differing++;
      await this.#inTransaction(() => ledger.clear("seen"));
      await this.#keys.read(range, async (records) => {
        signal.throwIfAborted();
        total.read += records.length;
        const seen = await this.#look(records);
        total.unreadable += records.length - seen.length;
        await this.#inTransaction(() => ledger.save(seen));
      });
      const found = await ledger.count("seen");
      const before = await ledger.count("doomed");
      if (ledger instanceof MemoryKeys) await doomMissingInMemory(rows, ledger, part);
      else await this.#inTransaction(() => rows.doomMissing(part));
      total.theirs += found;
      total.lacking += Math.max(0, found - ours.count + (await ledger.count("doomed")) - before);
    }
    await this.#inTransaction(() => ledger.clear("seen"));
    return total;
  }

  /** Which of the keys the source has at this moment. */
  async alive(texts: readonly string[]): Promise<string[]> {
    const width = this.#input.table.keys.length;
    const found = await this.#keys.find(texts.map((text) => (width === 1 ? [text] : splitKeyText(text))));
    const known = new Set((await this.#look(found)).map(({ key }) => key));
    return texts.filter((text) => known.has(text));
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  /** Both sides hold whole numbers, which sort alike everywhere. Texts do not: MariaDB takes `a` and `A` for the same. */
  #hasRanges(): boolean {
    const { keys, columns } = this.#input.table;
    const types = keys.map((key) => columns.find(({ name }) => name === key)?.type ?? "text");
    return this.#keys.hasRanges && types.every((type) => type === "integer" || type === "bigint");
  }

  async #look(records: readonly unknown[]): Promise<SeenKey[]> {
    const seen: SeenKey[] = [];
    for (const record of records) {
      const { key } = await this.#watch.look(await this.#watch.mapping.prepare(record));
      if (key !== undefined) seen.push({ kind: "seen", key, detail: "" });
    }
    return seen;
  }

  /** A dry run keeps its keys in memory. */
  #inTransaction(action: () => Promise<void>): Promise<void> {
    return this.#input.flags.dryRun ? action() : this.#input.sink.transaction(action);
  }
}

/** The pipeline as if its records were their keys. */
function ofKeys(spec: Pipeline): Pipeline {
  const { let: _let, rules: _rules, children: _children, ...rest } = spec;
  const keys = spec.upsert?.keys ?? [];
  const mapping = Object.fromEntries(Object.entries(spec.mapping ?? {}).filter(([name]) => keys.includes(name)));
  return { ...rest, mapping, upsert: { keys }, deletes: { detect: "missing", on: "every", mode: "soft", max: 0 } };
}

/** The values in `Sink.keyText` of several columns. */
function splitKeyText(text: string): string[] {
  const values = [""];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === ",") values.push("");
    else values.push(`${values.pop() ?? ""}${text[at] === "\\" ? text[++at] : text[at]}`);
  }
  return values;
}
