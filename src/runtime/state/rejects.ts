/** sync_rejects: records that could not become rows, kept whole, with the reason. */
import { createHash } from "node:crypto";
import { sql, type Kysely } from "kysely";
import type { Sink } from "../../sinks/contract.ts";
import { canonicalJson } from "../../values/json-text.ts";
import type { Stage } from "../mapping/outcome.ts";
import type { PipelineScope } from "./history.ts";
import type { StateTables } from "./tables.ts";

export interface Reject {
  /** The upsert key's values joined with `,`, or `#` and a hash of the record where there is none. */
  key: string;
  stage: Stage;
  field: string;
  rule: string;
  message: string;
  record: unknown;
  /** The table that it would have been a row of, where that is one of `children`; empty else. */
  table: string;
}

/** What tells one reject's record from another's: keys of two tables may be the same. */
export function rejectId({ table, key }: Pick<Reject, "table" | "key">): string {
  return table === "" ? key : `${table}\0${key}`;
}

/** The key of a record whose upsert key cannot be had. */
export function recordHash(record: unknown): string {
  return `#${createHash("sha256").update(canonicalJson(record)).digest("hex").slice(0, 24)}`;
}

const rowsAStatement = 200;

/** Which open rejects are meant; what is absent does not choose. */
export interface RejectChoice {
  id?: number;
  field?: string;
  rule?: string;
}

/** What a run, or a replay, does with the rejects of a pipeline. */
export type RejectStore = Pick<Rejects, "save" | "open" | "resolve">;

export class Rejects {
  readonly #db: Kysely<StateTables>;
  readonly #pipeline: PipelineScope;
  readonly #mask: (json: string) => string;

  /** @param mask takes secrets out of a document: a system may repeat what it was sent */
  constructor(sink: Sink, pipeline: PipelineScope, mask: (json: string) => string = (json) => json) {
    this.#db = sink.database as Kysely<StateTables>;
    this.#pipeline = pipeline;
    this.#mask = mask;
  }

  /** Stores rejects; an open one of the same key, stage, field and rule is brought up to date instead. */
  async save(rejects: readonly Reject[], run: { id: number; specHash: string; now: string }): Promise<void> {
    const distinct = [
      ...new Map(
        rejects.map((reject) => [
          JSON.stringify([reject.table, reject.key, reject.stage, reject.field, reject.rule]),
          reject,
        ]),
      ).values(),
    ];
    for (let from = 0; from < distinct.length; from += rowsAStatement) {
      const values = distinct
        .slice(from, from + rowsAStatement)
        .map(({ key, stage, field, rule, message, record, table }) => ({
          first_run_id: run.id,
          last_run_id: run.id,
          crm_source: this.#pipeline.system,
          sync_type: this.#pipeline.entity,
          record_key: key,
          table_name: table,
          stage,
          field,
          rule,
          message,
          record: this.#mask(canonicalJson(record)),
          spec_hash: run.specHash,
          created_at: run.now,
        }));
      await this.#db
        .insertInto("sync_rejects")
        .values(values as never)
        .onConflict((conflict) =>
          conflict
            .columns(["crm_source", "sync_type", "table_name", "record_key", "stage", "field", "rule"])
            .where("resolved_at", "is", null)
            .doUpdateSet({
              last_run_id: (eb) => eb.ref("excluded.last_run_id"),
              message: (eb) => eb.ref("excluded.message"),
              record: (eb) => eb.ref("excluded.record"),
              spec_hash: (eb) => eb.ref("excluded.spec_hash"),
            }),
        )
        .execute();
    }
  }

  /** `rejectId` of those that are open: a good version of one of them resolves it. */
  async open(): Promise<Set<string>> {
    const rows = await this.#db
      .selectFrom("sync_rejects")
      .select(["table_name", "record_key"])
      .distinct()
      .where("crm_source", "=", this.#pipeline.system)
      .where("sync_type", "=", this.#pipeline.entity)
      .where("resolved_at", "is", null)
      .limit(100_000)
      .execute();
    return new Set(rows.map(({ table_name: table, record_key: key }) => rejectId({ table, key })));
  }

  /** A later version of these keys became rows: their rejects are resolved. */
  async resolve(table: string, keys: readonly string[], now: string): Promise<void> {
    for (let from = 0; from < keys.length; from += rowsAStatement) {
      await this.#db
        .updateTable("sync_rejects")
        .set({ resolved_at: now, resolution: "a later version of the record was written" })
        .where("crm_source", "=", this.#pipeline.system)
        .where("sync_type", "=", this.#pipeline.entity)
        .where("table_name", "=", table)
        .where("resolved_at", "is", null)
        .where("record_key", "in", keys.slice(from, from + rowsAStatement))
        .execute();
    }
  }
}

/** The pipelines that have open rejects of a choice, as `system.entity`. */
export async function pipelinesWithRejects(sink: Sink, { id, field, rule }: RejectChoice): Promise<string[]> {
  let query = (sink.database as Kysely<StateTables>)
    .selectFrom("sync_rejects")
    .select(["crm_source", "sync_type"])
    .distinct()
    .orderBy("crm_source")
    .orderBy("sync_type")
    .where("resolved_at", "is", null);
  if (id !== undefined) query = query.where("id", "=", id);
  if (field !== undefined) query = query.where("field", "=", field);
  if (rule !== undefined) query = query.where("rule", "=", rule);
  return (await query.execute()).map(({ crm_source: system, sync_type: entity }) => `${system}.${entity}`);
}

/** Rejects for the command line, the newest first. */
export async function listRejects(
  sink: Sink,
  filter: { system?: string; entity?: string; all: boolean; limit: number },
): Promise<Record<string, unknown>[]> {
  let query = (sink.database as Kysely<StateTables>)
    .selectFrom("sync_rejects")
    .selectAll()
    .orderBy("id", "desc")
    .limit(filter.limit);
  if (filter.system) query = query.where("crm_source", "=", filter.system);
  if (filter.entity) query = query.where("sync_type", "=", filter.entity);
  if (!filter.all) query = query.where("resolved_at", "is", null);
  return (await query.execute()) as Record<string, unknown>[];
}

/** One reject by its id, or those of a record's key. */
export async function findRejects(sink: Sink, idOrKey: string): Promise<Record<string, unknown>[]> {
  const query = (sink.database as Kysely<StateTables>).selectFrom("sync_rejects").selectAll().orderBy("id", "desc");
  const byId = /^\d{1,15}$/.test(idOrKey) ? await query.where("id", "=", Number(idOrKey)).execute() : [];
  return (byId.length ? byId : await query.where(sql.ref("record_key"), "=", idOrKey).execute()) as Record<
    string,
    unknown
  >[];
}
