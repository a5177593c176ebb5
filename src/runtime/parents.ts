/** Ids of another pipeline's rows, read from its table as a source asks for them. */
import { sql } from "kysely";
import { SpecError } from "../errors.ts";
import type { ParentIds, ParentQuery } from "../sources/contract.ts";
import type { Sink, WarehouseDatabase } from "../sinks/contract.ts";
import type { Engine } from "./engine.ts";

export interface ParentReader {
  open(query: ParentQuery): Promise<ParentIds>;
  close(): Promise<void>;
}

/**
 * Reads through a connection of its own: the run's is in the middle of a transaction when the source asks.
 * @param since canonical instant: with `changed`, only rows whose content changed then or later; absent: all.
 */
export function parentReader(
  engine: Pick<Engine, "openSink" | "warehouse" | "tableOf">,
  since: string | undefined,
): ParentReader {
  let opening: Promise<Sink> | undefined;
  return {
    async open(query) {
      opening ??= engine.openSink(engine.warehouse, { readOnly: true });
      const sink = await opening;
      const table = await parentTable(engine, sink, query);
      return idsOf(sink.database, { ...table, column: query.column, since: query.changed ? since : undefined });
    },
    async close() {
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}

async function parentTable(
  { tableOf }: Pick<Engine, "tableOf">,
  sink: Sink,
  { pipeline, column }: ParentQuery,
): Promise<{ table: string; marksDeleted: boolean }> {
  const table = tableOf?.(pipeline);
  if (table === undefined) throw new SpecError(`source.slices asks for the rows of ${pipeline}, which has no table`);
  const found = (await sink.database.introspection.getTables()).find(({ name }) => name === table);
  if (!found)
    throw new SpecError(
      `source.slices asks for the rows of ${pipeline}, and its table ${table} is not there yet: run ${pipeline} first`,
    );
  const columns = found.columns.map(({ name }) => name);
  if (columns.includes(column) && columns.includes("sync_updated_at"))
    return { table, marksDeleted: columns.includes("deleted_at") };
  const missing = columns.includes(column) ? "sync_updated_at" : column;
  throw new SpecError(
    `source.slices asks for the rows of ${pipeline} by ${column}, and its table ${table} has no column ${missing} yet: run ${pipeline} first`,
  );
}

/** Not those that are deleted: what is stored of theirs goes with the run (deletes/lost-parents.ts), unasked. */
function idsOf(
  database: WarehouseDatabase,
  {
    table,
    marksDeleted,
    column,
    since,
  }: { table: string; marksDeleted: boolean; column: string; since: string | undefined },
): ParentIds {
  const [from, id] = [sql.id(table), sql.ref(column)];
  const live = marksDeleted ? sql`${id} is not null and deleted_at is null` : sql`${id} is not null`;
  const wanted = since === undefined ? live : sql`${live} and sync_updated_at >= ${since}`;
  return {
    async after(last, limit) {
      const beyond = last === undefined ? sql`` : sql`and ${id} > ${last}`;
      // Under another name than any column's: ORDER BY would take a column of the result before one of the table.
      const { rows } = await sql<{
        etl_parent_id: string;
      }>`select cast(${id} as text) as etl_parent_id from ${from} where ${wanted} ${beyond} order by ${id} limit ${limit}`.execute(
        database,
      );
      return rows.map((row) => row.etl_parent_id);
    },
    async count() {
      const { rows } = await sql<{
        count: number;
      }>`select count(*) as count from ${from} where ${wanted}`.execute(database);
      return Number(rows[0]?.count ?? 0);
    },
  };
}
