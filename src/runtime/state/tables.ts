/** The tables that the runtime keeps in the warehouse, and how they come to be. */
import { sql, type Generated, type Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { FatalError } from "../../errors.ts";
import type { Sink, WarehouseDatabase } from "../../sinks/contract.ts";

/** Timestamps are canonical instants; json columns hold text in SQLite and come parsed from PostgreSQL. */
export interface SyncHistory {
  id: Generated<number>;
  crm_source: string;
  sync_type: string;
  /** The params that have a watermark each, `account=1`; empty where there are none. */
  scope: string;
  strategy: string;
  endpoint: string | null;
  status: "running" | "success" | "partial" | "failed";
  start_time: string;
  end_time: string | null;
  records_processed: number;
  records_created: number;
  records_updated: number;
  records_unchanged: number;
  records_stale: number;
  records_duplicate: number;
  records_filtered: number;
  records_deleted: number;
  records_failed: number;
  error_message: string | null;
  watermark: string | null;
  checkpoint: string | null;
  started_by: string;
  configuration: string;
  performance_metrics: string | null;
  created_at: string;
}

export interface SyncRejects {
  id: Generated<number>;
  first_run_id: number;
  last_run_id: number;
  crm_source: string;
  sync_type: string;
  /** A table of `children`; empty for the records' own. */
  table_name: string;
  record_key: string;
  stage: string;
  field: string;
  rule: string;
  message: string;
  record: string;
  spec_hash: string;
  created_at: string;
  resolved_at: string | null;
  resolution: string | null;
}

/** One secret of the credential store: credential-cipher.ts says how it is encrypted. */
export interface ApiCredentials {
  id: Generated<number>;
  crm_source: string;
  name: string;
  ciphertext: string;
  created_at: string;
  updated_at: string;
}

/** What a run that deletes has read so far: committed with the rows, so that a killed run knows it still. */
export interface SyncSeen {
  crm_source: string;
  sync_type: string;
  scope: string;
  /** seen-keys.ts says what each of them means. */
  kind: string;
  record_key: string;
  detail: string;
}

export interface StateTables {
  api_credentials: ApiCredentials;
  sync_history: SyncHistory;
  sync_rejects: SyncRejects;
  sync_seen: SyncSeen;
}

const counts = ["processed", "created", "updated", "unchanged", "stale", "duplicate", "filtered", "deleted", "failed"];

function migrations(types: Sink["types"]): Record<string, Migration> {
  const type = (name: string) => sql.raw(name) as never;
  return {
    "001_history_and_rejects": {
      // Kysely's own type of a migration.
      // oxlint-disable-next-line typescript/no-explicit-any
      async up(db: Kysely<any>) {
        let history = db.schema
          .createTable("sync_history")
          .addColumn("id", type(types.id))
          .addColumn("crm_source", "text", (column) => column.notNull())
          .addColumn("sync_type", "text", (column) => column.notNull())
          .addColumn("scope", "text", (column) => column.notNull().defaultTo(""))
          .addColumn("strategy", "text", (column) => column.notNull())
          .addColumn("endpoint", "text")
          .addColumn("status", "text", (column) => column.notNull())
          .addColumn("start_time", type(types.timestamp), (column) => column.notNull())
          .addColumn("end_time", type(types.timestamp));
        for (const count of counts)
          history = history.addColumn(`records_${count}`, "bigint", (column) => column.notNull().defaultTo(0));
        await history
          .addColumn("error_message", "text")
          .addColumn("watermark", "text")
          .addColumn("checkpoint", type(types.json))
          .addColumn("started_by", "text", (column) => column.notNull())
          .addColumn("configuration", type(types.json), (column) => column.notNull())
          .addColumn("performance_metrics", type(types.json))
          .addColumn("created_at", type(types.timestamp), (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex("sync_history_pipeline")
          .on("sync_history")
          .columns(["crm_source", "sync_type", "start_time desc"])
          .execute();
        await db.schema
          .createIndex("sync_history_status")
          .on("sync_history")
          .columns(["status", "start_time desc"])
          .execute();
        await db.schema.createIndex("sync_history_end").on("sync_history").column("end_time desc").execute();
        await db.schema
          .createTable("sync_rejects")
          .addColumn("id", type(types.id))
          .addColumn("first_run_id", "bigint", (column) => column.notNull())
          .addColumn("last_run_id", "bigint", (column) => column.notNull())
          .addColumn("crm_source", "text", (column) => column.notNull())
          .addColumn("sync_type", "text", (column) => column.notNull())
          .addColumn("record_key", "text", (column) => column.notNull())
          .addColumn("stage", "text", (column) => column.notNull())
          .addColumn("field", "text", (column) => column.notNull())
          .addColumn("rule", "text", (column) => column.notNull())
          .addColumn("message", "text", (column) => column.notNull())
          .addColumn("record", type(types.json), (column) => column.notNull())
          .addColumn("spec_hash", "text", (column) => column.notNull())
          .addColumn("created_at", type(types.timestamp), (column) => column.notNull())
          .addColumn("resolved_at", type(types.timestamp))
          .addColumn("resolution", "text")
          .execute();
        await db.schema
          .createIndex("sync_rejects_open")
          .unique()
          .on("sync_rejects")
          .columns(["crm_source", "sync_type", "record_key", "stage", "field", "rule"])
          .where(sql.ref("resolved_at"), "is", null)
          .execute();
      },
    },
    "002_credentials": credentialsMigration(types),
    "003_seen_keys": seenMigration,
    "004_table_of_rejects": rejectTableMigration(),
  };
}

const seenColumns = ["crm_source", "sync_type", "scope", "kind", "record_key", "detail"] as const;

const seenMigration: Migration = {
  async up(db: WarehouseDatabase) {
    let table = db.schema.createTable("sync_seen").addPrimaryKeyConstraint("sync_seen_key", [...seenColumns] as never);
    for (const name of seenColumns) table = table.addColumn(name, "text", (column) => column.notNull());
    await table.execute();
  },
};

function credentialsMigration(types: Sink["types"]): Migration {
  const type = (name: string) => sql.raw(name) as never;
  return {
    async up(db: WarehouseDatabase) {
      await db.schema
        .createTable("api_credentials")
        .addColumn("id", type(types.id))
        .addColumn("crm_source", "text", (column) => column.notNull())
        .addColumn("name", "text", (column) => column.notNull())
        .addColumn("ciphertext", "text", (column) => column.notNull())
        .addColumn("created_at", type(types.timestamp), (column) => column.notNull())
        .addColumn("updated_at", type(types.timestamp), (column) => column.notNull())
        .addUniqueConstraint("api_credentials_name", ["crm_source", "name"])
        .execute();
    },
  };
}

/** Keys of two tables of one pipeline may be the same: a reject says which of them it is about. */
function rejectTableMigration(): Migration {
  return {
    async up(db: WarehouseDatabase) {
      await db.schema
        .alterTable("sync_rejects")
        .addColumn("table_name", "text", (column) => column.notNull().defaultTo(""))
        .execute();
      await db.schema.dropIndex("sync_rejects_open").execute();
      await db.schema
        .createIndex("sync_rejects_open")
        .unique()
        .on("sync_rejects")
        .columns(["crm_source", "sync_type", "table_name", "record_key", "stage", "field", "rule"])
        .where(sql.ref("resolved_at"), "is", null)
        .execute();
    },
  };
}

/** Brings the runtime's tables of a sink up to date. Throws FatalError with the database's words. */
export async function migrateState(sink: Sink): Promise<void> {
  const migrator = new Migrator({
    db: sink.database,
    provider: { getMigrations: () => Promise.resolve(migrations(sink.types)) },
    migrationTableName: "sync_migration",
    migrationLockTableName: "sync_migration_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error)
    throw new FatalError(
      `the history tables in ${sink.address} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
}

/** True when the history is there: a warehouse that has never been run into has none. */
export async function hasState(sink: Sink): Promise<boolean> {
  const tables = await sink.database.introspection.getTables();
  return tables.some(({ name }) => name === "sync_history");
}

/** A json column as data, whichever way the driver gives it. */
export function fromJson<T>(value: unknown): T | undefined {
  if (value === null || value === undefined) return undefined;
  return (typeof value === "string" ? JSON.parse(value) : value) as T;
}
