/** sync_history: one row a run, written before the first request and closed whatever happens. */
import { hostname, userInfo } from "node:os";
import type { Kysely } from "kysely";
import type { Sink } from "../../sinks/contract.ts";
import type { Position } from "../../sources/contract.ts";
import type { NotedPass } from "../parent-pass.ts";
import { noCounts, type Checkpoint, type Counters } from "./checkpoint.ts";
import { fromJson, type StateTables, type SyncHistory } from "./tables.ts";

/** Runs that were cut or narrowed note nothing: beyond so many of them the last whole one is not looked for. */
const runsLookedAt = 100;

export interface PipelineScope {
  system: string;
  entity: string;
  /** `account=1`, or empty. */
  scope: string;
}

export interface StartedRun extends PipelineScope {
  strategy: string;
  endpoint: string | null;
  startTime: string;
  configuration: Record<string, unknown>;
  checkpoint?: Checkpoint;
}

export interface FinishedRun {
  status: "success" | "partial" | "failed";
  endTime: string;
  counters: Counters;
  error: string | null;
  watermark: string | null;
  /** Null: this run cannot be resumed, or need not be. */
  checkpoint: Checkpoint | null;
  metrics: Record<string, unknown>;
}

/** The validators of a file (ETag, Last-Modified), and the fingerprint of what decided what its records became. */
export interface UnchangedFile {
  validators: Position;
  made_by: string;
}

/** `user@host pid 123`: who started a run, for the one that finds it running. */
export function whoAmI(): string {
  let user = "unknown";
  try {
    user = userInfo().username;
  } catch {
    // A container's user may have no name.
  }
  return `${user}@${hostname()} pid ${process.pid}`;
}

function columnsOf(
  counters: Counters,
): Pick<
  SyncHistory,
  | "records_processed"
  | "records_created"
  | "records_updated"
  | "records_unchanged"
  | "records_stale"
  | "records_duplicate"
  | "records_filtered"
  | "records_deleted"
  | "records_failed"
> {
  return {
    records_processed: counters.fetched,
    records_created: counters.created,
    records_updated: counters.updated,
    records_unchanged: counters.unchanged,
    records_stale: counters.stale,
    records_duplicate: counters.duplicates,
    records_filtered: counters.filtered,
    records_deleted: counters.deleted,
    records_failed: counters.rejected,
  };
}

export class History {
  readonly #db: Kysely<StateTables>;

  constructor(sink: Sink) {
    this.#db = sink.database as Kysely<StateTables>;
  }

  /** Opens a run and gives its id. */
  async start(run: StartedRun): Promise<number> {
    const { id } = await this.#db
      .insertInto("sync_history")
      .values({
        crm_source: run.system,
        sync_type: run.entity,
        scope: run.scope,
        strategy: run.strategy,
        endpoint: run.endpoint,
        status: "running",
        start_time: run.startTime,
        started_by: whoAmI(),
        configuration: JSON.stringify(run.configuration),
        checkpoint: run.checkpoint ? JSON.stringify(run.checkpoint) : null,
        created_at: run.startTime,
        ...(run.checkpoint ? columnsOf(run.checkpoint.counters) : columnsOf(noCounts())),
      } as never)
      .returning("id")
      .executeTakeFirstOrThrow();
    return Number(id);
  }

  /** Saves how far a run is, and what it says of itself; called inside the batch's transaction. */
  async checkpoint(id: number, checkpoint: Checkpoint, counters: Counters): Promise<void> {
    await this.#db
      .updateTable("sync_history")
      .set({ checkpoint: JSON.stringify(checkpoint), ...columnsOf(counters) })
      .where("id", "=", id)
      .execute();
  }

  async finish(id: number, run: FinishedRun): Promise<void> {
    await this.#db
      .updateTable("sync_history")
      .set({
        status: run.status,
        end_time: run.endTime,
        error_message: run.error,
        watermark: run.watermark,
        checkpoint: run.checkpoint ? JSON.stringify(run.checkpoint) : null,
        performance_metrics: JSON.stringify(run.metrics),
        ...columnsOf(run.counters),
      })
      .where("id", "=", id)
      .execute();
  }

  /** Closes runs that died: the caller holds the lock, so whoever is `running` no longer lives. Gives their ids. */
  async closeDead(pipeline: PipelineScope, now: string): Promise<number[]> {
    const dead = await this.#of(pipeline).select("id").where("status", "=", "running").execute();
    const ids = dead.map(({ id }) => Number(id));
    if (ids.length) {
      await this.#db
        .updateTable("sync_history")
        .set({
          status: "failed",
          end_time: now,
          error_message: "the process ended without a word (killed, or the machine stopped)",
        })
        .where("id", "in", ids)
        .execute();
    }
    return ids;
  }

  /** The last run of all, where it failed and left a checkpoint. */
  async lastFailed(pipeline: PipelineScope): Promise<{ id: number; checkpoint: Checkpoint } | undefined> {
    const last = await this.#reads(pipeline)
      .select(["id", "status", "checkpoint"])
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    const checkpoint = last?.status === "failed" ? fromJson<Checkpoint>(last.checkpoint) : undefined;
    return last && checkpoint ? { id: Number(last.id), checkpoint } : undefined;
  }

  /** The watermark in force: the newest that a run has stored since the last reset. */
  async watermark(pipeline: PipelineScope): Promise<string | undefined> {
    return (await this.storedWatermark(pipeline))?.watermark;
  }

  /** The same with the id of the run that stored it. */
  async storedWatermark(pipeline: PipelineScope): Promise<{ run: number; watermark: string } | undefined> {
    const row = await this.#of(pipeline)
      .select(["id", "watermark"])
      .where(({ eb, or }) => or([eb("watermark", "is not", null), eb("strategy", "=", "state_reset")]))
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    const watermark = row?.watermark ?? undefined;
    return row && watermark !== undefined ? { run: Number(row.id), watermark } : undefined;
  }

  /** Configuration of the last successful run, its spec hash among it. */
  async lastSuccess(pipeline: PipelineScope): Promise<Record<string, unknown> | undefined> {
    const row = await this.#reads(pipeline)
      .select("configuration")
      .where("strategy", "not in", ["state_set", "state_reset"])
      .where("status", "in", ["success", "partial"])
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    return fromJson<Record<string, unknown>>(row?.configuration);
  }

  /**
   * ETag and the like of the file that the last run of all read to the end; undefined where that run failed, or made
   * other rows of it than this one would.
   * @param madeBy fingerprint of whatever decides what a record becomes.
   */
  async unchangedSince(pipeline: PipelineScope, madeBy: string): Promise<Position | undefined> {
    const last = await this.#reads(pipeline)
      .select(["status", "configuration"])
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    if (last?.status !== "success" && last?.status !== "partial") return undefined;
    const { unchanged_since: file } = fromJson<{ unchanged_since?: UnchangedFile }>(last.configuration) ?? {};
    return file?.made_by === madeBy ? file.validators : undefined;
  }

  /** The last run that asked for its parents to the end; among so many at the most: then all are asked for. */
  async notedPass(pipeline: PipelineScope): Promise<NotedPass | undefined> {
    const rows = await this.#of(pipeline)
      .select(["configuration", "strategy"])
      .where("status", "in", ["success", "partial"])
      .orderBy("id", "desc")
      .limit(runsLookedAt)
      .execute();
    for (const row of rows) {
      if (row.strategy === "state_reset") return undefined;
      const { parents } = fromJson<{ parents?: NotedPass }>(row.configuration) ?? {};
      if (parents) return parents;
    }
    return undefined;
  }

  /** Keeps something for the next run in a run's configuration: what `unchangedSince` gives, what `notedPass` gives. */
  async note(id: number, noted: { unchanged_since: UnchangedFile } | { parents: NotedPass }): Promise<void> {
    const row = await this.#db
      .selectFrom("sync_history")
      .select("configuration")
      .where("id", "=", id)
      .executeTakeFirst();
    const configuration = { ...fromJson<Record<string, unknown>>(row?.configuration), ...noted };
    await this.#db
      .updateTable("sync_history")
      .set({ configuration: JSON.stringify(configuration) })
      .where("id", "=", id)
      .execute();
  }

  /** What the last successful runs measured that had one of these strategies, the newest first. */
  async lastMetrics(
    pipeline: PipelineScope,
    strategies: readonly string[],
    limit: number,
  ): Promise<Record<string, number>[]> {
    const rows = await this.#of(pipeline)
      .select("performance_metrics")
      .where("status", "in", ["success", "partial"])
      .where("strategy", "in", strategies)
      .orderBy("id", "desc")
      .limit(limit)
      .execute();
    return rows
      .map((row) => fromJson<Record<string, number>>(row.performance_metrics))
      .filter((metrics) => metrics !== undefined);
  }

  /** Who runs this pipeline now, for the message of a second run. */
  async running(pipeline: PipelineScope): Promise<{ by: string; since: string } | undefined> {
    const row = await this.#of(pipeline)
      .select(["started_by", "start_time"])
      .where("status", "=", "running")
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirst();
    return row && { by: row.started_by, since: String(row.start_time) };
  }

  /** The newest runs first. */
  async list(filter: {
    pipeline?: { system: string; entity?: string };
    limit: number;
  }): Promise<Record<string, unknown>[]> {
    let query = this.#db.selectFrom("sync_history").selectAll().orderBy("id", "desc").limit(filter.limit);
    if (filter.pipeline) query = query.where("crm_source", "=", filter.pipeline.system);
    if (filter.pipeline?.entity) query = query.where("sync_type", "=", filter.pipeline.entity);
    return (await query.execute()) as Record<string, unknown>[];
  }

  /** What says how far the pipeline got: a replay of rejects neither went on from where one stopped nor changed how far it got. */
  #reads(pipeline: PipelineScope) {
    return this.#of(pipeline).where("strategy", "!=", "replay");
  }

  #of(pipeline: PipelineScope) {
    return this.#db
      .selectFrom("sync_history")
      .where("crm_source", "=", pipeline.system)
      .where("sync_type", "=", pipeline.entity)
      .where("scope", "=", pipeline.scope);
  }
}
