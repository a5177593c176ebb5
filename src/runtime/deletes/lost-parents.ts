/** Slices by parent: what is stored of parents that are deleted goes, without asking a source that has them no more. */
import { sql } from "kysely";
import type { Sink } from "../../sinks/contract.ts";
import { parentSlices } from "../../spec/parent-slices.ts";
import type { Pipeline } from "../../spec/types.ts";
import type { Engine } from "../engine.ts";
import type { Target } from "../target.ts";
import type { DeletedRows } from "./contract.ts";

export interface LostParentsInput {
  spec: Pipeline;
  engine: Pick<Engine, "tableOf">;
  sink: Sink;
  /** Tables of the run; those whose sets are replaced name the parent in one column. */
  targets: readonly Target[];
  main: Target | undefined;
}

/**
 * The rows of deleted parents; undefined where the parents' table marks none. `remove` deletes them, inside a
 * transaction; `count` says how many they are.
 */
export async function rowsOfLostParents(
  input: LostParentsInput,
): Promise<{ remove(): Promise<DeletedRows>; count(): Promise<DeletedRows> } | undefined> {
  const { spec, engine, sink, targets, main } = input;
  const slices = parentSlices(spec.source);
  const table = slices && engine.tableOf?.(slices.pipeline);
  if (!slices || table === undefined) return undefined;
  const tables = await sink.database.introspection.getTables();
  if (!tables.find(({ name }) => name === table)?.columns.some(({ name }) => name === "deleted_at")) return undefined;
  const known = new Set(tables.map(({ name }) => name));
  const replaced = targets.filter((target) => target.within?.columns.length === 1 && known.has(target.table.name));
  // As texts: the column may be of another type than the parents' own.
  const gone = (column: string) => sql`cast(${sql.ref(column)} as text) in
    (select cast(${sql.ref(slices.column)} as text) from ${sql.id(table)} where deleted_at is not null)`;
  const each = async (act: (target: Target, column: string) => Promise<number>): Promise<DeletedRows> => {
    const counts: [Target, number][] = [];
    for (const target of replaced) counts.push([target, await act(target, target.within!.columns[0]!)]);
    return {
      own: counts.find(([target]) => target === main)?.[1] ?? 0,
      tables: Object.fromEntries(
        counts.filter(([target]) => target !== main).map(([target, count]) => [target.table.name, count]),
      ),
    };
  };
  return {
    remove: () =>
      each(async (target, column) => {
        const { numAffectedRows } = await sql`delete from ${sql.id(target.table.name)} where ${gone(column)}`.execute(
          sink.database,
        );
        return Number(numAffectedRows ?? 0n);
      }),
    count: () =>
      each(async (target, column) => {
        const { rows } = await sql<{
          count: unknown;
        }>`select count(*) as count from ${sql.id(target.table.name)} where ${gone(column)}`.execute(sink.database);
        return Number(rows[0]?.count ?? 0);
      }),
  };
}
