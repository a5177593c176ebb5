/** sync_seen: what a run has read of keys, for what it deletes at its end. */
import type { Kysely } from "kysely";
import type { Sink } from "../../sinks/contract.ts";
import type { PipelineScope } from "./history.ts";
import type { StateTables } from "./tables.ts";

/**
 * seen: its record was read. gone: the source says that it was deleted; `detail` is how new that version was, empty
 * where it does not say. merged: it was merged into `detail`. off: why what is missing cannot be told. doomed: its row
 * is to be deleted. done: the run has deleted what was to be.
 */
export type SeenKind = "seen" | "gone" | "merged" | "off" | "doomed" | "done";

export interface SeenKey {
  kind: SeenKind;
  key: string;
  detail: string;
}

/** Keys of a run that deletes: in the database, or in memory where nothing is written. */
export interface KeyLedger {
  /** Inside a batch's transaction where the database keeps them. A key that is there stays. */
  save(keys: readonly SeenKey[]): Promise<void>;
  /** Forgets everything, or one kind. */
  clear(kind?: SeenKind): Promise<void>;
  remove(kind: SeenKind, keys: readonly string[]): Promise<void>;
  /** One key of a kind, where there is one. */
  first(kind: SeenKind): Promise<string | undefined>;
  /** Keys of a kind after another, in an order that stays. */
  after(kind: SeenKind, key: string, limit: number): Promise<string[]>;
  count(kind: SeenKind): Promise<number>;
}

/** Six values each, far below what either database takes in one statement. */
const rowsAStatement = 1_000;

export class SeenKeys implements KeyLedger {
  readonly #db: Kysely<StateTables>;
  readonly pipeline: PipelineScope;

  constructor(sink: Sink, pipeline: PipelineScope) {
    this.#db = sink.database as Kysely<StateTables>;
    this.pipeline = pipeline;
  }

  async save(keys: readonly SeenKey[]): Promise<void> {
    const { system, entity, scope } = this.pipeline;
    for (let from = 0; from < keys.length; from += rowsAStatement) {
      const values = keys.slice(from, from + rowsAStatement).map(({ kind, key, detail }) => ({
        crm_source: system,
        sync_type: entity,
        scope,
        kind,
        record_key: key,
        detail,
      }));
      await this.#db
        .insertInto("sync_seen")
        .values(values)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
  }

  async clear(kind?: SeenKind): Promise<void> {
    const all = this.#db.deleteFrom("sync_seen").where((eb) => eb.and(this.#own()));
    await (kind === undefined ? all : all.where("kind", "=", kind)).execute();
  }

  async remove(kind: SeenKind, keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += rowsAStatement) {
      await this.#db
        .deleteFrom("sync_seen")
        .where((eb) => eb.and(this.#own()))
        .where("kind", "=", kind)
        .where("record_key", "in", keys.slice(from, from + rowsAStatement))
        .execute();
    }
  }

  async first(kind: SeenKind): Promise<string | undefined> {
    return (await this.after(kind, "", 1))[0];
  }

  async after(kind: SeenKind, key: string, limit: number): Promise<string[]> {
    const rows = await this.#db
      .selectFrom("sync_seen")
      .select("record_key")
      .distinct()
      .where((eb) => eb.and(this.#own()))
      .where("kind", "=", kind)
      .where("record_key", ">", key)
      .orderBy("record_key")
      .limit(limit)
      .execute();
    return rows.map(({ record_key: found }) => found);
  }

  async count(kind: SeenKind): Promise<number> {
    const row = await this.#db
      .selectFrom("sync_seen")
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .where((eb) => eb.and(this.#own()))
      .where("kind", "=", kind)
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  #own() {
    const { system, entity, scope } = this.pipeline;
    return { crm_source: system, sync_type: entity, scope };
  }
}
